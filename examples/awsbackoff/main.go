// Command awsbackoff is the experiment of "Exponential Backoff and Jitter" (M.
// Brooker, AWS Architecture Blog, 2015): N clients start at once; each reads one
// row and writes it back, and a write succeeds only if nobody has written since
// the read. Who fails waits and begins again. Every hop over the network takes
// |N(10, 2)| ms.
//
//	go run ./examples/awsbackoff              # the table
//	go run ./examples/awsbackoff -out DIR     # and calls.svg and time.svg in DIR
//
// The clients wait by models/client's Backoff, on the kernel of sim.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

func main() {
	seed := flag.Uint64("seed", 1, "seed of the random numbers")
	n := flag.Int("runs", runs, "runs of which the mean is taken")
	out := flag.String("out", "", "folder for calls.svg and time.svg; no pictures if empty")
	flag.Parse()
	if err := run(os.Stdout, *seed, *n, *out); err != nil {
		fmt.Fprintln(os.Stderr, "awsbackoff:", err)
		os.Exit(1)
	}
}

// run prints the table, and draws the pictures into the folder out unless it is
// empty.
func run(w io.Writer, seed uint64, n int, out string) error {
	if n < 1 {
		return fmt.Errorf("runs is %d, it must be 1 or more", n)
	}
	calls, times := make([]plotter.XYs, len(strategies)), make([]plotter.XYs, len(strategies))
	fmt.Fprintf(w, "%8s", "clients")
	for _, s := range strategies {
		fmt.Fprintf(w, "  %22s", s.name)
	}
	fmt.Fprintln(w)
	for clients := fewest; clients <= most; clients += stepCount {
		fmt.Fprintf(w, "%8d", clients)
		for i, s := range strategies {
			r, err := mean(seed, n, s, clients)
			if err != nil {
				return err
			}
			fmt.Fprintf(w, "  %7.0f calls %5.0f ms", r.calls, r.time.Seconds()*1000)
			calls[i] = append(calls[i], plotter.XY{X: float64(clients), Y: r.calls})
			times[i] = append(times[i], plotter.XY{X: float64(clients), Y: r.time.Seconds() * 1000})
		}
		fmt.Fprintln(w)
	}
	if out == "" {
		return nil
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	if err := draw(filepath.Join(out, "calls.svg"), "Calls until every client has written", "calls", calls); err != nil {
		return err
	}
	return draw(filepath.Join(out, "time.svg"), "Time until every client has written", "ms", times)
}

// draw writes one picture with a line for each strategy.
func draw(path, title, unit string, lines []plotter.XYs) error {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, "clients", unit
	p.Legend.Top, p.Legend.Left = true, true
	var list []any
	for i, l := range lines {
		list = append(list, strategies[i].name, l)
	}
	if err := plotutil.AddLines(p, list...); err != nil {
		return err
	}
	return p.Save(16*vg.Centimeter, 11*vg.Centimeter, path)
}
