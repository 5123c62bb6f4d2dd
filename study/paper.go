package study

import (
	"fmt"
	"io"
	"strings"

	"github.com/launchday-sim/launchday/models/metrics"
	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/scenario"
)

// A Paper is what a result says of itself, for its reporting sheet and artifact appendix.
type Paper struct {
	Scenario     *scenario.Scenario
	Seed         uint64
	Replications int
	Version      string
	Platform     string // such as linux/amd64
	Go           string
	Wall         float64 // seconds
	Files        []string
	Hash         string // of the resolved scenario
}

// Sheet writes the STRESS-DES reporting sheet: the 20 items that a simulation study reports
// (Monks, Currie, Onggo, Robinson, Kunc and Taylor 2019, Journal of Simulation 13, 55-67,
// table of STRESS-DES). What only the authors know is left to them, and says so.
func (p *Paper) Sheet(w io.Writer) error {
	sc := p.Scenario
	b := &strings.Builder{}
	head := func(s string) { fmt.Fprintf(b, "\n## %s\n", s) }
	item := func(n, name, format string, args ...any) {
		fmt.Fprintf(b, "\n### %s %s\n\n%s\n", n, name, strings.TrimSpace(fmt.Sprintf(format, args...)))
	}
	fmt.Fprintf(b, "# STRESS-DES: %s\n\nMade by `launchday paper` from the manifest of the result. What stands in [brackets] is for the authors to say.\n", title(sc))
	head("1 Objectives")
	item("1.1", "Purpose of the model", "%s\n\n[What question it answers, and for whom.]", sc.Description)
	item("1.2", "Model outputs", "The figures of `summary.json`, each explained in `summary.md`: %s for all requests, each tier (%s) and each class (%s); utilisation and capacity of the pools (%s). Over time: `series.csv` and `pools.csv`, explained in `series.md`.",
		"attempts, outcomes by reason, goodput, latency and waiting with quantiles, users satisfied", names(sc.Tiers, func(i int) string { return sc.Tiers[i].Name }), names(sc.Classes, func(i int) string { return sc.Classes[i].Name }), names(sc.Pools, func(i int) string { return sc.Pools[i].Name }))
	item("1.3", "Experimentation aims", "[Scenarios that are compared, and why; with `launchday compare`, `sweep` or `branch` name the study file.]")
	head("2 Logic")
	item("2.1", "Base model overview diagram", "```\ndemand -> client -> policy chain -> queue -> pool of servers -> client (satisfied, shares it, comes back)\n             ^            | refused      | left    | node lost\n             +--- retry --+--------------+---------+\n```")
	item("2.2", "Base model logic", "A request is what a user wants, an attempt one try at it. A try passes its client's guards, the chain of policies in the order below, the queue of its pool, and a server. An attempt ends in exactly one outcome; attempts and requests are conserved, which is checked at the end of each run. `docs/design.md` of the repository describes all rooms of the model.")
	var levers []string
	for i := range sc.Policies {
		q := &sc.Policies[i]
		on := ""
		if !q.Enabled {
			on = ", off at the start"
		}
		levers = append(levers, fmt.Sprintf("- `%s`: %s%s", q.Name, q.Kind, on))
	}
	for _, t := range sc.Timeline {
		levers = append(levers, fmt.Sprintf("- at %v: %s (%s)", t.At, t.Label, t.Kind))
	}
	item("2.3", "Scenario logic", "Policies and what happens when:\n\n%s\n", orNone(levers))
	var sources []string
	seen := map[string]bool{}
	for i := range sc.Policies {
		if k := policy.Of(sc.Policies[i].Kind); !seen[k.Name] && k.Source != "" {
			seen[k.Name] = true
			sources = append(sources, fmt.Sprintf("- `%s`: %s", k.Name, k.Source))
		}
	}
	item("2.4", "Algorithms", "Arrivals are points of unit-rate processes in the integral of their rate, by inversion; policies after:\n\n%s\n", orNone(sources))
	item("2.5", "Components", "Entities: attempts of the classes, of users of the tiers. Activities: services at the pools. Resources:\n\n%s\n\nQueues: one before each pool, of the discipline named. Entry: the streams (%s). Exit: satisfied, given up, or open at the end.",
		names(sc.Pools, func(i int) string {
			return fmt.Sprintf("`%s` (%v nodes of %d servers, queue %s)", sc.Pools[i].Name, sc.Pools[i].Nodes, sc.Pools[i].SlotsPerNode, sc.Pools[i].Queue.Discipline)
		}), names(sc.Demand.Streams, func(i int) string { return sc.Demand.Streams[i].Name }))
	head("3 Data")
	item("3.1", "Data sources", "[Sources of the parameters.] Published figures that the scenario carries: %d, with their sources in `record.csv`.", len(sc.Record))
	item("3.2", "Pre-processing", "[What was done to raw data before it became a parameter.] Traces that are replayed are named in the manifest with their sha256.")
	var knobs []string
	for _, k := range scenario.Knobs(sc) {
		if k.Value != "" && k.Value != k.Default && !strings.HasPrefix(k.Path, "record") && k.Path != "description" && k.Path != "timeline" {
			v := strings.Join(strings.Fields(k.Value), " ")
			if r := []rune(v); len(r) > 100 {
				v = string(r[:99]) + "…"
			}
			knobs = append(knobs, fmt.Sprintf("| `%s` | %s |", k.Path, strings.ReplaceAll(v, "|", "\\|")))
		}
	}
	item("3.3", "Input parameters", "All that differ from their defaults; the manifest holds every one, under `resolved`.\n\n| knob | value |\n|---|---|\n%s", strings.Join(knobs, "\n"))
	var assumed []string
	for _, u := range sc.Unknowns {
		v := u.Value
		if u.Knob != "" {
			if now, err := sc.Value(u.Knob); err == nil {
				v = now
			}
		}
		assumed = append(assumed, fmt.Sprintf("- %s: %s %s (from %s to %s): %s", u.What, v, u.Unit, u.Low, u.High, u.Why))
	}
	item("3.4", "Assumptions", "%s\n\n[Others.]", orNone(assumed))
	head("4 Experimentation")
	item("4.1", "Initialisation", "Warm-up of %v before the start, of which nothing is reported but what it leaves; %s.", sc.Warmup, map[bool]string{true: "the start is " + sc.Start.Format("2006-01-02T15:04:05Z07:00"), false: "time has no dates"}[sc.Dated()])
	item("4.2", "Run length", "%v, in intervals of the series of %v, at scale %v of the world.", sc.Duration, sc.Interval, sc.Scale)
	if p.Replications > 1 {
		item("4.3", "Estimation approach", "%d independent replications; 95 %% Student intervals over them. A terminating simulation: nothing is cut off.", p.Replications)
	} else {
		item("4.3", "Estimation approach", "One run: no interval. [Replications: `--reps`.]")
	}
	head("5 Implementation")
	item("5.1", "Software", "Launchday %s, %s.", p.Version, p.Go)
	item("5.2", "Random sampling", "Streams are PCG and counter-based generators whose keys are hashes of seed, replication and name (`sim/rng`); what belongs to a request is drawn by the request's own key, so that it has the same luck under every policy. Seed %d, replications from 0.", p.Seed)
	item("5.3", "Model execution", "Next-event, time in whole nanoseconds; ties by priority and order of insertion. The same bits on every platform and at any parallelism.")
	item("5.4", "System specification", "%s; %.1f s of wall time.", p.Platform, p.Wall)
	head("6 Code access")
	item("6.1", "Computer model sharing statement", "MIT licence. `launchday run manifest.json` repeats the result, `launchday verify DIR` compares it byte by byte. [Where code and data are deposited.]")
	_, err := io.WriteString(w, b.String())
	return err
}

// Appendix writes the artifact appendix: how the result is repeated, and what it holds.
func (p *Paper) Appendix(w io.Writer) error {
	b := &strings.Builder{}
	fmt.Fprintf(b, "# Artifact appendix: %s\n\n", title(p.Scenario))
	fmt.Fprintf(b, "| | |\n|---|---|\n| program | Launchday %s, %s |\n| scenario | `%s`, sha256 of the resolved text %s |\n| seed, replications | %d, %d |\n| machine | %s |\n| run time | %.1f s |\n\n",
		p.Version, p.Go, p.Scenario.Name, p.Hash, p.Seed, p.Replications, p.Platform, p.Wall)
	reps := ""
	if p.Replications > 1 {
		reps = fmt.Sprintf(" --reps %d", p.Replications)
	}
	fmt.Fprintf(b, "## To repeat it\n\n```\ngo install github.com/launchday-sim/launchday/cmd/launchday@VERSION\nlaunchday run manifest.json%s --out again\nlaunchday verify .\n```\n\n## What it holds\n\n| file | what |\n|---|---|\n", reps)
	what := map[string]string{"summary.json": "figures of the whole run; `summary.md` explains each", "series.csv": "a row for each interval, tier and class; `series.md` explains the columns", "pools.csv": "a row for each interval and pool",
		"training.csv": "a row for each interval and training job", "latency.csv": "the curves of the latency picture", "record.csv": "the run against the published record", "manifest.json": "the resolved scenario, seed and hashes, from which it is repeated"}
	for _, f := range p.Files {
		about := what[f]
		if base, ok := strings.CutSuffix(f, ".parquet"); ok {
			about = "the same as " + base + ".csv"
		}
		fmt.Fprintf(b, "| `%s` | %s |\n", f, about)
	}
	fmt.Fprintf(b, "\n## Figures\n\n| figure | unit | meaning |\n|---|---|---|\n")
	seen := map[string]bool{}
	for _, path := range MainFigures(p.Scenario) {
		name, about, unit := metrics.About(path)
		if !seen[name] {
			seen[name] = true
			fmt.Fprintf(b, "| `%s` | %s | %s |\n", name, unit, about)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func title(sc *scenario.Scenario) string {
	if sc.Title != "" {
		return sc.Title
	}
	return sc.Name
}

func orNone(lines []string) string {
	if len(lines) == 0 {
		return "None."
	}
	return strings.Join(lines, "\n")
}

// names lists the items of a list.
func names[T any](list []T, name func(i int) string) string {
	var out []string
	for i := range list {
		out = append(out, name(i))
	}
	return strings.Join(out, ", ")
}
