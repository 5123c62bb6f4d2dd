package scenario

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v4"

	"github.com/launchday-sim/launchday/models/unit"
)

// Decode reads a document into a new T, a struct with the tags of a Spec, and
// checks everything that the tags say: keys, types, units, ranges, names, and
// the timeline's patches one after the other. Keys that are absent get their
// defaults. The error is Faults: all of them, in the order of the file.
//
// Dates are counted from the key start of the document.
func Decode[T any](doc *Document, opts Options) (*T, error) {
	doc.into, doc.opts = reflect.TypeFor[T](), opts
	v, faults := doc.read()
	if len(faults) == 0 {
		faults = doc.check(v)
		faults = append(faults, doc.tryPatches(v, faults)...)
	}
	if len(faults) > 0 {
		return nil, faults.sorted()
	}
	return v.Addr().Interface().(*T), nil
}

// check is Options.Check of a value that was read without fault.
func (d *Document) check(v reflect.Value) Faults {
	if d.opts.Check == nil {
		return nil
	}
	return d.opts.Check(d, v.Addr().Interface())
}

// read decodes the document into a new value of its type, without a look at the
// patches.
func (d *Document) read() (reflect.Value, Faults) {
	to := reflect.New(d.into).Elem()
	dec := decoder{Document: d}
	dec.findStart(d.into)
	dec.mapping(d.root, to, "")
	return to, dec.faults
}

// A decoder walks a tree once against the Go types and collects faults.
type decoder struct {
	*Document
	start  time.Time
	lists  map[string][]string // names of items, by the path of their list
	faults Faults
}

func (d *decoder) fault(n *yaml.Node, path, message, want string) {
	f := Fault{File: d.name, Line: n.Line, Column: n.Column, Path: path, Message: message, Want: want}
	if n.Kind == yaml.ScalarNode {
		f.Text = n.Value
	}
	d.faults = append(d.faults, f)
}

// findStart reads the date that instants count from, before anything else.
func (d *decoder) findStart(t reflect.Type) {
	f := shapeOf(t).find("start")
	if f == nil || f.typ != timeType {
		return
	}
	d.start, _ = time.Parse(time.RFC3339, f.def)
	if n := child(d.root, "start"); n != nil {
		if at, err := time.Parse(time.RFC3339, n.Value); err == nil { // otherwise it is reported in its turn
			d.start = at
		}
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// mapping reads a mapping into a struct.
func (d *decoder) mapping(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.MappingNode {
		d.fault(n, path, "is not a section", "keys with values, such as "+shapeOf(v.Type()).keys()[0])
		return
	}
	known, kinds := d.kind(n, v)
	fields := slots(v)
	given := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		at := -1
		for k := range fields {
			if fields[k].key == key.Value {
				at = k
			}
		}
		switch {
		case key.Kind != yaml.ScalarNode:
			d.fault(key, path, "is no key", "a name before the colon")
		case given[key.Value]:
			d.fault(key, path, "is there twice", "each key once")
		case at >= 0:
			if key.Value == "kind" && kinds != nil {
				fields[at].enum = kinds
			}
			d.value(value, &fields[at].field, fields[at].value, join(path, key.Value))
		case known:
			var keys []string
			for _, f := range fields {
				keys = append(keys, f.key)
			}
			d.fault(key, path, "is not a key here", nearest(key.Value, keys))
		}
		if key.Kind == yaml.ScalarNode {
			given[key.Value] = true
		}
	}
	for _, f := range fields {
		if f.key == "kind" && kinds != nil {
			f.enum = kinds
		}
		if !given[f.key] {
			d.absent(n, &f.field, f.value, join(path, f.key))
		}
	}
	if known && kinds != nil {
		d.textFile(n, v.FieldByIndex(shapeOf(v.Type()).index).Interface(), path)
	}
}

// kind makes the Spec that the key kind asks for, where there is an inline
// interface field. It returns whether the keys of the mapping are known then,
// and the valid kinds.
func (d *decoder) kind(n *yaml.Node, v reflect.Value) (known bool, kinds []string) {
	s := shapeOf(v.Type())
	if s.kinds == "" {
		return true, nil
	}
	reg := d.opts.registry(s.kinds)
	kind := child(n, "kind")
	if kind == nil {
		return false, reg.Kinds()
	}
	spec, ok := reg.Fresh(kind.Value)
	if ok {
		v.FieldByIndex(s.index).Set(reflect.ValueOf(spec))
	}
	return ok, reg.Kinds()
}

// absent gives a field that does not stand in the file its default.
func (d *decoder) absent(n *yaml.Node, f *field, v reflect.Value, path string) {
	switch {
	case f.hasDef:
		d.value(f.defaultNode(), f, v, path)
	case f.required:
		d.faults = append(d.faults, Fault{File: d.name, Line: n.Line, Column: n.Column, Path: path, Message: "is missing", Want: f.want()})
	case section(f.typ) && f.typ != distType:
		d.mapping(&yaml.Node{Kind: yaml.MappingNode, Line: n.Line, Column: n.Column}, v, path)
	}
}

// value reads what stands under a key, or an item of a list.
func (d *decoder) value(n *yaml.Node, f *field, v reflect.Value, path string) {
	switch t := v.Type(); {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		d.faults = append(d.faults, Fault{File: d.name, Line: n.Line, Column: n.Column, Path: path, Text: n.Value, Message: "has no value", Want: f.want()})
	case t.Kind() == reflect.Pointer:
		v.Set(reflect.New(t.Elem()))
		d.value(n, f, v.Elem(), path)
	case t == changesType:
		v.Set(reflect.ValueOf(d.changes(n, path)))
	case t == distType:
		d.dist(n, v, path)
	case section(t):
		before := len(d.faults)
		d.mapping(n, v, path)
		if spec, ok := v.Addr().Interface().(fileSpec); ok && len(d.faults) == before {
			d.load(n, spec, path)
		}
	case t.Kind() == reflect.Slice:
		d.list(n, f, v, path)
	case n.Kind != yaml.ScalarNode:
		d.fault(n, path, "is not a single value", f.want())
	default:
		d.scalar(n, f, v, path)
	}
}

// dist reads a distribution, of which a plain duration is the short form, and
// has it built to see whether its parameters go together.
func (d *decoder) dist(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind == yaml.ScalarNode {
		var value unit.Duration
		if err := value.UnmarshalText([]byte(n.Value)); err != nil {
			d.textFault(n, err, &field{typ: distType}, path)
			return
		}
		v.Set(reflect.ValueOf(unit.Constant(value)))
		return
	}
	before := len(d.faults)
	d.mapping(n, v, path)
	if len(d.faults) == before {
		d.sample(n, v.Addr().Interface().(*unit.Dist), path)
	}
	if len(d.faults) == before {
		if _, err := v.Interface().(unit.Dist).Build(); err != nil {
			d.textFault(n, err, &field{typ: distType}, path)
		}
	}
}

// itemNamePattern is what the name of an item must look like to be part of the
// path of a knob.
var itemNamePattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

func (d *decoder) list(n *yaml.Node, f *field, v reflect.Value, path string) {
	if n.Kind != yaml.SequenceNode {
		d.fault(n, path, "is not a list", f.want())
		return
	}
	if f.required && len(n.Content) == 0 {
		d.fault(n, path, "is empty", "at least one item")
	}
	byName, seen := named(v.Type()), map[string]bool{}
	item := field{typ: v.Type().Elem(), enum: f.enum, min: f.min, max: f.max, refs: f.refs}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, c := range n.Content {
		at := path + "[" + strconv.Itoa(i) + "]"
		if byName {
			switch name := itemName(c); {
			case name == "": // reported as missing
			case !itemNamePattern.MatchString(name):
				d.fault(child(c, "name"), at+".name", "cannot be a name", "letters, digits, - and _ only, at most 64")
			case seen[name]:
				d.fault(child(c, "name"), path, "is there twice", "each name once")
			default:
				at = join(path, name)
			}
			seen[itemName(c)] = true
		}
		d.value(c, &item, v.Index(i), at)
	}
}

// scalar reads a single text by the type's own rules, never by those of YAML:
// 017, 0x10, .nan, on and null are what they are for no type here.
func (d *decoder) scalar(n *yaml.Node, f *field, v reflect.Value, path string) {
	if err := d.text(n.Value, v); err != nil {
		d.textFault(n, err, f, path)
		return
	}
	if d.outside(v, f.min, -1) && !d.equal(v, f.or) {
		d.fault(n, path, "is too small", f.want())
	}
	if d.outside(v, f.max, +1) {
		d.fault(n, path, "is too large", f.want())
	}
	if v.Kind() != reflect.String {
		return
	}
	if v.String() == "" { // an empty text is none
		if f.required {
			d.fault(n, path, "is empty", f.want())
		}
		return
	}
	switch name := v.String(); {
	case !f.long && utf8.RuneCountInString(name) > maxText:
		d.fault(n, path, "is too long", fmt.Sprintf("at most %d characters", maxText))
	case strings.ContainsFunc(name, func(r rune) bool { return turns(r) || unicode.IsControl(r) && !(f.long && (r == '\n' || r == '\t')) }):
		d.fault(n, path, "holds a control character", "plain text in one line")
	case len(f.enum) > 0:
		if !slices.Contains(f.enum, name) {
			d.fault(n, path, "is not known", nearest(name, f.enum))
		}
	case len(f.refs) > 0:
		names := slices.Concat(d.names(f.refs[0]), f.refs[1:])
		reported := f.key == "name" && !itemNamePattern.MatchString(name) || d.misnamed(f.refs[0], name)
		if !slices.Contains(names, name) && !reported {
			d.fault(n, path, "is not in "+f.refs[0], nearest(name, names))
		}
	}
}

// turns reports whether a character turns the direction of the text behind it, which
// then reads otherwise than it is.
func turns(r rune) bool { return r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 }

// listAt is the list at a path, nil if it is absent.
func (d *decoder) listAt(path string) *yaml.Node {
	n := d.root
	for _, key := range strings.Split(path, ".") {
		if n != nil {
			n = child(n, key)
		}
	}
	return n
}

// misnamed reports whether a list has an item of a name that cannot be one, which is
// reported there.
func (d *decoder) misnamed(list, name string) bool {
	n := d.listAt(list)
	return n != nil && n.Kind == yaml.SequenceNode && !itemNamePattern.MatchString(name) && child(n, name) != nil
}

// names are those of the items of a list, which may be absent.
func (d *decoder) names(list string) []string {
	names, known := d.lists[list]
	if known {
		return names
	}
	names = itemNames(d.listAt(list))
	if d.lists == nil {
		d.lists = map[string][]string{}
	}
	d.lists[list] = names
	return names
}

// text reads a text into a value of a basic type or one that reads itself.
func (d *decoder) text(text string, v reflect.Value) error {
	switch to := v.Addr().Interface().(type) {
	case *unit.Instant:
		at, err := unit.ParseInstant(text, d.start)
		*to = at
		return err
	case *time.Time:
		at, err := time.Parse(time.RFC3339, text)
		if err != nil || at.Year() < 1 {
			return &unit.Error{Text: text, Problem: "is not a date", Want: "a date in RFC 3339 such as 2025-03-25T18:00:00Z"}
		}
		*to = at.UTC()
		return nil
	case encoding.TextUnmarshaler:
		return to.UnmarshalText([]byte(text))
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		if text != "yes" && text != "true" && text != "no" && text != "false" {
			return &unit.Error{Text: text, Problem: "is neither yes nor no"}
		}
		v.SetBool(text == "yes" || text == "true")
	case reflect.Int:
		x, err := unit.ParseNumber(text)
		if err == nil && (x != math.Trunc(x) || math.Abs(x) > 1<<53) {
			err = &unit.Error{Text: text, Problem: "is not a whole number"}
		}
		if err != nil {
			return err
		}
		v.SetInt(int64(x))
	case reflect.Float64:
		x, err := unit.ParseNumber(text)
		v.SetFloat(x)
		return err
	default:
		panic("scenario: no value of type " + v.Type().String() + " can be read")
	}
	return nil
}

// outside reports whether a number lies beyond a bound on the side of the sign.
func (d *decoder) outside(v reflect.Value, bound string, side float64) bool {
	if bound == "" {
		return false
	}
	limit := reflect.New(v.Type()).Elem()
	if err := d.text(bound, limit); err != nil {
		panic(fmt.Sprintf("scenario: the bound %q of a %s: %v", bound, v.Type(), err))
	}
	if v.CanInt() {
		return side*float64(v.Int()) > side*float64(limit.Int())
	}
	return side*v.Float() > side*limit.Float()
}

// equal reports whether a value is that which a tag gives.
func (d *decoder) equal(v reflect.Value, tag string) bool {
	if tag == "" {
		return false
	}
	other := reflect.New(v.Type()).Elem()
	if err := d.text(tag, other); err != nil {
		panic(fmt.Sprintf("scenario: the value %q of a %s: %v", tag, v.Type(), err))
	}
	return v.Equal(other)
}

// textFault reports an error of reading a text. What the field would take is
// told rather than what its type would.
func (d *decoder) textFault(n *yaml.Node, err error, f *field, path string) {
	var bad *unit.Error
	if !errors.As(err, &bad) {
		d.fault(n, path, strings.ReplaceAll(err.Error(), "\n", "; "), "")
		return
	}
	want := bad.Want
	if info, ok := unit.Describe(deref(f.typ)); !ok || want == info.Want() {
		want = f.want()
	}
	d.fault(n, path, bad.Problem, want)
}
