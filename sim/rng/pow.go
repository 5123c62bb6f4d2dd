package rng

import "math"

// The coefficients and the method of Pow are those of FreeBSD's
// /usr/src/lib/msun/src/e_pow.c, which came with this notice:
//
//	====================================================
//	Copyright (C) 2004 by Sun Microsystems, Inc. All rights reserved.
//
//	Permission to use, copy, modify, and distribute this
//	software is freely granted, provided that this notice
//	is preserved.
//	====================================================

const (
	// Coefficients of (3/2) (ln(1+s) - ln(1-s) - 2s - 2/3 s³) / s⁵.
	powL1 = 5.99999999999994648725e-01
	powL2 = 4.28571428578550184252e-01
	powL3 = 3.33333329818377432918e-01
	powL4 = 2.72728123808534006489e-01
	powL5 = 2.30660745775561754067e-01
	powL6 = 2.06975017800338417784e-01

	// Constants in two parts: the high one is short, so that its product with a
	// short number is exact.
	ln2        = 6.93147180559945286227e-01
	ln2Short   = 6.93147182464599609375e-01
	ln2Rest    = -1.90465429995776804525e-09
	cp         = 9.61796693925975554329e-01 // 2 / (3 ln 2)
	cpShort    = 9.61796700954437255859e-01
	cpRest     = -7.02846165095275826516e-09
	log32Short = 5.84962487220764160156e-01 // log2(3/2)
	log32Rest  = 1.35003920212974897128e-08

	sqrt3Half = 1.22474487139158904910 // sqrt(3/2)
	sqrt3     = 1.73205080756887729353
)

// Pow returns x^y for x >= 0 with an error below 1 ulp, the same bits on every
// platform.
//
//	Pow(x, 0) = Pow(1, y) = 1, also for NaN
//	Pow(0, y) = 0 for y > 0, +Inf for y < 0
//	Pow(+Inf, y) = +Inf for y > 0, 0 for y < 0
//	Pow(x, ±Inf) = 0 or +Inf, as the limit of large |y|
//	Pow(x, y) = NaN for x < 0, x or y NaN
func Pow(x, y float64) float64 {
	switch {
	case y == 0 || x == 1:
		return 1
	case x != x || y != y || x < 0:
		return math.NaN()
	case x == 0 || x > math.MaxFloat64 || math.Abs(y) >= 0x1p64:
		// Beyond 2^64 even the neighbours of 1 over- or underflow.
		if (x > 1) == (y > 0) {
			return math.Inf(1)
		}
		return 0
	}
	hi, lo := log2(x)
	y1 := short(y)
	rest := float64((y-y1)*hi) + float64(y*lo)
	return exp2(float64(y1*hi), rest)
}

// short returns x without the lower half of its significand.
func short(x float64) float64 {
	return math.Float64frombits(math.Float64bits(x) &^ 0xffffffff)
}

// log2 returns the binary logarithm of a positive finite x as a short number and
// a rest, together good to some 65 bits.
func log2(x float64) (hi, lo float64) {
	n := int64(0)
	if x < 0x1p-1022 {
		x *= 0x1p54
		n = -54
	}
	// x = 2^n a with a near 1 or near 3/2, whichever is closer.
	ix := math.Float64bits(x)
	n += int64(ix>>52) - 1023
	a := math.Float64frombits(ix&mantissa | 1023<<52)
	b, bShort, bRest := 1.0, 0.0, 0.0
	switch {
	case a >= sqrt3:
		a /= 2
		n++
	case a >= sqrt3Half:
		b, bShort, bRest = 1.5, log32Short, log32Rest
	}
	// s = (a-b)/(a+b) as s1 + s0, with s1 short.
	u, v := a-b, 1/(a+b)
	s := float64(u * v)
	s1 := short(s)
	t1 := short(a + b)
	t0 := a - (t1 - b)
	s0 := float64(v * ((u - float64(s1*t1)) - float64(s1*t0)))
	// 3 ln(a/b) / 2 = s (3 + s² + r) as p1 + p0, with p1 short.
	s2 := float64(s * s)
	r := float64(float64(s2*s2) * (powL1 + float64(s2*(powL2+float64(s2*(powL3+float64(s2*(powL4+float64(s2*(powL5+float64(s2*powL6)))))))))))
	r += float64(s0 * (s1 + s))
	s2 = float64(s1 * s1)
	t1 = short(3 + s2 + r)
	t0 = r - ((t1 - 3) - s2)
	u = float64(s1 * t1)
	v = float64(s0*t1) + float64(t0*s)
	p1 := short(u + v)
	p0 := v - (p1 - u)
	z1 := float64(cpShort * p1)
	z0 := float64(cpRest*p1) + float64(p0*cp) + bRest
	k := float64(n)
	hi = short(((z1 + z0) + bShort) + k)
	return hi, z0 - (((hi - k) - bShort) - z1)
}

// exp2 returns 2^(hi+lo), where |lo| is far below |hi|.
func exp2(hi, lo float64) float64 {
	switch z := hi + lo; {
	case z >= 1025:
		return math.Inf(1)
	case z < -1080:
		return 0
	}
	n := math.Floor(hi + lo + 0.5)
	hi -= n
	// z = ln(2) (hi+lo) with rest w.
	t := short(hi + lo)
	u := float64(t * ln2Short)
	v := float64((lo-(t-hi))*ln2) + float64(t*ln2Rest)
	z := u + v
	w := v - (z - u)
	// As in Exp: e^z = 1 + z + z c/(2-c).
	t = float64(z * z)
	c := z - float64(t*expP(t))
	r := float64(z*c)/(c-2) - (w + float64(z*w))
	return scale(1-(r-z), int64(n))
}
