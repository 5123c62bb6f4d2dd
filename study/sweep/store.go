package sweep

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/launchday-sim/launchday/models/metrics"
)

// A Store is a folder with the runs of a study. Each process that adds to it has a log of
// its own there, runs-*.jsonl: a line for each run that has ended, with a checksum behind
// it. A line that was cut off by a kill is not read, and its run is made again.
type Store struct {
	dir  string
	mu   sync.Mutex
	log  *os.File
	runs map[string][]float64 // by key
}

// head is the first file of a store: what it belongs to.
type head struct {
	Study   string `json:"study"`
	Hash    string `json:"hash"`
	Version string `json:"version"`
}

const headFile = "study.json"

// ErrOther is returned where a folder holds the runs of another study.
var ErrOther = errors.New("holds the runs of another study, or of another version of this one or of the program")

// Open opens the folder of a study, or makes it, and reads the runs that are there.
func Open(dir string, s *Study, version string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("runs cannot be written to %s: %w", dir, err)
	}
	want := head{s.Name, s.Hash, version}
	switch got, err := readHead(dir); {
	case errors.Is(err, fs.ErrNotExist):
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(entries, func(e os.DirEntry) bool { return !strings.HasPrefix(e.Name(), headFile) }) {
			return nil, fmt.Errorf("runs cannot be written to %s: it is there and is no study's", dir)
		}
		text, err := json.MarshalIndent(want, "", "  ")
		if err != nil {
			return nil, err
		}
		if err := replace(filepath.Join(dir, headFile), append(text, '\n')); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	case got != want:
		return nil, fmt.Errorf("%s %w", dir, ErrOther)
	}
	st := &Store{dir: dir, runs: map[string][]float64{}}
	return st, st.Read(dir, len(s.Metrics))
}

// Dir is the folder of the store.
func (st *Store) Dir() string { return st.dir }

func readHead(dir string) (h head, err error) {
	text, err := os.ReadFile(filepath.Join(dir, headFile))
	if err != nil {
		return h, err
	}
	if err := json.Unmarshal(text, &h); err != nil {
		return h, fmt.Errorf("%s: %w", filepath.Join(dir, headFile), err)
	}
	return h, nil
}

// replace writes a file so that it is there whole or not at all.
func replace(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".tmp-")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// Read adds the runs that stand in the logs of a folder.
func (st *Store) Read(dir string, figures int) error {
	logs, err := filepath.Glob(filepath.Join(dir, "runs-*.jsonl"))
	if err != nil {
		return err
	}
	for _, name := range logs {
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		err = st.readLog(f, figures)
		if err = errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// A line is a run in a log.
type line struct {
	Key     string           `json:"key"`
	Figures []metrics.Figure `json:"figures"`
}

func (st *Store) readLog(r io.Reader, figures int) error {
	in := bufio.NewReader(r)
	for {
		text, err := in.ReadBytes('\n')
		if err == io.EOF {
			return nil // what lies behind the last end of a line was cut off
		}
		if err != nil {
			return err
		}
		if key, values, ok := parse(text); ok && len(values) == figures {
			st.runs[key] = values
		}
	}
}

// parse reads a line of a log, and reports whether it is whole.
func parse(text []byte) (key string, values []float64, ok bool) {
	text, sum, found := bytes.Cut(bytes.TrimSuffix(text, []byte("\n")), []byte("\t"))
	if !found || string(sum) != checksum(text) {
		return "", nil, false
	}
	var l struct {
		Key     string     `json:"key"`
		Figures []*float64 `json:"figures"`
	}
	if err := json.Unmarshal(text, &l); err != nil {
		return "", nil, false
	}
	for _, f := range l.Figures {
		v := float64(metrics.Null())
		if f != nil {
			v = *f
		}
		values = append(values, v)
	}
	return l.Key, values, true
}

func checksum(text []byte) string { return fmt.Sprintf("%08x", crc32.ChecksumIEEE(text)) }

// Get returns the figures of a run, if it has been made.
func (st *Store) Get(key string) ([]float64, bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	v, ok := st.runs[key]
	return v, ok
}

// Put enters a run in the log of this process, in one write.
func (st *Store) Put(key string, values []float64) error {
	l := line{Key: key}
	for _, v := range values {
		l.Figures = append(l.Figures, metrics.Figure(v))
	}
	text, err := json.Marshal(l)
	if err != nil {
		return err
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.log == nil {
		if st.log, err = os.CreateTemp(st.dir, "runs-*.jsonl"); err != nil {
			return err
		}
		if err := st.log.Chmod(0o644); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintf(st.log, "%s\t%s\n", text, checksum(text)); err != nil {
		return err
	}
	st.runs[key] = values
	return nil
}

// Close makes sure that the log is on the disk.
func (st *Store) Close() error {
	if st.log == nil {
		return nil
	}
	return errors.Join(st.log.Sync(), st.log.Close())
}
