package sweep

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/launchday-sim/launchday/report"
)

// Write makes the table, its dictionary and the pictures of a study whose runs are all
// there, each file whole or not at all, and returns their names. What it makes hangs on
// the runs alone: not on the order in which they were made, where, or in how many parts.
func (s *Study) Write(st *Store) ([]string, error) {
	t, err := s.Table(st)
	if err != nil {
		return nil, err
	}
	parquet, err := report.TableParquet(t)
	if err != nil {
		return nil, err
	}
	files := []struct {
		name    string
		content []byte
	}{{"table.csv", report.TableCSV(t)}, {"table.parquet", parquet}, {"table.md", s.Dictionary(t)}}
	hashes := map[string]string{}
	for _, f := range files {
		sum := sha256.Sum256(f.content)
		hashes[f.name] = hex.EncodeToString(sum[:])
	}
	for i := range s.Plots {
		for _, svg := range []bool{false, true} {
			picture, err := s.Draw(st, &s.Plots[i], svg)
			if err != nil {
				return nil, err
			}
			name := s.Plots[i].Name + map[bool]string{true: ".svg", false: ".png"}[svg]
			files = append(files, struct {
				name    string
				content []byte
			}{name, picture})
		}
	}
	head, err := readHead(st.dir)
	if err != nil {
		return nil, err
	}
	type cell struct {
		Values   []string `json:"values"`
		Scenario string   `json:"scenario_sha256"`
	}
	manifest := struct {
		Study    string            `json:"study"`
		Hash     string            `json:"hash"`
		Version  string            `json:"version"`
		Seed     int               `json:"seed"`
		Reps     int               `json:"replications"`
		Resolved string            `json:"base_scenario"`
		Cells    []cell            `json:"cells"`
		Files    map[string]string `json:"sha256"`
	}{Study: s.Name, Hash: s.Hash, Version: head.Version, Seed: s.Seed, Reps: s.Reps, Files: hashes}
	if manifest.Resolved, err = s.Base.Resolved(); err != nil {
		return nil, err
	}
	for i := range s.Cells {
		manifest.Cells = append(manifest.Cells, cell{s.Cells[i].Values, s.Cells[i].hash})
	}
	text, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return nil, err
	}
	files = append(files, struct {
		name    string
		content []byte
	}{"manifest.json", append(text, '\n')})
	var names []string
	for _, f := range files {
		if err := replace(filepath.Join(st.dir, f.name), f.content); err != nil {
			return nil, err
		}
		names = append(names, f.name)
	}
	return names, nil
}

// Merge adds the runs of other folders of the same study to a store, as a log of its own.
func (s *Study) Merge(st *Store, dirs []string, version string) error {
	for _, dir := range dirs {
		if _, err := os.Stat(filepath.Join(dir, headFile)); err != nil {
			return err
		}
		other, err := Open(dir, s, version)
		if err != nil {
			return err
		}
		for cell := range s.Cells {
			for rep := range s.Reps {
				key := s.key(cell, rep)
				values, there := other.Get(key)
				if _, known := st.Get(key); there && !known {
					if err := st.Put(key, values); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}
