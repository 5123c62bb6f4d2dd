package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/scenario"
)

func diffCommand() *cobra.Command {
	var most int
	c := &cobra.Command{
		Use:   "diff RUN RUN",
		Short: "Say in what two results differ",
		Long: `Say in what the scenarios of two results differ, knob by knob, and then their figures,
those that changed most first, at full scale. Two single runs prove nothing: compare
and sweep do.`,
		Example: `  launchday diff results/ghibli-2025 results/ghibli-2025-2`,
		Args:    arguments("RUN", "RUN"),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, err := openResult(args[0])
			if err != nil {
				return badInput(err)
			}
			b, err := openResult(args[1])
			if err != nil {
				return badInput(err)
			}
			return difference(cmd, a, b, most)
		},
	}
	c.Flags().IntVar(&most, "most", 30, "figures that are printed; 0 is all")
	return c
}

// A resultFolder is what diff needs of one.
type resultFolder struct {
	dir     string
	seed    uint64
	sc      *scenario.Scenario
	figures map[string]float64 // at full scale; of replications, their means
	order   []string
}

func openResult(dir string) (*resultFolder, error) {
	r := &resultFolder{dir: dir, figures: map[string]float64{}}
	var err error
	name := filepath.Join(dir, "manifest.json")
	if r.sc, r.seed, _, err = openManifest(name); err != nil {
		return nil, noResult(name, err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "summary.json"))
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := json.Unmarshal(text, &tree); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, "summary.json"), err)
	}
	r.walk("", tree)
	slices.Sort(r.order)
	return r, nil
}

// walk gathers the figures of a tree; one of replications is its mean.
func (r *resultFolder) walk(prefix string, node map[string]any) {
	for key, v := range node {
		path := prefix + key
		x, number := v.(float64)
		if sub, ok := v.(map[string]any); ok {
			if mean, ok := sub["mean"].(float64); ok && sub["n"] != nil {
				x, number = mean, true
			} else {
				r.walk(path+".", sub)
				continue
			}
		}
		if number && metrics.Exists(path) {
			r.figures[path] = float64(metrics.FullScale(path, metrics.Figure(x), float64(r.sc.Scale)))
			r.order = append(r.order, path)
		}
	}
}

func difference(cmd *cobra.Command, a, b *resultFolder, most int) error {
	out := cmd.OutOrStdout()
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	knobs := func(r *resultFolder) (map[string]string, []string) {
		of, order := map[string]string{}, []string(nil)
		for _, k := range scenario.Knobs(r.sc) {
			of[k.Path] = k.Value
			order = append(order, k.Path)
		}
		return of, order
	}
	ka, order := knobs(a)
	kb, more := knobs(b)
	for _, path := range more {
		if _, there := ka[path]; !there {
			order = append(order, path)
		}
	}
	fmt.Fprintf(t, "knob\t%s\t%s\n", a.dir, b.dir)
	changed := 0
	if a.seed != b.seed {
		fmt.Fprintf(t, "seed\t%d\t%d\n", a.seed, b.seed)
		changed++
	}
	for _, path := range order {
		va, ina := ka[path]
		vb, inb := kb[path]
		if va != vb || ina != inb {
			va, vb = unlike(va, vb)
			fmt.Fprintf(t, "%s\t%s\t%s\n", path, said(va, ina), said(vb, inb))
			changed++
		}
	}
	if changed == 0 {
		fmt.Fprintf(t, "none\t\t\n")
	}
	if err := t.Flush(); err != nil {
		return err
	}
	type row struct {
		path   string
		a, b   float64
		weight float64
	}
	var rows []row
	for _, path := range a.order {
		x, y := a.figures[path], 0.0
		var there bool
		if y, there = b.figures[path]; !there || x == y {
			continue
		}
		rows = append(rows, row{path, x, y, math.Abs(math.Log((math.Abs(y) + 1e-9) / (math.Abs(x) + 1e-9)))})
	}
	slices.SortStableFunc(rows, func(p, q row) int { return cmp.Compare(q.weight, p.weight) })
	if len(rows) == 0 {
		_, err := fmt.Fprintf(out, "\nAll %d figures are equal.\n", len(a.order))
		return err
	}
	fmt.Fprintf(out, "\n%d of %d figures differ; those that changed most, at full scale:\n", len(rows), len(a.order))
	if most > 0 && len(rows) > most {
		rows = rows[:most]
	}
	t = tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "figure\t%s\t%s\tchange\n", a.dir, b.dir)
	for _, r := range rows {
		change := "-"
		if r.a != 0 {
			change = fmt.Sprintf("%+.3g %%", 100*(r.b/r.a-1))
		}
		fmt.Fprintf(t, "%s\t%.4g\t%.4g\t%s\n", r.path, r.a, r.b, change)
	}
	return t.Flush()
}

// unlike cuts two texts to where they differ.
func unlike(a, b string) (string, string) {
	line := func(s string) []rune { return []rune(strings.Join(strings.Fields(s), " ")) }
	x, y := line(a), line(b)
	same := 0
	for same < min(len(x), len(y)) && x[same] == y[same] {
		same++
	}
	const most = 60
	if from := same - 10; from > 0 && max(len(x), len(y)) > most {
		x, y = append([]rune("…"), x[from:]...), append([]rune("…"), y[from:]...)
	}
	end := func(s []rune) string {
		if len(s) > most {
			s = append(s[:most-1:most-1], '…')
		}
		return string(s)
	}
	return end(x), end(y)
}

func said(v string, there bool) string {
	if !there {
		return "-"
	}
	return v
}
