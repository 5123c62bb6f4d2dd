package rng

import "math"

// Gamma is the gamma distribution: a sum of shape exponentials, for a shape that
// need not be whole.
type Gamma struct {
	shape, scale float64
	d, c         float64 // the constants of the sampler
}

// NewGamma returns the gamma distribution of this shape, above 0 and at most 10^6,
// and scale > 0. Its mean is shape times scale.
func NewGamma(shape, scale float64) (Gamma, error) {
	d := shape - 1.0/3
	if shape < 1 {
		d++
	}
	return Gamma{shape, scale, d, 1 / math.Sqrt(9*d)}, check("gamma",
		inRange("shape", shape, shape > 0 && shape <= 1e6, "above 0 and at most 1e6"), positive("scale", scale))
}

// GammaFromCV returns the gamma distribution of this mean > 0 and coefficient of
// variation of at least 0.001: its shape is 1/cv².
func GammaFromCV(mean, cv float64) (Gamma, error) {
	if err := check("gamma", positive("mean", mean), inRange("cv", cv, cv >= 0.001 && !math.IsInf(cv, 1), "at least 0.001")); err != nil {
		return Gamma{}, err
	}
	shape := 1 / cv / cv
	return NewGamma(math.Min(shape, 1e6), mean/shape)
}

// Sample draws by the squeeze of Marsaglia and Tsang, "A simple method for
// generating gamma variables", ACM TOMS 26(3), 2000; a shape below 1 is lifted by
// 1 and taken back as they say, with one uniform more. A try takes two uniforms;
// 1.05 tries are needed at most on average.
func (g Gamma) Sample(src *Source) float64 {
	v := g.standard(src)
	if g.shape < 1 {
		v *= Exp(-src.Exp() / g.shape) // U^(1/shape)
	}
	return float64(v * g.scale)
}

// standard draws from the gamma distribution of scale 1 and shape d + 1/3.
func (g *Gamma) standard(src *Source) float64 {
	for {
		x := src.Normal()
		u := src.Float64()
		v := 1 + float64(g.c*x)
		if v <= 0 {
			continue
		}
		v = float64(v * v * v)
		x2 := float64(x * x)
		if u < 1-float64(0.0331*float64(x2*x2)) || Log(u) < float64(0.5*x2)+float64(g.d*(1-v+Log(v))) {
			return float64(g.d * v)
		}
	}
}

// Mean returns shape times scale.
func (g Gamma) Mean() float64 { return float64(g.shape * g.scale) }

// Var returns shape times scale².
func (g Gamma) Var() float64 { return float64(g.shape * g.scale * g.scale) }

// CDF returns the probability of a value of at most x.
func (g Gamma) CDF(x float64) float64 { return gammaCDF(g.shape, x/g.scale) }

// Quantile returns the p-quantile, by bisection: it takes microseconds.
func (g Gamma) Quantile(p float64) float64 { return bisect(g, p, 0, math.Inf(1)) }
