package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/report/paint"
)

// costs says what a run cost in money, energy and training, as far as prices are known.
func costs(r *Run) []string {
	s := &r.Result.Summary
	var lines []string
	if s.GPU.CostUSD > 0 || s.GPU.EnergyKWh > 0 {
		parts := []string{paint.Count(r.full(float64(s.GPU.GPUHours))) + " GPU-hours"}
		if s.GPU.CostUSD > 0 {
			parts = append(parts, dollars(r.full(float64(s.GPU.CostUSD))))
		}
		if s.GPU.EnergyKWh > 0 {
			parts = append(parts, energy(r.full(float64(s.GPU.EnergyKWh))))
		}
		lines = append(lines, "GPUs of all pools, idle or not: "+strings.Join(parts, ", ")+".")
	}
	for _, c := range r.Classes {
		if fig := s.Classes[c.Name]; fig != nil && fig.CostPerCompleted > 0 {
			line := fmt.Sprintf("A completed %s cost %s", c.Name, dollars(float64(fig.CostPerCompleted)))
			if fig.EnergyPerCompleted > 0 {
				line += " and " + energy(float64(fig.EnergyPerCompleted)/1000)
			}
			lines = append(lines, line+", its part of the idle time included.")
		}
	}
	for _, t := range r.Tiers {
		if fig := s.Tiers[t.Name]; fig != nil && fig.RevenueAtRisk > 0 {
			lines = append(lines, fmt.Sprintf("Of tier %s %s of revenue are at risk: a month of each user who asked and got nothing, and the requests given up.", t.Name, dollars(r.full(float64(fig.RevenueAtRisk)))))
		}
	}
	return append(append(lines, trained(r)...), funded(r)...)
}

// trained says what became of training.
func trained(r *Run) []string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(r.Result.Summary.Training)) {
		j := r.Result.Summary.Training[name]
		hours := func(f metrics.Figure) string { return paint.Count(r.full(float64(f))) }
		lines = append(lines, fmt.Sprintf("Training %s: %s GPU-hours of work that was kept, %s lost since a checkpoint, %s restarting, %s of nodes on their way, %s lent.",
			name, hours(j.Useful), hours(j.Lost), hours(j.Restarting), hours(j.Moving), hours(j.Lent)))
	}
	return lines
}

// funded says what became of money that was raised.
func funded(r *Run) []string {
	f := r.Result.Summary.Funds
	if f == nil {
		return nil
	}
	usd := func(x metrics.Figure) string { return dollars(r.full(float64(x))) }
	return []string{fmt.Sprintf("Of %s that were raised %s went into nodes and %s into rent; %s are left.", usd(f.Raised), usd(f.Bought), usd(f.Rented), usd(f.Left))}
}

// dollars writes an amount of money.
func dollars(x float64) string {
	switch {
	case x != 0 && x < 1:
		return fmt.Sprintf("%.3g US cents", 100*x)
	case x < 1000:
		return fmt.Sprintf("%.2f USD", x)
	}
	return paint.Count(x) + " USD"
}

// energy writes an amount of energy, given in kWh.
func energy(kwh float64) string {
	switch {
	case kwh < 1:
		return fmt.Sprintf("%.3g Wh", 1000*kwh)
	case kwh < 1000:
		return fmt.Sprintf("%.3g kWh", kwh)
	case kwh < 1e6:
		return fmt.Sprintf("%.3g MWh", kwh/1000)
	}
	return fmt.Sprintf("%.4g GWh", kwh/1e6)
}
