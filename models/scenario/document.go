// Package scenario is the scenario file: YAML in, validated value out.
//
// A file is read once against the Go types that the rooms declare as their
// Specs. Their struct tags say everything: the keys, what each is for, defaults,
// ranges, names that must exist. From the same tags come the errors, the names
// of knobs, the canonical text, the JSON Schema and the reference documentation:
//
//	sc, err := scenario.Read(os.DirFS("examples"), "ghibli-2025.yaml")
//	if err != nil {
//		fmt.Println(err) // one line for each fault
//	}
//	set, err := scenario.NewChange("pools.images.nodes", "2k")
//	more, err := sc.With(scenario.Changes{set}) // checked like the file itself
//	text, err := more.Resolved()                // every default written out
//
// The machinery knows no Scenario: Decode, Encode, Knobs, Schema and Reference
// take any type with the tags
//
//	yaml:"key"            the key; ",inline" takes over the keys of a struct
//	doc:"..."             one sentence with unit and range
//	default:"..."         as it would stand in the file
//	required:"true"       of a list: and not empty
//	enum:"fifo,lifo"      the words that it takes
//	min:"0" max:"1"       bounds, as they would stand in the file
//	or:"0s"               a value below min that is allowed, for a meaning of its own
//	text:"long"           a text of several lines; others are one line of 1,000 characters
//	ref:"tiers,all"       a name in the list tiers, or the word all
//	yaml:",inline" kinds:"policy"
//	                      an interface field: the Spec that the registry policy
//	                      has for the key kind beside it
//
// Lists whose items have a key name are addressed by it, and names are unique. A
// Spec with a key file and a method Load reads that file when it is decoded.
package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	pathpkg "path"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v4"

	"github.com/launchday-sim/launchday/models/unit"
)

// The limits of a scenario file. They are far above what anybody writes, and low
// enough that a hostile file costs neither memory nor time.
const (
	maxFile    = 1 << 20
	maxScalar  = 64 << 10
	maxText    = 1000 // characters of a text that is not long
	maxNodes   = 200_000
	maxDepth   = 50
	maxPatches = 500
	maxTrials  = 300_000 // values that are read again, because each patch is tried on the whole document
)

// A Document is a scenario as it was written: a tree of texts with positions.
// It is immutable; Set and Apply return changed copies.
type Document struct {
	name string
	root *yaml.Node

	files   fs.FS                      // where the files lie that it names; nil: it cannot name any
	samples map[string][]unit.Duration // those that have been read, by their path
	texts   map[string]string          // likewise
	tables  *sync.Map                  // what Specs have made of theirs

	// What it was decoded into; known after Decode, needed by Set and Apply.
	into reflect.Type
	opts Options
}

// Name is the name of the file that the document was read from.
func (d *Document) Name() string { return d.name }

// beside is the path of a file that the document names: from its own folder, or as
// it stands where it begins at the root.
func (d *Document) beside(file string) string {
	if pathpkg.IsAbs(file) {
		return file
	}
	return pathpkg.Join(pathpkg.Dir(d.name), file)
}

// Load reads a document from a file. What is wrong with it is of type Faults.
func Load(fsys fs.FS, name string) (*Document, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return parseIn(fsys, name, f)
}

// parseIn is Parse of a document that may name files of fsys.
func parseIn(fsys fs.FS, name string, r io.Reader) (*Document, error) {
	doc, err := Parse(name, r)
	if doc != nil {
		doc.files, doc.samples, doc.texts, doc.tables = fsys, map[string][]unit.Duration{}, map[string]string{}, new(sync.Map)
	}
	return doc, err
}

// Parse reads a document of the given name. It checks the form only: one YAML
// document that is a mapping, without aliases and tags, and within the limits.
func Parse(name string, r io.Reader) (*Document, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	root, faults := parse(name, text)
	if root != nil && root.Kind != yaml.MappingNode {
		faults = append(faults, Fault{File: name, Line: root.Line, Column: root.Column, Text: root.Value, Message: "is not a scenario", Want: "keys with values, such as name: quiet-day"})
	}
	if len(faults) > 0 {
		return nil, faults.sorted()
	}
	return &Document{name: name, root: root}, nil
}

// parse reads one YAML document and checks its form.
func parse(name string, text []byte) (*yaml.Node, Faults) {
	at := func(index int, message, want string) (*yaml.Node, Faults) {
		before := text[:min(index, len(text))]
		line := bytes.Count(before, []byte("\n"))
		column := utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
		return nil, Faults{{File: name, Line: line + 1, Column: column + 1, Message: message, Want: want}}
	}
	if len(text) > maxFile {
		return at(0, "the file is too large", "at most 1 MiB")
	}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			return at(i, "the text is not UTF-8", "a text file in UTF-8")
		}
		i += size
	}
	var doc yaml.Node
	if err := yaml.Load(text, &doc); err != nil {
		var fault *yaml.LoadError
		switch {
		case strings.Contains(err.Error(), "no documents"):
			return at(0, "the file is empty", "a scenario")
		case strings.Contains(err.Error(), "expected single document"):
			return at(0, "there are several documents", "one document, without --- between parts")
		case !errors.As(err, &fault):
			return at(0, err.Error(), "")
		case fault.Mark.Line == 0:
			return at(fault.Mark.Index, fault.Message, "")
		case fault.Mark.Index < len(text) && text[fault.Mark.Index] == '\t':
			return at(fault.Mark.Index, "there is a tab", "spaces")
		}
		message := fault.Message
		for what, brackets := range map[string]string{"flow mapping": "{}", "flow sequence": "[]"} {
			if from := fault.ContextMark; strings.HasSuffix(fault.ContextMsg, what) && from.Line > 0 {
				return nil, Faults{{File: name, Line: fault.Mark.Line, Column: max(1, fault.Mark.Column),
					Message: fmt.Sprintf("the %c of line %d, column %d is still open here", brackets[0], from.Line, max(1, from.Column)), Want: fmt.Sprintf("a comma, or %c before this", brackets[1])}}
			}
		}
		if fault.ContextMsg != "" {
			message += " " + fault.ContextMsg
		}
		return nil, Faults{{File: name, Line: fault.Mark.Line, Column: max(1, fault.Mark.Column), Message: message}}
	}
	f := form{name: name}
	f.check(doc.Content[0], 0)
	return doc.Content[0], f.faults
}

// A form checks the form of a tree.
type form struct {
	name   string
	nodes  int
	faults Faults
}

func (f *form) check(n *yaml.Node, depth int) {
	fault := func(text, message, want string) {
		f.faults = append(f.faults, Fault{File: f.name, Line: n.Line, Column: n.Column, Text: text, Message: message, Want: want})
	}
	f.nodes++
	switch {
	case f.nodes == maxNodes:
		fault("", "there are too many values", "at most 200,000")
	case f.nodes > maxNodes || len(f.faults) > maxFaults:
		return
	case depth > maxDepth:
		fault("", "is nested too deeply", "at most 50 levels")
		return
	case n.Kind == yaml.AliasNode:
		fault("*"+n.Value, "is an alias", "the value itself")
		return
	case n.Anchor != "":
		fault("&"+n.Anchor, "is an anchor", "the value without it; there are no aliases")
	case n.Style&yaml.TaggedStyle != 0:
		fault(n.Tag, "is a tag", "the value without it")
	case len(n.Value) > maxScalar:
		fault(n.Value, "is too long", "at most 64 KiB")
	}
	for _, c := range n.Content {
		f.check(c, depth+1)
	}
}

// position returns where a knob stands in the document: its own line and
// column, or those of what is nearest above it.
func (d *Document) position(path string) (line, column int) {
	n := d.root
	line, column = n.Line, n.Column
	for rest := path; rest != ""; {
		var seg string
		seg, rest, _ = strings.Cut(rest, ".")
		key, index, indexed := strings.Cut(seg, "[")
		if n = child(n, key); n == nil {
			break
		}
		line, column = n.Line, n.Column
		if !indexed {
			continue
		}
		var i int
		if _, err := fmt.Sscanf(index, "%d]", &i); err != nil || n.Kind != yaml.SequenceNode || i < 0 || i >= len(n.Content) {
			break
		}
		n = n.Content[i]
		line, column = n.Line, n.Column
	}
	return line, column
}

// Fault returns a fault of the knob of that path, with its position. An item of
// a list without names is addressed by its index from 0: timeline[3].at.
func (d *Document) Fault(path, message, want string) Fault {
	line, column := d.position(path)
	return Fault{File: d.name, Line: line, Column: column, Path: path, Message: message, Want: want}
}

// child returns what stands under a key of a mapping, or the item of that name
// of a list; nil if there is none.
func child(n *yaml.Node, name string) *yaml.Node {
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == name {
				return n.Content[i+1]
			}
		}
	case yaml.SequenceNode:
		for _, item := range n.Content {
			if itemName(item) == name {
				return item
			}
		}
	}
	return nil
}

// itemName is the name of an item of a list; empty if it has none.
func itemName(n *yaml.Node) string {
	if n.Kind != yaml.MappingNode {
		return ""
	}
	if name := child(n, "name"); name != nil {
		return name.Value
	}
	return ""
}

// itemNames are the valid names of the items of a list.
func itemNames(n *yaml.Node) []string {
	var names []string
	if n != nil && n.Kind == yaml.SequenceNode {
		seen := map[string]bool{}
		for _, item := range n.Content {
			if name := itemName(item); !seen[name] && itemNamePattern.MatchString(name) {
				names, seen[name] = append(names, name), true
			}
		}
	}
	return names
}

// size is the number of values of a tree.
func size(n *yaml.Node) int {
	sum := 1
	for _, c := range n.Content {
		sum += size(c)
	}
	return sum
}

// clone copies a tree.
func clone(n *yaml.Node) *yaml.Node {
	c := *n
	c.Content = slices.Clone(n.Content)
	for i := range c.Content {
		c.Content[i] = clone(c.Content[i])
	}
	return &c
}
