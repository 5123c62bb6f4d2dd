package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"runtime"
	"time"

	"github.com/google/uuid"
)

// manifestSchema is the version of the shape of manifest.json.
const manifestSchema = 1

// namespace is that of run ids (RFC 9562, version 5).
var namespace = uuid.MustParse("6c1a4f0e-2f0b-5d57-9c56-1a0e7e9d2503")

// hashed names the files whose hashes stand in the manifest: those that equal
// runs must leave byte by byte on every platform.
var hashed = map[string]bool{"summary.json": true, "series.csv": true, "series.parquet": true, "pools.csv": true, "pools.parquet": true,
	"training.csv": true, "training.parquet": true}

// A manifest says what was run and what came of it.
type manifest struct {
	Schema         int               `json:"schema"`
	RunID          string            `json:"run_id"`
	Scenario       string            `json:"scenario"`
	ScenarioSHA256 string            `json:"scenario_sha256"` // of Resolved
	Seed           uint64            `json:"seed"`
	Replication    uint64            `json:"replication"`
	Replications   int               `json:"replications"`
	Scale          float64           `json:"scale"`
	Version        string            `json:"version"`
	SHA256         map[string]string `json:"sha256"` // by file
	Resolved       string            `json:"resolved"`
	Environment    environment       `json:"environment"`
}

// An environment is what may differ between equal runs.
type environment struct {
	File     string  `json:"scenario_file,omitempty"` // as the user named it: data files lie in its folder
	Platform string  `json:"platform"`
	Go       string  `json:"go"`
	Wall     float64 `json:"wall_s"`
}

// ID is the id of a run: equal for equal resolved scenarios, seeds and
// replications, whatever program and machine ran them.
func (r *Run) ID() string {
	what := fmt.Sprintf("%s\n%d\n%d", sha256Hex([]byte(r.Resolved)), r.Seed, r.Replication)
	if r.Replications > 1 {
		what += fmt.Sprintf("\n%d", r.Replications)
	}
	return uuid.NewSHA1(namespace, []byte(what)).String()
}

func manifestJSON(r *Run, hashes map[string]string, wall time.Duration) ([]byte, error) {
	return indented(manifest{
		Schema:         manifestSchema,
		RunID:          r.ID(),
		Scenario:       r.Name,
		ScenarioSHA256: sha256Hex([]byte(r.Resolved)),
		Seed:           r.Seed,
		Replication:    r.Replication,
		Replications:   max(r.Replications, 1),
		Scale:          r.Scale,
		Version:        r.Version,
		SHA256:         hashes,
		Resolved:       r.Resolved,
		Environment:    environment{r.ScenarioFile, runtime.GOOS + "/" + runtime.GOARCH, runtime.Version(), wall.Seconds()},
	})
}

func summaryJSON(r *Run) ([]byte, error) {
	if r.Intervals != nil {
		return r.Intervals, nil
	}
	return indented(&r.Result.Summary)
}

// indented is JSON for people and programs: no HTML escapes, a newline at the end.
func indented(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}

func sha256Hex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
