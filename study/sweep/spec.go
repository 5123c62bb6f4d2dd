// Package sweep runs a scenario over a design: every combination of factors, a Latin
// hypercube, or one factor at a time; each cell with the same replications on common random
// numbers. What comes out is one tidy table, a row for each cell and replication, with a
// dictionary and pictures.
//
// Runs are entered in a log as they end. A sweep that was killed goes on where it was, runs
// may be shared out to shards, and what is merged is the same byte by byte as what one
// machine made.
package sweep

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/study"
)

// A Spec is what a study file says.
type Spec struct {
	Name        string           `yaml:"name" required:"true" doc:"Name of the study; results are written under it."`
	Title       string           `yaml:"title" doc:"One line for headings."`
	Description string           `yaml:"description" text:"long" doc:"What is asked, and why so."`
	Scenario    string           `yaml:"scenario" required:"true" doc:"The scenario that is varied: one that is shipped, or a file beside this one."`
	Seed        int              `yaml:"seed" default:"1" min:"0" doc:"Seed of all random numbers; every cell has the same."`
	Reps        int              `yaml:"reps" default:"10" min:"2" max:"100000" doc:"Replications of each cell."`
	Set         scenario.Changes `yaml:"set" doc:"Knobs that have another value in all cells."`
	Design      string           `yaml:"design" default:"factorial" enum:"factorial,latin-hypercube,one-at-a-time" doc:"factorial: every combination of the factors' values. latin-hypercube: as many samples of their ranges as samples says. one-at-a-time: the scenario as it is, then each factor at each of its values or at the ends of its range, the others as they are."`
	Samples     int              `yaml:"samples" default:"0" min:"0" max:"100000" doc:"Of a Latin hypercube: how many."`
	Factors     []Factor         `yaml:"factors" required:"true" doc:"What is varied."`
	Metrics     []string         `yaml:"metrics" doc:"Figures of summary.json that the table has; those that compare prints if there are none. Those of the plots are there too."`
	Plots       []Plot           `yaml:"plots" doc:"Pictures that are made of the table."`
}

// A Factor is a knob, or several that change together.
type Factor struct {
	Name   string   `yaml:"name" required:"true" doc:"Name of the factor, that of its column."`
	Knob   string   `yaml:"knob" doc:"The knob that it turns, such as pools.gpus.nodes."`
	Values []string `yaml:"values" doc:"Its values, as they would stand in the scenario."`
	Low    string   `yaml:"low" doc:"In place of values: the lower end of a range."`
	High   string   `yaml:"high" doc:"Its upper end."`
	Log    bool     `yaml:"log" default:"no" doc:"Whether the range is even in the logarithm."`
	Levels []Level  `yaml:"levels" doc:"In place of a knob: named sets of knobs."`
}

// A Level is one of the ways in which a factor sets knobs.
type Level struct {
	Name string           `yaml:"name" required:"true" doc:"Name of the level, as it stands in the table."`
	Set  scenario.Changes `yaml:"set" doc:"Knobs with their values; none leaves the scenario as it is."`
}

// A Plot is a picture that is made of the table.
type Plot struct {
	Name  string `yaml:"name" required:"true" doc:"Name of its files."`
	Kind  string `yaml:"kind" required:"true" enum:"lines,heat-map,pareto,tornado,ccdf" doc:"lines: a figure over a factor, with bands of 95 %. heat-map: its mean over two factors. pareto: one figure over another, a point for each cell, and those that no other beats. tornado: what each factor does to a figure. ccdf: a distribution."`
	X     string `yaml:"x" doc:"lines, heat-map: a factor. pareto: a figure, of which more is better."`
	Y     string `yaml:"y" doc:"heat-map: a factor. pareto: a figure, of which more is better; others: the figure, of ccdf such as all.latency_s."`
	Z     string `yaml:"z" doc:"heat-map: the figure."`
	By    string `yaml:"by" doc:"lines, ccdf: a factor, with a line for each of its values."`
	Where string `yaml:"where" doc:"Only the cells in which a factor has this value: load=16/d."`
}

// A Study is a Spec whose cells are known and sound.
type Study struct {
	Spec
	Hash    string // of all that decides what comes out
	Metrics []string
	Cells   []Cell
	Base    *scenario.Scenario
}

// Read reads a study from a file. The error is scenario.Faults where the file is at fault.
func Read(fsys fs.FS, file string) (*Study, error) {
	doc, err := scenario.Load(fsys, file)
	if err != nil {
		return nil, err
	}
	spec, err := scenario.Decode[Spec](doc, scenario.Options{})
	if err != nil {
		return nil, err
	}
	s := &Study{Spec: *spec}
	if s.Base, err = scenario.ReadNamed(fsys, file, spec.Scenario); err != nil {
		return nil, scenario.Faults{doc.Fault("scenario", err.Error(), "")}
	}
	if s.Base, err = s.Base.With(spec.Set); err != nil {
		return nil, scenario.Faults{doc.Fault("set", err.Error(), "")}
	}
	if faults := s.check(doc); len(faults) > 0 {
		return nil, faults
	}
	if s.Cells, err = s.cells(doc); err != nil {
		return nil, err
	}
	for i := range s.Cells {
		if err := launch.Rehearse(s.Cells[i].Scenario); err != nil {
			return nil, fmt.Errorf("%s: cell %d (%s): %w", file, i, s.Cells[i].Label(), err)
		}
	}
	return s, s.fingerprint()
}

// check finds what the types cannot know, and completes the list of figures.
func (s *Study) check(doc *scenario.Document) (faults scenario.Faults) {
	fault := func(path, message, want string) { faults = append(faults, doc.Fault(path, message, want)) }
	factors := map[string]bool{}
	for i := range s.Factors {
		f := &s.Factors[i]
		path := "factors." + f.Name
		factors[f.Name] = true
		ranged := f.Low != "" || f.High != ""
		switch {
		case len(f.Levels) > 0 && (f.Knob != "" || len(f.Values) > 0 || ranged):
			fault(path+".levels", "stand beside a knob or its values", "one of the two")
		case len(f.Levels) > 0 && s.Design == "latin-hypercube":
			fault(path+".levels", "cannot be sampled", "a knob with low and high")
		case len(f.Levels) > 0:
		case f.Knob == "":
			fault(path, "has neither a knob nor levels", "knob: pools.gpus.nodes, with values")
		case ranged && len(f.Values) > 0:
			fault(path+".values", "stand beside low and high", "one of the two")
		case ranged && (f.Low == "" || f.High == ""):
			fault(path, "has one end of a range", "low and high")
		case ranged && s.Design == "factorial":
			fault(path+".low", "is the end of a range, of which a factorial design has no values", "values")
		case !ranged && s.Design == "latin-hypercube":
			fault(path, "has no range to be sampled", "low and high")
		case !ranged && len(f.Values) == 0:
			fault(path, "has no values", "values: [1k, 2k]")
		}
		for _, taken := range []string{"cell", "replication", "seed"} {
			if f.Name == taken {
				fault(path+".name", "is the name of another column", "another name")
			}
		}
	}
	if s.Design == "latin-hypercube" && s.Samples < 2 {
		fault("samples", "is the number of samples of a Latin hypercube", "at least 2")
	} else if s.Design != "latin-hypercube" && s.Samples > 0 {
		fault("samples", "is of a Latin hypercube only", "design: latin-hypercube")
	}
	s.Metrics = slices.Clone(s.Spec.Metrics)
	if len(s.Metrics) == 0 {
		s.Metrics = study.MainFigures(s.Base)
	}
	figure := func(path, name string) {
		switch {
		case name == "":
			fault(path, "is missing", "a figure of summary.json, such as all.goodput_per_s")
		case !metrics.Exists(name):
			fault(path, fmt.Sprintf("%q is no figure of summary.json", name), "one such as all.goodput_per_s")
		case !slices.Contains(s.Metrics, name):
			s.Metrics = append(s.Metrics, name)
		}
	}
	for i, m := range s.Spec.Metrics {
		if !metrics.Exists(m) {
			fault(fmt.Sprintf("metrics[%d]", i), fmt.Sprintf("%q is no figure of summary.json", m), "one such as all.goodput_per_s")
		}
	}
	factor := func(path, name string, must bool) {
		if name == "" && !must {
			return
		}
		if !factors[name] {
			fault(path, fmt.Sprintf("%q is no factor", name), "one of factors")
		}
	}
	for _, p := range s.Plots {
		path := "plots." + p.Name
		if p.Where != "" {
			name, _, ok := strings.Cut(p.Where, "=")
			if !ok {
				fault(path+".where", "names no value", "a factor and one of its values, such as load=16/d")
			} else {
				factor(path+".where", name, true)
			}
		}
		switch p.Kind {
		case "lines":
			factor(path+".x", p.X, true)
			figure(path+".y", p.Y)
			factor(path+".by", p.By, false)
		case "heat-map":
			factor(path+".x", p.X, true)
			factor(path+".y", p.Y, true)
			figure(path+".z", p.Z)
		case "pareto":
			figure(path+".x", p.X)
			figure(path+".y", p.Y)
		case "tornado":
			figure(path+".y", p.Y)
			if s.Design != "one-at-a-time" {
				fault(path+".kind", "needs factors that are varied one at a time", "design: one-at-a-time")
			}
		case "ccdf":
			factor(path+".by", p.By, false)
			for _, q := range quantiles {
				figure(path+".y", p.Y+"."+q.name)
			}
		}
	}
	return faults
}

// quantiles of a distribution, and the share that lies above them.
var quantiles = []struct {
	name  string
	above float64
}{{"p50", 0.5}, {"p90", 0.1}, {"p95", 0.05}, {"p99", 0.01}, {"p999", 0.001}}
