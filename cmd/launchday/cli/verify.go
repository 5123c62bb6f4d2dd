package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/launchday-sim/launchday/models/launch"
	"github.com/launchday-sim/launchday/report"
)

func verifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "verify DIR",
		Short: "Run again what a result describes, and compare",
		Long: `Run again what the manifest of a result describes, with its scenario, seed and number
of replications, and compare the files that equal runs leave byte by byte: with
the hashes in the manifest, and these with what stands in the folder now. Data files
that it names are looked for as run does. The exit code is 1 where anything differs.`,
		Example: `  launchday verify results/ghibli-2025`,
		Args:    arguments("DIR"),
		RunE:    func(cmd *cobra.Command, args []string) error { return verify(cmd, args[0]) },
	}
}

func verify(cmd *cobra.Command, dir string) error {
	type manifest struct {
		Resolved     string            `json:"resolved"`
		Seed         uint64            `json:"seed"`
		Replications int               `json:"replications"`
		Version      string            `json:"version"`
		SHA256       map[string]string `json:"sha256"`
	}
	read := func(name string) (m manifest, err error) {
		text, err := os.ReadFile(name)
		if err == nil {
			err = json.Unmarshal(text, &m)
		}
		return m, err
	}
	name := filepath.Join(dir, "manifest.json")
	if filepath.Ext(dir) == ".json" {
		name, dir = dir, filepath.Dir(dir)
	}
	m, err := read(name)
	switch {
	case err != nil:
		return noResult(name, err)
	case m.Resolved == "":
		return badInput(fmt.Errorf("%s: is not the manifest of a run: of a study, sweep it into another folder and compare table.csv", name))
	}
	sc, _, _, err := openManifest(name)
	if err == nil {
		err = launch.Rehearse(sc)
	}
	if err != nil {
		return badInput(err)
	}
	temp, err := os.MkdirTemp("", "launchday-verify-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	folder, err := report.Prepare(filepath.Join(temp, "again"), false)
	if err != nil {
		return err
	}
	defer folder.Abort()
	r := runCall{reps: max(m.Replications, 1)}
	r.seed = m.Seed
	begun := time.Now()
	result, _, err := r.play(cmd, sc)
	if err != nil {
		return err
	}
	if err := folder.Write(result, time.Since(begun)); err != nil {
		return err
	}
	if err := folder.Commit(); err != nil {
		return err
	}
	again, err := read(filepath.Join(folder.Path(), "manifest.json"))
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	differ := 0
	for _, file := range slices.Sorted(maps.Keys(m.SHA256)) {
		verdict := "the same"
		text, err := os.ReadFile(filepath.Join(dir, file))
		sum := sha256.Sum256(text)
		switch here := hex.EncodeToString(sum[:]); {
		case again.SHA256[file] != m.SHA256[file]:
			verdict = "differs: run again it is another"
		case err != nil:
			verdict = "is not there: run again it is what the manifest says"
		case here != m.SHA256[file]:
			verdict = "was changed: it is not what the manifest says, and what run again it is"
		}
		if verdict != "the same" {
			differ++
		}
		fmt.Fprintf(t, "%s\t%s\n", file, verdict)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if differ > 0 {
		return fmt.Errorf("%d of %d files differ; the result is of version %s, this is %s", differ, len(m.SHA256), m.Version, version())
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: repeated, %d files are the same byte by byte.\n", dir, len(m.SHA256))
	return err
}
