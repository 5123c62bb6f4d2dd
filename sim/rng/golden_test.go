package rng

import (
	_ "embed"
	"encoding/binary"
	"flag"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write testdata/golden.txt anew")

//go:embed testdata/golden.txt
var goldenFile string

// TestTheBitsAreTheSameEverywhere compares a hash of 100,000 outputs of each
// function and each sampler with testdata/golden.txt. Run it for every platform
// that must agree (CI does; the file is compiled in, so that it needs no folder):
//
//	go test -run Everywhere .
//	GOAMD64=v3 go test -run Everywhere .
//	GOOS=js GOARCH=wasm go test -exec "$(go env GOROOT)/lib/wasm/go_js_wasm_exec" -run Everywhere .
//	GOARCH=arm64 go test -exec qemu-aarch64 -run Everywhere .
//
// A change of these hashes changes every result that anybody has kept.
func TestTheBitsAreTheSameEverywhere(t *testing.T) {
	var out strings.Builder
	for _, g := range goldens() {
		h := fnv.New64a()
		var buf [8]byte
		src := NewSource(2025, 3, g.name)
		for range g.n {
			binary.LittleEndian.PutUint64(buf[:], g.next(&src))
			h.Write(buf[:])
		}
		fmt.Fprintf(&out, "%s %016x\n", g.name, h.Sum64())
	}
	if *update {
		require.NoError(t, os.WriteFile("testdata/golden.txt", []byte(out.String()), 0o666))
		return
	}
	want, got := strings.Split(goldenFile, "\n"), strings.Split(out.String(), "\n")
	if len(want) != len(got) {
		t.Fatalf("testdata/golden.txt has %d lines, %d are wanted: run with -update", len(want), len(got))
	}
	for i := range want {
		if want[i] != got[i] {
			t.Errorf("got %s, want %s", got[i], want[i])
		}
	}
}

type goldenCase struct {
	name string
	n    int
	next func(*Source) uint64
}

func goldens() []goldenCase {
	var list []goldenCase
	add := func(name string, n int, f func(*Source) float64) {
		list = append(list, goldenCase{name, n, func(s *Source) uint64 { return math.Float64bits(f(s)) }})
	}
	signed := func(s *Source, width float64) float64 { return float64((2*s.Float64() - 1) * width) }
	positive := func(s *Source) float64 { return math.Float64frombits(1 + s.IntN(0x7ff<<52-1)) }

	const n = 100000
	add("Exp", n, func(s *Source) float64 { return Exp(signed(s, 760)) })
	add("Exp/small", n, func(s *Source) float64 { return Exp(signed(s, 2)) })
	add("Log", n, func(s *Source) float64 { return Log(positive(s)) })
	add("Log/unit", n, func(s *Source) float64 { return Log(s.Float64()) })
	add("Pow", n, func(s *Source) float64 { x := positive(s); return Pow(x, signed(s, 2)) })
	add("Pow/unit", n, func(s *Source) float64 { x := s.Float64(); return Pow(x, signed(s, 100)) })
	add("NormalCDF", n, func(s *Source) float64 { return NormalCDF(signed(s, 40)) })
	add("NormalCDF/unit", n, func(s *Source) float64 { return NormalCDF(signed(s, 4)) })
	add("NormalQuantile", n, func(s *Source) float64 { return NormalQuantile(s.Float64()) })
	add("NormalQuantile/tail", n, func(s *Source) float64 { return NormalQuantile(Exp(-700 * s.Float64())) })
	add("expm1", n, func(s *Source) float64 { return expm1(signed(s, 3)) })
	add("log1p", n, func(s *Source) float64 { return log1p(signed(s, 1)) })
	add("logGamma", n, func(s *Source) float64 { return logGamma(30 * s.Float64()) })
	add("gammaCDF", n, func(s *Source) float64 { a := 30 * s.Float64(); return gammaCDF(a, 40*s.Float64()) })
	add("Source.Float64", n, (*Source).Float64)
	add("Source.Exp", n, (*Source).Exp)
	add("Source.Normal", n, (*Source).Normal)
	list = append(list,
		goldenCase{"Source.Uint64", n, (*Source).Uint64},
		goldenCase{"Source.IntN", n, func(s *Source) uint64 { return s.IntN(0xc000000000000001) }},
		goldenCase{"Key.Child", n, func(s *Source) uint64 { return uint64(Key(s.Uint64()).Child(7)) }},
		goldenCase{"Key.Draw", n, func(s *Source) uint64 { d := Key(s.Uint64()).Draw(Purpose("test")); return d.Uint64() }},
	)
	for _, c := range everyDist() {
		add(c.name+".Sample", n, c.dist.Sample)
		add(c.name+".CDF", 1000, func(s *Source) float64 { return c.dist.CDF(c.dist.Sample(s)) })
		add(c.name+".Quantile", 200, func(s *Source) float64 { return c.dist.Quantile(s.Float64()) })
		add(c.name+".Mean", 1, func(*Source) float64 { return c.dist.Mean() })
		add(c.name+".Var", 1, func(*Source) float64 { return c.dist.Var() })
	}
	return list
}
