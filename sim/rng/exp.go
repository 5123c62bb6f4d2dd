package rng

import "math"

// The coefficients and the method of Exp are those of FreeBSD's
// /usr/src/lib/msun/src/e_exp.c, which came with this notice:
//
//	====================================================
//	Copyright (C) 2004 by Sun Microsystems, Inc. All rights reserved.
//
//	Permission to use, copy, modify, and distribute this
//	software is freely granted, provided that this notice
//	is preserved.
//	====================================================

const (
	log2E = 1.44269504088896338700e+00
	ln2Hi = 6.93147180369123816490e-01 // its low 32 bits are 0: k*ln2Hi is exact for every exponent k
	ln2Lo = 1.90821492927058770002e-10

	expP1 = 1.66666666666666657415e-01
	expP2 = -2.77777777770155933842e-03
	expP3 = 6.61375632143793436117e-05
	expP4 = -1.65339022054652515390e-06
	expP5 = 4.13813679705723846039e-08

	expOverflow  = 7.09782712893383973096e+02  // above it e^x is +Inf
	expUnderflow = -7.45133219101941108420e+02 // below it e^x is 0

	// roundInt added to a number below 2^51 leaves it rounded to an integer in
	// the low bits of the sum.
	roundInt = 0x1.8p52
)

// Exp returns e^x with an error below 1 ulp, the same bits on every platform.
//
//	Exp(+Inf) = +Inf
//	Exp(-Inf) = 0
//	Exp(NaN) = NaN
//
// It is +Inf above 709.78 and 0 below -745.13.
func Exp(x float64) float64 {
	switch {
	case x != x || x > expOverflow:
		return x * math.Inf(1)
	case x < expUnderflow:
		return 0
	}
	// x = k ln 2 + r with |r| <= ln 2 / 2, r = hi - lo to more than 53 bits.
	shifted := float64(log2E*x) + roundInt
	k := int64(int32(math.Float64bits(shifted)))
	n := shifted - roundInt
	hi := x - float64(n*ln2Hi)
	lo := float64(n * ln2Lo)
	r := hi - lo
	// e^r = 1 + r + r c/(2-c), with c = r - r² P(r²) a minimax approximation.
	t := float64(r * r)
	c := r - float64(t*expP(t))
	y := 1 - ((lo - float64(r*c)/(2-c)) - hi)
	return scale(y, k)
}

// expP returns the polynomial P of Exp, by Estrin's scheme: its parts do not wait
// for each other.
func expP(t float64) float64 {
	t2 := float64(t * t)
	return (expP1 + float64(t*expP2)) + float64(t2*((expP3+float64(t*expP4))+float64(t2*expP5)))
}

// scale returns y 2^k for y in [1/2, 2] and |k| < 1085, rounded once.
func scale(y float64, k int64) float64 {
	switch {
	case k > 1022:
		return y * pow2(k-2) * 4
	case k < -1021:
		return y * pow2(k+64) * 0x1p-64
	}
	return y * pow2(k)
}

// pow2 returns 2^k for k in -1022 .. 1023.
func pow2(k int64) float64 { return math.Float64frombits(uint64(k+1023) << 52) }
