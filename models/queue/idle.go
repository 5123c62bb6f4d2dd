package queue

import (
	"fmt"
	"slices"
	"strings"
)

// Idle reports the first parameter that is given and that the discipline does not
// look at: whoever wrote it expects something of it. What several disciplines share
// (tiers, flow) may stand there, for one is exchanged for another in comparisons.
// The error begins with the field.
func (s *Spec) Idle() error {
	plain := Spec{Tenants: 1024, Queues: 64, HandSize: 8, QueueLengthLimit: 50}
	for _, p := range []struct {
		key   string
		given bool
		of    []string
	}{
		{"not_empty_for", s.NotEmptyFor != 0, []string{"adaptive-lifo"}},
		{"longer_than", s.LongerThan != 0, []string{"adaptive-lifo"}},
		{"ageing", s.Ageing != 0, []string{"priority", "priority-preemptive"}},
		{"quantum", s.Quantum != 0, []string{"drr"}},
		{"tenants", s.Tenants != plain.Tenants, []string{"vtc"}},
		{"queues", s.Queues != plain.Queues, []string{"apf"}},
		{"hand_size", s.HandSize != plain.HandSize, []string{"apf"}},
		{"queue_length_limit", s.QueueLengthLimit != plain.QueueLengthLimit, []string{"apf"}},
		{"prediction_cv", s.PredictionCV != 0, []string{"sjf"}},
		{"sharing", s.Sharing != 0, []string{"processor-sharing"}},
	} {
		if p.given && !slices.Contains(p.of, s.Discipline) {
			return fmt.Errorf("%s does nothing under %s, it must be absent, or the discipline must be %s", p.key, s.Discipline, strings.Join(p.of, " or "))
		}
	}
	return nil
}
