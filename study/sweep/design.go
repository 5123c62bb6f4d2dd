package sweep

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/sim/rng"
	"github.com/launchday-sim/launchday/study"
)

// A Cell is one setting of all factors.
type Cell struct {
	Values   []string // of the factors, as they stand in the table
	Numbers  []float64
	Scenario *scenario.Scenario

	hash string // of the resolved scenario
}

// Label names a cell by its values.
func (c *Cell) Label() string { return strings.Join(c.Values, ", ") }

// asItIs is the value of a factor that is left alone.
const asItIs = "as it is"

// A setting is one value of one factor.
type setting struct {
	text string
	set  scenario.Changes
}

// cells makes the cells of the design, each checked like a scenario file.
func (s *Study) cells(doc *scenario.Document) ([]Cell, error) {
	settings := make([][]setting, len(s.Factors))
	var faults scenario.Faults
	for i := range s.Factors {
		var err error
		if settings[i], err = s.settings(i); err != nil {
			faults = append(faults, doc.Fault("factors."+s.Factors[i].Name, err.Error(), ""))
		}
	}
	if len(faults) > 0 {
		return nil, faults
	}
	var plan [][]setting
	switch s.Design {
	case "factorial":
		plan = [][]setting{nil}
		for _, values := range settings {
			var next [][]setting
			for _, row := range plan {
				for _, v := range values {
					next = append(next, append(row[:len(row):len(row)], v))
				}
			}
			plan = next
			if len(plan) > maxCells {
				return nil, scenario.Faults{doc.Fault("factors", "make too many cells", fmt.Sprintf("at most %d", maxCells))}
			}
		}
	case "one-at-a-time":
		alone := make([]setting, len(settings))
		for i := range alone {
			alone[i] = setting{text: asItIs}
		}
		plan = append(plan, alone)
		for i, values := range settings {
			for _, v := range values {
				row := append([]setting(nil), alone...)
				row[i] = v
				plan = append(plan, row)
			}
		}
	case "latin-hypercube":
		for k := range s.Samples {
			row := make([]setting, len(settings))
			for i := range settings {
				row[i] = settings[i][k]
			}
			plan = append(plan, row)
		}
	}
	var cells []Cell
	for _, row := range plan {
		c := Cell{}
		var changes scenario.Changes
		for _, v := range row {
			c.Values = append(c.Values, v.text)
			changes = append(changes, v.set...)
		}
		sc, err := s.Base.With(changes)
		if err != nil {
			return nil, scenario.Faults{doc.Fault("factors", fmt.Sprintf("make a cell (%s) that cannot be: %v", c.Label(), err), "")}
		}
		c.Scenario = sc
		for i := range s.Factors {
			n := math.NaN()
			if knob := s.Factors[i].Knob; knob != "" {
				if v, err := sc.Number(knob); err == nil {
					n = v
				}
			}
			c.Numbers = append(c.Numbers, n)
		}
		cells = append(cells, c)
	}
	return cells, nil
}

// maxCells bounds a design.
const maxCells = 1_000_000

// settings are the values of a factor; of a Latin hypercube that of each sample.
func (s *Study) settings(i int) (list []setting, err error) {
	f := &s.Factors[i]
	for _, l := range f.Levels {
		if _, err := s.Base.With(l.Set); err != nil {
			return nil, err
		}
		list = append(list, setting{l.Name, l.Set})
	}
	if f.Knob == "" {
		return list, nil
	}
	values := f.Values
	switch {
	case f.Low != "" && s.Design == "latin-hypercube":
		if values, err = s.sampled(f); err != nil {
			return nil, err
		}
	case f.Low != "":
		values = []string{f.Low, f.High}
	}
	for _, v := range values {
		c, err := scenario.NewChange(f.Knob, v)
		if err != nil {
			return nil, err
		}
		if _, err := s.Base.With(scenario.Changes{c}); err != nil {
			return nil, err
		}
		list = append(list, setting{v, scenario.Changes{c}})
	}
	return list, nil
}

// sampled are the values of a factor in a Latin hypercube (McKay, Beckman and Conover
// 1979, Technometrics 21, 239-245): the range is cut into as many equal parts as there are
// samples, each sample lies in a part of its own, uniformly, and the parts are in random
// order. The numbers are those of the factor's name, so that another factor changes none.
func (s *Study) sampled(f *Factor) ([]string, error) {
	span, err := study.ParseFree(s.Base, f.Knob+":"+f.Low+".."+f.High)
	if err != nil {
		return nil, err
	}
	lo, hi := span.Lo, span.Hi
	if f.Log {
		lo, hi = rng.Log(lo), rng.Log(hi)
	}
	src := rng.NewSource(uint64(s.Seed), 0, "sweep/"+f.Name)
	order := make([]int, s.Samples)
	for k := range order {
		j := int(src.IntN(uint64(k + 1)))
		order[k], order[j] = order[j], k
	}
	values := make([]string, s.Samples)
	for k, part := range order {
		x := lo + float64((hi-lo)*(float64(part)+src.Float64())/float64(s.Samples))
		if f.Log {
			x = rng.Exp(x)
		}
		values[k] = span.Format(x)
	}
	return values, nil
}

// fingerprint hashes all that decides what comes out.
func (s *Study) fingerprint() error {
	h := sha256.New()
	enc := json.NewEncoder(h)
	for i := range s.Cells {
		c := &s.Cells[i]
		text, err := c.Scenario.Resolved()
		if err != nil {
			return err
		}
		sum := sha256.Sum256([]byte(text))
		c.hash = hex.EncodeToString(sum[:])
		if err := enc.Encode([]any{c.Values, c.hash}); err != nil {
			return err
		}
	}
	var names []string
	for i := range s.Factors {
		names = append(names, s.Factors[i].Name)
	}
	if err := enc.Encode([]any{names, s.Metrics, s.Seed, s.Reps}); err != nil {
		return err
	}
	s.Hash = hex.EncodeToString(h.Sum(nil))
	return nil
}
