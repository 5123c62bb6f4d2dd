package aqm

import (
	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/sim/rng"
)

// ofTry returns what is drawn afresh on each try of a request: a queue has no
// grudge against those that it has refused before.
func ofTry(l policy.Luck, a *models.Attempt) rng.Source {
	return l.OfRequest(a.Request.Child(uint64(a.Try)))
}
