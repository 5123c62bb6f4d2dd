package scenario

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	yaml "go.yaml.in/yaml/v4"

	"github.com/launchday-sim/launchday/models/unit"
)

// A Registry knows the kinds of Specs that an inline interface field can hold.
type Registry struct {
	Fresh func(kind string) (spec any, ok bool) // a new Spec, as a pointer to a struct
	Kinds func() []string                       // in the order in which they are listed
	Doc   func(kind string) string              // one sentence
}

// Options is what decoding needs to know beside the type.
type Options struct {
	Kinds map[string]Registry // by the value of the tag kinds

	// Check finds what the types alone cannot know, of the document as decoded
	// into v, a pointer, and again of what each patch of its timeline makes of it.
	// It may be nil.
	Check func(doc *Document, v any) Faults
}

var (
	instantType = reflect.TypeFor[unit.Instant]()
	distType    = reflect.TypeFor[unit.Dist]()
	timeType    = reflect.TypeFor[time.Time]()
	changesType = reflect.TypeFor[Changes]()
)

// A field is a key of a mapping: a field of a Spec with what its tags say.
type field struct {
	key      string
	typ      reflect.Type
	index    []int
	doc      string
	def      string // the default as it would stand in the file
	hasDef   bool
	required bool
	long     bool // a text of any length, of several lines
	enum     []string
	min, max string
	or       string   // a value below min that has a meaning of its own
	refs     []string // the list whose names it takes, and words beside them
}

// defaultNode is the default as it would stand in the file.
func (f *field) defaultNode() *yaml.Node {
	if !strings.HasPrefix(f.def, "{") && !strings.HasPrefix(f.def, "[") {
		return &yaml.Node{Kind: yaml.ScalarNode, Value: f.def}
	}
	n, faults := parse("", []byte(f.def))
	if len(faults) > 0 {
		panic(fmt.Sprintf("scenario: the default of %s: %v", f.key, faults))
	}
	unplace(n)
	return n
}

// A shape is the keys that a struct type is written with.
type shape struct {
	fields []field
	kinds  string // registry of the inline interface field, if there is one
	index  []int  // of that field
}

func split(tag string) []string {
	if tag == "" {
		return nil
	}
	return strings.Split(tag, ",")
}

// shapes keeps what readTags made of each type: reading a scenario asks for the
// same ones thousands of times.
var shapes sync.Map

// shapeOf returns the shape of a struct type, which is shared: read only.
func shapeOf(t reflect.Type) *shape {
	s, known := shapes.Load(t)
	if !known {
		s, _ = shapes.LoadOrStore(t, readTags(t))
	}
	return s.(*shape)
}

// readTags reads the tags of a struct type; the fields of inline structs become
// its own.
func readTags(t reflect.Type) *shape {
	s := new(shape)
	for i := range t.NumField() {
		f := t.Field(i)
		tag, tagged := f.Tag.Lookup("yaml")
		key, option, _ := strings.Cut(tag, ",")
		switch {
		case !tagged || tag == "-":
		case !f.IsExported():
			panic(fmt.Sprintf("scenario: the field %s of %s has a tag but is not exported", f.Name, t))
		case option == "inline" && f.Type.Kind() == reflect.Interface:
			s.kinds, s.index = f.Tag.Get("kinds"), f.Index
		case option == "inline":
			inner := shapeOf(f.Type)
			for _, g := range inner.fields {
				g.index = append(slices.Clone(f.Index), g.index...)
				s.fields = append(s.fields, g)
			}
		default:
			def, hasDef := f.Tag.Lookup("default")
			s.fields = append(s.fields, field{
				key: key, typ: f.Type, index: f.Index, doc: f.Tag.Get("doc"), def: def, hasDef: hasDef,
				required: f.Tag.Get("required") == "true", long: f.Tag.Get("text") == "long", enum: split(f.Tag.Get("enum")),
				min: f.Tag.Get("min"), max: f.Tag.Get("max"), or: f.Tag.Get("or"), refs: split(f.Tag.Get("ref")),
			})
		}
	}
	return s
}

func (s *shape) find(key string) *field {
	for i := range s.fields {
		if s.fields[i].key == key {
			return &s.fields[i]
		}
	}
	return nil
}

func (s *shape) keys() []string {
	var keys []string
	for _, f := range s.fields {
		keys = append(keys, f.key)
	}
	return keys
}

// deref is the type that a pointer type points to.
func deref(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

// section reports whether a type is written as a mapping of its own keys. Dist
// is, too, but counts as one value.
func section(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t != timeType
}

// named reports whether a type is a list whose items are addressed by name.
func named(t reflect.Type) bool {
	if t.Kind() != reflect.Slice || !section(t.Elem()) {
		return false
	}
	return shapeOf(t.Elem()).find("name") != nil
}

// merged is the shape of a struct type together with the Spec of its kind, as
// the node's key kind says it. Without a valid kind it is that of the type.
func merged(t reflect.Type, n *yaml.Node, opts Options) *shape {
	s := shapeOf(t)
	if s.kinds == "" {
		return s
	}
	if kind := child(n, "kind"); kind != nil {
		return opts.ofKind(s, kind.Value)
	}
	return s
}

// ofKind is a shape together with that of the Spec of a kind, if there is one.
func (o Options) ofKind(s *shape, kind string) *shape {
	spec, ok := o.registry(s.kinds).Fresh(kind)
	if !ok {
		return s
	}
	return &shape{fields: slices.Concat(s.fields, shapeOf(reflect.TypeOf(spec).Elem()).fields)}
}

func (o Options) registry(name string) Registry {
	r, ok := o.Kinds[name]
	if !ok {
		panic(fmt.Sprintf("scenario: no registry of kinds %q", name))
	}
	return r
}

// A slot is a field with the place of its value.
type slot struct {
	field
	value reflect.Value
}

// slots are the fields of a struct value, those of its Spec by kind included.
func slots(v reflect.Value) []slot {
	var list []slot
	s := shapeOf(v.Type())
	for _, f := range s.fields {
		list = append(list, slot{f, v.FieldByIndex(f.index)})
	}
	if s.kinds != "" {
		if spec := v.FieldByIndex(s.index); !spec.IsNil() {
			list = append(list, slots(spec.Elem().Elem())...)
		}
	}
	return list
}

// typeName is how a type is called in documentation.
func typeName(t reflect.Type) string {
	t = deref(t)
	if info, ok := unit.Describe(t); ok {
		return info.Name
	}
	switch {
	case t == timeType:
		return "date"
	case t == changesType:
		return "knobs and values"
	case t.Kind() == reflect.Slice && section(t.Elem()) && t.Elem() != distType:
		return "list"
	case t.Kind() == reflect.Slice:
		if t.Elem() == distType {
			return "list of distributions of durations"
		}
		return "list of " + typeName(t.Elem()) + "s"
	case t.Kind() == reflect.Struct:
		return "section"
	case t.Kind() == reflect.Bool:
		return "yes or no"
	case t.Kind() == reflect.Float64:
		return "number"
	case t.Kind() == reflect.String:
		return "text"
	}
	return "whole number"
}

// want says what would be right for a field: "a count of at least 1, such as
// 1500".
func (f *field) want() string {
	t := deref(f.typ)
	if t.Kind() == reflect.Slice && !section(t.Elem()) {
		item := field{typ: t.Elem(), enum: f.enum, min: f.min, max: f.max, refs: f.refs}
		return "a list, each item " + item.want()
	}
	if len(f.enum) > 0 {
		return oneOf(f.enum)
	}
	if len(f.refs) > 0 {
		return "a name from " + strings.Join(f.refs, " or ")
	}
	info, ok := unit.Describe(t)
	if !ok {
		switch {
		case t == timeType:
			return "a date in RFC 3339 such as 2025-03-25T18:00:00Z"
		case t.Kind() == reflect.Bool:
			return "yes or no"
		case t.Kind() == reflect.String:
			return "a text"
		case t == changesType:
			return "knobs with their values, such as pools.main.nodes: 100"
		case t.Kind() == reflect.Slice:
			return "a list, with - before each item"
		case t.Kind() == reflect.Struct:
			return "keys with values, such as " + shapeOf(t).keys()[0]
		}
		info.Name = typeName(t)
	}
	if f.min == "" && f.max == "" && ok {
		return info.Want()
	}
	text := "a " + info.Name
	switch {
	case f.min != "" && f.max != "":
		text += " from " + f.min + " to " + f.max
	case f.min != "":
		text += " of at least " + f.min
		if info.Example != "" && info.Max == "" && f.or == "" {
			text += ", such as " + info.Example
		}
	case f.max != "":
		text += " of at most " + f.max
	}
	if f.or != "" {
		text += ", or " + f.or
	}
	return text
}

// oneOf lists names: "fifo, lifo or priority".
func oneOf(names []string) string {
	const most = 20
	switch n := len(names); {
	case n == 0:
		return "nothing: there is none"
	case n == 1:
		return names[0]
	case n > most:
		return fmt.Sprintf("one of %s and %d more", strings.Join(names[:most], ", "), n-most)
	default:
		return strings.Join(names[:n-1], ", ") + " or " + names[n-1]
	}
}

// nearest is the valid name that was probably meant, or all of them.
func nearest(got string, valid []string) string {
	if near := unit.Nearest(got, valid); near != "" {
		return near
	}
	return oneOf(valid)
}
