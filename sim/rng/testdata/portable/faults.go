// Package portable holds code with and without the faults that the check of
// portable_test.go looks for.
package portable

import (
	"math"
	_ "math/rand/v2" // fault
	"time"
)

type level struct{ value, rate float64 }

func direct(x, y, z float64) float64           { return x*y + z }          // fault
func negated(x, y, z float64) float64          { return z - -(x * y) }     // fault
func rounded(x, y, z float64) float64          { return float64(x*y) + z } // right
func divided(x, y, z float64) float64          { return x*y/z + z }        // right: the division rounds
func compared(x, y, z float64) bool            { return x*y < z }          // right
func whole(x, y, z int) int                    { return x*y + z }          // right
func constant(z float64) float64               { return 2*math.Pi + z }    // right
func single(x, y, z float32) float32           { return x*y + z }          // fault
func generic[F float32 | float64](x, y, z F) F { return x*y + z }          // fault

func compound(x, y, z float64) float64 {
	z += x * y // fault
	z -= float64(x * y)
	return z
}

func throughAVariable(x, y, z float64) float64 {
	product := x * y
	again := product
	return again + z // fault
}

func throughAnAssignment(x, y, z float64) float64 {
	x *= y
	return x + z // fault
}

func (l *level) throughAField(x, y float64) float64 {
	l.value = x * y
	return l.value + l.rate // fault
}

func square(x float64) float64               { return x * x }
func addOne(x float64) float64               { return x + 1 }         // fault
func throughAResult(x float64) float64       { return square(x) - 1 } // fault
func throughAParameter(x, y float64) float64 { return addOne(x * y) }

func functions(x float64) float64 {
	if math.IsNaN(x) || math.Sqrt(x) > math.Floor(x) {
		return math.Abs(x)
	}
	return math.Exp(x) // fault
}

func log() func(float64) float64 { return math.Log } // fault

func clock() time.Duration {
	t := time.Now()         // fault
	time.Sleep(time.Second) // fault
	go clock()              // fault
	return time.Since(t)    // fault
}
