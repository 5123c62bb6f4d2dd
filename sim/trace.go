package sim

import (
	"fmt"
	"io"
)

// Trace writes a line to w for each event of k from now on: the time, the
// actor and what happens to it. Errors of w are lost; a caller that cares
// writes to a bufio.Writer and looks at what Flush returns.
func Trace(w io.Writer, k *Kernel) {
	k.Observe(func(now Time, ev Event) {
		fmt.Fprintf(w, "%14v  %s\n", now, k.Describe(ev))
	})
}
