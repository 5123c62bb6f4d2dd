package metrics

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/launchday-sim/launchday/models/unit"
)

// A metric's name is its path in the JSON form of a Summary, its steps joined
// by dots: all.latency_s.p99, tiers.plus.classes.image.completed,
// classes.image.rejected.free-quota, pools.images.utilisation. Where the form
// has a map, the step is the key, be it a tier, a class, a pool or a reason.

// extensive says of every figure, by its name in JSON, whether it grows with
// the simulated share of the world (a count, a flow, a number of servers) or
// does not (a share, a ratio, a duration, a date). Every figure is listed: a
// new one without an entry fails the tests.
var extensive = map[string]bool{
	"from_s": false,
	"to_s":   false,
	"events": true,

	"requests":   true,
	"satisfied":  true,
	"given_up":   true,
	"open":       true,
	"attempts":   true,
	"admitted":   true,
	"completed":  true,
	"degraded":   true,
	"rejected":   true,
	"abandoned":  true,
	"timed_out":  true,
	"failed":     true,
	"cancelled":  true,
	"in_system":  true,
	"suppressed": true,

	"users":           true,
	"users_satisfied": true,
	"signups":         true,
	"goodput_per_s":   true,

	"latency_s":         false,
	"wait_s":            false,
	"request_latency_s": false,
	"offered_wait_s":    false,
	"ttft_s":            false,
	"tpot_s":            false,

	"prob_wait":        false,
	"queue_length":     true,
	"retrying":         true,
	"held":             true,
	"busy_mean":        true,
	"error_rate":       false,
	"refusal_rate":     false,
	"turned_away_rate": false,
	"abandonment_rate": false,
	"completed_share":  false,
	"load":             false,
	"wasted_s":         true,

	"offered_per_s":           true,
	"goodput_slo_per_s":       true,
	"quality_mean":            false,
	"goodput_quality_per_s":   true,
	"slo_attainment":          false,
	"retry_amplification":     false,
	"users_satisfied_share":   false,
	"wait_user_mean_s":        false,
	"wait_served_mean_s":      false,
	"latency_served_mean_s":   false,
	"wait_served_user_mean_s": false,
	"jain_users":              false,
	"jain_tiers":              false,
	"time_to_recover_s":       false,
	"recovered":               false,
	"overload_area":           true,
	"metastable":              false,
	"metastable_from_s":       false,
	"metastable_s":            false,

	"servers_mean":    true,
	"down_mean":       true,
	"loading_mean":    true,
	"restarting_mean": true,

	"planned_s":  false,
	"released_s": false,
	"delay_s":    false,

	"useful_gpu_hours":     true,
	"lost_gpu_hours":       true,
	"restarting_gpu_hours": true,
	"moving_gpu_hours":     true,
	"lent_gpu_hours":       true,
	"raised_usd":           true,
	"bought_usd":           true,
	"rented_usd":           true,
	"left_usd":             true,
	"spilled_over":         true,

	"resumed":                 true,
	"gpu_hours":               true,
	"cost_usd":                true,
	"energy_kwh":              true,
	"cost_per_completed_usd":  false,
	"energy_per_completed_wh": false,
	"revenue_at_risk_usd":     true,

	"utilisation":   false,
	"capacity_mean": true,
	"fluid_mean":    true,
}

var (
	figureType = reflect.TypeFor[Figure]()
	levelType  = reflect.TypeFor[Level]()
	spreadType = reflect.TypeFor[Spread]()
)

// Lookup returns the figure at a path. The error names the nearest path that
// this summary has, or what paths look like.
func (s *Summary) Lookup(path string) (Figure, error) {
	if f, ok := find(reflect.ValueOf(s), path); ok {
		return f, nil
	}
	var paths []string
	s.Walk(func(p string, _ Figure) { paths = append(paths, p) })
	if near := unit.Nearest(path, paths); near != "" {
		return Null(), fmt.Errorf("metric %q is not in the summary; the nearest is %q", path, near)
	}
	return Null(), fmt.Errorf("metric %q is not in the summary, whose metrics are such as all.latency_s.p99 or tiers.NAME.error_rate", path)
}

// Walk calls f for every figure of the summary, null ones included, in the
// order of the JSON form: fields as declared, maps by key.
func (s *Summary) Walk(f func(path string, v Figure)) {
	walk(reflect.ValueOf(s), "", f)
}

// Extensive reports whether the figure at a path grows with the scale of the
// run: counts, flows, numbers of users, of servers and of attempts waiting.
// Shares, ratios and durations do not, and neither does a path that no summary
// can have.
func Extensive(path string) bool {
	name, _ := measure(path)
	return extensive[name]
}

// Exists reports whether some summary can have a figure at the path, whatever
// the names of its tiers, classes, pools and reasons are.
func Exists(path string) bool {
	_, ok := measure(path)
	return ok
}

// measure returns the name of the figure, level or spread that a path leads to
// or into, and whether it leads to a figure.
func measure(path string) (name string, ok bool) {
	t := reflect.TypeFor[Summary]()
	for {
		switch t.Kind() {
		case reflect.Pointer:
			t = t.Elem()
		case reflect.Map:
			_, path, _ = strings.Cut(path, ".")
			t = t.Elem()
		case reflect.Struct:
			var rest string
			name, rest, _ = strings.Cut(path, ".")
			f, known := field(t, name)
			switch {
			case !known:
				return "", false
			case !isMeasure(f.Type):
				t, path = f.Type, rest
				continue
			case f.Type == figureType:
				return name, rest == ""
			case f.Type.Kind() == reflect.Map:
				return name, rest != ""
			}
			_, ok = field(f.Type, rest)
			return name, ok
		default:
			return "", false
		}
	}
}

// FullScale turns the figure at a path from a run that simulated the share
// scale (0 < scale <= 1) of the world into that of the whole world. It is the
// only place where reports and the record multiply back.
func FullScale(path string, v Figure, scale float64) Figure {
	if Extensive(path) {
		return v / Figure(scale)
	}
	return v
}

// isMeasure reports whether a field of this type is classified as one thing:
// a figure, a level, a spread, or figures by reason.
func isMeasure(t reflect.Type) bool {
	if t.Kind() == reflect.Map {
		t = t.Elem()
	}
	return t == figureType || t == levelType || t == spreadType
}

func walk(v reflect.Value, path string, f func(string, Figure)) {
	if v.Type() == figureType {
		f(path, Figure(v.Float()))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			walk(v.Elem(), path, f)
		}
	case reflect.Map:
		for _, k := range keys(v) {
			walk(v.MapIndex(k), join(path, k.String()), f)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			walk(v.Field(i), join(path, jsonName(v.Type().Field(i))), f)
		}
	}
}

func find(v reflect.Value, path string) (Figure, bool) {
	if v.Type() == figureType {
		return Figure(v.Float()), path == ""
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return find(v.Elem(), path)
		}
	case reflect.Map:
		// A reason may hold a dot (free-quota.burst), so that the first step of
		// the path need not be the whole key.
		for _, k := range keys(v) {
			if rest, ok := step(path, k.String()); ok {
				if f, ok := find(v.MapIndex(k), rest); ok {
					return f, true
				}
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if rest, ok := step(path, jsonName(v.Type().Field(i))); ok {
				return find(v.Field(i), rest)
			}
		}
	}
	return Null(), false
}

// step takes a name off the front of a path.
func step(path, name string) (rest string, ok bool) {
	if path == name {
		return "", true
	}
	rest, ok = strings.CutPrefix(path, name+".")
	return rest, ok && rest != ""
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func keys(m reflect.Value) []reflect.Value {
	ks := m.MapKeys()
	slices.SortFunc(ks, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	return ks
}

func field(t reflect.Type, name string) (reflect.StructField, bool) {
	for i := range t.NumField() {
		if f := t.Field(i); jsonName(f) == name {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}
