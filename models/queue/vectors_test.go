package queue_test

import (
	"encoding/csv"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/queue"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A call is one row of a vector, by column.
type call map[string]string

func (c call) int(column string) int {
	n, err := strconv.ParseInt(c[column], 10, 64)
	if err != nil {
		return 0
	}
	return int(n)
}

func vector(t *testing.T, name string) []call {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	require.NoError(t, err)
	defer f.Close()
	r := csv.NewReader(f)
	r.Comment = '#'
	rows, err := r.ReadAll()
	require.NoError(t, err)
	var calls []call
	for _, row := range rows[1:] {
		c := call{}
		for i, column := range rows[0] {
			c[column] = row[i]
		}
		calls = append(calls, c)
	}
	return calls
}

// level is a queue of apf with the constants of Kubernetes. A request of nobody is a
// flow of its own, whose hash is that of the request.
func level(t *testing.T, queues, hand, length, seats int, width func(*models.Attempt) int) *queue.Queue {
	q, err := queue.New(queue.Spec{Discipline: "apf", Preset: "source", Flow: "user", Queues: queues, HandSize: hand, QueueLengthLimit: length},
		queue.Env{Seats: func() int { return seats }, Width: width})
	require.NoError(t, err)
	return q
}

func ofFlow(t *testing.T, c call) models.Attempt {
	hash, err := strconv.ParseUint(c["hash"], 10, 64)
	require.NoError(t, err)
	return models.Attempt{User: models.Anonymous, Request: rng.Key(hash)}
}

// While no seat is free each request of a flow joins the next queue of its hand: the
// scan begins there, and the queues that the others joined hold more work.
func TestHandsAreDealtAsKubernetesDealsThem(t *testing.T) {
	for name, d := range map[string][2]int{"apf_shuffle_64_8.csv": {64, 8}, "apf_shuffle_128_6.csv": {128, 6}} {
		q := level(t, d[0], d[1], 50, 0, nil)
		for _, c := range vector(t, name) {
			hand := make([]models.Attempt, d[1])
			var words []string
			for i := range hand {
				hand[i] = ofFlow(t, c)
				dropped, _ := q.Push(0, models.Slot(i), &hand[i])
				require.Equal(t, models.None, dropped)
				card, _ := queue.FairQueueOf(q, &hand[i])
				words = append(words, strconv.Itoa(card))
			}
			require.Equal(t, c["hand"], strings.Join(words, ";"), "%s row %s", name, c["i"])
			for i := range hand {
				q.Leave(0, models.Slot(i), &hand[i])
			}
		}
	}
}

// The requests of a file come to the queue at their times, wait, give up and are
// served as the file says; what the queue decides must be what Kubernetes decided.
func TestFairQueuesDecideAsKubernetesDoes(t *testing.T) {
	for name, p := range map[string][4]int{"apf_dispatch_a.csv": {64, 8, 50, 10}, "apf_dispatch_b.csv": {8, 3, 4, 4}, "apf_dispatch_c.csv": {1, 1, 30, 3}} {
		t.Run(name, func(t *testing.T) {
			k := sim.NewKernel()
			w := &pool{t: t, k: k, calls: vector(t, name)}
			w.attempts, w.state = make([]models.Attempt, len(w.calls)), make([]string, len(w.calls))
			for i, c := range w.calls {
				require.Equal(t, 0, c.int("final_seats"), "what lingers after its service has no like here")
				w.attempts[i] = ofFlow(t, c)
			}
			w.q = level(t, p[0], p[1], p[2], p[3], func(a *models.Attempt) int {
				for i := range w.attempts {
					if a == &w.attempts[i] {
						return w.calls[i].int("seats")
					}
				}
				panic("an attempt that is not of the file")
			})
			w.id = k.Register("pool", w)
			for i, c := range w.calls {
				k.At(sim.Time(c.int("arrival_ns")), sim.Event{Actor: w.id, Kind: comes, Arg: uint32(i)})
			}
			k.RunUntil(sim.Never)
			for i, c := range w.calls {
				require.Equal(t, c["outcome"], w.state[i], "row %d", i)
				if c["outcome"] == "run" {
					require.Equal(t, c.int("dispatch_ns"), int(w.attempts[i].Started), "row %d", i)
				}
			}
		})
	}
}

const (
	comes uint8 = iota
	givesUp
	ends
)

// A pool plays the requests of a vector before a queue, as a run does: the slot of an
// attempt is its row.
type pool struct {
	t        *testing.T
	k        *sim.Kernel
	id       sim.ActorID
	q        *queue.Queue
	calls    []call
	attempts []models.Attempt
	state    []string
}

func (w *pool) Describe(sim.Event) string { return "" }

func (w *pool) Handle(now sim.Time, ev sim.Event) {
	i := int(ev.Arg)
	c, a := w.calls[i], &w.attempts[i]
	at := func(after int, kind uint8, i int) {
		w.k.At(now+sim.Time(after), sim.Event{Actor: w.id, Kind: kind, Arg: uint32(i)})
	}
	switch ev.Kind {
	case comes:
		if dropped, cause := w.q.Push(now, models.Slot(i), a); dropped != models.None {
			require.Equal(w.t, models.Slot(i), dropped)
			require.Equal(w.t, queue.QueueFull, cause)
			w.state[i] = "reject"
			return
		}
		w.state[i] = "waits"
		n, arrival := queue.FairQueueOf(w.q, a)
		require.Equal(w.t, c["queue"], strconv.Itoa(n), "row %d", i)
		require.Equal(w.t, c.int("arrival_r"), int(arrival), "row %d", i)
		if c.int("max_wait_ns") > 0 {
			at(c.int("max_wait_ns"), givesUp, i)
		}
	case givesUp:
		if w.state[i] == "waits" {
			w.state[i] = "timeout"
			w.q.Leave(now, models.Slot(i), a)
		}
		return
	case ends:
		w.state[i] = "run"
		w.q.Ended(now, models.Slot(i), a, now-a.Started)
	}
	for e, ok := w.q.Pop(now); ok; e, ok = w.q.Pop(now) {
		if e.Slot == models.None {
			continue
		}
		require.Equal(w.t, "waits", w.state[e.Slot])
		w.state[e.Slot], w.attempts[e.Slot].Started = "runs", now
		at(w.calls[e.Slot].int("service_ns"), ends, int(e.Slot))
	}
}

// A token is a second of service here, and the service that a gateway predicts is the
// tokens of the input, so that the rest is charged as it is made. The batch that the
// file's engine could take is no part of the queue: it is written here as in the
// original (LightLLM's estimate of memory).
func TestVTCServesAndCountsAsTheAuthorsDo(t *testing.T) {
	type setup struct {
		users        []string
		weights      []float64
		total, batch int
		most         int
	}
	for name, p := range map[string]setup{
		"vtc_a.csv": {[]string{"u0", "u1", "u2"}, []float64{1, 1, 1}, 400, 200, 8},
		"vtc_b.csv": {[]string{"free", "paid", "late"}, []float64{1, 3, 2}, 300, 120, 6},
	} {
		t.Run(name, func(t *testing.T) {
			rows := vector(t, name)
			var requests []call // by id, which is the slot
			for _, c := range rows {
				if c["op"] == "append" {
					require.Equal(t, len(requests), c.int("id"))
					requests = append(requests, c)
				}
			}
			attempts, made := make([]models.Attempt, len(requests)), make([]int, len(requests))
			spec := queue.Spec{Discipline: "vtc", Flow: "tier"}
			for i, u := range p.users {
				spec.Tiers = append(spec.Tiers, queue.TierSpec{Name: u, Weight: p.weights[i]})
			}
			q, err := queue.New(spec, queue.Env{Tiers: p.users, Cost: func(a *models.Attempt) sim.Time {
				return sim.Time(requests[a.Request].int("input_len")) * sim.Second
			}})
			require.NoError(t, err)
			had := func(id models.Slot) sim.Time {
				return sim.Time(requests[id].int("input_len")+2*made[id]) * sim.Second
			}
			var batch []models.Slot
			for _, c := range rows {
				switch c["op"] {
				case "append":
					id := models.Slot(c.int("id"))
					attempts[id] = models.Attempt{Request: rng.Key(id), Tier: models.Tier(slices.Index(p.users, c["user"]))}
					dropped, _ := q.Push(0, id, &attempts[id])
					require.Equal(t, models.None, dropped)
				case "batch":
					var admitted []string
					tokens := 0
					all := slices.Clone(batch)
					for len(batch) < p.most {
						id := queue.NextOf(q)
						if id == models.None {
							break
						}
						all = append(all, id)
						input := requests[id].int("input_len")
						memory := need(len(all), func(i int) (has, left int) {
							r, n := requests[all[i]], made[all[i]]
							if i >= len(batch) {
								n = 1
							}
							has, left = r.int("input_len")+n, r.int("max_output_len")-n
							if i < len(batch) {
								left--
							}
							return has, left
						})
						if memory >= p.total || len(all) > p.most || tokens+input > p.batch {
							all = all[:len(all)-1]
							break
						}
						tokens += input
						e, ok := q.Pop(0)
						require.True(t, ok)
						require.Equal(t, id, e.Slot)
						admitted = append(admitted, requests[id]["id"])
					}
					batch = all
					require.Equal(t, c["admitted"], strings.Join(admitted, ";"), "row %s", c["i"])
				case "step":
					var finished []string
					var left []models.Slot
					for _, id := range batch {
						made[id]++
						queue.ServedOf(q, &attempts[id], had(id))
						if made[id] < requests[id].int("output_len") {
							left = append(left, id)
							continue
						}
						finished = append(finished, requests[id]["id"])
						q.Ended(0, id, &attempts[id], had(id))
					}
					batch = left
					require.Equal(t, c["finished"], strings.Join(finished, ";"), "row %s", c["i"])
				}
				if c["counters"] == "" {
					continue // nobody has come yet
				}
				for _, pair := range strings.Split(c["counters"], ";") {
					user, value, _ := strings.Cut(pair, ":")
					want, err := strconv.ParseFloat(value, 64)
					require.NoError(t, err)
					require.InDelta(t, want, queue.CounterOf(q, slices.Index(p.users, user)), 1e-9*max(1, want), "row %s, %s", c["i"], user)
				}
			}
		})
	}
}

// need is the most tokens that the requests will hold at a time.
func need(n int, at func(i int) (has, left int)) int {
	type pair struct{ has, left int }
	var list []pair
	for i := range n {
		has, left := at(i)
		j := len(list)
		list = append(list, pair{})
		for ; j > 0 && list[j-1].left < left; j-- {
			list[j] = list[j-1]
		}
		list[j] = pair{has, left}
	}
	most, held := 0, 0
	for i, p := range list {
		held += p.has
		most = max(most, p.left*(i+1)+held)
	}
	return most
}
