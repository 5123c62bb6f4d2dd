package queue_test

import (
	"encoding/csv"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/queue"
	"github.com/launchday-sim/launchday/sim"
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

func TestHandsAreDealtAsKubernetesDealsThem(t *testing.T) {
	for name, d := range map[string][2]int{"apf_shuffle_64_8.csv": {64, 8}, "apf_shuffle_128_6.csv": {128, 6}} {
		dealer := queue.NewDealer(d[0], d[1])
		for _, c := range vector(t, name) {
			hash, err := strconv.ParseUint(c["hash"], 10, 64)
			require.NoError(t, err)
			hand := dealer.Deal(hash)
			var words []string
			for _, card := range hand[:d[1]] {
				words = append(words, strconv.Itoa(card))
			}
			require.Equal(t, c["hand"], strings.Join(words, ";"), "%s row %s", name, c["i"])
		}
	}
}

// The requests of a file come to the queues at their times, wait, give up, are
// served and keep their seats as the file says; what the queues decide must be what
// Kubernetes decided.
func TestFairQueuesDecideAsKubernetesDoes(t *testing.T) {
	for name, p := range map[string][4]int{"apf_dispatch_a.csv": {64, 8, 50, 10}, "apf_dispatch_b.csv": {8, 3, 4, 4}, "apf_dispatch_c.csv": {1, 1, 30, 3}} {
		t.Run(name, func(t *testing.T) {
			calls := vector(t, name)
			f := queue.NewFairQueues(p[0], p[1], p[2], p[3])
			k := sim.NewKernel()
			w := &level{t: t, k: k, f: f, calls: calls, state: make([]string, len(calls)), place: make([]int32, len(calls)), dispatched: make([]sim.Time, len(calls))}
			id := k.Register("level", w)
			w.id = id
			for i, c := range calls {
				k.At(sim.Time(c.int("arrival_ns")), sim.Event{Actor: id, Kind: comes, Arg: uint32(i)})
			}
			k.RunUntil(sim.Never)
			for i, c := range calls {
				require.Equal(t, c["outcome"], w.state[i], "row %d", i)
				if c["outcome"] == "run" {
					require.Equal(t, c.int("dispatch_ns"), int(w.dispatched[i]), "row %d", i)
				}
			}
		})
	}
}

const (
	comes uint8 = iota
	givesUp
	ends
	releases
)

// A level plays the requests of a vector.
type level struct {
	t          *testing.T
	k          *sim.Kernel
	id         sim.ActorID
	f          *queue.FairQueues
	calls      []call
	state      []string
	place      []int32
	dispatched []sim.Time
}

func (w *level) Describe(sim.Event) string { return "" }

func (w *level) Handle(now sim.Time, ev sim.Event) {
	i := int(ev.Arg)
	c := w.calls[i]
	at := func(after int, kind uint8, i int) {
		w.k.At(now+sim.Time(after), sim.Event{Actor: w.id, Kind: kind, Arg: uint32(i)})
	}
	switch ev.Kind {
	case comes:
		hash, err := strconv.ParseUint(c["hash"], 10, 64)
		require.NoError(w.t, err)
		place, ok := w.f.Join(now, queue.Seated{Hash: hash, Seats: c.int("seats"), Assumed: 3 * sim.Millisecond, Final: c.int("final_seats"), Extra: sim.Time(c.int("add_latency_ns"))})
		if !ok {
			w.state[i] = "reject"
			return
		}
		w.place[i], w.state[i] = place, "waits"
		n, arrival := w.f.Queue(place)
		require.Equal(w.t, c["queue"], strconv.Itoa(n), "row %d", i)
		require.Equal(w.t, c.int("arrival_r"), int(arrival), "row %d", i)
		if c.int("max_wait_ns") > 0 {
			at(c.int("max_wait_ns"), givesUp, i)
		}
	case givesUp:
		if w.state[i] == "waits" {
			w.state[i] = "timeout"
			w.f.Leave(now, w.place[i])
		}
		return
	case ends:
		w.state[i] = "run"
		if extra := w.f.Finish(now, w.place[i], now-w.dispatched[i]); extra > 0 {
			at(int(extra), releases, i)
		} else {
			w.f.Release(now, w.place[i])
		}
	case releases:
		w.f.Release(now, w.place[i])
	}
	for {
		place, ok := w.f.Dispatch(now)
		if !ok {
			return
		}
		for j := range w.calls {
			if w.state[j] == "waits" && w.place[j] == place {
				w.state[j], w.dispatched[j] = "runs", now
				at(w.calls[j].int("service_ns"), ends, j)
			}
		}
	}
}

// The batch that a file's engine could take is not part of the counter: it is
// written here as in the original (LightLLM's estimate of memory).
func TestCountersAreThoseOfTheAuthorsOfVTC(t *testing.T) {
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
			v := queue.NewVTC(len(p.users))
			waits := make([][]call, len(p.users))
			known := []int{}
			user := func(c call) int {
				for i, u := range p.users {
					if u == c["user"] {
						return i
					}
				}
				t.Fatal(c["user"])
				return 0
			}
			type running struct {
				c    call
				made int
			}
			var batch []running
			for _, c := range vector(t, name) {
				switch c["op"] {
				case "append":
					u := user(c)
					if len(known) == 0 || !contains(known, u) {
						known = append(known, u)
					}
					waits[u] = append(waits[u], c)
					v.Join(u)
				case "batch":
					var admitted []string
					if len(batch) < p.most {
						tokens := 0
						all := append([]running(nil), batch...)
						for {
							u, ok := v.Least()
							if !ok {
								break
							}
							r := waits[u][0]
							all = append(all, running{r, 0})
							memory := need(len(all), func(i int) (has, left int) {
								x := all[i]
								if i >= len(batch) {
									return x.c.int("input_len") + 1, x.c.int("max_output_len") - 1
								}
								return x.c.int("input_len") + x.made, x.c.int("max_output_len") - x.made - 1
							})
							if memory >= p.total || len(all) > p.most || tokens+r.int("input_len") > p.batch {
								break
							}
							tokens += r.int("input_len")
							admitted = append(admitted, r["id"])
							waits[u] = waits[u][1:]
							v.Take(u)
							v.Charge(u, float64(r.int("input_len"))*1/p.weights[u])
						}
						batch = append(batch, all[len(batch):len(batch)+len(admitted)]...)
					}
					require.Equal(t, c["admitted"], strings.Join(admitted, ";"), "row %s", c["i"])
				case "step":
					var finished []string
					left := batch[:0]
					for _, r := range batch {
						u := user(r.c)
						v.Charge(u, 2/p.weights[u])
						r.made++
						if r.made >= r.c.int("output_len") {
							finished = append(finished, r.c["id"])
						} else {
							left = append(left, r)
						}
					}
					batch = left
					require.Equal(t, c["finished"], strings.Join(finished, ";"), "row %s", c["i"])
				}
				if c["counters"] == "" {
					continue // nobody has come yet
				}
				for i, pair := range strings.Split(c["counters"], ";") {
					name, value, _ := strings.Cut(pair, ":")
					want, err := strconv.ParseFloat(value, 64)
					require.NoError(t, err)
					require.Equal(t, name, p.users[known[i]])
					require.InDelta(t, want, v.Counter(known[i]), 1e-9*max(1, want), "row %s, %s", c["i"], name)
				}
			}
		})
	}
}

func contains(list []int, x int) bool {
	for _, y := range list {
		if x == y {
			return true
		}
	}
	return false
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

func ExampleDealer() {
	d := queue.NewDealer(64, 8)
	fmt.Println(d.Deal(10384710597468210247))
	// Output: [7 28 50 55 49 40 52 43 0 0 0 0 0 0 0]
}
