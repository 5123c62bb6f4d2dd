package rng

import "math"

// Triangular is the distribution of a number of which the ends and the likeliest
// value are known; its density rises straight to the mode and falls straight from
// it.
type Triangular struct{ min, mode, max float64 }

// NewTriangular returns the triangular distribution from min to max > min with its
// mode between them, ends included.
func NewTriangular(min, mode, max float64) (Triangular, error) {
	return Triangular{min, mode, max}, check("triangular",
		finite("min", min), finite("mode", mode), finite("max", max),
		inRange("max", max, !(max <= min), "above min"),
		inRange("mode", mode, !(mode < min || mode > max), "between min and max"))
}

// Sample draws by inversion of one uniform.
func (d Triangular) Sample(src *Source) float64 { return d.Quantile(src.Float64()) }

// Mean returns (min + mode + max)/3.
func (d Triangular) Mean() float64 { return (d.min + d.mode + d.max) / 3 }

// Var returns ((max-min)² - (mode-min)(max-mode))/18.
func (d Triangular) Var() float64 {
	w := d.max - d.min
	return (float64(w*w) - float64((d.mode-d.min)*(d.max-d.mode))) / 18
}

// CDF returns the probability of a value of at most x.
func (d Triangular) CDF(x float64) float64 {
	w := d.max - d.min
	switch {
	case x <= d.min:
		return 0
	case x >= d.max:
		return 1
	case x < d.mode:
		return (x - d.min) / w * ((x - d.min) / (d.mode - d.min))
	}
	return 1 - float64((d.max-x)/w*((d.max-x)/(d.max-d.mode)))
}

// Quantile returns the p-quantile.
func (d Triangular) Quantile(p float64) float64 {
	w := d.max - d.min
	switch {
	case !(p >= 0 && p <= 1):
		return math.NaN()
	case float64(p*w) < d.mode-d.min:
		return d.min + math.Sqrt(p*w*(d.mode-d.min))
	}
	return d.max - math.Sqrt((1-p)*w*(d.max-d.mode))
}
