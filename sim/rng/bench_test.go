package rng

import "testing"

var sink float64

func BenchmarkFunctions(b *testing.B) {
	var xs [1024]float64
	src := NewSource(1, 0, "benchmark")
	for i := range xs {
		xs[i] = src.Float64()
	}
	for _, f := range []struct {
		name string
		f    func(float64) float64
	}{
		{"Exp", Exp}, {"Log", Log}, {"Pow", func(x float64) float64 { return Pow(x, 1.7) }},
		{"NormalCDF", NormalCDF}, {"NormalQuantile", NormalQuantile},
	} {
		b.Run(f.name, func(b *testing.B) {
			for i := range b.N {
				sink += f.f(xs[i&1023])
			}
		})
	}
}

func BenchmarkSource(b *testing.B) {
	src := NewSource(1, 0, "benchmark")
	b.Run("Float64", func(b *testing.B) {
		for range b.N {
			sink += src.Float64()
		}
	})
	b.Run("Exp", func(b *testing.B) {
		for range b.N {
			sink += src.Exp()
		}
	})
	b.Run("Normal", func(b *testing.B) {
		for range b.N {
			sink += src.Normal()
		}
	})
}

func BenchmarkKeyedExponential(b *testing.B) {
	stream := StreamKey(1, 0, "benchmark")
	for i := range b.N {
		s := stream.Child(uint64(i)).Draw(luck)
		sink += s.Exp()
	}
}

func BenchmarkSample(b *testing.B) {
	src := NewSource(1, 0, "benchmark")
	for _, c := range everyDist() {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				sink += c.dist.Sample(&src)
			}
		})
	}
}
