package scenario

import (
	"encoding/json"
	"reflect"
	"regexp"

	"github.com/invopop/jsonschema"

	"github.com/launchday-sim/launchday/models/unit"
)

// Schema returns the JSON Schema (2020-12) of the files that decode into T, for
// editors. It is made from the same types and tags as the decoder, which alone
// has the last word: it also knows units, names and what goes together.
func Schema[T any](opts Options, title string) ([]byte, error) {
	return json.MarshalIndent(schemaOf[T](opts, title), "", "  ")
}

func schemaOf[T any](opts Options, title string) *jsonschema.Schema {
	b := schemaBuilder{opts}
	s := b.object(shapeOf(reflect.TypeFor[T]()))
	s.Version, s.Title = jsonschema.Version, title
	s.Definitions = jsonschema.Definitions{"distribution": b.object(shapeOf(distType))}
	return s
}

// The Reflector of the library goes by its own tags; only its Schema is used.
type schemaBuilder struct{ opts Options }

// object is the schema of a mapping with these keys and no others.
func (b schemaBuilder) object(s *shape) *jsonschema.Schema {
	o := &jsonschema.Schema{Type: "object", Properties: jsonschema.NewProperties(), AdditionalProperties: jsonschema.FalseSchema}
	for _, f := range s.fields {
		p := b.value(f.typ, &f)
		p.Description = f.doc
		if f.def != "" {
			p.Default = f.def
		}
		o.Properties.Set(f.key, p)
		if f.required {
			o.Required = append(o.Required, f.key)
		}
	}
	return o
}

// section is the schema of a struct type: where its keys depend on its kind, one
// object for each kind, chosen by it.
func (b schemaBuilder) section(t reflect.Type) *jsonschema.Schema {
	s := shapeOf(t)
	if s.kinds == "" {
		return b.object(s)
	}
	reg := b.opts.registry(s.kinds)
	choice := &jsonschema.Schema{Type: "object", Required: []string{"kind"}, Properties: jsonschema.NewProperties()}
	choice.Properties.Set("kind", &jsonschema.Schema{Enum: anys(reg.Kinds())})
	for _, kind := range reg.Kinds() {
		is := &jsonschema.Schema{Properties: jsonschema.NewProperties()}
		is.Properties.Set("kind", &jsonschema.Schema{Const: kind})
		o := b.object(b.opts.ofKind(s, kind))
		o.Description = reg.Doc(kind)
		choice.AllOf = append(choice.AllOf, &jsonschema.Schema{If: is, Then: o})
	}
	return choice
}

var plainNumber = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)

// value is the schema of what may stand under a key.
func (b schemaBuilder) value(t reflect.Type, f *field) *jsonschema.Schema {
	t = deref(t)
	number := &jsonschema.Schema{Type: "number"}
	if plainNumber.MatchString(f.min) {
		number.Minimum = json.Number(f.min)
	}
	if plainNumber.MatchString(f.max) {
		number.Maximum = json.Number(f.max)
	}
	if info, ok := unit.Describe(t); ok {
		short := &jsonschema.Schema{Type: "string", Pattern: info.Pattern}
		if t == distType {
			return either(short, &jsonschema.Schema{Const: 0}, &jsonschema.Schema{Ref: "#/$defs/distribution"})
		}
		if t.Kind() == reflect.Int64 || !regexp.MustCompile(info.Pattern).MatchString("1") {
			return either(short, &jsonschema.Schema{Const: 0}) // a number needs a unit
		}
		if number.Minimum == "" {
			number.Minimum = "0"
		}
		return either(short, number)
	}
	switch {
	case t == timeType:
		return &jsonschema.Schema{Type: "string", Format: "date-time"}
	case t == changesType:
		return &jsonschema.Schema{Type: "object"}
	case t.Kind() == reflect.Struct:
		return b.section(t)
	case t.Kind() == reflect.Slice:
		return &jsonschema.Schema{Type: "array", Items: b.value(t.Elem(), f)}
	case t.Kind() == reflect.Bool:
		return either(&jsonschema.Schema{Type: "boolean"}, &jsonschema.Schema{Enum: []any{"yes", "no"}})
	case t.Kind() == reflect.Int:
		number.Type = "integer"
		return either(number, &jsonschema.Schema{Type: "string", Pattern: `^[0-9.]+[kMGBT]$`})
	case t.Kind() == reflect.Float64:
		return either(number, &jsonschema.Schema{Type: "string", Pattern: `^-?[0-9.]+[kMGBT]$`})
	case len(f.enum) > 0:
		return &jsonschema.Schema{Enum: anys(f.enum)}
	}
	// A text may look like something else to YAML: 2025, yes.
	return either(&jsonschema.Schema{Type: "string"}, &jsonschema.Schema{Type: "number"}, &jsonschema.Schema{Type: "boolean"})
}

func either(of ...*jsonschema.Schema) *jsonschema.Schema { return &jsonschema.Schema{AnyOf: of} }

func anys(names []string) []any {
	list := make([]any, len(names))
	for i, n := range names {
		list[i] = n
	}
	return list
}
