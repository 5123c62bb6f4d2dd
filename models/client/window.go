package client

import "github.com/launchday-sim/launchday/sim"

// A window keeps two sums a process over the latest slices of time. Slices are
// aligned to time 0; all processes lie in flat arrays.
type window struct {
	slice  sim.Time
	n      int // slices
	heads  []int64
	sums   [][2]int64
	slices [][2]int64 // process * n + number of the slice modulo n
}

func newWindow(span sim.Time, slices int) window {
	w := window{slice: max(1, span/sim.Time(slices)), n: slices}
	w.resize(1)
	return w
}

// resize sets the number of processes.
func (w *window) resize(processes int) {
	w.heads = resized(w.heads, processes)
	w.sums = resized(w.sums, processes)
	w.slices = resized(w.slices, processes*w.n)
}

// resized returns the list with n entries: cut, or made longer by zeros.
func resized[T any](list []T, n int) []T {
	if n <= len(list) {
		return list[:n:n]
	}
	return append(list, make([]T, n-len(list))...)
}

// span changes the length of the window; what is in it counts as of now.
func (w *window) setSpan(span sim.Time, slices int) {
	next := newWindow(span, slices)
	if next.slice == w.slice && next.n == w.n {
		return
	}
	next.resize(len(w.heads))
	for p := range w.heads {
		next.heads[p] = int64(sim.Time(w.heads[p]+1) * w.slice / next.slice)
		next.sums[p] = w.sums[p]
		next.slices[p*next.n+int(next.heads[p]%int64(next.n))] = w.sums[p]
	}
	*w = next
}

// expire drops the slices of process p that lie behind the window.
func (w *window) expire(now sim.Time, p int) {
	w.advance(int64(now/w.slice), p)
}

// advance makes slice number to the newest of process p.
func (w *window) advance(to int64, p int) {
	head := w.heads[p]
	if to <= head {
		return
	}
	for i := range min(int64(w.n), to-head) {
		s := &w.slices[p*w.n+int((head+i+1)%int64(w.n))]
		w.sums[p][0] -= s[0]
		w.sums[p][1] -= s[1]
		*s = [2]int64{}
	}
	w.heads[p] = to
}

// add adds to sum k of the newest slice of process p.
func (w *window) add(p, k int, x int64) {
	w.slices[p*w.n+int(w.heads[p]%int64(w.n))][k] += x
	w.sums[p][k] += x
}

// clear empties the window of process p.
func (w *window) clear(p int) {
	clear(w.slices[p*w.n : (p+1)*w.n])
	w.sums[p] = [2]int64{}
}
