package rng

import "math"

// Truncated is another distribution under the condition that its value lies
// between two bounds: what lies outside is drawn again, not moved to the bound.
type Truncated struct {
	base           Dist
	lo, hi         float64
	below, mass    float64 // probability under lo, and from lo to hi
	mean, variance float64
	inverts        bool // the base has quantiles in closed form
}

// leastMass is the least share of a distribution that a truncation may keep.
// Below it the bounds are a mistake, or rejection would take all day.
const leastMass = 0.001

// NewTruncated returns base truncated to min .. max, ends included; ±Inf leaves a
// side open. At least 0.1 % of base must lie between them.
func NewTruncated(base Dist, min, max float64) (Truncated, error) {
	if err := check("truncated", inRange("max", max, max >= min, "at least min")); err != nil {
		return Truncated{}, err
	}
	d := Truncated{base: base, lo: math.Max(min, base.Quantile(0)), hi: math.Min(max, base.Quantile(1))}
	d.below = base.CDF(math.Nextafter(d.lo, math.Inf(-1)))
	d.mass = base.CDF(d.hi) - d.below
	kept := inRange("share of the distribution between min and max", d.mass, d.mass >= leastMass, "at least 0.001")
	if err := check("truncated", kept); err != nil {
		return Truncated{}, err
	}
	d.inverts = invertible(base)
	d.mean, d.variance = d.moments()
	return d, nil
}

// invertible reports whether a distribution's quantiles are in closed form.
func invertible(d Dist) bool {
	switch d := d.(type) {
	case Gamma, Erlang, Hyperexponential, Mixture:
		return false
	case Shifted:
		return invertible(d.base)
	case Truncated:
		return invertible(d.base)
	}
	return true
}

// Sample draws by inversion of one uniform if the base has quantiles in closed
// form; from a gamma, an Erlang, a hyperexponential or a mixture it draws until a
// value lies between the bounds.
func (d Truncated) Sample(src *Source) float64 {
	if d.inverts {
		return d.Quantile(src.Float64())
	}
	for {
		if x := d.base.Sample(src); x >= d.lo && x <= d.hi {
			return x
		}
	}
}

// Mean returns the mean, computed to some nine digits by quadrature.
func (d Truncated) Mean() float64 { return d.mean }

// Var returns the variance, likewise.
func (d Truncated) Var() float64 { return d.variance }

// CDF returns the probability of a value of at most x.
func (d Truncated) CDF(x float64) float64 {
	switch {
	case x < d.lo:
		return 0
	case x >= d.hi:
		return 1
	}
	return (d.base.CDF(x) - d.below) / d.mass
}

// Quantile returns the p-quantile.
func (d Truncated) Quantile(p float64) float64 {
	switch {
	case !(p >= 0 && p <= 1):
		return math.NaN()
	case p == 1:
		return d.hi
	}
	x := d.base.Quantile(d.below + float64(p*d.mass))
	return math.Max(d.lo, math.Min(d.hi, x))
}

// moments returns the mean and the variance by quadrature over the quantiles.
func (d Truncated) moments() (mean, variance float64) {
	if math.IsInf(d.hi, 1) {
		return d.openMoments()
	}
	mean = d.expect(func(x float64) float64 { return x })
	return mean, d.expect(func(x float64) float64 { return (x - mean) * (x - mean) })
}

// openMoments does so where the upper side is open, and a heavy tail beyond the
// reach of quadrature: what lies from lo on is the whole base less what lies
// below lo.
func (d Truncated) openMoments() (mean, variance float64) {
	whole, spread := d.base.Mean(), d.base.Var()
	if d.below == 0 || math.IsInf(whole, 1) {
		return whole, spread
	}
	head := Truncated{base: d.base, lo: d.base.Quantile(0), hi: math.Nextafter(d.lo, math.Inf(-1)), mass: d.below}
	head.mean, head.variance = head.moments()
	mean = (whole - float64(d.below*head.mean)) / d.mass
	off, headOff := whole-mean, head.mean-mean
	total := spread + float64(off*off)
	return mean, (total - float64(d.below*(head.variance+float64(headOff*headOff)))) / d.mass
}

// expect returns the expectation of f: the integral of f(Quantile(p)) over p, by
// adaptive Simpson's rule on panels that halve towards both ends, where quantiles
// may run away.
func (d Truncated) expect(f func(x float64) float64) float64 {
	g := func(p float64) float64 { return f(d.Quantile(p)) }
	sum, size := 0.0, 0.0
	add := func(a, b float64) {
		fa, fm, fb := g(a), g((a+b)/2), g(b)
		size += float64((b - a) * math.Max(math.Abs(fa), math.Max(math.Abs(fm), math.Abs(fb))))
		sum += simpson(g, a, b, fa, fm, fb, 1e-11*size)
	}
	for w := 0.25; w >= 0x1p-52; w /= 2 {
		add(w, w+w)
		add(1-w-w, 1-w)
	}
	return sum + float64(0x1p-52*(g(0x1p-53)+g(1-0x1p-53)))
}

// simpson integrates f from a to b, given its values there and half way, and
// splits until a panel is known to within tol, is beyond numbers, or holds a jump
// and hardly any width.
func simpson(f func(float64) float64, a, b, fa, fm, fb, tol float64) float64 {
	m := (a + b) / 2
	fl, fr := f((a+m)/2), f((m+b)/2)
	whole := float64((b - a) / 6 * (fa + float64(4*fm) + fb))
	halves := float64((b - a) / 12 * (fa + float64(4*fl) + float64(2*fm) + float64(4*fr) + fb))
	if off := math.Abs(halves - whole); !(off > tol) || b-a < 0x1p-50 {
		return halves
	}
	return simpson(f, a, m, fa, fl, fm, tol) + simpson(f, m, b, fm, fr, fb, tol)
}
