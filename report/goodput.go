package report

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"

	"github.com/launchday-sim/launchday/report/paint"
)

// promised chooses the cells of classes that promise a latency.
func (f *frame) promised(c cell) bool { return f.class(c.class).SLO > 0 }

// promises names the classes that promise a latency, each with it: "chat, 10 s".
func (r *Run) promises() string {
	var names []string
	for _, c := range r.Classes {
		if c.SLO > 0 {
			names = append(names, c.Name+", "+paint.Seconds(c.SLO.Seconds()))
		}
	}
	return strings.Join(names, "; ")
}

// storm is the stretch in which the run is metastable, in seconds of the run.
func (r *Run) storm() (from, to float64, ok bool) {
	all := r.Result.Summary.All
	if all == nil || !(all.Metastable > 0) {
		return 0, 0, false
	}
	return float64(all.MetastableFrom), float64(all.MetastableFrom + all.MetastableFor), true
}

// stormColour shades a stretch in which the run is metastable.
var stormColour = color.NRGBA{0xf8, 0xe2, 0xd8, 0xff}

// darken shades the stretch in which the run is metastable.
func (t *timeline) darken(p *panel) {
	from, to, ok := t.run.storm()
	if !ok {
		return
	}
	lo, hi := p.plot.Y.Min, p.plot.Y.Max
	p.plot.Add(paint.Band{X: []float64{from, to}, Lo: []float64{lo, lo}, Hi: []float64{hi, hi}, Colour: stormColour})
}

// goodput shows what is offered, what requests are satisfied, and what of it comes in time, of
// the classes that promise a latency.
func (t *timeline) goodput(f *frame) {
	offered, served, good := f.rate("requests", f.promised), f.rate("satisfied", f.promised), f.rate("completed_in_slo", f.promised)
	most, _ := paint.Largest(append(slices.Clone(offered), served...))
	if good == nil || !(most > 0) {
		return
	}
	p := t.add("Goodput", "per second; in time: "+t.run.promises(), 0, most*1.06, paint.Count)
	x := f.middle()
	behind := paint.Pale(paint.Silver, 0.55)
	p.plot.Add(paint.Band{X: x, Lo: make([]float64, len(x)), Hi: offered, Colour: behind},
		paint.Line{X: x, Y: served, Colour: paint.Pale(paint.Green, 0.5), Width: 1.6}, paint.Line{X: x, Y: good, Colour: paint.Black, Width: 0.9})
	p.entries = []paint.Entry{{Label: "offered: new requests", Colour: behind, As: paint.AsArea}, {Label: "satisfied", Colour: paint.Pale(paint.Green, 0.5), As: paint.AsLine}, {Label: "of these, in time", Colour: paint.Black, As: paint.AsLine}}
	if _, _, ok := t.run.storm(); ok {
		p.entries = append(p.entries, paint.Entry{Label: "metastable", Colour: stormColour, As: paint.AsArea})
	}
}

// wasted shows the server time whose result nobody got, as servers kept busy.
func (t *timeline) wasted(f *frame) {
	if !slices.ContainsFunc(f.cells, f.promised) {
		return
	}
	y := f.rate("wasted_s", f.inServed)
	most, _ := paint.Largest(y)
	// Less than a thousandth of what servers do is a node that fails now and then.
	if !(paint.Total(y) > paint.Total(f.sum("busy_mean", f.inServed))/1000) {
		return
	}
	p := t.add("Wasted work", "servers, at the moment of the loss", 0, most*1.06, paint.Count)
	p.plot.Add(paint.Band{X: f.middle(), Lo: make([]float64, len(y)), Hi: y, Colour: paint.Pale(paint.Vermillion, 0.6)})
	p.entries = []paint.Entry{{Label: "result nobody got", Colour: paint.Pale(paint.Vermillion, 0.6), As: paint.AsArea}}
}

// inTime says in words how what was promised was kept.
func inTime(r *Run) (lines []string) {
	for _, c := range r.Classes {
		f := r.Result.Summary.Classes[c.Name]
		if f == nil || c.SLO == 0 || f.SLOAttainment.IsNull() {
			continue
		}
		lines = append(lines, fmt.Sprintf("Of class %s %s was promised: %s of the requests that ended had it from the first try; %s/s were offered, %s/s satisfied, %s/s by an attempt that was in time.",
			c.Name, paint.Seconds(c.SLO.Seconds()), paint.Percent(float64(f.SLOAttainment)), paint.Count(r.full(float64(f.OfferedPerS))), paint.Count(r.full(float64(f.GoodputPerS))), paint.Count(r.full(float64(f.GoodputSLOPerS)))))
		if f.RetryAmplification > 1.005 {
			line := "Each of its requests took " + paint.Digits(float64(f.RetryAmplification)) + " attempts"
			if !f.UsersSatisfiedShare.IsNull() {
				line += "; " + paint.Percent(float64(f.UsersSatisfiedShare)) + " of its users got what they came for"
			}
			lines = append(lines, line+".")
		}
		if n := float64(f.Completed - f.Satisfied); n > 0.005*float64(f.Completed) {
			lines = append(lines, fmt.Sprintf("%s of its completed attempts brought what nobody wanted any more: another attempt had, or the user had gone.", paint.Count(r.full(n))))
		}
		if f.Wasted > 0 {
			lines = append(lines, fmt.Sprintf("Servers worked %s hours for results that nobody got.", paint.Count(r.full(float64(f.Wasted))/3600)))
		}
		if !f.WaitUserMean.IsNull() {
			beyond := ""
			if f.Held.Mean > 0 {
				beyond = ", beyond the time that policies kept them before the queue"
			}
			lines = append(lines, fmt.Sprintf("Its attempts waited %s on average%s; the mean over its users is %s, and %s over those who were served.",
				paint.Seconds(float64(f.Wait.Mean)), beyond, paint.Seconds(float64(f.WaitUserMean)), paint.Seconds(float64(f.WaitServedUserMean))))
		}
	}
	return lines
}

// aftermath says when the service had recovered, and whether it was the overload
// itself that kept it down.
func aftermath(r *Run) (rows [][]string) {
	all := r.Result.Summary.All
	if all == nil {
		return nil
	}
	if all.TimeToRecover > 0 {
		took, until := paint.Seconds(float64(all.TimeToRecover)), "until 90 % were served in time"
		if all.Recovered == 0 {
			took, until = "at least "+took, "and not over at the end of the run: fewer than 90 % were served in time"
		}
		rows = append(rows, []string{"longest recovery", took, "from the end of the overload by first tries " + until})
	}
	if from, to, ok := r.storm(); ok {
		rows = append(rows, []string{"metastable", paint.Seconds(math.Round(to - from)), "from " + r.moment(from) + ": first tries alone would not fill the servers, and less than half were served in time"})
	}
	return rows
}
