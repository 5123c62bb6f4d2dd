package script

import (
	"fmt"

	"go.starlark.net/starlark"
)

// mostKept is the memory that state and the globals of a script may hold, in bytes as
// counted here.
const mostKept = 64 << 20

// What a value costs beside its bytes, about: an interface and what it points to, and
// a place in a hash table.
const (
	bytesOfValue = 16
	bytesOfEntry = 64
)

// A keeper counts what a script keeps between its calls. To count after each call
// would cost more than most calls. It counts again after one call for each two
// values and eight at least, which costs a call some tens of nanoseconds; and sooner
// where what is kept has grown, after half of the calls in which it would be an
// eighth above the limit.
//
// What a call makes and drops is not counted: the interpreter bounds it by steps, and
// the repetition of a string or list by 1 GiB. Nor is what hangs on a closure. What
// doubles with every call, or is large and begins to grow after a long rest, is seen
// late.
type keeper struct {
	roots  []starlark.Value
	seen   map[starlark.Value]struct{} // containers: each is counted once
	values int                         // that the last count has come across
	bytes  int                         // that it has added up
	calls  int                         // that are still to pass before the next count
	gap    int                         // calls between the last count and the next
}

// keep sets what is counted: state, and those of the globals that can grow.
func (k *keeper) keep(state *starlark.Dict, globals starlark.StringDict) {
	*k = keeper{roots: []starlark.Value{state}, seen: map[starlark.Value]struct{}{}}
	for _, name := range globals.Keys() {
		switch v := globals[name].(type) {
		case *starlark.Dict, *starlark.List, *starlark.Set, starlark.Tuple:
			k.roots = append(k.roots, v)
		}
	}
}

// tooMuchAtFirst is tooMuch after the top level of the script, whose growth says
// nothing of that of its calls.
func (k *keeper) tooMuchAtFirst() bool {
	over := k.tooMuch()
	k.calls, k.gap = 0, 0
	return over
}

// tooMuch reports whether more is kept than may be, as far as it was counted.
func (k *keeper) tooMuch() bool {
	if k.calls > 0 {
		k.calls--
		return false
	}
	clear(k.seen)
	before := k.bytes
	k.values, k.bytes = 0, 0
	for _, root := range k.roots {
		if !k.count(root) {
			return true
		}
	}
	growth := max(1, (k.bytes-before)/(k.gap+1))
	k.gap = min(max(k.values/2, 8), (mostKept+mostKept/8-k.bytes)/growth/2)
	k.calls = k.gap
	return false
}

// count adds a value and what it holds; false says that it is too much.
func (k *keeper) count(v starlark.Value) bool {
	k.values++
	k.bytes += bytesOfValue
	switch x := v.(type) {
	case starlark.String:
		k.bytes += len(x)
	case starlark.Bytes:
		k.bytes += len(x)
	case starlark.Int:
		if _, small := x.Int64(); !small {
			k.bytes += x.BigInt().BitLen() / 8
		}
	case starlark.Tuple:
		for _, item := range x {
			if !k.count(item) {
				return false
			}
		}
	case *starlark.List:
		if k.again(x) {
			break
		}
		for i := range x.Len() {
			if !k.count(x.Index(i)) {
				return false
			}
		}
	case *starlark.Set:
		if k.again(x) {
			break
		}
		k.bytes += bytesOfEntry * x.Len()
		for item := range x.Elements() {
			if !k.count(item) {
				return false
			}
		}
	case *starlark.Dict:
		if x.Len() == 0 || k.again(x) {
			break
		}
		k.bytes += bytesOfEntry * x.Len()
		for key, item := range x.Entries() {
			if !k.count(key) || !k.count(item) {
				return false
			}
		}
	}
	return k.bytes <= mostKept
}

// again reports whether the container has been counted already.
func (k *keeper) again(v starlark.Value) bool {
	_, seen := k.seen[v]
	k.seen[v] = struct{}{}
	return seen
}

// heavy is what is wrong with a script that keeps too much.
var heavy = &wanted{fmt.Sprintf("state and globals hold more than %d MiB", mostKept>>20), "less to be kept, such as counts in the place of lists, or pop of what is over"}
