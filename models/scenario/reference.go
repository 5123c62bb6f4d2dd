package scenario

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/launchday-sim/launchday/models/unit"
)

// Reference returns the documentation of every key of the files that decode into
// T as Markdown: one table for each section, made from the types and tags that
// the decoder goes by.
func Reference[T any](opts Options) []byte {
	r := reference{schemaBuilder: schemaBuilder{opts}}
	r.units()
	r.line("## The scenario\n")
	r.section(reflect.TypeFor[T](), "")
	r.line("## Distributions\n")
	r.line("What is written where a distribution of durations is asked for. A plain duration is always that duration.\n")
	laws := shapeOf(distType)
	r.line("| law | is given by |\n|---|---|")
	for _, law := range laws.find("dist").enum {
		r.line("| `%s` | %s |", law, unit.Forms(law))
	}
	r.line("")
	r.table(laws, "")
	return []byte(r.text.String())
}

// KeyTable is the table of the keys of one Spec, a pointer to a struct; with a filter
// only of those that it lets pass.
func KeyTable(spec any, filter func(key string) bool) string {
	var r reference
	s := shapeOf(reflect.TypeOf(spec).Elem())
	if filter != nil {
		var some shape
		for _, f := range s.fields {
			if filter(f.key) {
				some.fields = append(some.fields, f)
			}
		}
		s = &some
	}
	r.table(s, "")
	return r.text.String()
}

type reference struct {
	schemaBuilder
	text strings.Builder
}

func (r *reference) line(format string, args ...any) { fmt.Fprintf(&r.text, format+"\n", args...) }

// units lists the types of values.
func (r *reference) units() {
	r.line("## Values\n\n| type | example | range | scales |\n|---|---|---|---|")
	for _, t := range []reflect.Type{
		reflect.TypeFor[unit.Duration](), instantType, reflect.TypeFor[unit.Count](), reflect.TypeFor[unit.Rate](),
		reflect.TypeFor[unit.UserRate](), reflect.TypeFor[unit.Share](), reflect.TypeFor[unit.Factor](), reflect.TypeFor[unit.Fraction](), distType,
	} {
		info, _ := unit.Describe(t)
		span := "0 or more"
		switch {
		case info.Max != "":
			span = info.Min + " to " + info.Max
		case t == instantType:
			span = "any"
		}
		r.line("| %s | `%s` | %s | %s |", info.Name, strings.ReplaceAll(info.Example, " or ", "`, `"), span, yes(info.Scales))
	}
	r.line("")
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

// section writes the table of a struct type and then, in their order, those of
// the sections below it.
func (r *reference) section(t reflect.Type, path string) {
	s := shapeOf(t)
	r.table(s, path)
	r.below(s, path)
	if s.kinds == "" {
		return
	}
	reg := r.opts.registry(s.kinds)
	for _, kind := range reg.Kinds() {
		spec, _ := reg.Fresh(kind)
		r.line("### `%s` of kind `%s`\n\n%s\n", path, kind, reg.Doc(kind))
		own := shapeOf(reflect.TypeOf(spec).Elem())
		r.table(own, path)
		r.below(own, path)
	}
}

func (r *reference) below(s *shape, path string) {
	for _, f := range s.fields {
		t, at := deref(f.typ), join(path, f.key)
		switch {
		case named(t):
			at += ".NAME"
		case t.Kind() == reflect.Slice:
			at += "[]"
		}
		if t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if section(t) && t != distType {
			r.line("### `%s`\n\n%s\n", at, f.doc)
			r.section(t, at)
		}
	}
}

func (r *reference) table(s *shape, path string) {
	if len(s.fields) == 0 {
		r.line("It has no keys of its own.\n")
		return
	}
	r.line("| key | type | default | scales | meaning |\n|---|---|---|---|---|")
	for _, f := range s.fields {
		def := ""
		switch {
		case f.required:
			def = "required"
		case f.def != "":
			def = "`" + f.def + "`"
		}
		kind := typeName(f.typ)
		if f.key == "kind" && len(f.enum) == 0 {
			kind = "kind, see below"
		}
		if len(f.enum) > 0 {
			kind = "`" + strings.Join(f.enum, "`, `") + "`"
		}
		if len(f.refs) > 0 {
			kind += " (" + strings.Join(f.refs, " or ") + ")"
		}
		switch {
		case f.min != "" && f.max != "":
			kind += ", " + f.min + " to " + f.max
		case f.min != "" && f.min != "0" && f.min != "0s":
			kind += ", at least " + f.min
		case f.max != "":
			kind += ", at most " + f.max
		}
		if f.or != "" {
			kind += ", or " + f.or
		}
		info, _ := unit.Describe(deref(f.typ))
		r.line("| `%s` | %s | %s | %s | %s |", join(path, f.key), kind, def, yes(info.Scales), strings.ReplaceAll(f.doc, "|", "\\|"))
	}
	r.line("")
}
