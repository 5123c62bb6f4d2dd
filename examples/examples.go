// Package examples holds the scenarios that Launchday ships.
package examples

import (
	"embed"
	"io/fs"
)

// FS holds the shipped scenarios, at scenarios/NAME.yaml, and studies, at study-NAME.yaml.
//
//go:embed scenarios/*.yaml study-*.yaml
var FS embed.FS

// A Library is a file system whose scenarios may name one that is shipped as their base:
//
//	import _ "github.com/launchday-sim/launchday/models/policy/all" // the policies that scenarios name
//
//	sc, err := scenario.Read(examples.Library{FS: os.DirFS(".")}, "mine.yaml")
type Library struct{ fs.FS }

// Named finds a shipped scenario.
func (Library) Named(name string) (fsys fs.FS, file string, ok bool) {
	file = "scenarios/" + name + ".yaml"
	_, err := fs.Stat(FS, file)
	return FS, file, err == nil
}
