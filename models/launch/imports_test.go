package launch_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/launchday-sim/launchday/"

// A listed package is what `go list` says of one.
type listed struct {
	ImportPath, Dir  string
	Imports, GoFiles []string
}

// packages lists those of this module, by their path within it.
func packages(t *testing.T) map[string]listed {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("there is no go command here")
	}
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,Imports,GoFiles", module+"...").Output()
	require.NoError(t, err)
	all := map[string]listed{}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		all[strings.TrimPrefix(p.ImportPath, module)] = p
	}
}

// testSeed reads the environment and may: no code but tests imports it.
const testSeed = "sim/rng/rngtest"

// A room is a package, or several of one pattern, and what it may import.
type room struct {
	name string
	may  []string
}

// The house of docs/design.md, section 1: what each room may import of ours.
// Patterns are those of path.Match; a room may always import sim, sim/rng and
// sim/stats, unless it is one of them.
var house = []room{
	{"sim", nil},
	{"sim/rng", nil},
	{testSeed, nil},
	{"sim/stats", nil},
	{"sim/experiment", nil},
	{"models", nil},
	{"models/unit", nil},
	{"models/textbook", nil},
	{"models/demand", []string{"models", "models/unit"}},
	{"models/client", []string{"models", "models/unit"}},
	{"models/queue", []string{"models", "models/unit"}},
	{"models/gpu", []string{"models", "models/unit", "models/gpu/batching"}},
	{"models/gpu/batching", nil},
	{"models/fleet", []string{"models", "models/unit"}},
	{"models/metrics", []string{"models", "models/unit"}},
	{"models/incident", []string{"models", "models/unit", "models/metrics"}},
	{"models/policy", []string{"models", "models/unit"}},
	{"models/policy/all", []string{"models/policy/*"}},
	{"models/policy/*", []string{"models", "models/unit", "models/policy"}},
	{"models/scenario", []string{"models", "models/unit", "models/demand", "models/client", "models/queue", "models/fleet", "models/gpu", "models/metrics", "models/incident", "models/policy"}},
	{"models/launch", []string{"models", "models/*", "models/gpu/batching", "models/policy/all"}},
	{"report/paint", nil},
	{"report", []string{"models", "models/unit", "models/metrics", "models/incident", "report/paint"}},
	{"study", []string{"models", "models/*", "report", "report/paint", "sim/experiment"}},
	{"study/sweep", []string{"models", "models/*", "study", "report", "report/paint", "sim/experiment"}},
	{"study/trace", []string{"models/demand"}},
	{"study/proof", []string{"models", "models/*", "sim/experiment"}},
	{"cmd/launchday", []string{"cmd/launchday/cli"}},
	{"cmd/launchday/cli", []string{"study", "study/*", "report", "examples", "models", "models/*"}},
	{"examples", nil},
	{"examples/*", []string{"models", "models/*"}},
}

func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := path.Match(p, name)
		return err == nil && ok
	})
}

func TestEveryRoomImportsOnlyWhatTheDesignAllows(t *testing.T) {
	all := packages(t)
	for name, p := range all {
		i := slices.IndexFunc(house, func(r room) bool { return matches([]string{r.name}, name) })
		if !assert.GreaterOrEqual(t, i, 0, "%s has no place in the house: add it to the list above", name) {
			continue
		}
		for _, imported := range p.Imports {
			ours, ok := strings.CutPrefix(imported, module)
			if !ok {
				continue
			}
			allowed := matches(house[i].may, ours)
			switch {
			case name == "sim":
			case strings.HasPrefix(name, "sim/"):
				allowed = allowed || ours == "sim" || strings.HasPrefix(ours, "sim/")
			default:
				allowed = allowed || ours == "sim" || ours == "sim/rng" || ours == "sim/stats"
			}
			assert.True(t, allowed && ours != testSeed, "%s imports %s", name, ours)
		}
	}
	for _, r := range house {
		there := slices.ContainsFunc(slices.Collect(maps.Keys(all)), func(name string) bool { return matches([]string{r.name}, name) })
		assert.True(t, there, "%s is not there", r.name)
	}
}

// outside is what sim and models may import that is not of the standard
// library. No plots, no Parquet, no terminal.
var outside = map[string][]string{
	"models/policy/script":     {"go.starlark.net/starlark", "go.starlark.net/syntax", "go.starlark.net/resolve"},
	"models/policy/production": {"golang.org/x/time/rate", "github.com/throttled/throttled/v2", "github.com/throttled/throttled/v2/store/memstore"},
	"sim/stats":                {"gonum.org/v1/gonum/stat/distuv"},
	"models/scenario":          {"go.yaml.in/yaml/v4", "github.com/invopop/jsonschema"},
}

// A run is a function of scenario, seed and replication: the rooms of sim and
// models reach no network, no file, no environment, no clock and no randomness
// but their own. Files come to scenario as an fs.FS.
func TestTheSimulatedWorldDoesNotReachTheRealOne(t *testing.T) {
	for name, p := range packages(t) {
		if name == testSeed || !strings.HasPrefix(name+"/", "sim/") && !strings.HasPrefix(name+"/", "models/") {
			continue
		}
		for _, imported := range p.Imports {
			first, _, _ := strings.Cut(imported, "/")
			switch {
			case first == "net" || first == "os" || first == "syscall" || first == "unsafe" || imported == "math/rand" || imported == "math/rand/v2" || imported == "crypto/rand":
				t.Errorf("%s imports %s", name, imported)
			case strings.Contains(first, ".") && !strings.HasPrefix(imported, module):
				assert.Contains(t, outside[name], imported, "%s imports what it may not", name)
			}
		}
		for _, file := range p.GoFiles {
			for _, call := range clockCalls(t, filepath.Join(p.Dir, file)) {
				t.Errorf("%s: %s reads the wall clock", name, call)
			}
			if name != "sim/experiment" { // it runs replications side by side
				assert.Empty(t, goStatements(t, filepath.Join(p.Dir, file)), name)
			}
		}
	}
}

func parseFile(t *testing.T, name string) (*token.FileSet, *ast.File) {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, nil, 0)
	require.NoError(t, err)
	return set, file
}

// clockCalls are the places where a file uses package time to look at the clock
// or to wait.
func clockCalls(t *testing.T, name string) (places []string) {
	set, file := parseFile(t, name)
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker", "Local"}, s.Sel.Name) {
				places = append(places, set.Position(n.Pos()).String()+": time."+s.Sel.Name)
			}
		}
		return true
	})
	return places
}

func goStatements(t *testing.T, name string) (places []string) {
	set, file := parseFile(t, name)
	ast.Inspect(file, func(n ast.Node) bool {
		if _, ok := n.(*ast.GoStmt); ok {
			places = append(places, set.Position(n.Pos()).String())
		}
		return true
	})
	return places
}
