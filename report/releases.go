package report

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/report/paint"
)

// ReleaseMarks are the marks of features that came out, and of the dates that they missed.
func ReleaseMarks(s *metrics.Summary) (marks []Mark) {
	at := func(f metrics.Figure) time.Duration { return time.Duration(float64(f) * 1e9) }
	for _, name := range slices.Sorted(maps.Keys(s.Releases)) {
		r := s.Releases[name]
		if r.Delay > 0 {
			marks = append(marks, Mark{At: at(r.Planned), Label: name + " was planned", Kind: Note})
		}
		if !r.Released.IsNull() {
			marks = append(marks, Mark{At: at(r.Released), Label: name + " comes out", Kind: Lever})
		}
	}
	return marks
}

// released says when features came out.
func released(r *Run) (lines []string) {
	s := &r.Result.Summary
	for _, name := range slices.Sorted(maps.Keys(s.Releases)) {
		rel := s.Releases[name]
		late := ""
		if rel.Delay > 0 {
			late = fmt.Sprintf(", %s after its date, %s", paint.Seconds(float64(rel.Delay)), r.moment(float64(rel.Planned)))
		}
		switch {
		case rel.Delay.IsNull():
		case rel.Released.IsNull():
			lines = append(lines, fmt.Sprintf("%s did not come out: it was due %s.", name, r.moment(float64(rel.Planned))))
		default:
			lines = append(lines, fmt.Sprintf("%s came out %s%s.", name, r.moment(float64(rel.Released)), late))
		}
	}
	return lines
}
