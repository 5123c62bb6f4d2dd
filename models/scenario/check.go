package scenario

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	yaml "go.yaml.in/yaml/v4"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/incident"
	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// The limits of a world, far above what anybody models. Attempts keep tier and
// class in a byte each.
const (
	maxTiers, maxClasses  = 255, 255
	maxPools, maxStreams  = 254, 1000
	maxTime               = unit.Duration(100 * 365 * sim.Day)
	firstYear, beyondYear = 1700, 2150 // nanoseconds since 1970 end in 1677 and 2262
)

// A checker finds what the types alone cannot know: what contradicts itself, and
// what a room would refuse.
type checker struct {
	*Scenario
	faults Faults
}

func check(doc *Document, s *Scenario) Faults {
	s.doc = doc
	c := checker{Scenario: s}
	if c.sizes(); len(c.faults) > 0 {
		return c.faults
	}
	c.times()
	c.rooms()
	c.oneFlowEach()
	c.record()
	c.unknowns()
	return c.faults
}

func (c *checker) fault(path, message, want string) {
	c.faults = append(c.faults, c.doc.Fault(path, message, want))
}

func (c *checker) sizes() {
	for _, list := range []struct {
		path      string
		have, top int
	}{
		{"tiers", len(c.Tiers), maxTiers}, {"classes", len(c.Classes), maxClasses}, {"pools", len(c.Pools), maxPools}, {"demand.streams", len(c.Demand.Streams), maxStreams},
	} {
		if list.have > list.top {
			c.fault(list.path, fmt.Sprintf("has %d items", list.have), fmt.Sprintf("at most %d", list.top))
		}
	}
}

func (c *checker) times() {
	if strings.ContainsAny(c.Name, `/\`) || strings.HasPrefix(c.Name, ".") {
		c.fault("name", quote(c.Name)+" cannot be the name of a folder, and results are written under it", "a plain name, such as quiet-day")
	}
	if c.Duration > maxTime {
		c.fault("duration", "is longer than 100 years", "at most 36500d")
	}
	if c.Warmup > maxTime {
		c.fault("warmup", "is longer than 100 years", "at most 36500d")
	}
	if y := c.Start.Year(); y < firstYear || y >= beyondYear {
		c.fault("start", "is out of range", fmt.Sprintf("a date from %d to %d", firstYear, beyondYear-1))
	}
	for i, p := range c.Timeline {
		path := fmt.Sprintf("timeline[%d]", i)
		if p.At < -unit.Instant(c.Warmup) {
			c.fault(path+".at", "lies before the run, which begins at "+c.date(-unit.Instant(c.Warmup)), "a later moment, or the value itself in its place")
		}
		if p.Kind == "note" && len(p.Set) > 0 {
			c.fault(path+".set", "stands in a note, which changes nothing", "kind: lever or kind: cause")
		}
	}
}

// date writes a moment as people would in this file.
func (c *checker) date(at unit.Instant) string {
	if !c.Dated() {
		return at.String()
	}
	return c.Start.Add(time.Duration(at)).Format(time.RFC3339)
}

// rooms has every room check its Spec, at the scale of the run.
func (c *checker) rooms() {
	scale := float64(c.Scale)
	for i := range c.Pools {
		spec := c.Pools[i].Spec
		unit.Scale(&spec, scale)
		c.refused("pools."+spec.Name, "gpu pool "+spec.Name+": ", spec.Check())
	}
	for _, spec := range c.Clients {
		spec.Instances = max(1, unit.Count(float64(spec.Instances)*scale)) // shares nothing with the scenario's
		c.refused("clients."+spec.Name, "client "+spec.Name+": ", spec.Check())
	}
	env := policy.Env{Horizon: sim.Time(c.Warmup + c.Duration), Reasons: new(models.Reasons), Now: func() sim.Time { return 0 }}
	for _, t := range c.Tiers {
		env.Tiers = append(env.Tiers, policy.TierInfo{Name: t.Name, Paid: t.Paid, Priority: uint8(t.Priority)})
	}
	for _, class := range c.Classes {
		env.Classes = append(env.Classes, class.Name)
	}
	for i := range c.Pools {
		env.Pools = append(env.Pools, c.Pools[i].Name)
	}
	for _, item := range c.Policies {
		env.Name = item.Name
		_, err := item.Spec.New(env)
		c.refused("policies."+item.Name, "", err)
	}
	tiers, streams := slices.Clone(c.Tiers), c.Demand
	streams.Streams = slices.Clone(streams.Streams)
	for i := range streams.Streams {
		if s := streams.Streams[i].Sharing; s != nil {
			copied := *s
			streams.Streams[i].Sharing = &copied
		}
	}
	unit.Scale(&tiers, scale)
	unit.Scale(&streams, scale)
	c.refused("", "", streams.Check(tiers, c.Classes))
}

// refused reports the errors with which a room refuses its Spec. They begin
// with the field that is concerned, below the path: "retry: cap is 1s, it must
// be ...".
func (c *checker) refused(path, prefix string, err error) {
	if err == nil {
		return
	}
	for text := range strings.SplitSeq(err.Error(), "\n") {
		at, text := path, strings.TrimPrefix(text, prefix)
		for {
			m := leadingField.FindStringSubmatch(text)
			if m == nil {
				break
			}
			if _, err := c.knob(join(at, m[1])); err != nil {
				break
			}
			at, text = join(at, m[1]), strings.TrimPrefix(text[len(m[1]):], ":")[1:]
		}
		message, want, ok := strings.Cut(text, ": want ")
		if !ok {
			message, want, _ = strings.Cut(text, ", it must be ")
		}
		c.fault(at, message, want)
	}
}

// leadingField is the field that an error of a room begins with.
var leadingField = regexp.MustCompile(`^([a-z_]+(?:\.[A-Za-z0-9_-]+)*)(?:: | (?:is|are|must) )`)

// oneFlowEach finds tiers with two streams of one fluid class: a tier's fluid
// work of a class is one rate.
func (c *checker) oneFlowEach() {
	fluid := map[string]bool{}
	for _, class := range c.Classes {
		fluid[class.Name] = class.Kind == "fluid"
	}
	seen := map[[2]string]bool{}
	for _, s := range c.Demand.Streams {
		key := [2]string{s.Tier, s.Class}
		if fluid[s.Class] && seen[key] {
			c.fault("demand.streams."+s.Name, fmt.Sprintf("is the second stream of the fluid class %s for tier %s", s.Class, s.Tier), "one, at the sum of the rates")
		}
		seen[key] = true
	}
}

func (c *checker) record() {
	for i := range c.Record {
		f := &c.Record[i]
		path := "record." + f.Name
		c.refused(path, "fact "+f.Name+": ", f.Check())
		if f.Metric != "" && f.By == 0 {
			c.metric(path+".metric", f)
		}
	}
}

// metric checks that a metric exists in this scenario.
func (c *checker) metric(path string, f *incident.Fact) {
	if !metrics.Exists(f.Metric) {
		c.fault(path, fmt.Sprintf("%s is no metric", quote(f.Metric)), "one such as all.latency_s.p99 or classes.NAME.completed")
		return
	}
	steps := strings.Split(f.Metric, ".")
	for i, list := range steps[:len(steps)-1] {
		if list != "tiers" && list != "classes" && list != "pools" {
			continue
		}
		if names := itemNames(child(c.doc.root, list)); !slices.Contains(names, steps[i+1]) {
			c.fault(path, fmt.Sprintf("%s is not in %s", quote(steps[i+1]), list), nearest(steps[i+1], names))
		}
	}
}

// unknowns checks that a range can be the range of its knob.
func (c *checker) unknowns() {
	for _, u := range c.Unknowns {
		path := "unknowns." + u.Name
		if u.Knob == "" {
			continue
		}
		knob, err := c.knob(u.Knob)
		if err != nil {
			message, want, _ := strings.Cut(err.Error(), ": want ")
			c.fault(path+".knob", message, want)
			continue
		}
		if !knob.CanFloat() {
			c.fault(path+".knob", u.Knob+" is not a number", "a knob that has a range")
			continue
		}
		dec := decoder{Document: c.doc}
		number := func(key, text string) float64 {
			value := reflect.New(knob.Type()).Elem()
			if err := dec.text(text, value); err != nil {
				dec.textFault(&yaml.Node{Kind: yaml.ScalarNode, Value: text}, err, &field{typ: knob.Type()}, path+"."+key)
				return math.NaN()
			}
			return value.Float()
		}
		low, value, high := number("low", u.Low), number("value", u.Value), number("high", u.High)
		for _, f := range dec.faults {
			f.Line, f.Column = c.doc.position(f.Path)
			c.faults = append(c.faults, f)
		}
		if low > high {
			c.fault(path+".low", u.Low+" is above high", "at most "+u.High)
		} else if value < low || value > high {
			c.fault(path+".value", u.Value+" is outside its range", "from "+u.Low+" to "+u.High)
		}
	}
}
