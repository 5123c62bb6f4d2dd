package degrade

import "github.com/launchday-sim/launchday/models/policy"

// DimmerOf is the state of a brownout controller.
func DimmerOf(p policy.Policy) (dimmer, alpha, rlsP float64) {
	b := p.(*brownout)
	return b.dimmer, b.alpha, b.p
}
