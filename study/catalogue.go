package study

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/launchday-sim/launchday/models/client"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/queue"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/report"
)

// A Lever is an entry of the catalogue: what the documentation says of it, and
// how it is put into the standard surge.
type Lever struct {
	Heading string
	Name    string // kind of the policy, discipline of the queue or guard of the client
	Doc     string // what it does
	Source  string
	Fails   string // when it fails
	Held    string // what its tests hold it against
	Pools   bool   // it is kept for each pool
	Unmoved string // why signals that are late do nothing to it
	Presets string // how `inference` differs from `source`; empty where there are none
	Scale   string // why it acts differently at a reduced scale; empty where it does not
	NoGain  string // why it serves no more users in time under the standard surge
	Table   string // its parameters, in Markdown
	More    string // what else there is to say, in Markdown

	// Measured is the paragraph with what it does in figures (Trials.Text). It is empty
	// unless somebody measured, since that takes runs.
	Measured string

	settings []setting // what makes it act in a scenario, the lever itself the last
	beside   []setting // what stands in the world without it, too
}

// A setting is a knob and its value, with presetHere where the preset goes.
type setting struct{ knob, value string }

// The headings of levers that are not policies.
const (
	queues  = "Queue disciplines"
	clients = "Client libraries"
)

// Levers is the catalogue: every kind of policy that is registered, in the order of
// its headings, the disciplines of queues and the guards of clients.
func Levers() []Lever {
	var list []Lever
	for _, h := range policy.Headings {
		for _, name := range policy.Kinds() {
			k := policy.Of(name)
			if k.Heading != h || k.Surge == "" && h == policy.Custom {
				continue
			}
			l := Lever{Heading: string(h), Name: name, Doc: k.Doc, Source: k.Source, Fails: k.Fails, Held: k.Held, Presets: k.Presets, Scale: k.Scale, NoGain: k.NoGain,
				Pools: k.PerPool, Unmoved: k.Unmoved, More: k.More, Table: scenario.KeyTable(k.Fresh(), nil)}
			l.settings = []setting{{"policies", "[{name: lever, kind: " + name + presetHere + more(k.Surge) + "}]"}}
			list = append(list, l)
		}
	}
	for _, k := range queue.Disciplines {
		list = append(list, Lever{Heading: queues, Name: k.Name, Doc: k.Doc, Source: k.Source, Fails: k.Fails, Held: k.Held, Presets: k.Presets, Scale: k.Scale, NoGain: k.NoGain,
			Table:    scenario.KeyTable(new(queue.Spec), func(key string) bool { return key != "discipline" && queue.Reads(k.Name, key) }),
			settings: []setting{{"pools.gpus.queue", "{discipline: " + k.Name + presetHere + more(k.Surge) + "}"}}})
	}
	for _, name := range client.GuardKinds() {
		k := client.GuardOf(name)
		l := Lever{Heading: clients, Name: name, Doc: k.Doc, Source: k.Source, Fails: k.Fails, Held: k.Held, Presets: k.Presets, NoGain: k.NoGain, Table: scenario.KeyTable(k.Fresh(), nil),
			settings: []setting{{"clients.everyone.instances", "50"}, {"clients.everyone.guards", "[{name: lever, kind: " + name + presetHere + more(k.Surge) + "}]"}}}
		if k.Beside != "" {
			l.beside = []setting{{"policies", k.Beside}}
		}
		list = append(list, l)
	}
	return list
}

// more is further parameters after others.
func more(parameters string) string {
	if parameters == "" {
		return ""
	}
	return ", " + parameters
}

// Variants are the presets of a lever; one without a name where it has none.
func (l *Lever) Variants() []string {
	if l.Presets == "" {
		return []string{""}
	}
	return []string{"inference", "source"}
}

// Without is a scenario without the lever, with what the lever needs beside it.
func (l *Lever) Without(sc *scenario.Scenario) (*scenario.Scenario, error) {
	return l.with(sc, l.beside, "")
}

// Pulled is a scenario in which the lever is pulled, in one of its variants.
func (l *Lever) Pulled(sc *scenario.Scenario, variant string) (*scenario.Scenario, error) {
	return l.with(sc, slices.Concat(l.beside, l.settings), variant)
}

func (l *Lever) with(sc *scenario.Scenario, settings []setting, variant string) (*scenario.Scenario, error) {
	if len(settings) == 0 {
		return sc, nil
	}
	var changes scenario.Changes
	for _, s := range settings {
		c, err := scenario.NewChange(s.knob, s.with(variant))
		if err != nil {
			return nil, err
		}
		changes = append(changes, c)
	}
	pulled, err := sc.With(changes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.Name, err)
	}
	return pulled, nil
}

// Command is what plays the standard surge with the lever, in one of its variants, in
// a POSIX shell.
func (l *Lever) Command(variant string) string {
	command := "launchday run standard-surge"
	for _, s := range slices.Concat(l.beside, l.settings) {
		command += " --set '" + s.knob + "=" + strings.ReplaceAll(s.with(variant), "'", `'\''`) + "'"
	}
	return command
}

// with is the value with a preset.
func (s setting) with(preset string) string {
	if preset != "" {
		preset = ", preset: " + preset
	}
	return strings.Replace(s.value, presetHere, preset, 1)
}

// Picture is the small picture of the lever under a scenario, beside the same
// world without it.
func (l *Lever) Picture(ctx context.Context, sc *scenario.Scenario) ([]byte, error) {
	bare, err := l.Without(sc)
	if err != nil {
		return nil, err
	}
	without, err := Play(ctx, bare, Options{Seed: 1})
	if err != nil {
		return nil, err
	}
	pulled, err := l.Pulled(sc, l.Variants()[0])
	if err != nil {
		return nil, err
	}
	with, err := Play(ctx, pulled, Options{Seed: 1})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.Name, err)
	}
	return report.Miniature(l.Name, l.instead(), with, without)
}

// instead names the world without the lever.
func (l *Lever) instead() string {
	switch l.Heading {
	case queues:
		return "fifo"
	case clients:
		return "no guard"
	}
	return "no policy"
}

// Section is what docs/policies.md says of the lever; pictures is the path of the
// folder of pictures from there.
func (l *Lever) Section(pictures string) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("### `%s`\n", l.Name)
	line("%s\n", l.Doc)
	line("![%s under the standard surge, beside no policy](%s/%s.png)\n", l.Name, pictures, l.Name)
	line("**When it fails.** %s\n", l.Fails)
	if l.Measured != "" {
		line("%s\n", l.Measured)
	}
	if l.NoGain != "" {
		line("**Under the standard surge** it serves no more users in time than no policy does: %s\n", l.NoGain)
	}
	if l.Presets != "" {
		line("**Presets.** %s\n", l.Presets)
	}
	if l.Scale != "" {
		line("**At a reduced scale** it is another policy: %s\n", l.Scale)
	}
	if l.Pools {
		line("**Several pools.** One item keeps a policy for each pool that its classes lead to: each learns from its own pool and acts there alone.\n")
	}
	if l.Unmoved != "" {
		line("**Late signals.** `signal_delay` and `signal_interval` are refused: %s.\n", l.Unmoved)
	}
	line("**Source.** %s\n", l.Source)
	line("**Held against.** %s\n", l.Held)
	line("Shown here:\n\n    %s\n", l.Command(l.Variants()[0]))
	if l.Table != "" {
		line("%s", l.Table)
	}
	if l.More != "" {
		line("%s", l.More)
	}
	return b.String()
}

// Catalogue is docs/policies.md.
func Catalogue(levers []Lever, pictures string) string {
	var b strings.Builder
	b.WriteString(catalogueHead)
	heading := ""
	for i := range levers {
		l := &levers[i]
		if l.Heading != heading {
			heading = l.Heading
			fmt.Fprintf(&b, "\n## %s\n\n", heading)
			switch heading {
			case queues:
				fmt.Fprintf(&b, "Who is served next: the section `pools.NAME.queue`, whose keys are told in [the reference](reference.md#poolsnamequeue); under each discipline stand those that it reads. The weights of drr and sfq here are such that they bind: with three to two for drr the paid tier wants a little more than its share of the surge, with one to one for sfq much more, so that nobody is in time. With three to one it wants less, and both are strict priority.\n\n")
			case string(policy.Custom):
				fmt.Fprintf(&b, "A policy may be written in Go, in about 30 lines in a module of your own that registers it ([examples/ownpolicy](../examples/ownpolicy)), or without compiling.\n\n")
			case clients:
				fmt.Fprintf(&b, "What the library of a client holds back by itself: `clients.NAME.guards`. Under the standard surge there are 50 processes of the client, and the service does nothing but what the policies in the command do, which stand in the world without the guard, too. What a library holds back comes later or never, and no latency of an attempt holds that time: so there is also what requests had, from the first try on.\n\n")
			}
		}
		b.WriteString(l.Section(pictures))
		b.WriteString("\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// acts reports whether the lever is of a heading of policies.
func (l *Lever) acts(under policy.Heading) bool { return l.Heading == string(under) }

// presetHere is replaced by the preset in the setting of a lever.
const presetHere = "\x00"
