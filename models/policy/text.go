package policy

import (
	"fmt"
	"strings"
)

// A TextFault is what is wrong at a place of a text that a Spec holds, such as a
// script.
type TextFault struct {
	Key          string // of the Spec, that holds the text
	File         string // that the text came from; empty where it stands in the scenario
	Line, Column int    // from 1
	Problem      string // "undefined: limt"
	Want         string // what would be right; may be empty
}

func (f TextFault) Error() string {
	name := f.File
	if name == "" {
		name = f.Key
	}
	text := fmt.Sprintf("%s:%d:%d: %s", name, f.Line, f.Column, f.Problem)
	if f.Want != "" {
		text += ": want " + f.Want
	}
	return text
}

// TextFaults is everything that is wrong with a text.
type TextFaults []TextFault

// Error prints one line for each fault.
func (fs TextFaults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.Error()
	}
	return strings.Join(lines, "\n")
}
