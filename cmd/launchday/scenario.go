package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/launchday-sim/launchday/examples"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/models/unit"
)

// shipped lists the names of the scenarios that come with the program.
func shipped() []string {
	entries, err := fs.ReadDir(examples.FS, "scenarios")
	if err != nil {
		panic(err) // they are part of the program
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	return names
}

// locate says where a scenario is: a file, or one that is shipped.
func locate(arg string) (fs.FS, string, error) {
	info, err := os.Stat(arg)
	switch {
	case err == nil && !info.IsDir():
		dir, name := filepath.Split(arg)
		if dir == "" {
			dir = "."
		}
		return os.DirFS(dir), name, nil
	case strings.ContainsRune(arg, filepath.Separator) || strings.HasSuffix(arg, ".yaml") || strings.HasSuffix(arg, ".yml"):
		if err == nil {
			return nil, "", fmt.Errorf("%s: is a folder: want a scenario file", arg)
		}
		return nil, "", fmt.Errorf("%s: there is no such file", arg)
	case slices.Contains(shipped(), arg):
		return examples.FS, "scenarios/" + arg + ".yaml", nil
	}
	want := "want a file, or one of " + strings.Join(shipped(), ", ")
	if near := unit.Nearest(arg, shipped()); near != "" {
		want = "did you mean " + near + "?"
	}
	return nil, "", fmt.Errorf("%s: there is no such scenario: %s", arg, want)
}

// read reads a scenario and changes knobs of it. Its errors are the user's.
func read(arg string, set []string, scale string) (*scenario.Scenario, error) {
	fsys, name, err := locate(arg)
	if err != nil {
		return nil, badInput(err)
	}
	sc, err := scenario.Read(fsys, name)
	if err != nil {
		return nil, badInput(err)
	}
	if scale != "" {
		set = append(slices.Clone(set), "scale="+scale)
	}
	var changes scenario.Changes
	var faults []error
	for _, s := range set {
		knob, value, ok := strings.Cut(s, "=")
		if !ok {
			faults = append(faults, fmt.Errorf("--set %s: want knob=value, such as pools.gpus.nodes=5000", s))
			continue
		}
		c, err := scenario.NewChange(strings.TrimSpace(knob), value)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		changes = append(changes, c)
	}
	if len(faults) > 0 {
		return nil, badInput(errors.Join(faults...))
	}
	if len(changes) == 0 {
		return sc, nil
	}
	sc, err = sc.With(changes)
	return sc, badInput(err)
}

// world are the flags that change a scenario.
type world struct {
	set   []string
	scale string
	seed  uint64
}

func (w *world) flags(c *cobra.Command) {
	c.Flags().StringArrayVar(&w.set, "set", nil, "change a knob, such as pools.gpus.nodes=5000; may be repeated")
	c.Flags().StringVar(&w.scale, "scale", "", "share of the world to simulate, such as 1/1000")
	c.Flags().Uint64Var(&w.seed, "seed", 1, "seed of all random numbers")
}
