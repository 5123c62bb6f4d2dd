package launch

import (
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/demand"
	"github.com/launchday-sim/launchday/models/gpu"
	"github.com/launchday-sim/launchday/models/gpu/batching"
	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// What is drawn of the tokens and images of a request.
var (
	purposeImages = rng.Purpose("gpu/images")
	purposeSteps  = rng.Purpose("gpu/steps")
	purposePrompt = rng.Purpose("gpu/prompt")
	purposeOutput = rng.Purpose("gpu/output")
	purposePrefix = rng.Purpose("gpu/prefix")
)

// A tokens is what a class asks of a language model.
type tokens struct {
	prompt, output rng.Dist
	prompts        float64 // their means
	outputs        float64
	context        int32
	hit, part      float64
}

func newTokens(s *demand.Tokens) (*tokens, error) {
	t := &tokens{context: int32(s.Context), hit: float64(s.PrefixHit), part: float64(s.PrefixPart)}
	var err error
	if t.prompt, err = s.Prompt.Build(); err != nil {
		return nil, err
	}
	if t.output, err = s.Output.Build(); err != nil {
		return nil, err
	}
	t.prompts = max(1, min(t.prompt.Mean(), float64(t.context)))
	t.outputs = max(1, min(t.output.Mean(), float64(t.context)))
	return t, nil
}

// expected is the time that a request holds its place, and its part of the places that
// the batch leaves empty, in a batch that is full of its like: its output in steps of as
// many decodes, and the prompts that are computed beside them, one for each request
// that ends.
func (t *tokens) expected(m *batching.Model, d *gpu.DegradeSpec, places int) sim.Time {
	return t.expectedOf(m, d, places, t.prompts, t.outputs)
}

// expectedOf is the same of a request of so many tokens.
func (t *tokens) expectedOf(m *batching.Model, d *gpu.DegradeSpec, places int, prompts, outputs float64) sim.Time {
	if d != nil {
		outputs = max(1, float64(outputs*float64(d.Output)))
	}
	batch := max(1, min(float64(m.MaxBatch), float64(m.KV)/(prompts+outputs/2)))
	computed := prompts * (1 - float64(t.hit*t.part))
	held := float64(outputs*(m.Fixed+float64(m.PerDecode*batch))) + float64(m.PerPrefill*computed*batch)
	return sim.Time(float64(held*float64(places))/batch + 0.5)
}

// An images is what a class asks of a diffusion model.
type images struct {
	count, steps rng.Dist
	counts, mean float64 // their means
	megapixels   float64
}

func newImages(s *demand.Images) (*images, error) {
	m := &images{megapixels: s.Megapixels, counts: 1}
	var err error
	if m.steps, err = s.Steps.Build(); err != nil {
		return nil, err
	}
	m.mean = max(1, m.steps.Mean())
	if s.Count == nil {
		return m, nil
	}
	if m.count, err = s.Count.Build(); err != nil {
		return nil, err
	}
	m.counts = max(1, m.count.Mean())
	return m, nil
}

// expected is the time that a request holds its place, and its part of those that are
// left empty, in a batch that is full of its like.
func (m *images) expected(of *batching.ImageModel, d *gpu.DegradeSpec, places int) sim.Time {
	counts, steps, megapixels := m.counts, m.mean, m.megapixels
	if d != nil {
		steps, megapixels = max(1, float64(steps*float64(d.Steps))), float64(megapixels*float64(d.Resolution))
		if d.Images > 0 {
			counts = min(counts, float64(d.Images))
		}
	}
	batch := max(1, min(float64(of.MaxBatch), float64(of.MaxImages)/counts))
	full := of.Duration(steps, float64(batch*counts*megapixels))
	return sim.Time(float64(float64(full)*float64(places))/batch + 0.5)
}

// Request is what the attempt in slot asks of a node. What policies leave of its work
// shortens its answer, or takes from the steps of its images.
func (p *pool) Request(slot models.Slot) (q batching.Request) {
	r := p.r
	a := &r.attempts[slot]
	key := r.luck(a)
	draw := func(law rng.Dist, purpose uint64, most int32) int32 {
		r.src = key.Draw(purpose)
		return int32(math.Floor(min(max(law.Sample(&r.src), 1), float64(most)) + 0.5))
	}
	left := func(n int32, share unit.Share) int32 {
		part := float64(share)
		if a.Work != 0 {
			part = float64(part * a.Work)
		}
		return max(1, int32(math.Floor(float64(float64(n)*part)+0.5)))
	}
	steps, pixels, output, most := unit.Share(1), unit.Share(1), unit.Share(1), 0
	if d := p.gpu.Degraded(); d != nil {
		steps, pixels, output, most = d.Steps, d.Resolution, d.Output, d.Images
	}
	if chat, _ := p.gpu.Models(); chat == nil {
		m := r.classes[a.Class].images
		q.Images, q.Megapixels = p.images(slot), float64(m.megapixels*float64(pixels))
		if most > 0 {
			q.Images = min(q.Images, int32(most))
		}
		q.Steps = left(draw(m.steps, purposeSteps, 1<<20), steps)
		return q
	}
	t := r.classes[a.Class].tokens
	prompt, answer, said := int32(0), int32(0), false
	if a.Row != 0 {
		prompt, answer, said = r.demand.Tokens(a.Row)
	}
	if said {
		q.Prompt = min(prompt, t.context-1)
		q.Output = min(answer, t.context-q.Prompt)
	} else {
		q.Prompt = draw(t.prompt, purposePrompt, t.context-1)
		q.Output = draw(t.output, purposeOutput, t.context-q.Prompt)
	}
	q.Output = left(q.Output, output)
	if t.hit > 0 {
		if r.src = a.Request.Draw(purposePrefix); r.src.Float64() < t.hit {
			q.Cached = min(q.Prompt-1, int32(float64(q.Prompt)*t.part))
		}
	}
	return q
}

// images is how many the attempt in slot asks for; 1 where that is not said.
func (p *pool) images(slot models.Slot) int32 {
	r := p.r
	a := &r.attempts[slot]
	m := r.classes[a.Class].images
	if m == nil || m.count == nil {
		return 1
	}
	r.src = r.luck(a).Draw(purposeImages)
	return int32(math.Floor(min(max(m.count.Sample(&r.src), 1), 1<<20) + 0.5))
}

// FirstToken says that the attempt in slot has got its first token.
func (p *pool) FirstToken(now sim.Time, slot models.Slot) {
	p.r.rec.FirstToken(now, &p.r.attempts[slot])
}
