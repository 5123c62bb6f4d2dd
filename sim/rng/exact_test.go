package rng

import (
	"math"
	"math/big"
)

// The reference for Exp, Log and Pow: math's own are up to an ulp off themselves,
// and on amd64 math.Log is wrong for subnormal numbers.

const precision = 256 // bits

func number(x float64) *big.Float { return new(big.Float).SetPrec(precision).SetFloat64(x) }

// exactExp returns e^x to some 200 bits, by Taylor's series of x/2^k.
func exactExp(x *big.Float) *big.Float {
	const halvings = 24
	small := new(big.Float).SetMantExp(x, -halvings)
	sum, term := number(1), number(1)
	for n := 1.0; n < 20; n++ {
		term.Quo(term.Mul(term, small), number(n))
		sum.Add(sum, term)
	}
	for range halvings {
		sum.Mul(sum, sum)
	}
	return sum
}

// exactLog returns ln x to some 120 bits: the remainder of Log, from exactExp, by
// two terms of its series.
func exactLog(x float64) *big.Float {
	guess := number(math.Log2(x) * math.Ln2)
	for range 2 {
		d := exactExp(new(big.Float).Neg(guess))
		d.Sub(d.Mul(d, number(x)), number(1)) // x e^-guess - 1
		half := new(big.Float).Mul(d, d)
		guess.Add(guess, d.Sub(d, half.Quo(half, number(2))))
	}
	return guess
}

// ulpsOff returns the error of got in units of the last place of the exact value.
func ulpsOff(got float64, exact *big.Float) float64 {
	nearest, _ := exact.Float64()
	if got == nearest && math.IsInf(got, 0) {
		return 0
	}
	ulp := math.Abs(nearest) - math.Nextafter(math.Abs(nearest), 0)
	if nearest == 0 {
		ulp = math.SmallestNonzeroFloat64
	}
	off := new(big.Float).Sub(number(got), exact)
	off.Quo(off, number(ulp))
	f, _ := off.Float64()
	return math.Abs(f)
}
