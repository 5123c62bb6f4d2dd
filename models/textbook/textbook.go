// Package textbook holds the closed forms of queueing theory that the
// simulator is tested against.
//
// A model is a small value: its fields are the parameters, with their valid
// range in the comment, its methods the figures. Rates are per second, times in
// seconds; a wait is the time before service and a sojourn the time to its end.
// Means are of the steady state. Where none exists, because more work arrives
// than can be done, waits and queues are +Inf.
//
//	q := textbook.MMc{Lambda: 980, Mu: 1, Servers: 1000}
//	q.ProbWait()           // Erlang C: 0.412
//	q.WaitQuantile(0.99)   // 0.186 s
//
//	a := textbook.ErlangA{Lambda: 120, Mu: 1, PatienceRate: 1, Servers: 100}
//	a.ProbAbandon()        // 0.168
//
// Everything is computed by recursions of positive terms or from such, so that
// a thousand servers cost no digits.
package textbook
