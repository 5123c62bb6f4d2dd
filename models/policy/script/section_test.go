package script

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/launchday-sim/launchday/models"
)

// The section names all that a script can read, return and be told, and nothing else.
func TestTheSectionNamesWhatAScriptCanReadAndReturn(t *testing.T) {
	for what, names := range map[string][]string{"attempt": attemptNames, "signals": signalNames} {
		var written []string
		for _, m := range regexp.MustCompile("`"+what+`\.([a-z_]+)`+"`").FindAllStringSubmatch(section, -1) {
			written = append(written, m[1])
		}
		assert.ElementsMatch(t, names, written, what)
	}
	for o := models.Completed; o < models.NumOutcomes; o++ {
		assert.Contains(t, section, "`"+o.String()+"`")
	}
	file, err := parser.ParseFile(token.NewFileSet(), "verdict.go", nil, 0)
	require.NoError(t, err)
	keys := 0
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) != 1 {
			return true
		}
		if fun, ok := call.Fun.(*ast.SelectorExpr); ok && fun.Sel.Name == "String" {
			if text, ok := call.Args[0].(*ast.BasicLit); ok {
				keys++
				assert.Contains(t, section, "| `"+strings.Trim(text.Value, `"`)+"` |")
			}
		}
		return true
	})
	assert.Equal(t, 6, keys)
}
