package scenario

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"reflect"
	"strconv"
	"strings"
	"sync"

	yaml "go.yaml.in/yaml/v4"

	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// The limits of a file with a sample.
const (
	maxSampleFile = 16 << 20
	maxSample     = 1_000_000
)

// sample reads the file that an empirical distribution names into its values,
// so that what was decoded, and what is written of it, needs no file.
func (d *decoder) sample(n *yaml.Node, dist *unit.Dist, path string) {
	if dist.File == "" {
		return
	}
	at := child(n, "file")
	switch {
	case dist.Law != "empirical":
		d.fault(at, join(path, "file"), "goes with empirical only", "dist: empirical")
		return
	case len(dist.Values) > 0:
		d.fault(at, join(path, "file"), "stands beside values", "one of the two")
		return
	case d.files == nil:
		d.fault(at, join(path, "file"), "cannot be read: the scenario comes from no folder", "values")
		return
	}
	name := d.beside(dist.File)
	values, read := d.samples[name]
	if !read {
		var err error
		if values, err = readSample(d.files, name); err != nil {
			d.fault(at, join(path, "file"), "cannot be read: "+err.Error(), "a file with a duration, or a number of seconds, a line")
			return
		}
		d.samples[name] = values
	}
	dist.Values, dist.File = values, ""
}

// A fileSpec is a Spec with a key file: it reads that file when it has been
// decoded, and keeps what it made of it in seen.
type fileSpec interface {
	Load(files fs.FS, name string, seen *sync.Map) error
}

// load has a Spec read its file.
func (d *decoder) load(n *yaml.Node, spec fileSpec, path string) {
	at := child(n, "file")
	if d.files == nil {
		d.fault(at, join(path, "file"), "cannot be read: the scenario comes from no folder", "a scenario that is a file itself")
		return
	}
	if err := spec.Load(d.files, d.beside(at.Value), d.tables); err != nil {
		message, want, _ := strings.Cut(err.Error(), ": want ")
		// What is wrong may be another key of the section, and then begins with it.
		if key, rest, ok := strings.Cut(message, " "); ok && key != "file" && shapeOf(reflect.TypeOf(spec).Elem()).find(key) != nil {
			if other := child(n, key); other != nil {
				d.fault(other, join(path, key), rest, want)
			} else {
				d.faults = append(d.faults, Fault{File: d.name, Line: n.Line, Column: n.Column, Path: join(path, key), Message: rest, Want: want})
			}
			return
		}
		d.fault(at, join(path, "file"), "cannot be read: "+message, want)
	}
}

// readSample reads one value a line. Empty lines, and what stands behind #, are
// passed over.
func readSample(files fs.FS, name string) ([]unit.Duration, error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSampleFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxSampleFile {
		return nil, fmt.Errorf("%s is larger than 16 MiB", name)
	}
	var values []unit.Duration
	lines := bufio.NewScanner(bytes.NewReader(text))
	for line := 1; lines.Scan(); line++ {
		field, _, _ := strings.Cut(lines.Text(), "#")
		if field = strings.TrimSpace(field); field == "" {
			continue
		}
		var value unit.Duration
		if x, err := strconv.ParseFloat(field, 64); err == nil && x >= 0 && x < 1e9 {
			value = unit.Duration(sim.FromSeconds(x))
		} else if err := value.UnmarshalText([]byte(field)); err != nil || value < 0 {
			return nil, fmt.Errorf("%s:%d: %s is no duration of at least 0", name, line, quote(field))
		}
		if values = append(values, value); len(values) > maxSample {
			return nil, fmt.Errorf("%s holds more than a million values", name)
		}
	}
	return values, lines.Err()
}
