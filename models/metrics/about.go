package metrics

import (
	_ "embed"
	"regexp"
	"strings"
	"sync"
)

//go:embed result.go
var resultSource string

var fieldLine = regexp.MustCompile("(?m)^\t\\w+ +[\\w\\[\\]\\*]+ +`json:\"(\\w+)[^`]*`(?: +// (.*))?$")

// comments are those of the figures in result.go, by their name in JSON.
var comments = sync.OnceValue(func() map[string]string {
	of := map[string]string{}
	for _, m := range fieldLine.FindAllStringSubmatch(resultSource, -1) {
		of[m[1]] = m[2]
	}
	return of
})

// About says of the figure at a path how it is called, what it is, in the words of
// result.go, and in what unit it stands; "1" is a number without one.
func About(path string) (name, about, unit string) {
	name, _ = measure(path)
	about = comments()[name]
	if about == "" {
		about = strings.ReplaceAll(name, "_", " ")
	}
	switch {
	case strings.HasSuffix(name, "_per_s"):
		unit = "1/s"
	case strings.HasSuffix(name, "_usd"):
		unit = "USD"
	case strings.HasSuffix(name, "_kwh"):
		unit = "kWh"
	case strings.HasSuffix(name, "_wh"):
		unit = "Wh"
	case strings.HasSuffix(name, "_hours"):
		unit = "GPU-hours"
	case strings.HasSuffix(name, "_s"):
		unit = "s"
	default:
		unit = "1"
	}
	return name, about, unit
}
