package concurrency

import (
	"math"
	"slices"
)

// A centroid is so many values round a mean.
type centroid struct{ mean, weight float64 }

// A tdigest is the merging t-digest of Dunning and Ertl, 2019, with the scale
// function k1 and a compression of 100, in the form that failsafe-go uses
// (github.com/influxdata/tdigest v0.0.1). The sine and the arcsine of the
// original only ever move a quantile on by one unit of k, which is a rotation:
// it is done with a root, the same on every platform.
type tdigest struct {
	merged     []centroid
	before     []centroid // merged, while those are made anew
	fresh      []float64  // not merged yet
	cumulative []float64
	weight     float64 // of those merged
	least      float64
	most       float64
}

const (
	compression = 100
	maxMerged   = 2 * compression
	maxFresh    = 8 * compression
	// One unit of k is an angle of pi/100.
	cosStep = 0.99950656036573155700
	sinStep = 0.03141075907812829315
)

func newTDigest() *tdigest {
	t := &tdigest{
		merged:     make([]centroid, 0, maxMerged+1),
		before:     make([]centroid, 0, maxMerged+1),
		fresh:      make([]float64, 0, maxFresh+1),
		cumulative: make([]float64, 0, maxMerged+2),
	}
	t.clear()
	return t
}

func (t *tdigest) clear() {
	t.merged, t.fresh, t.cumulative = t.merged[:0], t.fresh[:0], t.cumulative[:0]
	t.weight = 0
	t.least, t.most = math.MaxFloat64, -math.MaxFloat64
}

func (t *tdigest) add(x float64) {
	t.fresh = append(t.fresh, x)
	if len(t.merged) > maxMerged || len(t.fresh) > maxFresh {
		t.merge()
	}
}

// ahead is the quantile that lies one unit of k above q.
func ahead(q float64) float64 {
	sin := q + q - 1
	cos := math.Sqrt(math.Max(0, 1-float64(sin*sin)))
	if sin > cosStep { // less than one unit is left
		return 1
	}
	return (float64(sin*cosStep) + float64(cos*sinStep) + 1) / 2
}

func (t *tdigest) merge() {
	if len(t.fresh) == 0 && len(t.merged) <= maxMerged {
		return
	}
	// What was merged is in order already: numbers alone are to be sorted.
	slices.Sort(t.fresh)
	t.before = append(t.before[:0], t.merged...)
	t.weight += float64(len(t.fresh))
	old, fresh := t.before, t.fresh
	next := func() (c centroid) {
		if len(old) == 0 || len(fresh) > 0 && fresh[0] <= old[0].mean {
			c, fresh = centroid{fresh[0], 1}, fresh[1:]
		} else {
			c, old = old[0], old[1:]
		}
		return c
	}
	first := next()
	t.merged = append(t.merged[:0], first)
	soFar := first.weight
	limit := float64(t.weight * ahead(0))
	for len(old)+len(fresh) > 0 {
		c := next()
		if projected := soFar + c.weight; projected <= limit {
			soFar = projected
			last := &t.merged[len(t.merged)-1]
			last.weight += c.weight
			last.mean += float64(c.weight*(c.mean-last.mean)) / last.weight
			continue
		}
		limit = float64(t.weight * ahead(soFar/t.weight))
		soFar += c.weight
		t.merged = append(t.merged, c)
	}
	t.least = math.Min(t.least, t.merged[0].mean)
	t.most = math.Max(t.most, t.merged[len(t.merged)-1].mean)
	t.cumulative = t.cumulative[:0]
	before := 0.0
	for _, c := range t.merged {
		t.cumulative = append(t.cumulative, before+c.weight/2)
		before += c.weight
	}
	t.cumulative = append(t.cumulative, before)
	t.fresh = t.fresh[:0]
}

// quantile is the value below which a share q of the values lies, above 0 and
// below 1; NaN for an empty digest.
func (t *tdigest) quantile(q float64) float64 {
	t.merge()
	n := len(t.merged)
	switch n {
	case 0:
		return math.NaN()
	case 1:
		return t.merged[0].mean
	}
	index := float64(q * t.weight)
	if first := t.merged[0]; index <= first.weight/2 {
		return t.least + float64(float64(2*index)/first.weight*(first.mean-t.least))
	}
	at, _ := slices.BinarySearch(t.cumulative, index)
	if at+1 != len(t.cumulative) {
		return between(t.merged[at-1].mean, t.cumulative[at]-index, t.merged[at].mean, index-t.cumulative[at-1])
	}
	half := t.merged[at-1].weight / 2
	z1 := index - t.weight - half
	return between(t.merged[n-1].mean, z1, t.most, half-z1)
}

// between is the weighted average of two values, never outside them.
func between(x1, w1, x2, w2 float64) float64 {
	if x1 > x2 {
		x1, w1, x2, w2 = x2, w2, x1, w1
	}
	x := (float64(x1*w1) + float64(x2*w2)) / (w1 + w2)
	return math.Max(x1, math.Min(x, x2))
}
