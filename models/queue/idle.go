package queue

import (
	"fmt"
	"slices"
	"strings"
)

// readBy are the disciplines that look at a parameter, for those parameters that
// not all do.
var readBy = map[string][]string{
	"preset":             {"adaptive-lifo", "apf"},
	"not_empty_for":      {"adaptive-lifo"},
	"longer_than":        {"adaptive-lifo"},
	"ageing":             {"priority", "priority-preemptive"},
	"tiers":              {"drr", "sfq", "vtc", "edf"},
	"quantum":            {"drr"},
	"deadline":           {"edf"},
	"flow":               {"apf", "vtc"},
	"tenants":            {"vtc"},
	"queues":             {"apf"},
	"hand_size":          {"apf"},
	"queue_length_limit": {"apf"},
	"prediction_cv":      {"sjf"},
	"sharing":            {"processor-sharing"},
}

// Reads reports whether a discipline looks at the parameter of that key.
func Reads(discipline, key string) bool {
	of, some := readBy[key]
	return !some || slices.Contains(of, discipline)
}

// Idle reports the first parameter that is given and that the discipline does not
// look at: whoever wrote it expects something of it. What several disciplines share
// (tiers, flow, preset), or what everybody has (deadline), may stand there, for one
// is exchanged for another in comparisons. The error begins with the field.
func (s *Spec) Idle() error {
	for _, p := range []struct {
		key   string
		given bool
	}{
		{"not_empty_for", s.NotEmptyFor != 0},
		{"longer_than", s.LongerThan != 0},
		{"ageing", s.Ageing != 0},
		{"quantum", s.Quantum != 0},
		{"tenants", s.Tenants != 1024},
		{"queues", s.Queues != 64},
		{"hand_size", s.HandSize != 8},
		{"queue_length_limit", s.QueueLengthLimit != 50},
		{"prediction_cv", s.PredictionCV != 0},
		{"sharing", s.Sharing != 0},
	} {
		if p.given && !Reads(s.Discipline, p.key) {
			return fmt.Errorf("%s does nothing under %s, it must be absent, or the discipline must be %s", p.key, s.Discipline, strings.Join(readBy[p.key], " or "))
		}
	}
	return nil
}
