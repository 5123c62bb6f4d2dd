package study

// A wideLength is how long each replication of a case is, in seconds.
type wideLength struct {
	run  float64
	reps int  // 0: as many as in the narrow table
	slow bool // only in the full proof
}

// wideLengths were fixed beforehand from a pilot, as theoryLengths.
var wideLengths = map[string]wideLength{}
