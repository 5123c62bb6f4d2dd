package queue_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/queue"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

func TestAnUnknownDisciplineIsRefusedByName(t *testing.T) {
	_, err := queue.New(queue.Spec{Discipline: "fcfs"}, queue.Env{})
	assert.ErrorContains(t, err, `discipline is "fcfs", it must be one of [fifo lifo random`)
}

// naive is the textbook: a list of who waits, searched from end to end.
type naive struct {
	discipline string
	list       []member
}

type member struct {
	slot     models.Slot
	priority uint8
	service  sim.Time
	arrived  sim.Time
	ghost    bool
}

func (n *naive) pop() (member, bool) {
	if len(n.list) == 0 {
		return member{}, false
	}
	best := 0
	for i, m := range n.list {
		switch n.discipline {
		case "lifo":
			best = len(n.list) - 1
		case "priority", "priority-preemptive":
			if m.priority < n.list[best].priority {
				best = i
			}
		case "sjf", "srpt":
			if m.service < n.list[best].service {
				best = i
			}
		case "edf": // a minute more for each tier
			if m.arrived+sim.Time(m.priority)*sim.Minute < n.list[best].arrived+sim.Time(n.list[best].priority)*sim.Minute {
				best = i
			}
		}
	}
	m := n.list[best]
	n.list = append(n.list[:best:best], n.list[best+1:]...)
	return m, true
}

func TestEveryDisciplineServesAsTheTextbookDoesThroughLeavingAndChangesOfDiscipline(t *testing.T) {
	disciplines := []string{"fifo", "lifo", "priority", "priority-preemptive", "sjf", "srpt", "edf", "processor-sharing"}
	spec := func(discipline string) queue.Spec {
		return queue.Spec{Discipline: discipline, Deadline: 1, Tiers: []queue.TierSpec{
			{Name: "b", Deadline: unit.Duration(sim.Minute + 1)}, {Name: "c", Deadline: unit.Duration(2*sim.Minute + 1)}, {Name: "d", Deadline: unit.Duration(3*sim.Minute + 1)}}}
	}
	rapid.Check(t, func(t *rapid.T) {
		ref := naive{discipline: rapid.SampledFrom(disciplines).Draw(t, "discipline")}
		q, err := queue.New(spec(ref.discipline), queue.Env{Tiers: []string{"a", "b", "c", "d"}})
		require.NoError(t, err)
		attempts := map[models.Slot]*models.Attempt{}
		waiting := 0
		for step := range rapid.IntRange(1, 200).Draw(t, "steps") {
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0, 1, 2, 3, 4:
				slot := models.Slot(step)
				priority := rapid.IntRange(0, 3).Draw(t, "priority")
				at := sim.Time(step) * 20 * sim.Second
				a := &models.Attempt{Admitted: at, Arrived: at, Priority: uint8(priority), Tier: models.Tier(priority), Service: sim.Time(rapid.IntRange(1, 1000).Draw(t, "service"))*1000 + sim.Time(step)}
				attempts[slot] = a
				dropped, _ := q.Push(at, slot, a)
				require.Equal(t, models.None, dropped)
				ref.list = append(ref.list, member{slot: slot, priority: a.Priority, service: a.Service, arrived: at})
				waiting++
			case 5, 6:
				live := []int{}
				for i, m := range ref.list {
					if !m.ghost {
						live = append(live, i)
					}
				}
				if len(live) > 0 {
					i := rapid.SampledFrom(live).Draw(t, "who leaves")
					q.Leave(0, ref.list[i].slot, attempts[ref.list[i].slot])
					ref.list[i].ghost = true
					waiting--
				}
			case 7, 8:
				want, some := ref.pop()
				got, ok := q.Pop(0)
				require.Equal(t, some, ok)
				if some {
					if want.ghost {
						require.Equal(t, models.None, got.Slot)
					} else {
						require.Equal(t, want.slot, got.Slot)
						waiting--
					}
					require.Equal(t, attempts[want.slot].Admitted, got.Joined)
				}
			case 9:
				to := rapid.SampledFrom(disciplines).Draw(t, "new discipline")
				if to != ref.discipline && (to == "sjf" || to == "srpt") {
					continue // a ghost's size is not kept
				}
				ref.discipline = to
				require.NoError(t, q.Reconfigure(0, spec(to), func(s models.Slot) *models.Attempt { return attempts[s] }))
			}
			require.Equal(t, waiting, q.Len())
		}
	})
}

// env is that of a pool with two tiers whose attempts take a second on average, on
// two servers.
func env() queue.Env {
	return queue.Env{Pool: "images", Seed: 1, Tiers: []string{"plus", "free"},
		Cost:  func(*models.Attempt) sim.Time { return sim.Second },
		Seats: func() int { return 2 }}
}

// of is a Spec with the defaults of a scenario file.
func of(discipline string) queue.Spec {
	return queue.Spec{Discipline: discipline, Drop: "tail", Preset: "inference", Flow: "user", Tenants: 64, Queues: 64, HandSize: 8, QueueLengthLimit: 50, Deadline: unit.Duration(sim.Minute)}
}

func build(t testing.TB, spec queue.Spec) *queue.Queue {
	t.Helper()
	q, err := queue.New(spec, env())
	require.NoError(t, err)
	return q
}

func TestAQueueAllocatesNothingOnceItHasGrown(t *testing.T) {
	for _, k := range queue.Disciplines {
		for _, drop := range []string{"tail", "head", "lowest"} {
			spec := of(k.Name)
			spec.Limit, spec.Drop = 120, drop
			q := build(t, spec)
			table := make([]models.Attempt, 200)
			round := func() { cycle(q, table, 150) }
			round()
			round()
			assert.Zero(t, testing.AllocsPerRun(100, round), "%s %s", k.Name, drop)
		}
	}
}

// cycle lets n attempts come, more than there is room for, and takes them.
func cycle(q *queue.Queue, table []models.Attempt, n int) {
	now := sim.Time(0)
	for i := range n {
		slot := models.Slot(i)
		a := &table[i]
		*a = models.Attempt{User: models.User(i % 7), Tier: models.Tier(i % 2), Priority: uint8(i % 2), Arrived: now, Service: sim.Time(i*7919%1000) * sim.Millisecond}
		q.Push(now, slot, a)
	}
	for e, ok := q.Pop(now); ok; e, ok = q.Pop(now) {
		if e.Slot != models.None {
			q.Ended(now, e.Slot, &table[e.Slot], sim.Second)
		}
	}
}

// Everyone who joins is taken, refused or leaves, and a queue that is emptied is
// empty, whatever the discipline and whom it drops.
func TestNobodyIsLostInAnyDiscipline(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := of(rapid.SampledFrom(queue.Disciplines).Draw(t, "discipline").Name)
		spec.Limit = unit.Count(rapid.IntRange(0, 12).Draw(t, "limit"))
		spec.Drop = rapid.SampledFrom([]string{"tail", "head", "lowest"}).Draw(t, "drop")
		spec.Flow = rapid.SampledFrom([]string{"tier", "user"}).Draw(t, "flow")
		spec.QueueLengthLimit = 3
		q, err := queue.New(spec, env())
		require.NoError(t, err)
		attempts := map[models.Slot]*models.Attempt{}
		where := map[models.Slot]string{}
		waiting := func() (list []models.Slot) {
			for s := range models.Slot(len(attempts)) {
				if where[s] == "waits" {
					list = append(list, s)
				}
			}
			return list
		}
		joined, ghosts, serving := 0, 0, []models.Slot{}
		for step := range rapid.IntRange(1, 120).Draw(t, "steps") {
			now := sim.Time(step+1) * sim.Second
			switch rapid.IntRange(0, 9).Draw(t, "what") {
			case 0, 1, 2, 3, 4:
				slot := models.Slot(joined)
				joined++
				tier := rapid.IntRange(0, 1).Draw(t, "tier")
				a := &models.Attempt{Arrived: now, User: models.User(rapid.IntRange(-1, 5).Draw(t, "user")), Tier: models.Tier(tier), Priority: uint8(tier), Service: sim.Time(rapid.IntRange(1, 9).Draw(t, "service")) * sim.Second}
				attempts[slot] = a
				where[slot] = "waits"
				dropped, cause := q.Push(now, slot, a)
				if dropped != models.None {
					require.Equal(t, "waits", where[dropped])
					require.Contains(t, spec.Causes(), cause)
					where[dropped] = "dropped"
					if dropped != slot {
						ghosts++
					}
				}
			case 5, 6:
				if list := waiting(); len(list) > 0 {
					s := rapid.SampledFrom(list).Draw(t, "who leaves")
					q.Leave(now, s, attempts[s])
					where[s] = "left"
					ghosts++
				}
			case 7, 8:
				e, ok := q.Pop(now)
				switch {
				case !ok:
				case e.Slot == models.None:
					ghosts--
				default:
					require.Equal(t, "waits", where[e.Slot])
					where[e.Slot] = "served"
					attempts[e.Slot].Started = now
					serving = append(serving, e.Slot)
				}
			case 9:
				if len(serving) > 0 {
					s := serving[0]
					serving = serving[1:]
					q.Ended(now, s, attempts[s], 2*sim.Second)
				}
			}
			require.Len(t, waiting(), q.Len())
		}
		for _, s := range serving {
			q.Ended(200*sim.Second, s, attempts[s], sim.Second)
		}
		for {
			e, ok := q.Pop(201 * sim.Second)
			if !ok {
				break
			}
			if e.Slot == models.None {
				ghosts--
				continue
			}
			require.Equal(t, "waits", where[e.Slot])
			where[e.Slot] = "served"
			q.Ended(201*sim.Second, e.Slot, attempts[e.Slot], sim.Second)
		}
		assert.Empty(t, waiting())
		assert.Zero(t, q.Len())
		assert.Zero(t, ghosts, "a ghost that never had its turn")
	})
}

// BenchmarkTurn is a join and a taking with a hundred waiting.
func BenchmarkTurn(b *testing.B) {
	for _, k := range queue.Disciplines {
		b.Run(k.Name, func(b *testing.B) {
			q := build(b, of(k.Name))
			table := make([]models.Attempt, 128)
			cycle(q, table, 100)
			for i := range models.Slot(100) {
				q.Push(0, i, &table[i])
			}
			b.ReportAllocs()
			for b.Loop() {
				e, _ := q.Pop(0)
				q.Ended(0, e.Slot, &table[e.Slot], sim.Second)
				q.Push(0, e.Slot, &table[e.Slot])
			}
		})
	}
}
