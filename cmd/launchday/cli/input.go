package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/launchday-sim/launchday/examples"
	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/models/unit"
)

// An input is a scenario as the flags change it.
type input struct {
	set   []string
	scale string
	seed  uint64

	seedFlag  *pflag.Flag
	file      string  // of the scenario that was read last; empty where it is a shipped one
	fileScale float64 // of the scenario that was read last, before --scale and --set
}

func (in *input) flags(c *cobra.Command) {
	c.Flags().StringArrayVar(&in.set, "set", nil, "change a knob, such as pools.gpus.nodes=5k; may be repeated")
	c.Flags().StringVar(&in.scale, "scale", "", "share of the world to simulate, such as 1/1000 (default: the scenario's)")
	c.Flags().Uint64Var(&in.seed, "seed", 1, "seed of all random numbers")
	in.seedFlag = c.Flags().Lookup("seed")
}

// read reads a scenario and changes its knobs. Its errors are the user's.
func (in *input) read(arg string) (*scenario.Scenario, error) {
	changes, err := in.changes()
	if err != nil {
		return nil, badInput(err)
	}
	sc, err := in.open(arg)
	if err != nil {
		return nil, badInput(err)
	}
	in.fileScale = float64(sc.Scale)
	if len(changes) > 0 {
		changed, err := sc.With(changes)
		if err != nil {
			return nil, badInput(blame(sc, arg, changes, err))
		}
		sc = changed
	}
	return sc, badInput(launch.Rehearse(sc))
}

// open reads a scenario from a file, from those that are shipped, or from the
// manifest of a run, whose seed it takes over unless one was given.
func (in *input) open(arg string) (*scenario.Scenario, error) {
	if strings.HasSuffix(arg, ".json") {
		sc, seed, origin, err := openManifest(arg)
		if err == nil && !in.seedFlag.Changed {
			in.seed = seed
		}
		in.file = origin
		return sc, err
	}
	fsys, name, err := locate(arg)
	if err != nil {
		return nil, err
	}
	in.file = ""
	if fsys == (files{}) {
		in.file = name
	}
	return scenario.Read(fsys, name)
}

// blame names the flags whose changes a scenario does not take, where each alone
// is enough for that.
func blame(sc *scenario.Scenario, arg string, changes scenario.Changes, err error) error {
	var faults []error
	for _, c := range changes {
		if _, failed := sc.With(scenario.Changes{c}); failed != nil {
			prefix := arg
			if !strings.HasPrefix(failed.Error(), c.Path) {
				prefix += ": --set " + c.Path
			}
			faults = append(faults, fmt.Errorf("%s: %w", prefix, failed))
		}
	}
	if len(faults) == 0 {
		return err
	}
	return errors.Join(faults...)
}

func (in *input) changes() (scenario.Changes, error) {
	set := in.set
	if in.scale != "" {
		set = append(slices.Clone(set), "scale="+in.scale)
	}
	var changes scenario.Changes
	var faults []error
	for _, s := range set {
		knob, value, ok := strings.Cut(s, "=")
		if !ok {
			faults = append(faults, fmt.Errorf("--set %s: want knob=value, such as pools.gpus.nodes=5k", s))
			continue
		}
		c, err := scenario.NewChange(strings.TrimSpace(knob), value)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		changes = append(changes, c)
	}
	return changes, errors.Join(faults...)
}

// files opens any path of the machine, so that faults name files as the user
// did.
type files struct{}

func (files) Open(name string) (fs.File, error) { return os.Open(name) }

// Named finds a shipped scenario, as the base of a file.
func (files) Named(name string) (fs.FS, string, bool) { return examples.Library{}.Named(name) }

// locateStudy says where a study is: a file, or one that is shipped.
func locateStudy(arg string) (fs.FS, string, error) {
	names, err := fs.Glob(examples.FS, "study-*.yaml")
	if err != nil {
		return nil, "", err
	}
	for i := range names {
		names[i] = strings.TrimSuffix(names[i], ".yaml")
	}
	switch info, err := os.Stat(arg); {
	case err == nil && !info.IsDir():
		return files{}, arg, nil
	case slices.Contains(names, arg):
		return examples.Library{FS: examples.FS}, arg + ".yaml", nil
	case err == nil:
		return nil, "", fmt.Errorf("%s: is a folder: want a study file", arg)
	}
	return nil, "", fmt.Errorf("%s: there is no such file, and no study of that name is shipped: want %s", arg, strings.Join(names, " or "))
}

// locate says where a scenario is: a file, or one that is shipped. A file wins.
func locate(arg string) (fsys fs.FS, name string, err error) {
	info, err := os.Stat(arg)
	path := strings.ContainsAny(arg, `/\`) || strings.HasSuffix(arg, ".yaml") || strings.HasSuffix(arg, ".yml")
	switch {
	case err == nil && !info.IsDir():
		return files{}, arg, nil
	case path && err == nil:
		return nil, "", fmt.Errorf("%s: is a folder: want a scenario file", arg)
	case path && errors.Is(err, fs.ErrNotExist):
		return nil, "", fmt.Errorf("%s: there is no such file", arg)
	case path:
		return nil, "", err
	}
	name, err = shippedFile(arg)
	return examples.FS, name, err
}

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

// shippedFile is the path of a shipped scenario in examples.FS.
func shippedFile(name string) (string, error) {
	if slices.Contains(shipped(), name) {
		return "scenarios/" + name + ".yaml", nil
	}
	want := strings.Join(shipped(), ", ")
	if near := unit.Nearest(name, shipped()); near != "" {
		want = near
	}
	return "", fmt.Errorf("%q is no shipped scenario: want %s", name, want)
}
