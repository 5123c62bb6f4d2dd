package scenario

import (
	"errors"
	"fmt"
	"io/fs"
	pathpkg "path"
	"reflect"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"
	yaml "go.yaml.in/yaml/v4"

	"github.com/launchday-sim/launchday/models/unit"
)

// A variation is a scenario that says only in what it differs from another:
//
//	base: ghibli-2025
//	name: more-gpus
//	title: The launch with twice the GPUs
//	set: {pools.gpus.nodes: 8k}
//	add: {classes: [...]}
//	timeline: [...]
//
// set changes knobs of the base, as a patch does; what stands in add, timeline, record
// and unknowns is added to the lists of the base.

// A Library is a file system whose scenarios have names, too: a base is looked for beside
// the file that names it, and then there.
type Library interface {
	Named(name string) (fsys fs.FS, file string, ok bool)
}

// maxBases bounds the variations of variations.
const maxBases = 5

// keys of a variation.
var (
	variationTexts = []string{"name", "title", "description"}
	variationLists = []string{"timeline", "record", "unknowns"}
)

// vary returns the document of a variation merged into its base; that of any other as
// it is.
func vary(doc *Document, depth int) (*Document, error) {
	base := child(doc.root, "base")
	if base == nil {
		return doc, nil
	}
	fault := func(n *yaml.Node, path, text, message, want string) Faults {
		return Faults{{File: doc.name, Line: n.Line, Column: n.Column, Path: path, Text: text, Message: message, Want: want}}
	}
	switch {
	case base.Kind != yaml.ScalarNode || base.Value == "":
		return nil, fault(base, "base", "", "is no name of a scenario", "one that is shipped, or a file beside this one")
	case depth == maxBases:
		return nil, fault(base, "base", base.Value, "is the base of a base of a base, and so on", fmt.Sprintf("at most %d, and no circle", maxBases))
	case child(doc.root, "name") == nil:
		return nil, fault(doc.root, "name", "", "is missing: a variation has one of its own", "name: more-gpus")
	case doc.files == nil:
		return nil, fault(base, "base", base.Value, "cannot be found: this scenario is no file", "the scenario whole")
	}
	from, err := openBase(doc, base.Value)
	if errors.Is(err, fs.ErrNotExist) {
		want := "such as ghibli-2025, or base.yaml"
		if _, ok := doc.files.(Library); !ok {
			want = "a file such as base.yaml; those that are shipped are known through examples.Library"
		}
		return nil, fault(base, "base", base.Value, "is no scenario that is shipped, and no file beside this one", want)
	}
	if err == nil {
		from, err = vary(from, depth+1)
	}
	if err == nil {
		_, err = decode(from) // its own faults are not those of the variation
	}
	if err != nil {
		return nil, err
	}
	merged := *doc
	merged.root = clone(from.root)
	unplace(merged.root)
	merged.into, merged.opts = reflect.TypeFor[Scenario](), options
	var faults Faults
	put := func(key *yaml.Node, value *yaml.Node) {
		for i := 0; i+1 < len(merged.root.Content); i += 2 {
			if merged.root.Content[i].Value == key.Value {
				merged.root.Content[i+1] = value
				return
			}
		}
		merged.root.Content = append(merged.root.Content, key, value)
	}
	for i := 0; i+1 < len(doc.root.Content); i += 2 {
		key, value := doc.root.Content[i], doc.root.Content[i+1]
		switch {
		case slices.Contains(variationTexts, key.Value):
			put(key, value)
		case slices.Contains(variationLists, key.Value):
			if f := merged.extend(Change{key.Value, value, key}); f != nil {
				faults = append(faults, *f)
			}
		case key.Value == "set" || key.Value == "add":
			d, put := decoder{Document: &merged}, merged.edit
			if key.Value == "add" {
				put = merged.extend
			}
			for _, c := range d.changes(value, key.Value) {
				if f := put(c); f != nil {
					faults = append(faults, *f)
				}
			}
			faults = append(faults, d.faults...)
		case key.Value != "base":
			valid := append(append([]string{"base", "set", "add"}, variationTexts...), variationLists...)
			faults = append(faults, fault(key, "", key.Value, "is no key of a variation, which has a base", nearest(key.Value, valid)+"; knobs of the base stand under set")...)
		}
	}
	if len(faults) > 0 {
		return nil, faults.sorted()
	}
	return &merged, nil
}

// ReadNamed reads the scenario that a file of fsys names: one beside that file, or one of
// the library.
func ReadNamed(fsys fs.FS, file, name string) (*Scenario, error) {
	doc, err := openBase(&Document{files: fsys, name: file}, name)
	if err == nil {
		doc, err = vary(doc, 0)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%q is no scenario that is shipped, and no file beside %s", name, file)
	}
	if err != nil {
		return nil, err
	}
	return decode(doc)
}

// openBase reads the base of a document: a file beside it, or one of the library.
func openBase(doc *Document, name string) (*Document, error) {
	file := name
	if ext := pathpkg.Ext(name); ext != ".yaml" && ext != ".yml" {
		file += ".yaml"
	}
	from, err := Load(doc.files, doc.beside(file))
	if !errors.Is(err, fs.ErrNotExist) || strings.ContainsAny(name, `/\`) {
		return from, err
	}
	if lib, ok := doc.files.(Library); ok {
		if fsys, file, ok := lib.Named(name); ok {
			return Load(fsys, file)
		}
	}
	return nil, err
}

// varied lets the schema of a scenario take a variation, too.
func varied(s *jsonschema.Schema) {
	s.Properties.Set("base", &jsonschema.Schema{Type: "string", Description: baseDoc})
	s.Properties.Set("set", &jsonschema.Schema{Type: "object", Description: setDoc})
	s.Properties.Set("add", &jsonschema.Schema{Type: "object", Description: addDoc})
	s.AnyOf = []*jsonschema.Schema{{Required: s.Required}, {Required: []string{"base", "name"}}}
	s.Required = nil
}

const (
	baseDoc = "The scenario of which this is a variation: one that is shipped, or a file beside this one."
	setDoc  = "Of a variation: knobs of the base with their new values, such as pools.main.nodes: 100."
	addDoc  = "Of a variation: items that are added to lists of the base, such as classes: [{name: video, ...}]."
)

const variationReference = `## Variations

A file with the key ` + "`base`" + ` says only in what it differs from another scenario:

    base: ghibli-2025
    name: more-gpus
    title: The launch with twice the GPUs
    set: {pools.gpus.nodes: 8k}
    timeline:
      - {at: 2025-03-28T00:00:00Z, label: "and more", set: {pools.gpus.nodes: 10k}}

| key | what it is |
|---|---|
| ` + "`base`" + ` | ` + baseDoc + ` |
| ` + "`set`" + ` | ` + setDoc + ` A list without names is set whole. |
| ` + "`add`" + ` | ` + addDoc + ` |
| ` + "`name`, `title`, `description`" + ` | Replace those of the base; the name is required. |
| ` + "`timeline`, `record`, `unknowns`" + ` | Are added to those of the base. ` + "`set: {record: []}`" + ` leaves the record away of a world that never was. |

`

// Decided returns the scenario with a decision of the operator more, in its timeline, and
// when it falls.
func (s *Scenario) Decided(at, label string, set Changes) (*Scenario, unit.Instant, error) {
	text := func(v string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: v} }
	knobs := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for _, c := range set {
		knobs.Content = append(knobs.Content, text(c.Path), clone(c.Value))
	}
	patch := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{text("at"), text(at), text("kind"), text("lever"), text("label"), text(label), text("set"), knobs}}
	doc := *s.doc
	doc.root = clone(s.doc.root)
	if f := doc.extend(Change{Path: "timeline", Value: &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: []*yaml.Node{patch}}, key: text("timeline")}); f != nil {
		return nil, 0, f
	}
	next, err := decode(&doc)
	if err != nil {
		return nil, 0, err
	}
	return next, next.Timeline[len(next.Timeline)-1].At, nil
}
