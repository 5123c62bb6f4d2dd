package scenario

import (
	"encoding"
	"reflect"
	"strconv"
	"strings"
	"time"

	yaml "go.yaml.in/yaml/v4"

	"github.com/launchday-sim/launchday/models/unit"
)

// Encode writes a decoded value, a pointer to a struct, as the canonical text of
// a scenario: all defaults filled in, instants as offsets from the start, every
// value in the one form in which its type writes itself. It reads back as the
// same value, so that its hash names the scenario.
func Encode(v any) ([]byte, error) {
	return yaml.Dump(encode(reflect.ValueOf(v).Elem()), yaml.WithLineWidth(-1))
}

func text(value string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: value} }

// encode returns the tree of a value; nil for a pointer or a Dist that holds
// none.
func encode(v reflect.Value) *yaml.Node {
	switch x := v.Interface().(type) {
	case time.Time:
		return text(x.Format(time.RFC3339Nano))
	case Changes:
		return encodeChanges(x)
	case unit.Dist:
		if x.IsZero() {
			return nil
		}
		if reflect.DeepEqual(x, unit.Constant(x.Value)) {
			return text(x.Value.String())
		}
	case encoding.TextMarshaler:
		if v.Kind() == reflect.Pointer && v.IsNil() {
			return nil
		}
		b, _ := x.MarshalText() // those of package unit never fail
		return text(string(b))
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return encode(v.Elem())
	case reflect.Struct:
		n := &yaml.Node{Kind: yaml.MappingNode}
		for _, s := range slots(v) {
			c := encode(s.value)
			if c == nil || s.value.IsZero() && !s.hasDef && !s.required {
				continue
			}
			n.Content = append(n.Content, text(s.key), c)
		}
		return n
	case reflect.Slice:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for i := range v.Len() {
			n.Content = append(n.Content, encode(v.Index(i)))
		}
		if v.Len() == 0 || n.Content[0].Kind == yaml.ScalarNode {
			n.Style = yaml.FlowStyle
		}
		return n
	case reflect.Bool:
		if v.Bool() {
			return text("yes")
		}
		return text("no")
	case reflect.Int:
		return text(strconv.FormatInt(v.Int(), 10))
	case reflect.Float64:
		return text(unit.FormatNumber(v.Float()))
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: v.String()}
}

func encodeChanges(cs Changes) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, c := range cs {
		n.Content = append(n.Content, text(c.Path), plainCopy(c.Value))
	}
	return n
}

// plainCopy is a tree without the comments, quotes and styles of its file.
func plainCopy(n *yaml.Node) *yaml.Node {
	c := &yaml.Node{Kind: n.Kind, Value: n.Value, Tag: n.Tag}
	if n.Kind != yaml.ScalarNode || n.Tag != "!!str" {
		c.Tag = ""
	}
	for _, item := range n.Content {
		c.Content = append(c.Content, plainCopy(item))
	}
	return c
}

// inline writes a tree in one line.
func inline(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode {
		n.Style = yaml.FlowStyle
	}
	b, err := yaml.Dump(n, yaml.WithLineWidth(-1))
	if err != nil {
		panic(err) // the tree was made by encode
	}
	return strings.TrimSuffix(string(b), "\n")
}
