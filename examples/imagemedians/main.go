// Command imagemedians makes the table of medians to which image batches are fitted, from
// the requests of the Alibaba cluster-trace-v2026-GenAI, which may be read for research or
// study and is not part of this repository:
//
//	go run ./examples/imagemedians < image_requests_gentd26.csv > models/gpu/batching/testdata/gentd26_medians.csv
//
// A row is the time (exec_s) of at least 30 requests that succeeded: of all of them with so
// many images and steps (model "all"), and of those from text without LoRA, model by model.
// mad_s is the median absolute deviation from median_s; the rest are moments.
package main

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"

	"gonum.org/v1/gonum/stat"
)

func main() {
	if err := medians(os.Stdin, os.Stdout, 30); err != nil {
		fmt.Fprintln(os.Stderr, "imagemedians:", err)
		os.Exit(1)
	}
}

// A cell is a row of the table.
type cell struct {
	model         string
	images, steps int
}

// medians writes a row for each cell that has at least so many requests.
func medians(in io.Reader, out io.Writer, least int) error {
	lines := csv.NewReader(in)
	head, err := lines.Read()
	if err != nil {
		return fmt.Errorf("reading the header: %w", err)
	}
	at := map[string]int{}
	for _, name := range []string{"type", "status", "exec_s", "images", "steps", "n_lora", "model"} {
		if at[name] = slices.Index(head, name); at[name] < 0 {
			return fmt.Errorf("no column %s, there are %v", name, head)
		}
	}
	cells := map[cell][]float64{}
	for n := 2; ; n++ {
		line, err := lines.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if line[at["status"]] != "succeed" || line[at["exec_s"]] == "" || line[at["images"]] == "" || line[at["steps"]] == "" {
			continue
		}
		var v [3]float64
		for i, name := range []string{"exec_s", "images", "steps"} {
			if v[i], err = strconv.ParseFloat(line[at[name]], 64); err != nil {
				return fmt.Errorf("line %d, %s: %w", n, name, err)
			}
		}
		c := cell{"all", int(v[1]), int(v[2])}
		cells[c] = append(cells[c], v[0])
		if line[at["type"]] == "t2i" && line[at["n_lora"]] == "0" {
			c.model = line[at["model"]]
			cells[c] = append(cells[c], v[0])
		}
	}
	order := slices.SortedFunc(maps.Keys(cells), func(a, b cell) int {
		return cmp.Or(cmp.Compare(a.model, b.model), a.images-b.images, a.steps-b.steps)
	})
	fmt.Fprintln(out, "model,images,steps,requests,median_s,mad_s,mean_s,sd_s")
	for _, c := range order {
		x := cells[c]
		if len(x) < least {
			continue
		}
		mean, sd := stat.MeanStdDev(x, nil)
		m := median(x)
		away := make([]float64, len(x))
		for i := range x {
			away[i] = math.Abs(x[i] - m)
		}
		if _, err := fmt.Fprintf(out, "%s,%d,%d,%d,%v,%v,%.3f,%.3f\n", c.model, c.images, c.steps, len(x), m, median(away), mean, sd); err != nil {
			return err
		}
	}
	return nil
}

// median is the middle of x, or the mean of the two there; it leaves x in order.
func median(x []float64) float64 {
	slices.Sort(x)
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}
