package rng

// expm1 returns e^x - 1 with a relative error of a few ulp, also near 0, where
// the rounding of e^x cancels against that of its logarithm. Kahan's method:
// Higham, "Accuracy and stability of numerical algorithms", 2002, section 1.14.1.
func expm1(x float64) float64 {
	u := Exp(x)
	switch y := u - 1; {
	case u == 1:
		return x
	case y == -1 || y == u: // x beyond the precision either way, or infinite
		return y
	default:
		return y * x / Log(u)
	}
}

// log1p returns ln(1+x), likewise.
func log1p(x float64) float64 {
	u := 1 + x
	switch y := u - 1; {
	case u == 1:
		return x
	case y == u: // x is so large that 1 is lost
		return Log(u)
	default:
		return Log(u) * x / y
	}
}
