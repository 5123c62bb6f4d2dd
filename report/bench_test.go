package report

import "testing"

func BenchmarkPictures(b *testing.B) {
	r := launchRun(2600)
	b.ResetTimer()
	for b.Loop() {
		for _, p := range pictures(r) {
			if _, err := p.PNG(); err != nil {
				b.Fatal(err)
			}
			if _, err := p.SVG(); err != nil {
				b.Fatal(err)
			}
		}
	}
}
