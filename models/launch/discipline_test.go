package launch_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/models/queue"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/sim"
)

// A surge on two tiers, with everything that can happen to an attempt: patience,
// retries, nodes that fail, fluid work that claims servers, a second station.
const surge = `
name: surge
duration: 20m
warmup: 1m
tiers: [{name: plus, paid: yes, priority: 0, users: 100}, {name: free, priority: 1, users: 1000}]
pools:
  - name: images
    nodes: 20
    failures: {mtbf: {dist: exponential, mean: 30m}, repair: {dist: exponential, mean: 2m}}
    queue: {discipline: %s, limit: 300, drop: lowest, flow: %s, tiers: [{name: plus, weight: 3, deadline: 20s}]}
  - {name: finish, nodes: 4}
classes:
  - {name: image, pool: images, service: {dist: lognormal, median: 8s, p99: 40s}, then: [{pool: finish, service: {dist: exponential, mean: 1s}}]}
  - {name: chat, kind: fluid, pool: images, service: 2s, share: 20%%}
demand:
  streams:
    - {name: plus, tier: plus, class: image, per_user: 720/d, profile: [{at: +0s, x: 1}, {at: +5m, x: 3}, {at: +10m, x: 1}]}
    - {name: free, tier: free, class: image, per_user: 120/d, profile: [{at: +0s, x: 1}, {at: +5m, x: 3}, {at: +10m, x: 1}]}
    - {name: talk, tier: free, class: chat, rate: 1/s}
clients:
  - {name: everybody, patience: {dist: exponential, mean: 1m}, retry: {max_tries: 3}}
`

func TestEveryDisciplineCarriesASurgeToItsEnd(t *testing.T) {
	seen := map[string]string{}
	for _, k := range queue.Disciplines {
		for _, flow := range []string{"tier", "user"} {
			sc := text(t, fmt.Sprintf(surge, k.Name, flow))
			first := run(t, sc, launch.Options{Seed: 3}) // both identities are checked there
			assert.Positive(t, float64(first.Summary.All.Completed), k.Name)
			h := hash(t, first)
			assert.Equal(t, h, hash(t, run(t, sc, launch.Options{Seed: 3})), "%s: the same run twice", k.Name)
			if k.Name == "apf" || k.Name == "vtc" || flow == "tier" {
				assert.Empty(t, seen[h], "%s %s is as", k.Name, flow)
				seen[h] = k.Name + " " + flow
			}
		}
	}
}

func TestADisciplineCanChangeInMidSurge(t *testing.T) {
	for i, from := range queue.Disciplines {
		if from.Name == "processor-sharing" || from.Name == "apf" {
			continue
		}
		r, err := launch.New(text(t, fmt.Sprintf(surge, from.Name, "user")), launch.Options{Seed: 4})
		require.NoError(t, err)
		for j := range queue.Disciplines {
			to := queue.Disciplines[(i+j)%len(queue.Disciplines)].Name
			require.NoError(t, r.StepUntil(sim.Time(j+2)*sim.Minute))
			change, err := scenario.NewChange("pools.images.queue.discipline", to)
			require.NoError(t, err)
			err = r.Apply(scenario.Changes{change})
			if to == "processor-sharing" || to == "apf" {
				assert.ErrorContains(t, err, "pools.images.queue.discipline: cannot")
			} else {
				require.NoError(t, err, "%s to %s", from.Name, to)
			}
		}
		_, err = r.Result()
		assert.NoError(t, err, from.Name)
	}
}

func TestAHigherTierWaitsLessUnderEveryDisciplineThatKnowsTiers(t *testing.T) {
	waits := func(discipline string) (plus, free float64) {
		s := run(t, text(t, fmt.Sprintf(surge, discipline, "tier")), launch.Options{Seed: 5}).Summary
		return float64(s.Tiers["plus"].Wait.Mean), float64(s.Tiers["free"].Wait.Mean)
	}
	fifo, _ := waits("fifo")
	for _, discipline := range []string{"priority", "priority-preemptive", "drr", "sfq", "vtc", "edf"} {
		plus, free := waits(discipline)
		assert.Less(t, plus, 0.9*fifo, discipline)
		assert.Less(t, plus, free, discipline)
	}
}

// Plus has three quarters of the servers and lends none; free may have what is left
// to it and no more. Free alone comes, so that it waits while servers are idle; each
// arrival of plus is served at once.
func TestALevelKeepsItsServersForTheTierThatComesSeldom(t *testing.T) {
	sc := text(t, `
name: levels
duration: 120h
tiers: [{name: plus, priority: 0}, {name: free, priority: 1}]
pools:
  - name: main
    nodes: 8
    queue: {discipline: apf, levels: [{name: paid, tiers: [plus], nominal_concurrency_shares: 75}, {name: rest, nominal_concurrency_shares: 25, borrowing_limit_percent: 0}]}
classes: [{name: job, pool: main, service: {dist: exponential, mean: 10s}}]
demand:
  streams:
    - {name: plus, tier: plus, class: job, rate: 0.06/s}
    - {name: free, tier: free, class: job, rate: 0.15/s}
`)
	s := run(t, sc, launch.Options{Seed: 6}).Summary
	plus, free := s.Tiers["plus"], s.Tiers["free"]
	assert.Less(t, float64(plus.Wait.Mean), 0.01, "an M/M/6 queue at a tenth of its load")
	// Free has an M/M/2 queue at 0.75: the mean wait is 10 s x 0.5625/0.4375 = 12.9 s.
	assert.InDelta(t, 12.86, float64(free.Wait.Mean), 2.7) // over 40 seeds the standard deviation is 0.6
	assert.InDelta(t, 0.643, float64(free.ProbWait), 0.03)
}

// As above, and plus lends all that it does not use: free waits as if the pool were
// its own once a period has shown it.
func TestALevelThatLendsShortensTheWaitOfTheOther(t *testing.T) {
	sc := text(t, `
name: levels
duration: 4h
tiers: [{name: plus, priority: 0}, {name: free, priority: 1}]
pools:
  - name: main
    nodes: 8
    queue: {discipline: apf, levels: [{name: paid, tiers: [plus], nominal_concurrency_shares: 75, lendable_percent: 80}, {name: rest, nominal_concurrency_shares: 25}]}
classes: [{name: job, pool: main, service: {dist: exponential, mean: 10s}}]
demand:
  streams:
    - {name: plus, tier: plus, class: job, rate: 0.06/s}
    - {name: free, tier: free, class: job, rate: 0.45/s}
`)
	s := run(t, sc, launch.Options{Seed: 6}).Summary
	assert.Less(t, float64(s.Tiers["free"].Wait.Mean), 60.0, "at two and a quarter times its own two servers")
	assert.Less(t, float64(s.Tiers["plus"].Wait.Mean), 5.0)
}

func TestASurgeUnderLevelsComesToItsEnd(t *testing.T) {
	levels := "user, levels: [{name: paid, tiers: [plus], nominal_concurrency_shares: 30, lendable_percent: 50}, {name: rest, lendable_percent: 30, borrowing_limit_percent: 50}]"
	sc := text(t, fmt.Sprintf(surge, "apf", levels))
	first := run(t, sc, launch.Options{Seed: 3}) // both identities are checked there
	assert.Equal(t, hash(t, first), hash(t, run(t, sc, launch.Options{Seed: 3})))
	r, err := launch.New(sc, launch.Options{Seed: 3})
	require.NoError(t, err)
	require.NoError(t, r.StepUntil(6*sim.Minute))
	change, err := scenario.NewChange("pools.images.queue.levels.paid.nominal_concurrency_shares", "90")
	require.NoError(t, err)
	require.NoError(t, r.Apply(scenario.Changes{change}))
	res, err := r.Result()
	require.NoError(t, err)
	assert.NotEqual(t, hash(t, first), hash(t, res))
}
