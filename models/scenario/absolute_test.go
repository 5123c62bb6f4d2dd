package scenario_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models/scenario"
)

// machine opens any path of the machine, as the command line does.
type machine struct{}

func (machine) Open(name string) (fs.File, error) { return os.Open(name) }

func TestAnAbsolutePathIsReadAndShownAsItIsGiven(t *testing.T) {
	there, here := t.TempDir(), t.TempDir()
	write := func(path, text string) { require.NoError(t, os.WriteFile(path, []byte(text), 0o600)) }
	for name, f := range logs {
		if strings.HasSuffix(name, ".csv") {
			write(filepath.Join(there, filepath.Base(name)), string(f.Data))
		}
	}
	write(filepath.Join(there, "own.star"), "def admit(now, attempt, signals):\n  return limt\n")
	text := strings.ReplaceAll(withLog, "logs/", there+"/")
	name := filepath.Join(here, "a.yaml")

	write(name, text)
	sc, err := scenario.Read(machine{}, name)
	require.NoError(t, err)
	resolved, err := sc.Resolved()
	require.NoError(t, err)
	assert.Contains(t, resolved, "file: "+there+"/a.csv")
	write(name, resolved)
	_, err = scenario.Read(machine{}, name)
	require.NoError(t, err)

	write(name, strings.Replace(text, "/a.csv", "/none.csv", 1))
	_, err = scenario.Read(machine{}, name)
	assert.ErrorContains(t, err, "cannot be read: open "+there+"/none.csv: ")

	write(name, text+"policies: [{name: mine, kind: starlark, file: "+there+"/own.star}]\n")
	_, err = scenario.Read(machine{}, name)
	assert.EqualError(t, err, there+"/own.star:2:10: policies.mine: undefined: limt")
}
