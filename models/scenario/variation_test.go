package scenario

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const varied0 = `name: base
title: Base
duration: 1h
tiers: [{name: user}]
classes: [{name: job, pool: main, service: 1s}]
pools: [{name: main, nodes: 5}]
demand: {streams: [{name: jobs, class: job, tier: user, rate: 1/s}]}
timeline: [{at: +10m, label: one, set: {pools.main.nodes: 6}}]
`

// library is files, and scenarios by name.
type library struct{ fs.FS }

func (library) Named(name string) (fs.FS, string, bool) {
	return fstest.MapFS{"s/shipped.yaml": {Data: []byte(strings.Replace(varied0, "name: base", "name: shipped", 1))}}, "s/shipped.yaml", name == "shipped"
}

func files(texts ...string) library {
	m := fstest.MapFS{}
	for i := 0; i < len(texts); i += 2 {
		m[texts[i]] = &fstest.MapFile{Data: []byte(texts[i+1])}
	}
	return library{m}
}

func TestAVariationIsItsBaseWithWhatItChanges(t *testing.T) {
	const more = "base: base\nname: more\nset: {pools.main.nodes: 9, demand.streams.jobs.rate: 2/s}\ntimeline: [{at: +20m, label: two, set: {pools.main.nodes: 7}}]\n"
	dir := files("d/base.yaml", varied0, "d/more.yaml", more, "d/most.yaml", "base: more.yaml\nname: most\ntitle: Most\nset: {timeline: [], scale: 1/2}\n", "d/own.yaml", "base: shipped\nname: own\n")
	sc, err := Read(dir, "d/more.yaml")
	require.NoError(t, err)
	whole, err := ReadText("x.yaml", strings.NewReplacer("name: base", "name: more", "nodes: 5", "nodes: 9", "1/s", "2/s",
		"nodes: 6}}]", "nodes: 6}}, {at: +20m, label: two, set: {pools.main.nodes: 7}}]").Replace(varied0))
	require.NoError(t, err)
	want, err := whole.Resolved()
	require.NoError(t, err)
	got, err := sc.Resolved()
	require.NoError(t, err)
	assert.Equal(t, want, got)

	most, err := Read(dir, "d/most.yaml")
	require.NoError(t, err)
	assert.Equal(t, "Most", most.Title)
	assert.Empty(t, most.Timeline)
	assert.Equal(t, 9.0, float64(most.Pools[0].Nodes))
	assert.Equal(t, 0.5, float64(most.Scale))

	added, err := Read(files("base.yaml", varied0, "v.yaml", "base: base\nname: v\nadd:\n  classes: [{name: video, pool: main, service: 9s}]\n  demand.streams: [{name: videos, class: video, tier: user, rate: 1/m}]\n  clients: [{name: a}]\n"), "v.yaml")
	require.NoError(t, err)
	assert.Equal(t, []string{"job", "video"}, []string{added.Classes[0].Name, added.Classes[1].Name})
	assert.Equal(t, "videos", added.Demand.Streams[1].Name)
	assert.Len(t, added.Clients, 1)

	own, err := Read(dir, "d/own.yaml")
	require.NoError(t, err)
	assert.Equal(t, "own", own.Name)
	assert.Equal(t, "Base", own.Title)
}

func TestAFaultOfAVariationIsAtItsPlace(t *testing.T) {
	for text, want := range map[string]string{
		"base: base\nname: v\ntitel: x\n":                                  `v.yaml:3:1: "titel" is no key of a variation, which has a base: want title; knobs of the base stand under set`,
		"base: base\nname: v\nset: {pools.main.nods: 3}\n":                 `v.yaml:3:7: pools.main: "nods" is not a key here: want nodes`,
		"base: base\nname: v\nset:\n  pools.main.nodes: -3\n":              `v.yaml:4:21: pools.main.nodes: "-3" is negative`,
		"base: bass\nname: v\n":                                            `v.yaml:1:7: base: "bass" is no scenario that is shipped, and no file beside this one`,
		"base: [1]\nname: v\n":                                             `v.yaml:1:7: base: is no name of a scenario`,
		"base: v\nname: v\n":                                               `is the base of a base of a base, and so on: want at most 5, and no circle`,
		"base: base\n":                                                     `v.yaml:1:1: name: is missing: a variation has one of its own`,
		"base: base\nname: v\nset: [1]\n":                                  `v.yaml:3:6: set: is not a section`,
		"base: base\nname: v\nadd: {classes: {name: x}}\n":                 `v.yaml:3:16: classes: is no list of items: want [{name: ...}]`,
		"base: base\nname: v\nadd: {scale: [1]}\n":                         `v.yaml:3:7: scale: is no list: want a list such as classes, or set`,
		"base: base\nname: v\nadd: {clases: [1]}\n":                        `v.yaml:3:7: "clases" is not a key here: want classes`,
		"base: base\nname: v\nadd: {classes: [{name: job, pool: main}]}\n": `v.yaml:3:24: classes: "job" is there twice`,
		"base: base\nname: v\ntimeline: 3\n":                               `v.yaml:3:11: timeline: "3" is no list of items`,
		"base: broken\nname: v\n":                                          `broken.yaml:1:1: duration: is missing`,
		"base: base\nname: v\ntimeline: [{at: +2m, label: x, set: {pools.main.nodes: x}}]\n": `v.yaml:3:56: pools.main.nodes: "x" `,
	} {
		_, err := Read(files("base.yaml", varied0, "broken.yaml", "name: broken\n", "v.yaml", text), "v.yaml")
		require.Error(t, err, text)
		assert.Contains(t, err.Error(), want)
	}
	_, err := ReadText("v.yaml", "base: base\nname: v\n")
	assert.ErrorContains(t, err, "cannot be found: this scenario is no file")
}
