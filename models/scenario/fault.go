package scenario

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// A Fault is one thing that is wrong with a scenario: where, what it is about,
// what is wrong, and what would be right. It prints as one line:
//
//	ghibli.yaml:12:9: pools.images.nodes: "-3" is negative: want a count of at least 1, such as 1500
type Fault struct {
	File         string // name of the document
	Line, Column int    // from 1; Line 0 is a value that stands in no file
	Path         string // knob that is concerned; empty for the whole
	Text         string // offending text, if there is one
	Message      string // "is negative"
	Want         string // "a count of at least 1, such as 1500"; may be empty
}

// maxQuoted is how many characters of an offending text are repeated.
const maxQuoted = 60

// quote repeats a text of unknown origin within one line, harmless to a terminal.
func quote(text string) string {
	if r := []rune(text[:min(len(text), 4*maxQuoted)]); len(r) > maxQuoted {
		text = string(r[:maxQuoted]) + "…"
	}
	return strconv.Quote(text)
}

func (f Fault) Error() string {
	var b strings.Builder
	if f.Line > 0 {
		fmt.Fprintf(&b, "%s:%d:%d: ", f.File, f.Line, f.Column)
	}
	if f.Path != "" {
		b.WriteString(f.Path + ": ")
	}
	if f.Text != "" {
		b.WriteString(quote(f.Text) + " ")
	}
	b.WriteString(f.Message)
	if f.Want != "" {
		b.WriteString(": want " + f.Want)
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, b.String())
}

// Faults is everything that is wrong with a scenario, in the order of the file.
type Faults []Fault

// maxFaults is how many faults are printed: more help nobody.
const maxFaults = 100

// Error prints one line for each fault.
func (fs Faults) Error() string {
	var lines []string
	for i, f := range fs {
		if i == maxFaults {
			lines = append(lines, fmt.Sprintf("%s: %d more faults", f.File, len(fs)-i))
			break
		}
		lines = append(lines, f.Error())
	}
	return strings.Join(lines, "\n")
}

// sorted returns the faults in the order of the file as an error, nil if there
// are none.
func (fs Faults) sorted() error {
	if len(fs) == 0 {
		return nil
	}
	slices.SortStableFunc(fs, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return fs
}
