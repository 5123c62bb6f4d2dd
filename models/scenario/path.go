package scenario

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v4"

	"github.com/launchday-sim/launchday/models/unit"
)

// A Patch is a dated change of knobs: an entry of the timeline. Values are those
// of the full-scale world.
type Patch struct {
	At    unit.Instant `yaml:"at" required:"true" doc:"When it happens."`
	Label string       `yaml:"label" required:"true" doc:"What happened, in a few words; it marks the time axis."`
	Kind  string       `yaml:"kind" default:"lever" enum:"lever,cause,note" doc:"lever: the operator did it. cause: it happened to the operator. note: it changes nothing and is only shown."`
	Set   Changes      `yaml:"set" doc:"Knobs with their new values, such as pools.main.nodes: 100."`
}

// A Change is a knob and the value that it gets.
type Change struct {
	Path  string // such as pools.main.nodes
	Value *yaml.Node
	key   *yaml.Node // where the path stands; nil if in no file
}

// Changes are made in their order.
type Changes []Change

// NewChange reads a value as it would stand in the file: 100, {dist: exponential,
// mean: 1s}, [free, plus].
func NewChange(path, value string) (Change, error) {
	node, faults := parse("", []byte(value))
	if strings.TrimSpace(value) == "" {
		faults = Faults{{Message: "has no value"}}
	}
	for i := range faults {
		faults[i].Line, faults[i].Path = 0, path
	}
	if len(faults) > 0 {
		return Change{}, faults
	}
	unplace(node)
	return Change{Path: path, Value: node}, nil
}

// unplace marks a tree as one that stands in no file.
func unplace(n *yaml.Node) {
	n.Line, n.Column = 0, 0
	for _, c := range n.Content {
		unplace(c)
	}
}

// Set returns the document with one knob changed, checked like the file itself.
// A knob's name is its path: keys with points between them, items of lists by
// their name. Optional sections on the way are made. The error is Faults.
func (d *Document) Set(path, value string) (*Document, error) {
	c, err := NewChange(path, value)
	if err != nil {
		return nil, err
	}
	return d.Apply(Changes{c})
}

// Apply returns the document with knobs changed, checked like the file itself
// but for the timeline, which Decode tries. The document must have been
// decoded.
func (d *Document) Apply(changes Changes) (*Document, error) {
	next, faults := d.apply(changes)
	if len(faults) > 0 {
		return nil, faults.sorted()
	}
	return next, nil
}

func (d *Document) apply(changes Changes) (*Document, Faults) {
	if d.into == nil {
		panic("scenario: a document is changed before it was decoded")
	}
	next := *d
	next.root = clone(d.root)
	var faults Faults
	for _, c := range changes {
		if f := next.edit(c); f != nil {
			faults = append(faults, *f)
		}
	}
	v, more := next.read()
	if faults = append(faults, more...); len(faults) == 0 {
		faults = next.check(v)
	}
	return &next, faults
}

// edit changes one knob in place.
func (d *Document) edit(c Change) *Fault {
	n, _, fault := d.locate(c)
	if fault == nil {
		*n = clone(c.Value)
	}
	return fault
}

// extend adds items to a list in place.
func (d *Document) extend(c Change) *Fault {
	n, t, fault := d.locate(c)
	switch {
	case fault != nil:
		return fault
	case t.Kind() != reflect.Slice:
		return &Fault{File: d.name, Line: c.key.Line, Column: c.key.Column, Path: c.Path, Message: "is no list", Want: "a list such as classes, or set"}
	case c.Value.Kind != yaml.SequenceNode:
		return &Fault{File: d.name, Line: c.Value.Line, Column: c.Value.Column, Path: c.Path, Text: c.Value.Value, Message: "is no list of items", Want: "[{name: ...}], which is added to the list of the base"}
	case (*n).Kind != yaml.SequenceNode:
		*n = clone(c.Value)
		return nil
	}
	(*n).Content = append((*n).Content, clone(c.Value).Content...)
	return nil
}

// locate returns where the value of a knob stands, and its type.
func (d *Document) locate(c Change) (**yaml.Node, reflect.Type, *Fault) {
	key := c.key
	if key == nil {
		key = &yaml.Node{}
	}
	fault := func(path, text, message, want string) *Fault {
		return &Fault{File: d.name, Line: key.Line, Column: key.Column, Path: path, Text: text, Message: message, Want: want}
	}
	segs := strings.Split(c.Path, ".")
	if slices.Contains(segs, "") {
		return nil, nil, fault("", c.Path, "is no path of a knob", "names with points between them, such as pools.main.nodes")
	}
	n, t, done := &d.root, d.into, ""
	for _, seg := range segs {
		t = deref(t)
		switch {
		case section(t) && (*n).Kind != yaml.MappingNode:
			return nil, nil, fault(done, "", "is written as a plain value", "it whole, such as "+done+": {...}")
		case section(t):
			s := merged(t, *n, d.opts)
			f := s.find(seg)
			if f == nil {
				return nil, nil, fault(done, seg, "is not a key here", nearest(seg, s.keys()))
			}
			n, t = place(*n, f, c.Value), f.typ
		case named(t):
			i := slices.IndexFunc((*n).Content, func(item *yaml.Node) bool { return itemName(item) == seg })
			if i < 0 {
				return nil, nil, fault(done, seg, "is not in the list", nearest(seg, itemNames(*n)))
			}
			n, t = &(*n).Content[i], t.Elem()
		case t.Kind() == reflect.Slice:
			return nil, nil, fault(done, "", "is a list without names", "the whole list as its value")
		default:
			return nil, nil, fault(done, "", "is a single value", "no path that goes on below it")
		}
		done = join(done, seg)
	}
	return n, t, nil
}

// place returns where the value of a key stands in a mapping, and makes it with
// its default, or as an empty section or list, if it is absent.
func place(n *yaml.Node, f *field, value *yaml.Node) **yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == f.key {
			return &n.Content[i+1]
		}
	}
	fresh := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	if deref(f.typ).Kind() == reflect.Slice {
		fresh = &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	}
	if f.def != "" {
		fresh = f.defaultNode()
	}
	fresh.Line, fresh.Column = value.Line, value.Column
	n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: f.key, Line: value.Line, Column: value.Column}, fresh)
	return &n.Content[len(n.Content)-1]
}

// changes reads the knobs of a patch, whose paths are checked by tryPatches.
func (d *decoder) changes(n *yaml.Node, path string) Changes {
	if n.Kind != yaml.MappingNode {
		d.fault(n, path, "is not a section", "knobs with their values, such as pools.main.nodes: 100")
		return nil
	}
	list, seen := Changes{}, map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode:
			d.fault(key, path, "is no path of a knob", "names with points between them, such as pools.main.nodes")
		case seen[key.Value]:
			d.fault(key, path, "is there twice", "each knob once")
		default:
			seen[key.Value] = true
			list = append(list, Change{key.Value, value, key})
		}
	}
	return list
}

// tryPatches applies the patches of a decoded value one after the other, in the
// order of time, and returns what is wrong with them beside what is known to be
// wrong without them. One that is wrong is left out for those that follow.
func (d *Document) tryPatches(v reflect.Value, known Faults) Faults {
	var patches []Patch
	for _, s := range slots(v) {
		if list, ok := s.value.Interface().([]Patch); ok {
			patches = append(patches, list...)
		}
	}
	patches = slices.DeleteFunc(patches, func(p Patch) bool { return len(p.Set) == 0 })
	if len(patches) > maxPatches {
		return Faults{d.Fault("timeline", "has too many patches", "at most 500")}
	}
	rest := size(d.root)
	if n := child(d.root, "timeline"); n != nil {
		rest -= size(n)
	}
	if most := maxTrials / rest; len(patches) > most {
		return Faults{d.Fault("timeline", "has too many patches for a file of this size", fmt.Sprintf("at most %d", most))}
	}
	slices.SortStableFunc(patches, func(a, b Patch) int { return int(min(max(a.At-b.At, -1), 1)) })
	var faults Faults
	for _, p := range patches {
		next, bad := d.apply(p.Set)
		bad = slices.DeleteFunc(bad, func(f Fault) bool { return slices.Contains(known, f) })
		if len(bad) == 0 {
			d = next
			continue
		}
		if i := slices.IndexFunc(p.Set, func(c Change) bool { return strings.HasSuffix(c.Path, ".kind") }); i >= 0 {
			// The parameters of the old kind, which now are none, are not at fault.
			key := p.Set[i].key
			faults = append(faults, Fault{File: d.name, Line: key.Line, Column: key.Column, Path: p.Set[i].Path, Message: "cannot change during a run", Want: "both, one of them with enabled: no, and a patch that switches them"})
			continue
		}
		for _, f := range bad {
			// What a change makes wrong may stand elsewhere, and be right by itself.
			if line, column := d.position(f.Path); line == f.Line && column == f.Column {
				f.Line, f.Column = p.Set[0].key.Line, p.Set[0].key.Column
			}
			faults = append(faults, f)
		}
	}
	return faults
}

// A Knob is one value of a scenario that can be set.
type Knob struct {
	Path    string
	Type    string // "count", "duration", "text" ...
	Scales  bool   // whether it is extensive; its value is full-scale all the same
	Value   string // as it would stand in the file; empty if it is absent
	Default string
	Doc     string
}

// Knobs lists every knob of a decoded value, in the order of its type, with
// absent optional sections as one knob each.
func Knobs(v any) []Knob {
	return knobs(nil, reflect.ValueOf(v).Elem(), "")
}

func knobs(list []Knob, v reflect.Value, path string) []Knob {
	for _, s := range slots(v) {
		at, val := join(path, s.key), s.value
		if val.Kind() == reflect.Pointer && !val.IsNil() {
			val = val.Elem()
		}
		switch {
		case section(val.Type()) && val.Type() != distType:
			list = knobs(list, val, at)
		case named(val.Type()):
			for i := range val.Len() {
				list = knobs(list, val.Index(i), join(at, val.Index(i).FieldByName("Name").String()))
			}
		default:
			info, _ := unit.Describe(deref(s.typ))
			k := Knob{Path: at, Type: typeName(s.typ), Scales: info.Scales, Default: s.def, Doc: s.doc}
			if n := encode(val); n != nil {
				k.Value = inline(n)
			}
			list = append(list, k)
		}
	}
	return list
}
