package proof

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"text/template"

	"github.com/launchday-sim/launchday/models/scenario"
)

// A world is a plain queue, to be written as a scenario: Poisson streams, one
// for each tier and class, before one pool of servers.
type world struct {
	Streams    []stream
	Servers    int
	Discipline string
	Queue      string // what else is said of the queue, with a comma before it
	Second     *second
	Room       string // places to wait; unlimited if empty
	Patience   string // a law; for ever if empty
	Retry      string // law of the time before another try; never if empty
	Policy     string // what else stands among the policies
	Steps      []step // of the rate of the only stream
	Drain      string // from when on nobody comes; never if empty
	Period     string // of the streams' profile
	Profile    []point
	Arrivals   string // of the streams, in a row of their own; Poisson if empty
	Closed     string // users who ask, wait and think, in the place of a rate
	Tries      int    // of a request; 0: as many as there can be
	Return     string // how users come back whose request came to nothing; they do not if empty
	Session    string // how users go on from one request to the next; they do not if empty
	Batch      *batch // the servers are the batch of one node, and service is of its tokens
	Routing    string // how customers are sent to servers with lines of their own; one queue if empty
	Twin       int    // servers of a second pool, to which a policy sends some; 0: there is none

	Duration, Warmup, Interval string
}

// A stream is the arrivals of a class; that of the first is served first where
// the discipline goes by priority.
type stream struct{ Rate, Service string }

type point struct{ At, X string }

// A batch is a node that works in steps, whose requests ask for an exponential number of
// tokens.
type batch struct {
	Step, PerDecode string
	Tokens          int // mean
}

// A step is a rate from a moment on.
type step struct{ At, Rate string }

// A second is a station that everybody goes on to.
type second struct {
	Servers int
	Service string
}

// scenarioText is the file that a student would write.
var scenarioText = template.Must(template.New("").Parse(`
name: theory
duration: {{.Duration}}
warmup: {{.Warmup}}
interval: {{.Interval}}

tiers:
{{- range $k, $s := .Streams}}
  - {name: class{{$k}}, priority: {{$k}}}
{{- end}}

classes:
{{- range $k, $s := .Streams}}
  - {name: class{{$k}}, pool: servers, {{if $.Batch}}tokens: {prompt: {dist: deterministic, value: 1}, output: {dist: exponential, mean: {{$.Batch.Tokens}} }, context: 1000000}{{else}}service: {{$s.Service}}{{end}}{{with $.Second}}, then: [{pool: second, service: {{.Service}}}]{{end}}}
{{- end}}

pools:
{{- with .Batch}}
  - {name: servers, nodes: 1, slots_per_node: {{$.Servers}}, continuous_batching: {step: {{.Step}}, per_decode: {{.PerDecode}}, kv_tokens: 1000000000}}
{{- else}}
  - {name: servers, nodes: {{.Servers}}, {{with .Routing}}routing: {by: {{.}}}, {{end}}queue: {discipline: {{.Discipline}}{{.Queue}}}}
{{- end}}
{{- with .Second}}
  - {name: second, nodes: {{.Servers}}}
{{- end}}
{{- with .Twin}}
  - {name: second, nodes: {{.}}}
{{- end}}

demand:
  streams:
{{- range $k, $s := .Streams}}
    - name: class{{$k}}
      tier: class{{$k}}
      class: class{{$k}}
{{- if $.Closed}}
      closed: {{$.Closed}}
{{- else}}
      rate: {{$s.Rate}}/s
{{- end}}
{{- with $.Arrivals}}
      arrivals: {{.}}
{{- end}}
{{- with $.Period}}
      period: {{.}}
{{- end}}
{{- if $.Profile}}
      profile:
{{- range $.Profile}}
        - {at: +{{.At}}, x: {{.X}}}
{{- end}}
{{- end}}
{{- end}}

clients:
  - name: everyone
{{- with .Patience}}
    patience: {{.}}
{{- end}}
{{- with .Retry}}
    retry: {max_tries: {{or $.Tries 65535}}, after: {{.}}}
{{- end}}
{{- with .Return}}
    return: {{.}}
{{- end}}
{{- with .Session}}
    session: {{.}}
{{- end}}

{{- with .Room}}

policies:
  - {name: room, kind: queue-limit, limit: {{.}}}
{{- end}}
{{- with .Policy}}

policies:
  - {{.}}
{{- end}}
{{- if or .Steps .Drain}}

timeline:
{{- with .Drain}}
  - {at: +{{.}}, label: drain, kind: cause, set: { {{- range $k, $s := $.Streams}}demand.streams.class{{$k}}.rate: 0/s, {{end -}} }}
{{- end}}
{{- range .Steps}}
  - {at: +{{.At}}, label: step, kind: cause, set: {demand.streams.class0.rate: {{.Rate}}/s}}
{{- end}}
{{- end}}
`))

func (w world) text() (string, error) {
	var b strings.Builder
	err := scenarioText.Execute(&b, w)
	return b.String(), err
}

func (w world) scenario() (*scenario.Scenario, error) {
	text, err := w.text()
	if err != nil {
		return nil, err
	}
	return scenario.ReadText("theory.yaml", text)
}

// worldsOf returns the worlds that a model stands for, by their names: more
// than one where theory says that something does not matter, or compares two.
// The numbers are the model's parameters as in the table.
func worldsOf(model string, p [][]float64) (map[string]world, error) {
	at := func(i int) float64 { return p[i][0] }
	queue := func(servers float64, lambda float64, service string) world {
		return world{Streams: []stream{{decimal(lambda), service}}, Servers: int(servers), Discipline: "fifo"}
	}
	switch model {
	case "mm1", "mmc":
		return only(queue(at(2), at(0), exponential(1/at(1))))
	case "mmck":
		w := queue(at(2), at(0), exponential(1/at(1)))
		w.Room = decimal(at(3) - at(2))
		return only(w)
	case "mgcc":
		worlds := map[string]world{}
		for name, law := range map[string]string{"exponential service": exponential(at(1)), "constant service": span(at(1)), "lognormal service": withCV("lognormal", at(1), 4)} {
			w := queue(at(2), at(0), law)
			w.Room = "0"
			worlds[name] = w
		}
		return worlds, nil
	case "md1":
		return only(queue(1, at(0), span(at(1))))
	case "mg1_lognormal_cv2":
		return only(queue(1, at(0), withCV("lognormal", at(1), at(2))))
	case "mg1_hyper_cv4":
		return only(queue(1, at(0), withCV("hyperexponential", at(1), at(2))))
	case "erlang_a", "overload_fluid":
		servers, patience := at(3), at(2)
		if model == "overload_fluid" {
			servers, patience = patience, servers
		}
		w := queue(servers, at(0), exponential(1/at(1)))
		w.Patience = exponential(1 / patience)
		return only(w)
	case "priority_mg1_nonpreemptive":
		w := world{Servers: 1, Discipline: "priority"}
		for k, lambda := range p[0] {
			w.Streams = append(w.Streams, stream{decimal(lambda), exponential(p[1][k])})
		}
		return only(w)
	case "priority_mm1_preemptive":
		w := world{Servers: 1, Discipline: "priority-preemptive"}
		for k, lambda := range p[0] {
			w.Streams = append(w.Streams, stream{decimal(lambda), exponential(1 / p[1][k])})
		}
		return only(w)
	case "mg1_ps":
		// It does not matter which law the service has.
		worlds := map[string]world{}
		for name, law := range map[string]string{"exponential service": exponential(at(1)), "constant service": span(at(1)), "lognormal service": withCV("lognormal", at(1), 5)} {
			w := queue(1, at(0), law)
			w.Discipline = "processor-sharing"
			worlds[name] = w
		}
		return worlds, nil
	case "tandem":
		w := queue(at(2), at(0), exponential(1/at(1)))
		w.Second = &second{int(at(4)), exponential(1 / at(3))}
		return only(w)
	case "priority_mmc_nonpreemptive":
		w := world{Servers: int(at(2)), Discipline: "priority"}
		for _, lambda := range p[0] {
			w.Streams = append(w.Streams, stream{decimal(lambda), exponential(1 / at(1))})
		}
		return only(w)
	case "retrial_mm1":
		w := queue(1, at(0), exponential(1/at(1)))
		w.Room, w.Retry = "0", exponential(1/at(2))
		return only(w)
	case "mm1_lifo_fifo":
		fifo, lifo := queue(1, at(0), exponential(1/at(1))), queue(1, at(0), exponential(1/at(1)))
		lifo.Discipline = "lifo"
		return map[string]world{"fifo": fifo, "lifo": lifo}, nil
	case "mt_m_inf":
		// So many servers that none is ever missing: 20 standard deviations.
		most := (at(0) + at(1)) / at(3)
		w := queue(math.Ceil(most+20*math.Sqrt(most)), at(0), exponential(1/at(3)))
		w.Period = span(at(2))
		for i := range sinePoints + 1 {
			t := float64(i) / sinePoints
			w.Profile = append(w.Profile, point{span(t * at(2)), decimal(1 + at(1)/at(0)*math.Sin(2*math.Pi*t))})
		}
		return only(w)
	}
	return nil, fmt.Errorf("theory: there is no scenario for model %s", model)
}

// sinePoints is into how many straight pieces a sine is cut: so many that the
// error stays under a thousandth of the amplitude.
const sinePoints = 96

func only(w world) (map[string]world, error) { return map[string]world{"": w}, nil }

func decimal(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

func span(seconds float64) string { return decimal(seconds) + "s" }

// nanoseconds is a time that is rounded to them.
func nanoseconds(seconds float64) string { return decimal(math.Round(seconds*1e9)) + "ns" }

func exponential(mean float64) string { return "{dist: exponential, mean: " + span(mean) + "}" }

// withCV is the law of a mean and a second moment.
func withCV(law string, mean, secondMoment float64) string {
	return fmt.Sprintf("{dist: %s, mean: %s, cv: %s}", law, span(mean), decimal(math.Sqrt(secondMoment/(mean*mean)-1)))
}
