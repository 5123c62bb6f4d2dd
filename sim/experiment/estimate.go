package experiment

import (
	"math"

	"github.com/launchday-sim/launchday/sim/stats"
)

// An Estimate is one figure over the replications.
type Estimate struct {
	Name string
	stats.Interval
}

// Summarise estimates each figure with its Student interval over the
// replications, in the order in which the figures first appear. Where a figure
// is NaN or absent in some replications, N counts those that have it, and the
// interval carries stats.ErrMissing. The confidence must be in (0, 1), and it is
// that of each interval alone; see stats.Bonferroni for all at once.
func Summarise(replications [][]Figure, confidence float64) []Estimate {
	columns := columnsOf(replications)
	estimates := make([]Estimate, len(columns))
	for i, c := range columns {
		estimates[i] = Estimate{Name: c.name, Interval: stats.MeanInterval(c.values, confidence)}
	}
	return estimates
}

// A Comparison is one figure of two scenarios, A and B, over the pairs of
// replications in which both have it.
type Comparison struct {
	Name       string
	A, B       stats.Interval
	Difference stats.Interval // of the pairs: B - A; its N is the number of pairs
	Lower      int            // pairs in which B is less than A
	Higher     int            // pairs in which it is more
	P          float64        // of the paired t test that there is no difference, two-sided

	// Reduction is by how much pairing cuts the variance of the difference:
	// (var A + var B) / var(B - A). Independent scenarios give about 1, and a
	// Reduction of 9 means that unpaired replications would have to be 9 times as
	// many. +Inf if the differences are all equal, NaN for fewer than two pairs or where
	// nothing varies.
	Reduction float64
}

// Compare pairs replication k of scenario a with replication k of scenario b,
// which ran on the same random numbers, and estimates each figure of both and
// its difference with Student intervals (the paired t test). The order is that in
// which the figures first appear in a, then b. A replication beyond the end of
// the shorter list has no partner, and so is no pair; nor is one where a figure
// is NaN or absent on either side. How many are left out is said by
// stats.ErrMissing.
func Compare(a, b [][]Figure, confidence float64) []Comparison {
	n := max(len(a), len(b))
	columns := columnsOf(append(padded(a, n), padded(b, n)...))
	comparisons := make([]Comparison, len(columns))
	for i, c := range columns {
		comparisons[i] = compare(c.name, c.values[:n], c.values[n:], confidence)
	}
	return comparisons
}

// compare compares one figure; what has no partner becomes NaN in its place.
func compare(name string, a, b []float64, confidence float64) Comparison {
	c := Comparison{Name: name}
	differences := make([]float64, len(a))
	var varA, varB, varD stats.Moments
	for k := range a {
		d := b[k] - a[k]
		if math.IsNaN(d) {
			a[k], b[k] = d, d
		} else {
			varA.Add(a[k])
			varB.Add(b[k])
			varD.Add(d)
		}
		switch {
		case b[k] < a[k]:
			c.Lower++
		case b[k] > a[k]:
			c.Higher++
		}
		differences[k] = d
	}
	c.A = stats.MeanInterval(a, confidence)
	c.B = stats.MeanInterval(b, confidence)
	c.Difference = stats.MeanInterval(differences, confidence)
	c.P = varD.P()
	c.Reduction = (varA.Var() + varB.Var()) / varD.Var()
	return c
}

// A column is one figure over the replications, NaN where it is absent.
type column struct {
	name   string
	values []float64
}

// columnsOf turns replications into columns, in the order in which their names
// first appear.
func columnsOf(replications [][]Figure) []column {
	var columns []column
	place := map[string]int{}
	for k, figures := range replications {
		for _, f := range figures {
			i, known := place[f.Name]
			if !known {
				i = len(columns)
				place[f.Name] = i
				columns = append(columns, column{f.Name, make([]float64, len(replications))})
				for j := range columns[i].values {
					columns[i].values[j] = math.NaN()
				}
			}
			columns[i].values[k] = f.Value
		}
	}
	return columns
}

// padded returns a copy with empty replications added up to n.
func padded(replications [][]Figure, n int) [][]Figure {
	return append(replications[:len(replications):len(replications)], make([][]Figure, n-len(replications))...)
}
