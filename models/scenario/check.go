package scenario

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	yaml "go.yaml.in/yaml/v4"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/demand"
	"github.com/launchday-sim/launchday/models/gpu"
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
	maxServers            = 1 << 24 // of all pools at the scale of the run; each costs some 30 bytes
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
	c.asks()
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
	if c.Interval > c.Duration {
		c.fault("interval", "is longer than the run", "at most "+c.Duration.String())
	}
	for _, s := range c.Demand.Streams {
		path := "demand.streams." + s.Name
		switch {
		case s.Trace != nil && s.Trace.At >= unit.Instant(c.Duration):
			c.fault(path+".trace.at", "lies behind the run, which ends at "+c.date(unit.Instant(c.Duration))+": nobody would ask", "an earlier moment")
		case s.RateSeries != nil && s.RateSeries.At >= unit.Instant(c.Duration):
			c.fault(path+".rate_series.at", "lies behind the run, which ends at "+c.date(unit.Instant(c.Duration))+": nobody would ask", "an earlier moment")
		}
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
	scale, servers := float64(c.Scale), 0.0
	for i := range c.Pools {
		spec := c.Pools[i].Spec
		unit.Scale(&spec, scale)
		before := servers
		servers += float64(float64(spec.Nodes) * float64(spec.SlotsPerNode))
		for _, l := range spec.Lots {
			servers += float64(float64(l.Nodes) * float64(spec.SlotsPerNode))
		}
		if before <= maxServers && servers > maxServers && servers-before <= maxServers {
			c.fault("pools."+spec.Name+".nodes", "makes the pools together larger than can be held", "at most 16M servers in all, at the scale of the run")
		}
		c.refused("pools."+spec.Name, "gpu pool "+spec.Name+": ", spec.Check())
		if err := c.Pools[i].Queue.Check(); err != nil {
			c.refused("pools."+spec.Name+".queue", "", err)
		} else {
			c.refused("pools."+spec.Name+".queue", "", c.Pools[i].Queue.Idle())
		}
	}
	for _, class := range c.Classes {
		if class.Kind == "fluid" && len(class.Then) > 0 {
			c.fault("classes."+class.Name+".then", "stands in a fluid class, which is one rate of work", "a class whose requests are followed")
		}
	}
	c.refused("fleet", "", c.Fleet.Check())
	c.work()
	for _, spec := range c.Clients {
		spec.Instances = max(1, unit.Count(float64(spec.Instances)*scale)) // shares nothing with the scenario's
		c.refused("clients."+spec.Name, "client "+spec.Name+": ", spec.Check())
	}
	env := policy.Env{Scale: scale, Horizon: sim.Time(c.Warmup + c.Duration), Reasons: new(models.Reasons), Now: func() sim.Time { return 0 }}
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
		if item.Spec == nil { // its kind is reported, or no kind is registered at all
			if len(policy.Kinds()) == 0 {
				c.fault("policies."+item.Name+".kind", "is not known", "the policies linked into the program: import models/policy/all")
			}
			continue
		}
		switch {
		case item.Name == "balked":
			c.fault("policies.balked.name", "is the name under which users are counted who leave at the sight of the wait", "another name")
		case item.SignalInterval > 0 && sim.Time(item.SignalInterval) < sim.Millisecond, item.SignalInterval > 0 && item.SignalDelay/item.SignalInterval > 10_000:
			c.fault("policies."+item.Name+".signal_interval", "is too short", "1ms or more, and a 10,000th of signal_delay or more")
		}
		if why := policy.Of(item.Kind).Unmoved; why != "" {
			if item.SignalDelay != 0 {
				c.fault("policies."+item.Name+".signal_delay", "does nothing: "+why, "none")
			}
			if item.SignalInterval != 0 {
				c.fault("policies."+item.Name+".signal_interval", "does nothing: "+why, "none")
			}
		}
		env.Name = item.Name
		_, err := item.Spec.New(env)
		c.refused("policies."+item.Name, "", err)
	}
	for _, class := range c.Classes {
		if class.Kind == "fluid" && class.SLO > 0 {
			c.fault("classes."+class.Name+".slo", "is promised by a fluid class, whose messages are not followed one by one", "none, or kind: request")
		}
	}
	tiers, streams := slices.Clone(c.Tiers), c.Demand
	streams.Streams = slices.Clone(streams.Streams)
	for i := range streams.Streams {
		s := &streams.Streams[i]
		s.Sharing, s.Closed, s.Trace, s.RateSeries = copied(s.Sharing), copied(s.Closed), copied(s.Trace), copied(s.RateSeries)
	}
	unit.Scale(&tiers, scale)
	unit.Scale(&streams, scale)
	c.refused("", "", streams.Check(tiers, c.Classes))
}

// The kinds of work that a pool wants of a class, by what a class has for it.
const (
	service = "service"
	tokens  = "tokens"
	images  = "images"
)

func wants(p *gpu.Spec) string {
	switch {
	case p.Continuous != nil:
		return tokens
	case p.Images != nil:
		return images
	}
	return service
}

// work checks that every class has what the pools want that may serve it: tokens
// where nodes batch continuously, images where they batch images, a service time
// elsewhere.
func (c *checker) work() {
	pools := map[string]*gpu.Spec{}
	for i := range c.Pools {
		p := &c.Pools[i]
		pools[p.Name] = &p.Spec
		if p.Queue.Discipline == "processor-sharing" {
			if p.Slow != nil {
				c.fault("pools."+p.Name+".slow", "does nothing under processor-sharing, where attempts are on no node of their own", "none")
			}
			if p.LostWork != "report" {
				c.fault("pools."+p.Name+".lost_work", "does nothing under processor-sharing, where no attempt is lost with a node", "report")
			}
		}
		if p.Batches() && slices.Contains([]string{"priority-preemptive", "sjf", "srpt", "processor-sharing"}, p.Queue.Discipline) {
			c.fault("pools."+p.Name+".queue.discipline", p.Queue.Discipline+" cannot stand before nodes that batch: nobody knows the service of a request, or takes it back", "a discipline that goes by who came when, or by tier")
		}
	}
	for i := range c.Pools {
		p := &c.Pools[i]
		if p.Routing == nil {
			continue
		}
		if p.Queue.Discipline != "fifo" {
			c.fault("pools."+p.Name+".queue.discipline", "does nothing where each node has a line of its own, which is fifo", "fifo, or no routing")
		}
		if p.Queue.Limit > 0 {
			c.fault("pools."+p.Name+".queue.limit", "does nothing where each node has a line of its own", "none, or a queue-limit among the policies")
		}
	}
	for i := range c.Classes {
		class := &c.Classes[i]
		if class.Kind == "fluid" && pools[class.Pool].Routing != nil {
			c.fault("classes."+class.Name+".pool", "has lines at its nodes, and a fluid class is no request in a line", "a pool without routing")
		}
		path := "classes." + class.Name
		need := map[string]bool{}
		serves := []string{class.Pool}
		for _, item := range c.Policies {
			if r, ok := item.Spec.(interface{ Route() string }); ok && r.Route() != "" && (len(item.Classes) == 0 || slices.Contains(item.Classes, class.Name)) {
				serves = append(serves, r.Route())
			}
		}
		for _, s := range c.Fleet.SpillOver {
			if slices.Contains(serves, s.Pool) {
				serves = append(serves, s.To...)
			}
		}
		for _, name := range serves {
			p := pools[name]
			need[wants(p)] = true
			if p.Continuous != nil && class.Tokens != nil && class.Tokens.Context > p.Continuous.KV {
				c.fault(path+".tokens.context", fmt.Sprintf("is %d, and a node of pool %s has room for %d tokens", class.Tokens.Context, name, p.Continuous.KV), fmt.Sprintf("at most %d, or more kv_tokens", p.Continuous.KV))
			}
			if p.Batches() && class.Kind == "fluid" {
				c.fault(path+".pool", "is one that batches, and a fluid class has no requests to batch", "a pool of slots, or kind: request")
			}
		}
		for k, s := range class.Then {
			if pools[s.Pool].Batches() {
				c.fault(fmt.Sprintf("%s.then[%d].pool", path, k), "batches, which only the first pool of a class can", "a pool of slots")
			}
		}
		for _, w := range []struct {
			what, none, want, useless string
			has                       bool
		}{
			{service, "has no service time", "service: a duration, or a law of one", "a pool of slots", !class.Service.IsZero()},
			{tokens, "has no tokens, and is served by a pool that batches continuously", "tokens: {prompt: ..., output: ...}", "continuous_batching in the pool", class.Tokens != nil},
			{images, "has no images, and is served by a pool that batches images", "images: {steps: ...}", "image_batching in the pool", class.Images != nil},
		} {
			if need[w.what] && !w.has {
				c.fault(path, w.none, w.want)
			} else if !need[w.what] && w.has {
				c.fault(path+"."+w.what, "does nothing: no pool that serves the class asks for it", "none, or "+w.useless)
			}
		}
		if class.Tokens != nil {
			c.refused(path+".tokens", "", class.Tokens.Check())
		}
		if class.Images != nil {
			c.refused(path+".images", "", class.Images.Check())
		}
	}
}

// copied is a copy of what a pointer points to, if it does.
func copied[T any](p *T) *T {
	if p == nil {
		return nil
	}
	c := *p
	return &c
}

// refused reports the errors with which a room refuses its Spec. They begin
// with the field that is concerned, below the path: "retry: cap is 1s, it must
// be ...".
func (c *checker) refused(path, prefix string, err error) {
	if err == nil {
		return
	}
	if faults := (policy.TextFaults)(nil); errors.As(err, &faults) {
		c.inText(path, faults)
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

// inText reports what is wrong in a text that a policy holds: in the file that it
// was read from, or in the key of the scenario that it stands in.
func (c *checker) inText(path string, faults policy.TextFaults) {
	for _, f := range faults {
		if f.File == "" {
			c.fault(join(path, f.Key), fmt.Sprintf("line %d, column %d: %s", f.Line, f.Column, f.Problem), f.Want)
			continue
		}
		name := c.doc.beside(f.File)
		c.faults = append(c.faults, Fault{File: name, Line: f.Line, Column: f.Column, Path: path, Message: f.Problem, Want: f.Want})
	}
}

// leadingField is the field that an error of a room begins with.
var leadingField = regexp.MustCompile(`^([a-z_]+(?:\.[A-Za-z0-9_-]+)*)(?:: | (?:is|are|must|does|do|stands) )`)

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

// asks finds streams of which nothing says how much they ask for. A rate of 0 that
// is written there is meant: the timeline may raise it.
func (c *checker) asks() {
	streams := child(child(c.doc.root, "demand"), "streams")
	for _, s := range c.Demand.Streams {
		path := "demand.streams." + s.Name
		given := false
		for _, key := range []string{"rate", "per_user", "sharing", "closed", "trace", "rate_series"} {
			given = given || child(child(streams, s.Name), key) != nil
		}
		if !given {
			c.fault(path, "asks for nothing", "a rate, such as rate: 10/s, or per_user or sharing")
		}
		c.idle(path, &s, child(child(streams, s.Name), "per_user") != nil)
	}
}

// idle finds what is given of a stream and changes nothing without another key. A
// per_user of 0 that is written there switches the stream off, and the rest stays.
func (c *checker) idle(path string, s *demand.Stream, perUser bool) {
	for _, p := range []struct {
		key, without string
		given, has   bool
	}{
		{"period", "a profile", s.Period != 0, len(s.Profile) > 0},
		{"shape", "a profile", s.Shape != "linear", len(s.Profile) > 0},
		{"weekend", "day_shape", s.Weekend != 1, s.DayShape},
		{"interest", "per_user", s.Interest != 1, perUser},
		{"top_tenth", "per_user", s.TopTenth != 0.1, perUser},
	} {
		if p.given && !p.has {
			c.fault(path+"."+p.key, "does nothing without "+p.without, "both, or neither")
		}
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
	for i := 0; i < len(steps)-1; i++ {
		list := steps[i]
		if list == "rejected" {
			// A reason is a policy, a pool whose queue drops, or a client that balks, and maybe a cause.
			if names := itemNames(child(c.doc.root, "policies")); !slices.Contains(names, steps[i+1]) && !slices.Contains(itemNames(child(c.doc.root, "pools")), steps[i+1]) && steps[i+1] != "balked" {
				c.fault(path, fmt.Sprintf("%s refuses nobody", quote(steps[i+1])), nearest(steps[i+1], names))
			}
			break
		}
		if list != "tiers" && list != "classes" && list != "pools" {
			continue
		}
		i++
		if names := itemNames(child(c.doc.root, list)); !slices.Contains(names, steps[i]) {
			c.fault(path, fmt.Sprintf("%s is not in %s", quote(steps[i]), list), nearest(steps[i], names))
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
