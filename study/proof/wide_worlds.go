package proof

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// parameters are those of a row of the wide table, by name.
type parameters map[string]string

func parametersOf(text string) parameters {
	p := parameters{}
	for _, part := range strings.Split(text, ";") {
		if k, v, ok := strings.Cut(part, "="); ok {
			p[strings.TrimSpace(k)] = strings.TrimSpace(v)
		}
	}
	return p
}

func (p parameters) float(name string) float64 {
	x, err := strconv.ParseFloat(p[name], 64)
	if err != nil {
		panic(fmt.Sprintf("theory: parameter %s: %v", name, err))
	}
	return x
}

func (p parameters) has(name string) bool { return p[name] != "" }

// wideLaw is the law that the words of the wide table mean, of mean 1 unless they say
// otherwise.
func wideLaw(words string) string {
	switch {
	case words == "det", words == "D":
		return span(1)
	case words == "exp":
		return exponential(1)
	case strings.HasPrefix(words, "erlang2"):
		return "{dist: erlang, stages: 2, mean: 1s}"
	case strings.HasPrefix(words, "H2 balanced scv=4"):
		return "{dist: hyperexponential, mean: 1s, cv: 2}"
	case strings.HasPrefix(words, "H2 p=0.9 rates 2,2/11"):
		return "{dist: hyperexponential, values: [0.5s, 5.5s], weights: [0.9, 0.1]}"
	case strings.HasPrefix(words, "lognormal mean=1 scv=4"):
		return withCV("lognormal", 1, 5)
	case strings.HasPrefix(words, "Pareto alpha=3.5"):
		return "{dist: pareto, min: " + decimal(1e9*5/7) + "ns, shape: 3.5}"
	case strings.HasPrefix(words, "gamma shape=0.25 scale=4"):
		return "{dist: gamma, shape: 0.25, scale: 4s}"
	case strings.HasPrefix(words, "weibull k=0.5 scale=0.5"):
		return "{dist: weibull, shape: 0.5, scale: 0.5s}"
	case words == "deterministic 1":
		return span(1)
	case words == "uniform(0,2)":
		return "{dist: uniform, max: 2s}"
	}
	return ""
}

// plain is a pool of servers before which one stream waits.
func plain(servers int, lambda float64, service string) world {
	return world{Streams: []stream{{decimal(lambda), service}}, Servers: servers, Discipline: "fifo"}
}

// many is a number of servers of which none is ever missing, where so many are busy
// at most on average.
func many(most float64) int { return int(math.Ceil(most + 20*math.Sqrt(most) + 20)) }

var priorityLaws = regexp.MustCompile(`(exp|det)(?: mean)? ?([0-9.,]+)`)

// prioritised is the world of "lam=0.4,0.1; exp mean 0.5, exp mean 5".
func prioritised(text, discipline string) world {
	w := world{Servers: 1, Discipline: discipline}
	rates, laws, _ := strings.Cut(strings.TrimPrefix(text, "lam="), ";")
	var services []string
	for _, m := range priorityLaws.FindAllStringSubmatch(laws, -1) {
		for _, mean := range strings.Split(strings.Trim(m[2], ","), ",") {
			x, _ := strconv.ParseFloat(mean, 64)
			if m[1] == "det" {
				services = append(services, span(x))
			} else {
				services = append(services, exponential(x))
			}
		}
	}
	for k, rate := range strings.Split(rates, ",") {
		w.Streams = append(w.Streams, stream{rate, services[k]})
	}
	return w
}

// shaped gives a world a rate that is lambda(t), cut into straight pieces.
func shaped(w world, until, every float64, lambda func(t float64) float64, jumps ...float64) world {
	base := lambda(0)
	w.Streams[0].Rate = decimal(base)
	add := func(t float64) { w.Profile = append(w.Profile, point{span(t), decimal(lambda(t) / base)}) }
	for n := 0; float64(n)*every <= until; n++ {
		t := float64(n) * every
		for _, j := range jumps {
			if math.Abs(t-j) < every/2 {
				w.Profile = append(w.Profile, point{span(j - 1e-6), decimal(lambda(j-1e-6) / base)})
				t = j
			}
		}
		add(t)
	}
	return w
}
