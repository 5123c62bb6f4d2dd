package textbook

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"
)

//go:embed testdata/queueing.csv
var table []byte

//go:embed testdata/exact.csv
var wide []byte

// A Wide is one figure of the wide table: the words of its metrics are those of
// docs/validation.md.
type Wide struct {
	Name       string
	Parameters string // key=value with semicolons between them, or prose
	Metric     string
	Value      float64 // to ten significant digits
	Method     string  // how it was computed
}

// WideTable returns the figures of the wide table.
func WideTable() []Wide {
	rows, err := csv.NewReader(bytes.NewReader(wide)).ReadAll()
	if err != nil {
		panic(err) // it is part of the program
	}
	var all []Wide
	for _, row := range rows[1:] {
		all = append(all, Wide{Name: row[0], Parameters: row[1], Metric: row[2], Value: number(row[3]), Method: row[4]})
	}
	return all
}

// An Exact is one figure of one model, computed by two methods that share
// nothing: what both the closed forms and the simulator are held against.
type Exact struct {
	Model      string
	Names      string // of the parameters, with commas between them
	Parameters string // their values, with spaces between them; a list is (0.3,0.5)
	Metric     string
	Value      float64 // to ten significant digits
}

// Table returns the figures, the rows of a model with the same parameters one
// after the other.
func Table() []Exact {
	rows, err := csv.NewReader(bytes.NewReader(table)).ReadAll()
	if err != nil {
		panic(err) // it is part of the program
	}
	var all []Exact
	for _, row := range rows[1:] {
		all = append(all, Exact{Model: row[0], Names: row[1], Parameters: row[2], Metric: row[3], Value: number(row[4])})
	}
	return all
}

// Numbers returns the parameters: "(0.3,0.5) 1" is [[0.3 0.5] [1]].
func (e Exact) Numbers() [][]float64 {
	var all [][]float64
	for _, p := range strings.Fields(e.Parameters) {
		var list []float64
		for _, s := range strings.Split(strings.Trim(p, "()"), ",") {
			list = append(list, number(s))
		}
		all = append(all, list)
	}
	return all
}

func number(s string) float64 {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic(fmt.Sprintf("textbook: %v", err))
	}
	return v
}
