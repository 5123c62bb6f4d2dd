package scenario

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	yaml "go.yaml.in/yaml/v4"

	"github.com/launchday-sim/launchday/models/client"
	"github.com/launchday-sim/launchday/models/demand"
	"github.com/launchday-sim/launchday/models/fleet"
	"github.com/launchday-sim/launchday/models/gpu"
	"github.com/launchday-sim/launchday/models/incident"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/queue"
	"github.com/launchday-sim/launchday/models/unit"
)

// A Scenario is a world and what happens to it, checked and ready to run. Its
// values are those of the full-scale world.
type Scenario struct {
	Name        string        `yaml:"name" required:"true" doc:"Name of the scenario; results are written under it."`
	Title       string        `yaml:"title" doc:"One line for headings."`
	Description string        `yaml:"description" doc:"What it is about, and where its figures come from." text:"long"`
	Start       time.Time     `yaml:"start" default:"2000-01-01T00:00:00Z" doc:"The date of time 0, RFC 3339. Offsets such as +26h35m count from it."`
	Duration    unit.Duration `yaml:"duration" required:"true" min:"1ns" doc:"How long the run lasts from the start on."`
	Warmup      unit.Duration `yaml:"warmup" default:"0s" min:"0s" doc:"How long the world runs before the start, unreported. Of attempts that arrived in it only what they hold counts, the queue and the servers, and not their ends: as long as they last, the first intervals hold fewer ends than arrivals."`
	Scale       unit.Fraction `yaml:"scale" default:"1" doc:"Share of the world that is simulated, such as 1/1000. Everything extensive is multiplied by it; knobs stay full-scale values."`
	Interval    unit.Duration `yaml:"interval" default:"0s" min:"0s" doc:"Length of an interval of the series; 0 is a 240th of the duration. It is doubled while there would be more than 4,000 intervals."`

	Tiers    []demand.Tier      `yaml:"tiers" required:"true" doc:"Groups of users."`
	Classes  []demand.Class     `yaml:"classes" required:"true" doc:"Kinds of requests."`
	Pools    []Pool             `yaml:"pools" required:"true" doc:"Pools of servers, each with its queue."`
	Fleet    fleet.Spec         `yaml:"fleet" doc:"How GPUs come and go between pools, training and those who sell them."`
	Demand   demand.Spec        `yaml:"demand" required:"true" doc:"Who asks for what, and when."`
	Clients  []client.Spec      `yaml:"clients" doc:"How clients behave; the first entry that matches a tier and class holds."`
	Policies []policy.Item      `yaml:"policies" doc:"Levers between the user and the queue, in the order in which they are asked."`
	Timeline []Patch            `yaml:"timeline" doc:"What happens when: dated changes of knobs."`
	Record   []incident.Fact    `yaml:"record" doc:"What was published, to score the run against."`
	Unknowns []incident.Unknown `yaml:"unknowns" doc:"What nobody published: shown as ranges with the value used."`

	doc *Document
}

// A Pool is a pool of servers with the queue before it.
type Pool struct {
	gpu.Spec `yaml:",inline"`
	Queue    queue.Spec `yaml:"queue" doc:"The queue before the pool."`
}

var options = Options{
	Kinds: map[string]Registry{"policy": {
		Fresh: func(kind string) (any, bool) { return policy.Fresh(kind) },
		Kinds: policy.Kinds,
		Doc:   func(kind string) string { return policy.Of(kind).Doc },
	}, "guard": {
		Fresh: func(kind string) (any, bool) { return client.FreshGuard(kind) },
		Kinds: client.GuardKinds,
		Doc:   func(kind string) string { return client.GuardOf(kind).Doc },
	}},
	Check: func(doc *Document, v any) Faults { return check(doc, v.(*Scenario)) },
}

// Read reads a scenario from a file and checks it. The error is Faults where
// the file is at fault.
func Read(fsys fs.FS, name string) (*Scenario, error) {
	doc, err := Load(fsys, name)
	if err == nil {
		doc, err = vary(doc, 0)
	}
	if err != nil {
		return nil, err
	}
	return decode(doc)
}

// ReadText reads a scenario from its text.
func ReadText(name, text string) (*Scenario, error) {
	doc, err := Parse(name, strings.NewReader(text))
	if err == nil {
		doc, err = vary(doc, 0)
	}
	if err != nil {
		return nil, err
	}
	return decode(doc)
}

// ReadTextIn reads a scenario from the text that is to stand in a file of fsys: it
// may name files beside that one.
func ReadTextIn(fsys fs.FS, name, text string) (*Scenario, error) {
	doc, err := parseIn(fsys, name, strings.NewReader(text))
	if err == nil {
		doc, err = vary(doc, 0)
	}
	if err != nil {
		return nil, err
	}
	return decode(doc)
}

func decode(doc *Document) (*Scenario, error) {
	sc, err := Decode[Scenario](doc, options)
	if err != nil {
		return nil, err
	}
	sc.doc = doc
	return sc, nil
}

// With returns the scenario with knobs changed, checked like the file itself.
func (s *Scenario) With(changes Changes) (*Scenario, error) {
	doc, err := s.doc.Apply(changes)
	if err != nil {
		return nil, err
	}
	return decode(doc)
}

// Patched is With for a run under way: what the timeline still holds is not
// tried again.
func (s *Scenario) Patched(changes Changes) (*Scenario, error) {
	doc, err := s.doc.Apply(changes)
	if err != nil {
		return nil, err
	}
	return doc.reread()
}

// reread decodes a document that has been checked before.
func (d *Document) reread() (*Scenario, error) {
	v, faults := d.read()
	if len(faults) > 0 {
		return nil, faults.sorted()
	}
	sc := v.Addr().Interface().(*Scenario)
	sc.doc = d
	return sc, nil
}

// Scaled returns a copy in which everything extensive is multiplied by Scale.
func (s *Scenario) Scaled() (*Scenario, error) {
	c, err := s.doc.reread()
	if err != nil {
		return nil, err
	}
	unit.Scale(c, float64(s.Scale))
	return c, nil
}

// WithoutLevers returns the same world with no lever pulled: no policies and no
// patches of the operator; causes are kept.
func (s *Scenario) WithoutLevers() (*Scenario, error) {
	bare := *s.doc
	bare.root = clone(s.doc.root)
	// Unknowns name knobs of policies, and say nothing of this world.
	for _, list := range []string{"policies", "unknowns"} {
		if n := child(bare.root, list); n != nil {
			n.Content = nil
		}
	}
	if n := child(bare.root, "timeline"); n != nil {
		n.Content = slices.DeleteFunc(n.Content, func(patch *yaml.Node) bool {
			kind := child(patch, "kind")
			return kind == nil || kind.Value == "lever"
		})
		for _, patch := range n.Content {
			if set := child(patch, "set"); set != nil {
				// A cause may have changed a policy, which this world does not have.
				for i := len(set.Content) - 2; i >= 0; i -= 2 {
					if p := set.Content[i].Value; p == "policies" || strings.HasPrefix(p, "policies.") {
						set.Content = slices.Delete(set.Content, i, i+2)
					}
				}
			}
		}
	}
	return bare.reread()
}

// Resolved is the scenario with every default written out, as it was run. One
// that has no date has none here: time 0 is then no moment of a calendar.
func (s *Scenario) Resolved() (string, error) {
	n := encode(reflect.ValueOf(s).Elem())
	if !s.Dated() {
		for i := 0; i < len(n.Content); i += 2 {
			if n.Content[i].Value == "start" {
				n.Content = slices.Delete(n.Content, i, i+2)
				break
			}
		}
	}
	text, err := yaml.Dump(n, yaml.WithLineWidth(-1))
	return string(text), err
}

// Dated reports whether the scenario says when it starts; otherwise its time is
// counted from 0.
func (s *Scenario) Dated() bool { return child(s.doc.root, "start") != nil }

// knob returns the value at a path.
func (s *Scenario) knob(path string) (reflect.Value, error) {
	v := reflect.ValueOf(s).Elem()
	for _, seg := range strings.Split(path, ".") {
		for v.Kind() == reflect.Pointer && !v.IsNil() {
			v = v.Elem()
		}
		var next reflect.Value
		var valid []string
		switch {
		case v.Kind() == reflect.Struct:
			for _, sl := range slots(v) {
				valid = append(valid, sl.key)
				if sl.key == seg {
					next = sl.value
				}
			}
		case v.Kind() == reflect.Slice && named(v.Type()):
			for i := range v.Len() {
				name := v.Index(i).FieldByName("Name").String()
				valid = append(valid, name)
				if name == seg {
					next = v.Index(i)
				}
			}
		}
		if !next.IsValid() {
			return next, fmt.Errorf("%s: %q is no knob of this scenario: want %s", path, seg, nearest(seg, valid))
		}
		v = next
	}
	return v, nil
}

// Number is the value of a knob that is a number, in its base unit.
func (s *Scenario) Number(path string) (float64, error) {
	v, err := s.knob(path)
	if err != nil {
		return 0, err
	}
	if !v.CanFloat() {
		return 0, fmt.Errorf("%s: is not a number", path)
	}
	return v.Float(), nil
}

// Fault is a fault of the knob of that path, at its place in the file.
func (s *Scenario) Fault(path, message, want string) Fault { return s.doc.Fault(path, message, want) }

// Value is the value of a knob as it would stand in the file.
func (s *Scenario) Value(path string) (string, error) {
	v, err := s.knob(path)
	if err != nil {
		return "", err
	}
	return inline(encode(v)), nil
}

// Formatter returns how a number is written that becomes the value of a knob,
// to four significant digits.
func (s *Scenario) Formatter(path string) (func(x float64) string, error) {
	v, err := s.knob(path)
	if err != nil {
		return nil, err
	}
	if !v.CanFloat() {
		return nil, fmt.Errorf("%s: is not a number", path)
	}
	t := v.Type()
	return func(x float64) string {
		if t == reflect.TypeFor[unit.UserRate]() {
			return strconv.FormatFloat(x*86400, 'g', 4, 64) + "/d"
		}
		y, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 4, 64), 64)
		w := reflect.New(t).Elem()
		w.SetFloat(y)
		return fmt.Sprint(w.Interface())
	}, nil
}

// SchemaText is the JSON Schema of a scenario file.
func SchemaText() ([]byte, error) {
	s := schemaOf[Scenario](options, "Launchday scenario")
	varied(s)
	return json.MarshalIndent(s, "", "  ")
}

// ReferenceText is the reference documentation of a scenario file, in Markdown.
func ReferenceText() []byte {
	return append([]byte("# The scenario file\n\nMade from the code by `launchday schema --reference`.\n\n"+variationReference), Reference[Scenario](options)...)
}
