package rng

// Shifted is another distribution moved along the line: a fixed overhead before a
// random time.
type Shifted struct {
	base Dist
	by   float64
}

// NewShifted returns the distribution of base plus by.
func NewShifted(base Dist, by float64) (Shifted, error) {
	return Shifted{base, by}, check("shifted", finite("shift", by))
}

// Sample draws from the base.
func (d Shifted) Sample(src *Source) float64 { return d.base.Sample(src) + d.by }

// Mean returns the mean of the base plus the shift.
func (d Shifted) Mean() float64 { return d.base.Mean() + d.by }

// Var returns the variance of the base.
func (d Shifted) Var() float64 { return d.base.Var() }

// CDF returns the probability of a value of at most x.
func (d Shifted) CDF(x float64) float64 { return d.base.CDF(x - d.by) }

// Quantile returns the p-quantile.
func (d Shifted) Quantile(p float64) float64 { return d.base.Quantile(p) + d.by }
