package gpu

import (
	"fmt"
	"math"

	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim/rng"
)

// A DegradeSpec is what a pool leaves away of all answers while it has too much to do:
// each is a lever, and each costs quality. Work shrinks in proportion: steps, pixels and
// tokens are what the time of a service is made of. Of nodes that do not batch nothing
// but the service time is known, so that it shrinks by the product of all.
//
// The quality of an answer is the product of share^exponent over what is left away, of
// 1 in full. Nobody has published such a curve for a service of today, so that all
// exponents are assumed: with 0.1 half the steps are 93 % of the quality, and a fifth
// of them 85 %. They are to be replaced by what one has measured.
type DegradeSpec struct {
	Steps      unit.Share   `yaml:"steps" default:"100%" min:"0.01" doc:"Share of the denoising steps that are made."`
	Resolution unit.Share   `yaml:"resolution" default:"100%" min:"0.01" doc:"Share of the pixels."`
	Images     int          `yaml:"images" default:"0" min:"0" doc:"Images of a request at most, of nodes that batch images; 0: as many as are asked for."`
	Output     unit.Share   `yaml:"output" default:"100%" min:"0.01" doc:"Share of the tokens of an answer."`
	Model      unit.Share   `yaml:"model" default:"100%" min:"0.01" doc:"Work of a smaller model, as a share of that of the full one."`
	Quality    QualityCurve `yaml:"quality" doc:"What each costs; all of it is assumed."`
}

// A QualityCurve is the exponents of a DegradeSpec.
type QualityCurve struct {
	Steps      float64 `yaml:"steps" default:"0.1" min:"0" max:"10" doc:"Exponent of the share of steps. Assumed."`
	Resolution float64 `yaml:"resolution" default:"0.15" min:"0" max:"10" doc:"Exponent of the share of pixels. Assumed."`
	Images     float64 `yaml:"images" default:"0.5" min:"0" max:"10" doc:"Exponent of the share of the images asked for. Assumed."`
	Output     float64 `yaml:"output" default:"0.2" min:"0" max:"10" doc:"Exponent of the share of tokens. Assumed."`
	Model      float64 `yaml:"model" default:"0.15" min:"0" max:"10" doc:"Exponent of the smaller model's share of work. Assumed."`
}

// check finds what would do nothing at the pool.
func (d *DegradeSpec) check(s *Spec) error {
	for _, f := range []struct {
		name  string
		set   bool
		works bool
	}{
		{"steps", d.Steps != 1, s.Continuous == nil},
		{"resolution", d.Resolution != 1, s.Continuous == nil},
		{"images", d.Images != 0, s.Images != nil},
		{"output", d.Output != 1, s.Images == nil},
	} {
		if f.set && !f.works {
			return fmt.Errorf("%s: does nothing at nodes of this kind: want none", f.name)
		}
	}
	return nil
}

// speed is by how much faster nodes get that do not batch.
func (d *DegradeSpec) speed(batches bool) float64 {
	if d == nil {
		return 1
	}
	if batches {
		return 1 / float64(d.Model)
	}
	return 1 / float64(float64(float64(d.Steps)*float64(d.Resolution))*float64(float64(d.Output)*float64(d.Model)))
}

// Of is the quality of an answer of so many images, at least 1.
func (d *DegradeSpec) Of(images int32) float64 {
	pow := func(share unit.Share, exponent float64) float64 {
		if share == 1 {
			return 1
		}
		return rng.Pow(float64(share), exponent)
	}
	q := float64(pow(d.Steps, d.Quality.Steps) * pow(d.Resolution, d.Quality.Resolution))
	q = float64(float64(q*pow(d.Output, d.Quality.Output)) * pow(d.Model, d.Quality.Model))
	if d.Images > 0 && int(images) > d.Images {
		q = float64(q * pow(unit.Share(d.Images)/unit.Share(images), d.Quality.Images))
	}
	return math.Max(q, 1e-6)
}
