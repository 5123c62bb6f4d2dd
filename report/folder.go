package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// room is what a folder must at least be able to hold before a run starts: a
// small run with its pictures.
const room = 8 << 20

// A Folder is where a run will leave its files. They are written to a folder
// beside it, whose name starts with a dot, and renamed at the end.
type Folder struct {
	path    string // where the result will stand
	temp    string // where it is written; "" once committed or aborted
	replace bool   // path may be there already
	made    string // the outermost folder above path that Prepare made; "" if none
}

// Prepare makes ready to write a result to dir, and reports what would prevent
// it: dir exists already, or nothing can be written there. With force an
// earlier result (or an empty folder) is replaced when the new one is
// complete; any other folder or file is refused all the same.
func Prepare(dir string, force bool) (*Folder, error) {
	dir = filepath.Clean(dir)
	if err := replaceable(dir, force); err != nil {
		return nil, err
	}
	parent, name := filepath.Split(dir)
	if parent == "" {
		parent = "."
	}
	made := missing(parent)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return nil, fmt.Errorf("results cannot be written to %s: %w", dir, err)
	}
	temp, err := os.MkdirTemp(parent, "."+name+".tmp-")
	if err != nil {
		return nil, fmt.Errorf("results cannot be written to %s: %w", dir, err)
	}
	f := &Folder{path: dir, temp: temp, replace: force, made: made}
	// MkdirTemp makes the folder private; a result is not.
	err = os.Chmod(temp, 0o755)
	if err == nil {
		err = probe(filepath.Join(temp, "probe"))
	}
	if err != nil {
		f.Abort()
		return nil, fmt.Errorf("results cannot be written to %s: %w", dir, err)
	}
	return f, nil
}

// missing is the outermost folder of a path that is not there yet; "" if all are.
func missing(dir string) (outermost string) {
	for dir = filepath.Clean(dir); ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
			return outermost
		}
		outermost = dir
	}
}

// replaceable says why a result cannot take the place of what stands at dir.
func replaceable(dir string, force bool) error {
	info, err := os.Lstat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("results cannot be written to %s: %w", dir, err)
	case !info.IsDir():
		return fmt.Errorf("results cannot be written to %s: it is there and is not a folder", dir)
	case !force:
		return fmt.Errorf("results cannot be written to %s: it is there already (--force replaces it)", dir)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("results cannot be written to %s: %w", dir, err)
	}
	if len(entries) == 0 {
		return nil
	}
	var m manifest
	text, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil || json.Unmarshal(text, &m) != nil || m.RunID == "" {
		return fmt.Errorf("results cannot be written to %s: it is there and is not an earlier result, so that it is not replaced even with --force", dir)
	}
	return nil
}

// probe finds out whether there is room at all.
func probe(path string) error {
	if err := os.WriteFile(path, bytes.Repeat([]byte("room"), room/4), 0o644); err != nil {
		return err
	}
	return os.Remove(path)
}

// Rename changes where the result will stand, beside where it was to stand.
func (f *Folder) Rename(dir string) { f.path = filepath.Clean(dir) }

// Path is where the result stands after Commit.
func (f *Folder) Path() string { return f.path }

// Put writes one file more into the folder.
func (f *Folder) Put(name string, content []byte) error {
	if f.temp == "" {
		return fmt.Errorf("writing %s: the folder is closed", name)
	}
	if err := os.WriteFile(filepath.Join(f.temp, name), content, 0o644); err != nil {
		return fmt.Errorf("writing %s of %s: %w", name, f.path, err)
	}
	return nil
}

// Write writes every file of the run; wall is how long it took. After an error
// the folder can only be aborted.
func (f *Folder) Write(r *Run, wall time.Duration) error {
	type file struct {
		name string
		make func() ([]byte, error)
	}
	// Those that the manifest holds hashes of come first.
	files := []file{
		{"summary.json", func() ([]byte, error) { return summaryJSON(r) }},
		{"series.csv", func() ([]byte, error) { return TableCSV(r.Result.Series), nil }},
		{"series.parquet", func() ([]byte, error) { return TableParquet(r.Result.Series) }},
		{"pools.csv", func() ([]byte, error) { return TableCSV(r.Result.Pools), nil }},
		{"pools.parquet", func() ([]byte, error) { return TableParquet(r.Result.Pools) }},
		{"training.csv", func() ([]byte, error) { return TableCSV(r.Result.Training), nil }},
		{"training.parquet", func() ([]byte, error) { return TableParquet(r.Result.Training) }},
		{"summary.md", func() ([]byte, error) { return figuresMD(r), nil }},
		{"series.md", func() ([]byte, error) { return dictionary(r), nil }},
		{"latency.csv", func() ([]byte, error) { return latencyCSV(r), nil }},
		{"record.csv", func() ([]byte, error) { return recordCSV(r), nil }},
	}
	for _, p := range pictures(r) {
		files = append(files, file{p.Name + ".png", p.PNG}, file{p.Name + ".svg", p.SVG})
	}
	contents := make([][]byte, len(files))
	errs := make([]error, len(files))
	var all sync.WaitGroup
	for i := range files {
		all.Go(func() { contents[i], errs[i] = files[i].make() })
	}
	all.Wait()
	hashes := map[string]string{}
	for i, file := range files {
		if errs[i] != nil {
			return fmt.Errorf("making %s: %w", file.name, errs[i])
		}
		if contents[i] == nil {
			continue
		}
		if hashed[file.name] {
			hashes[file.name] = sha256Hex(contents[i])
		}
		if err := f.Put(file.name, contents[i]); err != nil {
			return err
		}
	}
	text, err := manifestJSON(r, hashes, wall)
	if err != nil {
		return fmt.Errorf("making manifest.json: %w", err)
	}
	return f.Put("manifest.json", text)
}

// Commit gives the folder its name. Where an earlier result stands there, it is
// moved aside first and put back if that fails.
func (f *Folder) Commit() error {
	if f.temp == "" {
		return fmt.Errorf("results cannot be written to %s: the folder is closed", f.path)
	}
	// It may have come into being while the run went on.
	if err := replaceable(f.path, f.replace); err != nil {
		return err
	}
	old := ""
	if _, err := os.Lstat(f.path); err == nil {
		old = f.temp + ".old"
		if err := os.Rename(f.path, old); err != nil {
			return fmt.Errorf("moving the earlier result at %s aside: %w", f.path, err)
		}
	}
	if err := os.Rename(f.temp, f.path); err != nil {
		if old != "" {
			err = errors.Join(err, os.Rename(old, f.path))
		}
		return fmt.Errorf("giving the result its name %s: %w", f.path, err)
	}
	f.temp = ""
	if old != "" {
		if err := os.RemoveAll(old); err != nil {
			return fmt.Errorf("removing the earlier result at %s: %w", old, err)
		}
	}
	return nil
}

// Abort removes what was written, and the folders that were made for it. It
// does nothing after Commit.
func (f *Folder) Abort() {
	if f.temp == "" {
		return
	}
	_ = os.RemoveAll(f.temp)
	f.temp = ""
	if f.made == "" {
		return
	}
	// Remove leaves alone what somebody else has put something into meanwhile.
	for dir := filepath.Dir(f.path); os.Remove(dir) == nil && dir != f.made; {
		dir = filepath.Dir(dir)
	}
}
