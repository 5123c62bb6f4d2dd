package stats

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// P is the two-sided p-value of Student's t test that the mean of the numbers added,
// taken as independent and normal, is 0. Where they are all equal it is 0, or 1 if they
// are 0; of fewer than two numbers it is NaN. It is rounded to 10⁻⁹, for the last bits
// differ between platforms.
func (m *Moments) P() float64 {
	switch {
	case m.n < 2 || math.IsNaN(m.m2) || math.IsInf(m.m2, 0):
		return math.NaN()
	case m.m2 == 0 && m.mean == 0:
		return 1
	case m.m2 == 0:
		return 0
	}
	t := math.Abs(m.mean) / math.Sqrt(m.Var()/float64(m.n))
	student := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(m.n - 1)}
	return math.Round(2*student.CDF(-t)*1e9) / 1e9
}

// Holm adjusts the p-values of a family of tests so that a test whose adjusted value is
// at most alpha may be called significant, with a chance of at most alpha that any of
// the family is called so wrongly, whatever their dependence (Holm 1979, Scandinavian
// Journal of Statistics 6, 65-70). NaN is a test that was not made: it stays, and does not
// count.
func Holm(ps []float64) []float64 {
	var order []int
	adjusted := slices.Clone(ps)
	for i, p := range ps {
		if !math.IsNaN(p) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(ps[a], ps[b]) })
	least := 0.0
	for k, i := range order {
		least = max(least, min(1, float64(len(order)-k)*ps[i]))
		adjusted[i] = least
	}
	return adjusted
}
