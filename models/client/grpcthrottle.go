package client

import (
	"fmt"
	"math"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/sim"
)

func init() {
	RegisterGuard(GuardKind{
		Name:   "grpc-throttle",
		Doc:    "Each process counts tokens, `max_tokens` at the start: a failure that would be retried takes 1, a success gives `token_ratio` back. There are retries and hedges only while there are more than half of `max_tokens`. First tries are never held back.",
		Source: "gRPC proposal A6, client retries, \"Throttling Retry Attempts and Hedged RPCs\"; grpc-go 1.85.0, retryThrottler.",
		Fails:  "It knows no time: after an outage a process with few successes goes without retries for long. Both numbers are configuration, and with 10 tokens five failures in a row end all retries.",
		Held:   "Vectors of grpc-go v1.85.0's retryThrottler, `grpc_throttle_a` and `_b`: all 600 rows, decisions exactly and tokens to 1e-9.",
		Fresh:  func() GuardSpec { return new(GRPCThrottleSpec) },
	})
}

// GRPCThrottleSpec is the retry throttling of gRPC. Its two numbers have no
// default in the specification: 10 and 0.1 are its example.
type GRPCThrottleSpec struct {
	MaxTokens  int     `yaml:"max_tokens" default:"10" min:"1" max:"1000" doc:"Tokens at the start, and the most there are."`
	TokenRatio float64 `yaml:"token_ratio" default:"0.1" min:"0.001" max:"1000" doc:"Tokens that a success gives back; three decimals count."`
}

// New returns a throttle with all its tokens.
func (s *GRPCThrottleSpec) New(GuardEnv) (Guard, error) {
	g := new(grpcThrottle)
	if err := g.Reconfigure(s); err != nil {
		return nil, err
	}
	g.Resize(1)
	return g, nil
}

// A grpcThrottle counts the tokens of each process.
type grpcThrottle struct {
	freely
	most, ratio float64
	tokens      []float64
}

// Result takes a token for a failure, and gives some back for a success.
func (g *grpcThrottle) Result(_ sim.Time, p int, _ *models.Attempt, e Ending, retryable bool) {
	switch {
	case e == Succeeded:
		g.tokens[p] = math.Min(g.most, g.tokens[p]+g.ratio)
	case retryable:
		g.tokens[p] = math.Max(0, g.tokens[p]-1)
	}
}

// Retry allows retries and hedges above half of the tokens.
func (g *grpcThrottle) Retry(_ sim.Time, p int, _ *models.Attempt, _ Ending) bool {
	return g.tokens[p] > g.most/2
}

// Reconfigure changes both numbers; tokens above the new most are lost.
func (g *grpcThrottle) Reconfigure(spec GuardSpec) error {
	s := spec.(*GRPCThrottleSpec)
	if s.MaxTokens < 1 || s.MaxTokens > 1000 {
		return fmt.Errorf("max_tokens is %d, it must be 1 to 1000", s.MaxTokens)
	}
	if !(s.TokenRatio >= 0.001 && s.TokenRatio <= 1000) {
		return fmt.Errorf("token_ratio is %v, it must be 0.001 to 1000", s.TokenRatio)
	}
	g.most, g.ratio = float64(s.MaxTokens), math.Floor(float64(s.TokenRatio*1000)+1e-6)/1000
	for p := range g.tokens {
		g.tokens[p] = math.Min(g.tokens[p], g.most)
	}
	return nil
}

// Resize sets the number of processes.
func (g *grpcThrottle) Resize(processes int) {
	had := len(g.tokens)
	g.tokens = resized(g.tokens, processes)
	for p := had; p < processes; p++ {
		g.tokens[p] = g.most
	}
}
