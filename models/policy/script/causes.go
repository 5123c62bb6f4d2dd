package script

import (
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
)

// A run counts only the refusals that it knows when it begins. Those of a script
// are found in its text, in dicts such as {"reject": "full", "status": 503}; what
// is put together otherwise it declares in its global causes.

// A named cause is one that a script names, and where.
type named struct {
	name   string
	status models.Status // 0: it does not say
	at     syntax.Position
}

type causes []named

// written finds the causes that are written in a script, in the order of its text.
func written(tree *syntax.File) (found causes) {
	syntax.Walk(tree, func(n syntax.Node) bool {
		dict, ok := n.(*syntax.DictExpr)
		if !ok {
			return true
		}
		c, rejects := named{}, false
		c.at, _ = dict.Span()
		for _, e := range dict.List {
			entry := e.(*syntax.DictEntry)
			key, _ := entry.Key.(*syntax.Literal)
			if key == nil {
				continue
			}
			switch value := entry.Value.(type) {
			case *syntax.Literal:
				if text, ok := value.Value.(string); ok && key.Value == "reject" {
					c.name, rejects = text, true
				}
				if number, ok := value.Value.(int64); ok && key.Value == "status" {
					c.status = models.Status(number)
				}
			case *syntax.Ident:
				if key.Value == "reject" && value.Name == "True" {
					rejects = true
				}
			}
		}
		if rejects {
			found = append(found, c)
		}
		return true
	})
	return found
}

// declare adds the script's global causes, which may be absent.
func (cs *causes) declare(value starlark.Value) error {
	if value == nil {
		return nil
	}
	iterable, ok := value.(starlark.Iterable)
	if !ok {
		return fmt.Errorf("it is a %s", value.Type())
	}
	names := iterable.Iterate()
	defer names.Done()
	var item starlark.Value
	for names.Next(&item) {
		name, ok := starlark.AsString(item)
		if !ok {
			return fmt.Errorf("%s is no name", item)
		}
		c := named{name: name, at: syntax.MakePosition(nil, 1, 1)}
		if dict, ok := value.(*starlark.Dict); ok {
			status, _, err := dict.Get(item)
			if err != nil {
				return err
			}
			if c.status, err = asStatus(status); err != nil {
				return err
			}
		}
		*cs = append(*cs, c)
	}
	return nil
}

// enter gives the causes their statuses, 429 unless they say another, and enters
// them in the reasons of the run. The cause without a name is always there.
func (m *module) enter(env *policy.Env, found causes) error {
	var faults policy.TextFaults
	said := map[string]models.Status{}
	for _, c := range found {
		before := said[c.name]
		switch known := isStatus(c.status); {
		case c.name != "" && !isName(c.name):
			faults = append(faults, m.fault(c.at, fmt.Sprintf("the cause %q is no name", c.name), "letters, digits, - and _ only, at most 64"))
		case c.status != 0 && !known:
			faults = append(faults, m.fault(c.at, fmt.Sprintf("status is %d", c.status), "403, 429 or 503"))
		case c.status != 0 && before != 0 && before != c.status:
			faults = append(faults, m.fault(c.at, fmt.Sprintf("the cause %q has two statuses, %d and %d", c.name, before, c.status), "one for each cause"))
		case c.status != 0:
			said[c.name] = c.status
		}
	}
	if len(faults) > 0 {
		return faults
	}
	for _, c := range append(causes{{at: syntax.MakePosition(&m.file, 1, 1)}}, found...) {
		status := said[c.name]
		if status == 0 {
			status = models.TooManyRequests
		}
		refusal := models.Refusal{Name: env.Name, Status: status}
		if c.name != "" {
			refusal.Name += "." + c.name
		}
		if env.Reasons.Closed() && !env.Reasons.Has(refusal) {
			faults = append(faults, m.fault(c.at, fmt.Sprintf("the cause %q with status %d is new, and a run under way counts only what it knew when it began", c.name, status), "a cause of the script that it began with"))
			continue
		}
		m.causes[c.name] = cause{status, env.Reasons.Add(refusal)}
	}
	if len(faults) > 0 {
		return faults
	}
	return nil
}

func isStatus(n models.Status) bool {
	for _, s := range statuses {
		if s == n {
			return true
		}
	}
	return false
}

func asStatus(v starlark.Value) (models.Status, error) {
	if n, err := starlark.AsInt32(v); err == nil && n > 0 && isStatus(models.Status(min(n, 999))) {
		return models.Status(n), nil
	}
	return 0, fmt.Errorf("status is %s, it must be 403, 429 or 503", v)
}

// isName reports whether a cause can be part of the name of a metric.
func isName(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' {
			return false
		}
	}
	return s != "" && len(s) <= 64
}
