package cli

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/launchday-sim/launchday/examples"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/study"
)

// A knobFile is a scenario file of which some values will be replaced where
// they stand, so that its comments and its layout stay as they are.
type knobFile struct {
	path string
	text []byte
	doc  *scenario.Document
	sc   *scenario.Scenario
}

// openKnobs reads a scenario file and tries whether these knobs of it can be
// replaced, before hours are spent on their values.
func openKnobs(path string, knobs []study.Free) (*knobFile, error) {
	fsys, _, err := locate(path)
	if err != nil {
		return nil, err
	}
	if fsys == examples.FS {
		return nil, fmt.Errorf("--write: %s is a shipped scenario: want a file, such as one from launchday scenarios init %s", path, path)
	}
	k := &knobFile{path: path}
	if k.text, err = os.ReadFile(path); err != nil {
		return nil, err
	}
	if k.doc, err = scenario.Parse(path, bytes.NewReader(k.text)); err != nil {
		return nil, err
	}
	if k.sc, err = scenario.ReadTextIn(files{}, path, string(k.text)); err != nil {
		return nil, err
	}
	var trial []study.Setting
	for _, f := range knobs {
		trial = append(trial, study.Setting{Knob: f.Knob, Value: f.Format(f.Lo)})
	}
	_, err = k.replaced(trial)
	return k, err
}

// write replaces the values in the file.
func (k *knobFile) write(settings []study.Setting) error {
	text, err := k.replaced(settings)
	if err != nil {
		return err
	}
	return os.WriteFile(k.path, text, 0o644)
}

// replaced is the text of the file with other values. It is the proof of itself:
// what is read from it must be the scenario with these knobs changed.
func (k *knobFile) replaced(settings []study.Setting) ([]byte, error) {
	type edit struct {
		at, end int
		value   string
	}
	var edits []edit
	var changes scenario.Changes
	for _, s := range settings {
		at, end := k.place(s.Knob)
		edits = append(edits, edit{at, end, s.Value})
		c, err := scenario.NewChange(s.Knob, s.Value)
		if err != nil {
			return nil, err
		}
		changes = append(changes, c)
	}
	slices.SortFunc(edits, func(a, b edit) int { return b.at - a.at }) // from the end on: places stay true
	text := slices.Clone(k.text)
	for _, e := range edits {
		text = slices.Replace(text, e.at, e.end, []byte(e.value)...)
	}
	changed, err := k.sc.With(changes)
	if err != nil {
		return nil, err
	}
	want, err := changed.Resolved()
	if err != nil {
		return nil, err
	}
	got := ""
	if sc, err := scenario.ReadTextIn(files{}, k.path, string(text)); err == nil {
		if got, err = sc.Resolved(); err != nil {
			return nil, err
		}
	}
	if got != want {
		return nil, fmt.Errorf("%s: the knobs cannot be written: want each of them in the file, as a plain value such as nodes: 100", k.path)
	}
	return text, nil
}

// place is where the plain value of a knob stands in the text.
func (k *knobFile) place(knob string) (at, end int) {
	f := k.doc.Fault(knob, "", "")
	for line := 1; line < f.Line; line++ {
		at += bytes.IndexByte(k.text[at:], '\n') + 1
	}
	at = min(at+f.Column-1, len(k.text))
	line, _, _ := strings.Cut(string(k.text[at:]), "\n")
	line, _, _ = strings.Cut(line, " #")
	if stop := strings.IndexAny(line, ",}]"); stop >= 0 {
		line = line[:stop]
	}
	return at, at + len(strings.TrimRight(line, " \r"))
}
