package rng

import "math"

// The coefficients and the method of Log are those of FreeBSD's
// /usr/src/lib/msun/src/e_log.c, which came with this notice:
//
//	====================================================
//	Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved.
//
//	Developed at SunPro, a Sun Microsystems, Inc. business.
//	Permission to use, copy, modify, and distribute this
//	software is freely granted, provided that this notice
//	is preserved.
//	====================================================

const (
	logL1 = 6.666666666666735130e-01
	logL2 = 3.999999999940941908e-01
	logL3 = 2.857142874366239149e-01
	logL4 = 2.222219843214978396e-01
	logL5 = 1.818357216161805012e-01
	logL6 = 1.531383769920937332e-01
	logL7 = 1.479819860511658591e-01

	sqrtHalfBits = 0x3fe6a09e667f3bcd // of the square root of 1/2
	mantissa     = 1<<52 - 1
)

// Log returns the natural logarithm of x with an error below 1 ulp, the same
// bits on every platform.
//
//	Log(+Inf) = +Inf
//	Log(0) = -Inf
//	Log(x < 0) = NaN
//	Log(NaN) = NaN
func Log(x float64) float64 {
	ix := math.Float64bits(x)
	e := int64(0)
	if ix-1<<52 >= 0x7fe<<52 { // not a positive normal number
		switch {
		case x == 0:
			return math.Inf(-1)
		case x < 0:
			return math.NaN()
		case x != x || x > math.MaxFloat64:
			return x
		}
		ix = math.Float64bits(x * 0x1p54)
		e = -54
	}
	// x = 2^k (1+f) with sqrt(1/2) <= 1+f < sqrt(2).
	ix -= sqrtHalfBits
	k := float64(e + int64(ix)>>52)
	f := math.Float64frombits(ix&mantissa+sqrtHalfBits) - 1
	// ln(1+f) = f - f²/2 + s (f²/2 + R), with s = f/(2+f) and R(s²) a minimax
	// approximation.
	s := f / (2 + f)
	s2 := float64(s * s)
	s4 := float64(s2 * s2)
	t1 := float64(s2 * (logL1 + float64(s4*(logL3+float64(s4*(logL5+float64(s4*logL7)))))))
	t2 := float64(s4 * (logL2 + float64(s4*(logL4+float64(s4*logL6)))))
	r := t1 + t2
	hfsq := float64(0.5 * float64(f*f))
	return float64(k*ln2Hi) - ((hfsq - (float64(s*(hfsq+r)) + float64(k*ln2Lo))) - f)
}
