package stats

import "math"

// A Warmup is where the effect of how a run began has died out.
type Warmup struct {
	Length   int  // values at the beginning of the series to leave out
	Believed bool // false: the run is too short to tell, or has no steady state
}

// MSER5 finds the warm-up of a series by the rule MSER-5 (White 1997,
// Simulation 69, 323-334; Franklin and White 2008, Proc. Winter Simulation
// Conf., 541-546): the values are averaged by fives, and the cut is placed where the
// standard error of the mean of what remains,
//
//	√(Σ (x[i] - mean)²) / (n - cut)   over the averages i = cut, ..., n-1,
//
// is least; the first such place where there are several. The last five
// averages are never cut to, as so few can agree by chance (Hoad, Robinson and
// Davies 2010). A cut in the second half of the series means that the run is too
// short, or that it has no steady state, and is not to be believed; nor is a cut
// in a series of fewer than 20 averages or one with values that are not finite.
// A remainder of up to four values at the end is not looked at.
func MSER5(series []float64) Warmup {
	const group, tail, fewest = 5, 5, 20
	n := len(series) / group
	if n < fewest {
		return Warmup{}
	}
	var rest Moments // of the averages from cut on
	best, bestCut := math.Inf(1), 0
	for cut := n - 1; cut >= 0; cut-- {
		var sum float64
		for _, x := range series[cut*group : (cut+1)*group] {
			sum += x
		}
		rest.Add(sum / group)
		if math.IsNaN(rest.m2) {
			return Warmup{}
		}
		if kept := float64(n - cut); kept > tail {
			if mser := rest.m2 / (kept * kept); mser <= best {
				best, bestCut = mser, cut
			}
		}
	}
	return Warmup{Length: bestCut * group, Believed: 2*bestCut < n}
}
