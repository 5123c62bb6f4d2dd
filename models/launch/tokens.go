package launch

import (
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/demand"
	"github.com/launchday-sim/launchday/models/gpu/batching"
	"github.com/launchday-sim/launchday/sim"
	"github.com/launchday-sim/launchday/sim/rng"
)

// What is drawn of the tokens of a request.
var (
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

// expected is the time that a request holds its place in a batch that is full of its
// like: its output in steps of as many decodes, and the prompts that are computed
// beside them, one for each request that ends.
func (t *tokens) expected(m *batching.Model) sim.Time {
	batch := max(1, min(float64(m.MaxBatch), float64(m.KV)/(t.prompts+t.outputs/2)))
	computed := t.prompts * (1 - float64(t.hit*t.part))
	return sim.Time(float64(t.outputs*(m.Fixed+float64(m.PerDecode*batch))) + float64(m.PerPrefill*computed*batch) + 0.5)
}

// Tokens is what the attempt in slot asks of a node. What policies leave of its work
// shortens its answer.
func (p *pool) Tokens(slot models.Slot) batching.Request {
	r := p.r
	a := &r.attempts[slot]
	t := r.classes[a.Class].tokens
	draw := func(law rng.Dist, purpose uint64, most int32) int32 {
		r.src = a.Request.Draw(purpose)
		return int32(math.Floor(min(max(law.Sample(&r.src), 1), float64(most)) + 0.5))
	}
	q := batching.Request{Prompt: draw(t.prompt, purposePrompt, t.context-1)}
	q.Output = draw(t.output, purposeOutput, t.context-q.Prompt)
	if a.Work != 0 {
		q.Output = max(1, int32(math.Floor(float64(float64(q.Output)*a.Work)+0.5)))
	}
	if t.hit > 0 {
		if r.src = a.Request.Draw(purposePrefix); r.src.Float64() < t.hit {
			q.Cached = min(q.Prompt-1, int32(float64(q.Prompt)*t.part))
		}
	}
	return q
}

// FirstToken says that the attempt in slot has got its first token.
func (p *pool) FirstToken(now sim.Time, slot models.Slot) {
	p.r.rec.FirstToken(now, &p.r.attempts[slot])
}
