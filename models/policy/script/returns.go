package script

import (
	"fmt"
	"strconv"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// The interpreter does not say which return statement an answer came from. What the
// text allows is told: the place of the only one that it can be, or the lines of all
// of them.

// A returned is a return statement of admit.
type returned struct {
	at   syntax.Position
	expr syntax.Expr
}

// returnsOf are the return statements of a function with a value, those of functions
// within it left out.
func returnsOf(tree *syntax.File, fn *starlark.Function) (found []returned) {
	syntax.Walk(tree, func(n syntax.Node) bool {
		def, ok := n.(*syntax.DefStmt)
		if !ok || def.Def != fn.Position() && def.Name.NamePos != fn.Position() {
			return true
		}
		for _, statement := range def.Body {
			syntax.Walk(statement, func(n syntax.Node) bool {
				switch n := n.(type) {
				case *syntax.DefStmt, *syntax.LambdaExpr:
					return false
				case *syntax.ReturnStmt:
					if n.Result != nil {
						found = append(found, returned{n.Return, n.Result})
					}
				}
				return true
			})
		}
		return false
	})
	return found
}

// may reports whether the statement may have given the answer, as far as a look at
// it tells.
func (r *returned) may(answer starlark.Value) bool {
	kind := answer.Type()
	switch x := r.expr.(type) {
	case *syntax.DictExpr, *syntax.Comprehension:
		return kind == "dict" || kind == "list"
	case *syntax.ListExpr:
		return kind == "list"
	case *syntax.TupleExpr:
		return kind == "tuple"
	case *syntax.Literal:
		switch x.Token {
		case syntax.STRING:
			return kind == "string"
		case syntax.INT:
			return kind == "int"
		case syntax.FLOAT:
			return kind == "float"
		}
	case *syntax.Ident:
		switch x.Name {
		case "None", "True", "False":
			return false // which is never wrong
		}
	}
	return true
}

// answered is the place of the statement that gave a wrong answer if there is only
// one that can have, or that of the function and the lines of those that can.
func (m *module) answered(answer starlark.Value) (at syntax.Position, where string) {
	var lines []string
	at = m.admit.Position()
	for _, r := range m.returns {
		if r.may(answer) {
			at = r.at
			lines = append(lines, strconv.Itoa(int(r.at.Line)))
		}
	}
	if len(lines) == 1 {
		return at, "in admit"
	}
	at = m.admit.Position()
	if len(lines) == 0 {
		return at, "in admit"
	}
	return at, fmt.Sprintf("in admit, which returns at lines %s and %s", strings.Join(lines[:len(lines)-1], ", "), lines[len(lines)-1])
}

// shown is a value and its type for a message, at most some words of it: a dict of
// a million entries is not written out.
func shown(v starlark.Value) string {
	a := "a"
	if strings.ContainsRune("aeiou", rune(v.Type()[0])) {
		a = "an"
	}
	what := a + " " + v.Type()
	switch x := v.(type) {
	case starlark.String:
		if len(x) > 40 {
			return fmt.Sprintf("%q... (%s)", string(x[:40]), what)
		}
		return fmt.Sprintf("%s (%s)", x, what)
	case starlark.Int:
		if n, ok := x.Int64(); ok {
			return fmt.Sprintf("%d (%s)", n, what)
		}
	case starlark.Float:
		return fmt.Sprintf("%s (%s)", x, what)
	case starlark.Sequence:
		return fmt.Sprintf("%s of %d", what, x.Len())
	}
	return what
}
