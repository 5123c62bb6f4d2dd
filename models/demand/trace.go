package demand

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/launchday-sim/launchday/models/unit"
	"github.com/launchday-sim/launchday/sim"
)

// Trace is a log of requests, replayed: one request for each row, at its time.
//
// At scale_rate below 1 each row is kept or not by a hash of the row, the stream
// and the seed: an exact thinning, in which what is kept at a lower scale is a
// part of what is kept at a higher one, under every policy. Above 1 each row is
// repeated so often, and the copies come up to jitter later.
type Trace struct {
	Log         `yaml:",inline"`
	Format      string        `yaml:"format" default:"columns" enum:"columns,azure-llm-2023,azure-llm-2024,burstgpt,mooncake,alibaba-genai" doc:"Which columns there are, where they are not named here. azure-llm-2023, azure-llm-2024: TIMESTAMP (dates), ContextTokens, GeneratedTokens. burstgpt: Timestamp (s), Request tokens, Response tokens and, where it is there, Session ID as the user. mooncake (JSON Lines): timestamp (ms), input_length, output_length; hash_ids, which blocks of the prompt are cached, is not used. alibaba-genai (lora_request_trace.csv of GenTD26): gmt_create (dates), exec_time_seconds, groupId as the user; its size includes loading and queueing. columns: those named here."`
	Size        string        `yaml:"size" doc:"Column of the service time in seconds that a server at full speed needs. Without it, and without tokens that count, it is drawn from the law of the class, whose mean is what a gateway expects in any case. none: not even that of the format."`
	User        string        `yaml:"user" doc:"Column of the user; users are told apart by its text and numbered apart from those of the tier. An empty cell, or no column, is a user who is not told apart. none: not even that of the format."`
	TokensIn    string        `yaml:"tokens_in" doc:"Column of the tokens of the prompt: for per_token_in, or of a class with tokens in the place of what its law says."`
	TokensOut   string        `yaml:"tokens_out" doc:"Column of the tokens of the answer: for per_token_out, likewise."`
	PerTokenIn  unit.Duration `yaml:"per_token_in" default:"0s" min:"0s" doc:"Service time for each token of the prompt, beside size or in its place."`
	PerTokenOut unit.Duration `yaml:"per_token_out" default:"0s" min:"0s" doc:"Service time for each token of the answer, likewise."`
	Jitter      unit.Duration `yaml:"jitter" default:"1m" min:"0s" doc:"With scale_rate above 1: the second and every further copy of a row comes later than the row by a uniform time up to this."`

	rows *rows
}

// rows are the requests of a trace, in order of time.
type rows struct {
	at    []sim.Time // from the first
	work  []sim.Time // service time; nil: by the law of the class
	in    []int32    // tokens of the prompt, where none has a price; nil: by the law of the class
	out   []int32    // and of the answer
	user  []int32    // from 0; -1 is nobody who is told apart; nil: all
	users int
	hash  string
}

// presets are the columns of the formats: time, unit, size, user, tokens.
var presets = map[string]struct{ time, unit, size, user, in, out string }{
	"azure-llm-2023": {time: "TIMESTAMP", unit: "date", in: "ContextTokens", out: "GeneratedTokens"},
	"azure-llm-2024": {time: "TIMESTAMP", unit: "date", in: "ContextTokens", out: "GeneratedTokens"},
	"burstgpt":       {time: "Timestamp", unit: "s", user: "Session ID", in: "Request tokens", out: "Response tokens"},
	"mooncake":       {time: "timestamp", unit: "ms", in: "input_length", out: "output_length"},
	"alibaba-genai":  {time: "gmt_create", unit: "date", size: "exec_time_seconds", user: "groupId"},
}

// maxRows bounds a trace; rows of all streams together are numbered in 32 bits.
const maxRows = 1 << 30

// maxTokens bounds those of a row.
const maxTokens = 1 << 24

// suits reports what a trace says that a class makes nothing of.
func (t *Trace) suits(c *Class) error {
	switch {
	case c.Tokens == nil && c.Images == nil:
		for _, column := range []struct {
			key, name, price string
			per              unit.Duration
		}{{"tokens_in", t.TokensIn, "per_token_in", t.PerTokenIn}, {"tokens_out", t.TokensOut, "per_token_out", t.PerTokenOut}} {
			if column.name != "" && column.per == 0 {
				return fmt.Errorf("%s does nothing without %s: want the service time of a token as well, or neither", column.key, column.price)
			}
		}
	case c.Service.IsZero():
		for _, given := range []struct {
			key string
			is  bool
		}{{"size", t.Size != "" && t.Size != "none"}, {"per_token_in", t.PerTokenIn > 0}, {"per_token_out", t.PerTokenOut > 0}} {
			if given.is {
				return fmt.Errorf("%s does nothing: class %s has no service time, for nodes that batch serve it: want none", given.key, c.Name)
			}
		}
	}
	return nil
}

// Load reads the file from files, under the name that it has there. What has
// been read before is taken from seen, which may be nil.
func (t *Trace) Load(files fs.FS, name string, seen *sync.Map) error {
	p := presets[t.Format]
	when, how := cmp.Or(t.Time, p.time), cmp.Or(t.Unit, p.unit, "s")
	size, user := cmp.Or(t.Size, p.size), cmp.Or(t.User, p.user)
	in, out := cmp.Or(t.TokensIn, p.in), cmp.Or(t.TokensOut, p.out)
	switch {
	case when == "":
		return fmt.Errorf("time is missing: want the name of a column, or a format")
	case t.PerTokenIn > 0 && in == "":
		return fmt.Errorf("tokens_in is missing: want the name of the column that per_token_in is for")
	case t.PerTokenOut > 0 && out == "":
		return fmt.Errorf("tokens_out is missing: want the name of the column that per_token_out is for")
	}
	key := fmt.Sprintf("trace %q %q %q %q %q %q %q %v %v", name, when, how, size, user, in, out, t.PerTokenIn, t.PerTokenOut)
	if had, ok := recall(seen, key); ok {
		t.rows = had.(*rows)
		return t.hashed(name, t.rows.hash)
	}
	want := []Column{{Name: when}}
	column := func(name string, is, optional bool) int {
		if !is || name == "" || name == "none" {
			return -1
		}
		want = append(want, Column{name, optional})
		return len(want) - 1
	}
	sizeAt, userAt := column(size, true, false), column(user, true, t.User == "")
	inAt, outAt := column(in, t.PerTokenIn > 0, false), column(out, t.PerTokenOut > 0, false)
	// Without a price they are asked for where both are there: the class may have tokens.
	free := in != "" && out != "" && inAt < 0 && outAt < 0
	promptAt, answerAt := column(in, free, t.TokensIn == ""), column(out, free, t.TokensOut == "")
	r := &rows{}
	c := clock{unit: how}
	numbers := map[string]int32{}
	sorted := true
	err := t.read(files, name, want, func(cells []string) error {
		at, err := c.read(cells[0])
		if err != nil {
			return fmt.Errorf("column %s: %w", when, err)
		}
		if len(r.at) == maxRows {
			return fmt.Errorf("there are more than 2^30 rows")
		}
		sorted = sorted && (len(r.at) == 0 || at >= r.at[len(r.at)-1])
		r.at = append(r.at, at)
		work, sized := sim.Time(0), false
		for _, part := range []struct {
			at  int
			per sim.Time
		}{{sizeAt, sim.Second}, {inAt, sim.Time(t.PerTokenIn)}, {outAt, sim.Time(t.PerTokenOut)}} {
			if part.at < 0 {
				continue
			}
			x, err := number(cells[part.at])
			if err == nil && x*part.per.Seconds() > 1e9 {
				err = fmt.Errorf("%s is out of range", quoted(cells[part.at]))
			}
			if err != nil {
				return fmt.Errorf("column %s: %w", want[part.at].Name, err)
			}
			work += sim.FromSeconds(float64(x * part.per.Seconds()))
			sized = true
		}
		if sized {
			r.work = append(r.work, work)
		}
		if free && cells[promptAt] != "" && cells[answerAt] != "" {
			var n [2]int32
			for i, at := range [2]int{promptAt, answerAt} {
				x, err := number(cells[at])
				if err == nil && x > maxTokens {
					err = fmt.Errorf("%s is out of range", quoted(cells[at]))
				}
				if err != nil {
					return fmt.Errorf("column %s: %w", want[at].Name, err)
				}
				n[i] = max(1, int32(x))
			}
			r.in, r.out = append(r.in, n[0]), append(r.out, n[1])
		}
		if userAt >= 0 {
			n := int32(-1)
			if text := cells[userAt]; text != "" {
				var known bool
				if n, known = numbers[text]; !known {
					n = int32(len(numbers))
					numbers[strings.Clone(text)] = n // its line would be kept with it
				}
			}
			r.user = append(r.user, n)
		}
		return nil
	})
	if err != nil {
		return blame(err, name, when, [2]string{"time", t.Time}, [2]string{"size", t.Size}, [2]string{"user", t.User}, [2]string{"tokens_in", t.TokensIn}, [2]string{"tokens_out", t.TokensOut})
	}
	if len(r.at) == 0 {
		return fmt.Errorf("%s: has no rows", name)
	}
	if len(r.in) < len(r.at) {
		r.in, r.out = nil, nil // some row has none
	}
	if r.users = len(numbers); r.users == 0 {
		r.user = nil
	}
	if !sorted {
		r.sort()
	}
	first := r.at[0]
	if r.at[len(r.at)-1]-first < 0 {
		return fmt.Errorf("%s: spans more than 290 years: want another unit than %s", name, how)
	}
	for i := range r.at {
		r.at[i] -= first
	}
	r.hash = t.SHA256
	t.rows = r
	remember(seen, key, r)
	return nil
}

// sort puts the rows into the order of time; equal ones keep theirs.
func (r *rows) sort() {
	order := make([]int32, len(r.at))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(r.at[a], r.at[b]) })
	r.at, r.work, r.user = permuted(r.at, order), permuted(r.work, order), permuted(r.user, order)
	r.in, r.out = permuted(r.in, order), permuted(r.out, order)
}

func permuted[T any](list []T, order []int32) []T {
	if list == nil {
		return nil
	}
	out := make([]T, len(list))
	for i, from := range order {
		out[i] = list[from]
	}
	return out
}
