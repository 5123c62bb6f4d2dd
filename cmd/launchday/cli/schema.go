package cli

import (
	"github.com/spf13/cobra"

	"github.com/launchday-sim/launchday/models/scenario"
)

func schemaCommand() *cobra.Command {
	var reference bool
	c := &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the scenario file, or its reference",
		Example: `  launchday schema > scenario.schema.json
  launchday schema --reference > reference.md`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			text := scenario.ReferenceText()
			if !reference {
				var err error
				if text, err = scenario.SchemaText(); err != nil {
					return err
				}
			}
			_, err := cmd.OutOrStdout().Write(text)
			return err
		},
	}
	c.Flags().BoolVar(&reference, "reference", false, "print the reference documentation, in Markdown, instead")
	return c
}
