package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/launchday-sim/launchday/models/unit"
)

// A progress is one line on a terminal that says how far a command has come; on
// anything else it is nothing. It knows no colours and no escape codes, and so
// honours NO_COLOR and suits every terminal.
type progress struct {
	w     io.Writer // nil: not a terminal
	now   func() time.Time
	begun time.Time
	last  time.Time
	width int // of the line that stands there
}

func newProgress(w io.Writer) *progress {
	p := &progress{now: time.Now, begun: time.Now()}
	if f, ok := w.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			p.w = w
		}
	}
	return p
}

// show writes what was done, unless that was a moment ago.
func (p *progress) show(text string) {
	if now := p.now(); p.w != nil && now.Sub(p.last) >= 100*time.Millisecond {
		p.last = now
		p.replace(text)
	}
}

// part shows what was done and, from the share of it, how long the rest takes.
func (p *progress) part(share float64, text string) {
	text = fmt.Sprintf("%3.0f %%  %s", 100*share, text)
	if spent := p.now().Sub(p.begun); share > 0 && spent > time.Second {
		left := time.Duration(float64(spent) * (1 - share) / share)
		text += fmt.Sprintf(", %v left", left.Round(time.Second))
	}
	p.show(text)
}

// replace writes a line over the one that stands there.
func (p *progress) replace(line string) {
	width := utf8.RuneCountInString(line)
	fmt.Fprintf(p.w, "\r%s%s", line, strings.Repeat(" ", max(p.width-width, 0)))
	p.width = width
}

// simulated shows how far one run has come.
func (p *progress) simulated(done, whole time.Duration, fired uint64) {
	rate := float64(fired) / max(p.now().Sub(p.begun).Seconds(), 1e-3)
	p.part(float64(done)/float64(whole), fmt.Sprintf("%v of %v simulated, %.1fM events/s",
		unit.Duration(done.Truncate(time.Minute)), unit.Duration(whole.Truncate(time.Minute)), rate/1e6))
}

// replications shows how many runs are done.
func (p *progress) replications(done, of int) {
	p.part(float64(done)/float64(of), fmt.Sprintf("%d of %d runs", done, of))
}

// clear leaves the line empty.
func (p *progress) clear() {
	if p.width > 0 {
		p.replace("")
		fmt.Fprint(p.w, "\r")
	}
}
