package main

import (
	"strings"
	"testing"
)

func TestTheComparisonNamesBothPolicies(t *testing.T) {
	var out strings.Builder
	if err := compare(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"mine against usual: 8 paired replications", "all.completed", "all.wait_s.mean"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
}
