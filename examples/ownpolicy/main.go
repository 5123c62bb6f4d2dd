// Command ownpolicy compares a policy of one's own with the limit on the queue
// that comes with Launchday, on the same surge. The policy is in
// returnersfirst.go; nothing of Launchday was changed for it. Run it in this
// folder:
//
//	go run .
//
// With arguments it is the command line of Launchday, which knows the policy:
//
//	go run . run surge.yaml --set policies.mine.enabled=yes
//	go run . compare surge.yaml --vary policies.mine.enabled=no,yes --chart mine.png
package main

import (
	"context"
	"embed"
	"fmt"
	"io"
	"os"

	"github.com/launchday-sim/launchday/cmd/launchday/cli"
	"github.com/launchday-sim/launchday/models/scenario"
	"github.com/launchday-sim/launchday/study"
)

//go:embed surge.yaml
var files embed.FS

func main() {
	if len(os.Args) > 1 {
		cli.Main()
	}
	if err := compare(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// compare plays the surge eight times under each policy, with the same users,
// patience and service times.
func compare(w io.Writer) error {
	surge, err := scenario.Read(files, "surge.yaml")
	if err != nil {
		return err
	}
	usual, err := only(surge, "usual")
	if err != nil {
		return err
	}
	mine, err := only(surge, "mine")
	if err != nil {
		return err
	}
	result, err := study.Compare(context.Background(), usual, mine, 1, 8, 0, nil)
	if err != nil {
		return err
	}
	return result.Text(w)
}

// only is the scenario with one of its policies at work, and named after it.
func only(sc *scenario.Scenario, name string) (*scenario.Scenario, error) {
	var changes scenario.Changes
	for _, set := range [][2]string{{"name", name}, {"policies." + name + ".enabled", "yes"}} {
		c, err := scenario.NewChange(set[0], set[1])
		if err != nil {
			return nil, err
		}
		changes = append(changes, c)
	}
	return sc.With(changes)
}
