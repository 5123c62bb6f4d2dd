package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// A progress shows on a terminal how far a command has come, and nothing
// anywhere else.
type progress struct {
	w     io.Writer // nil: not a terminal
	bar   *progressbar.ProgressBar
	begun time.Time
}

func newProgress(w io.Writer) *progress {
	p := &progress{begun: time.Now()}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.w = w
	}
	return p
}

func (p *progress) show(at, of int64, text string) {
	if p.w == nil {
		return
	}
	if p.bar == nil {
		p.bar = progressbar.NewOptions64(of, progressbar.OptionSetWriter(p.w), progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish(),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionSetPredictTime(true), progressbar.OptionSetElapsedTime(false),
			progressbar.OptionUseANSICodes(os.Getenv("NO_COLOR") == ""))
	}
	p.bar.Describe(text)
	_ = p.bar.Set64(at)
}

// simulated shows the progress of one run: simulated time, rate, and by the bar
// the time that is left.
func (p *progress) simulated(done, whole time.Duration, fired uint64) {
	rate := float64(fired) / max(time.Since(p.begun).Seconds(), 1e-3) / 1e6
	p.show(int64(done), int64(whole), fmt.Sprintf("%s of %s simulated, %.1f M events/s", done.Round(time.Minute), whole.Round(time.Minute), rate))
}

func (p *progress) replications(done, of int) {
	p.show(int64(done), int64(of), fmt.Sprintf("%d of %d replications", done, of))
}

func (p *progress) done() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
