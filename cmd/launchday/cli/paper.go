package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/launchday-sim/launchday/study"
)

func paperCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "paper DIR",
		Short: "Write the reporting sheet and the artifact appendix of a result",
		Long: `Write into a result, from its manifest, the STRESS-DES reporting sheet (20 items) and an
artifact appendix: environment, commands, run times, files and what their figures mean.
What only the authors can say is left in brackets.`,
		Example: `  launchday paper results/ghibli-2025`,
		Args:    arguments("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := args[0]
			name := filepath.Join(dir, "manifest.json")
			text, err := os.ReadFile(name)
			if err != nil {
				return noResult(name, err)
			}
			var m struct {
				Replications int    `json:"replications"`
				Version      string `json:"version"`
				Hash         string `json:"scenario_sha256"`
				Environment  struct {
					Platform string  `json:"platform"`
					Go       string  `json:"go"`
					Wall     float64 `json:"wall_s"`
				} `json:"environment"`
			}
			if err := json.Unmarshal(text, &m); err != nil {
				return badInput(err)
			}
			sc, seed, _, err := openManifest(name)
			if err != nil {
				return badInput(err)
			}
			p := study.Paper{Scenario: sc, Seed: seed, Replications: max(m.Replications, 1), Version: m.Version, Hash: m.Hash,
				Platform: m.Environment.Platform, Go: m.Environment.Go, Wall: m.Environment.Wall}
			entries, err := os.ReadDir(dir)
			if err != nil {
				return badInput(err)
			}
			for _, e := range entries {
				if n := e.Name(); !strings.HasPrefix(n, "stress-des") && !strings.HasPrefix(n, "artifact") {
					p.Files = append(p.Files, n)
				}
			}
			for _, f := range []struct {
				name  string
				write func(io.Writer) error
			}{{"stress-des.md", p.Sheet}, {"artifact.md", p.Appendix}} {
				var b bytes.Buffer
				if err := f.write(&b); err != nil {
					return err
				}
				if err := os.WriteFile(filepath.Join(dir, f.name), b.Bytes(), 0o644); err != nil {
					return badInput(err)
				}
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "In %s: stress-des.md, the 20 items of STRESS-DES, and artifact.md\n", filepath.ToSlash(dir))
			return err
		},
	}
}
