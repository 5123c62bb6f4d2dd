package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	yaml "go.yaml.in/yaml/v4"

	"github.com/launchday-sim/launchday/models/scenario"
)

// openManifest reads the scenario of a manifest, and its seed.
func openManifest(name string) (sc *scenario.Scenario, seed uint64, origin string, err error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, 0, "", err
	}
	var m struct {
		Resolved    string
		Seed        uint64
		Environment struct {
			File string `json:"scenario_file"`
		}
	}
	if err := json.Unmarshal(text, &m); err != nil || m.Resolved == "" {
		return nil, 0, "", fmt.Errorf("%s: is not the manifest of a run: want a manifest.json or a scenario file", name)
	}
	folder := filepath.Dir(name)
	data := dataFiles{beside: folder, folders: []string{folder, "."}, hashes: dataHashes(m.Resolved)}
	if m.Environment.File != "" {
		data.folders = append(data.folders, filepath.Dir(m.Environment.File))
	}
	sc, err = scenario.ReadTextIn(data, name, m.Resolved)
	return sc, m.Seed, m.Environment.File, err
}

// dataFiles finds the data files that a manifest names: beside it, in the working
// folder, and where the scenario was when it ran. Whatever else lies there
// under that name, only the file with the hash that the manifest holds is meant.
type dataFiles struct {
	beside  string // the folder that a scenario's reader takes names to be in
	folders []string
	hashes  map[string]string // by name
}

// Open implements fs.FS.
func (d dataFiles) Open(name string) (fs.File, error) {
	short := name
	if rel, err := filepath.Rel(d.beside, filepath.FromSlash(name)); err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		short = filepath.ToSlash(rel)
	}
	hash := d.hashes[short]
	other := ""
	for _, folder := range d.folders {
		path := filepath.Join(folder, filepath.FromSlash(short))
		if filepath.IsAbs(short) {
			path = short
		}
		f, err := os.Open(path)
		if err != nil {
			continue
		}
		if hash == "" {
			return f, nil
		}
		h := sha256.New()
		if _, err = io.Copy(h, f); err == nil && strings.EqualFold(hex.EncodeToString(h.Sum(nil)), hash) {
			if _, err = f.Seek(0, io.SeekStart); err == nil {
				return f, nil
			}
		}
		_ = f.Close()
		other = path
	}
	what := "is neither beside the manifest nor in the working folder"
	if other != "" {
		what = "is not the file that was meant: " + filepath.ToSlash(other) + " is another"
	}
	if hash != "" {
		what += " (sha256 " + hash + ")"
	}
	return nil, fmt.Errorf("%s %s: want a copy of the file of the run beside the manifest", short, what)
}

// dataHashes lists the hashes of the files that a resolved scenario names.
func dataHashes(resolved string) map[string]string {
	hashes := map[string]string{}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			file, _ := v["file"].(string)
			if hash, ok := v["sha256"].(string); ok && file != "" {
				hashes[file] = hash
			}
			for _, inner := range v {
				walk(inner)
			}
		case []any:
			for _, inner := range v {
				walk(inner)
			}
		}
	}
	var doc any
	// What is no YAML is told by the reader of the scenario.
	if yaml.Unmarshal([]byte(resolved), &doc) == nil {
		walk(doc)
	}
	return hashes
}

// noResult is the error of a result whose manifest, name, cannot be read.
func noResult(name string, err error) error {
	var at *fs.PathError
	if errors.As(err, &at) && at.Path == name && errors.Is(at, fs.ErrNotExist) {
		err = fmt.Errorf("%s: there is no such file: want the folder that a run wrote", name)
	}
	return badInput(err)
}
