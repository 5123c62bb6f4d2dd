package script

import (
	"slices"
	"strings"

	"go.starlark.net/syntax"

	"github.com/launchday-sim/launchday/models/policy"
	"github.com/launchday-sim/launchday/models/unit"
)

// called are the functions that a policy may define, and what their parameters are.
var called = map[string][]string{"admit": {"", "attempt", "signals"}, "on_finish": {"", "attempt", ""}, "tick": {"", "signals"}}

// names finds what can be told before the script runs: attributes that an attempt and
// signals do not have, and a function of whose name only a letter or two is wrong, which
// nobody calls.
func (m *module) names(tree *syntax.File) (faults policy.TextFaults) {
	used := map[string]int{}
	syntax.Walk(tree, func(n syntax.Node) bool {
		if id, ok := n.(*syntax.Ident); ok {
			used[id.Name]++
		}
		return true
	})
	for _, statement := range tree.Stmts {
		def, ok := statement.(*syntax.DefStmt)
		if !ok {
			continue
		}
		params, known := called[def.Name.Name]
		if !known {
			near := unit.Nearest(def.Name.Name, []string{"admit", "on_finish", "tick"})
			if near != "" && used[def.Name.Name] == 1 && used[near] == 0 {
				faults = append(faults, m.fault(def.Name.NamePos, "nothing calls "+def.Name.Name, near))
			}
			continue
		}
		for i, what := range params {
			if what == "" || i >= len(def.Params) {
				continue
			}
			id, ok := def.Params[i].(*syntax.Ident)
			if !ok {
				continue
			}
			has := map[string][]string{"attempt": attemptNames, "signals": signalNames}[what]
			faults = append(faults, m.attributes(def, id.Name, what, has)...)
		}
	}
	return faults
}

// attributes finds those that the value of a parameter does not have. A name that is bound
// once more in the function may be anything, and who asks hasattr knows what he does.
func (m *module) attributes(def *syntax.DefStmt, param, what string, has []string) (faults policy.TextFaults) {
	other := false
	binds := func(x syntax.Expr) {
		syntax.Walk(x, func(n syntax.Node) bool {
			if id, ok := n.(*syntax.Ident); ok && id.Name == param {
				other = true
			}
			_, dot := n.(*syntax.DotExpr)
			return !dot
		})
	}
	for _, statement := range def.Body {
		syntax.Walk(statement, func(n syntax.Node) bool {
			switch x := n.(type) {
			case *syntax.AssignStmt:
				binds(x.LHS)
			case *syntax.ForStmt:
				binds(x.Vars)
			case *syntax.ForClause:
				binds(x.Vars)
			case *syntax.DefStmt:
				for _, p := range x.Params {
					binds(p)
				}
			case *syntax.LambdaExpr:
				for _, p := range x.Params {
					binds(p)
				}
			case *syntax.CallExpr:
				if id, ok := x.Fn.(*syntax.Ident); ok && (id.Name == "hasattr" || id.Name == "getattr") {
					other = true
				}
			case *syntax.DotExpr:
				id, ok := x.X.(*syntax.Ident)
				if ok && id.Name == param && !slices.Contains(has, x.Name.Name) {
					want := "one of " + strings.Join(has, ", ")
					if near := unit.Nearest(x.Name.Name, has); near != "" {
						want = what + "." + near
					}
					faults = append(faults, m.fault(x.Name.NamePos, what+" has no "+x.Name.Name, want))
				}
			}
			return true
		})
	}
	if other {
		return nil
	}
	return faults
}
