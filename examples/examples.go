// Package examples holds the scenarios that Launchday ships.
package examples

import "embed"

// FS holds the shipped scenarios, at scenarios/NAME.yaml, and studies, at study-NAME.yaml.
//
//go:embed scenarios/*.yaml study-*.yaml
var FS embed.FS
