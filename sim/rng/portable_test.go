//go:build !js

package rng

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/packages"
)

// portableMath is what may be used of package math: what IEEE 754 defines to the
// last bit, and constants.
var portableMath = regexp.MustCompile(`^(Sqrt|Floor|Ceil|Trunc|Round|RoundToEven|Abs|Max|Min|Copysign|Signbit|Nextafter|` +
	`Float(32|64)(bits|frombits)|Inf|NaN|IsNaN|IsInf)$`)

// wallClock is what may not be used of package time.
var wallClock = regexp.MustCompile(`^(Now|Since|Until|Sleep|After|AfterFunc|Tick|NewTimer|NewTicker)$`)

// notPortable is what may not be imported.
var notPortable = regexp.MustCompile(`^(math/rand|math/rand/v2|math/cmplx|crypto/rand|gonum\.org/.*)$`)

// notChecked are the rooms whose figures decide nothing in a run.
var notChecked = regexp.MustCompile(`/(sim/stats|sim/experiment|models/textbook)(/|$)`)

// TestSimulationCodeIsPortable reads all code under sim and models that is not a
// test: it must give the same bits on every platform and never look at a clock.
func TestSimulationCodeIsPortable(t *testing.T) {
	if testing.Short() {
		t.Skip("loads the whole module")
	}
	loaded, err := packages.Load(&packages.Config{
		Dir:  "../..",
		Mode: loadMode,
	}, "./sim/...", "./models/...")
	require.NoError(t, err)
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	for _, fault := range faults(loaded) {
		t.Error(strings.TrimPrefix(fault, root+string(os.PathSeparator)))
	}
}

// TestTheCheckFindsEveryKindOfFault holds the check against testdata/portable,
// where each line with a fault says so, and no other.
func TestTheCheckFindsEveryKindOfFault(t *testing.T) {
	loaded, err := packages.Load(&packages.Config{Mode: loadMode}, "./testdata/portable")
	require.NoError(t, err)
	const file = "testdata/portable/faults.go"
	source, err := os.ReadFile(file)
	require.NoError(t, err)
	var want, got []string
	for i, line := range strings.Split(string(source), "\n") {
		if strings.Contains(line, "// fault") {
			want = append(want, fmt.Sprintf("%s:%d", file, i+1))
		}
	}
	for _, fault := range faults(loaded) {
		place, _, _ := strings.Cut(fault[strings.Index(fault, file):], ": ")
		got = append(got, place)
	}
	require.ElementsMatch(t, want, got)
}

const loadMode = packages.NeedName | packages.NeedFiles | packages.NeedSyntax | packages.NeedTypes |
	packages.NeedTypesInfo | packages.NeedImports

// faults returns what is not portable in these packages, as file:line: fault.
func faults(loaded []*packages.Package) []string {
	f := finder{inlined: map[string]bool{}, product: map[string]string{}, found: map[string]bool{}}
	var pkgs []*packages.Package
	for _, p := range loaded {
		for _, e := range p.Errors {
			line, _, _ := strings.Cut(e.Error(), "\n")
			f.found[line] = true
		}
		if !notChecked.MatchString(p.PkgPath) {
			pkgs = append(pkgs, p)
		}
	}
	for _, p := range pkgs {
		f.eachNode(p, f.measure)
	}
	// A product may reach a sum through a variable, a field, or the parameters and
	// the result of a function that is inlined: follow it there, until nothing new
	// is reached.
	for n := -1; n < len(f.product); {
		n = len(f.product)
		for _, p := range pkgs {
			f.eachNode(p, f.follow)
		}
	}
	for _, p := range pkgs {
		f.eachNode(p, f.check)
	}
	list := make([]string, 0, len(f.found))
	for fault := range f.found {
		list = append(list, fault)
	}
	sort.Strings(list)
	return list
}

// A finder looks for faults in one package after the other.
type finder struct {
	pkg     *packages.Package
	fn      []types.Object    // the enclosing functions, innermost last; nil for a literal
	inlined map[string]bool   // the functions that are small enough to be inlined
	product map[string]string // the variables, fields and functions that may hold an unrounded product, and where it is made
	found   map[string]bool
}

func (f *finder) eachNode(p *packages.Package, visit func(ast.Node)) {
	f.pkg = p
	for _, file := range p.Syntax {
		var open []ast.Node
		ast.Inspect(file, func(n ast.Node) bool {
			if n == nil {
				switch open[len(open)-1].(type) {
				case *ast.FuncDecl, *ast.FuncLit:
					f.fn = f.fn[:len(f.fn)-1]
				}
				open = open[:len(open)-1]
				return true
			}
			open = append(open, n)
			switch n := n.(type) {
			case *ast.FuncDecl:
				f.fn = append(f.fn, p.TypesInfo.Defs[n.Name])
			case *ast.FuncLit:
				f.fn = append(f.fn, nil)
			}
			visit(n)
			return true
		})
	}
}

// at names an object by its place, which is the same from every package.
func (f *finder) at(o types.Object) string { return f.pkg.Fset.Position(o.Pos()).String() }

// object returns the variable, field or function that an expression names, or nil.
func (f *finder) object(e ast.Expr) types.Object {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		return f.pkg.TypesInfo.ObjectOf(e)
	case *ast.SelectorExpr:
		return f.pkg.TypesInfo.ObjectOf(e.Sel)
	case *ast.IndexExpr: // an element stands for its slice; or a generic function
		return f.object(e.X)
	case *ast.StarExpr:
		return f.object(e.X)
	}
	return nil
}

// isFloat reports whether an expression is a float that is not a constant.
func (f *finder) isFloat(e ast.Expr) bool {
	tv, known := f.pkg.TypesInfo.Types[e]
	if b, ok := e.(*ast.BinaryExpr); ok && !known { // made up for x *= y
		return f.isFloat(b.X)
	}
	if tv.Type == nil || tv.Value != nil {
		return false
	}
	b, ok := tv.Type.Underlying().(*types.Basic)
	if p, isParam := tv.Type.(*types.TypeParam); isParam {
		return strings.Contains(p.Constraint().Underlying().String(), "float")
	}
	return ok && b.Info()&types.IsFloat != 0
}

// inlinable is the largest number of syntax nodes of a function that is taken to be
// inlined. The compiler has its own measure (go build -gcflags=-m=2): of this
// package it inlines functions of up to 90 nodes.
const inlinable = 100

// measure notes the functions that may be inlined.
func (f *finder) measure(n ast.Node) {
	if fn, ok := n.(*ast.FuncDecl); ok && fn.Body != nil {
		size := 0
		ast.Inspect(fn.Body, func(ast.Node) bool { size++; return true })
		f.inlined[f.at(f.pkg.TypesInfo.Defs[fn.Name])] = size/2 <= inlinable // each is seen twice
	}
}

// unrounded returns where the product is made that an expression may be without
// having been rounded, or "".
func (f *finder) unrounded(e ast.Expr) string {
	if !f.isFloat(e) {
		return ""
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.BinaryExpr:
		if pos := f.pkg.Fset.Position(e.OpPos); e.Op == token.MUL {
			return fmt.Sprintf("%s:%d", filepath.Base(pos.Filename), pos.Line)
		}
	case *ast.UnaryExpr:
		return f.unrounded(e.X)
	case *ast.CallExpr: // a conversion rounds
		if fn, ok := f.object(e.Fun).(*types.Func); ok {
			return f.product[f.at(fn)]
		}
	default:
		if o := f.object(e); o != nil {
			return f.product[f.at(o)]
		}
	}
	return ""
}

// follow notes what an unrounded product is kept in.
func (f *finder) follow(n ast.Node) {
	keep := func(o types.Object, e ast.Expr) {
		if o != nil && f.product[f.at(o)] == "" {
			if made := f.unrounded(e); made != "" {
				f.product[f.at(o)] = made
			}
		}
	}
	switch n := n.(type) {
	case *ast.AssignStmt:
		for i, lhs := range n.Lhs {
			switch o := f.object(lhs); {
			case n.Tok == token.MUL_ASSIGN: // x *= y is x = x*y
				keep(o, &ast.BinaryExpr{X: lhs, OpPos: n.TokPos, Op: token.MUL, Y: n.Rhs[0]})
			case (n.Tok == token.ASSIGN || n.Tok == token.DEFINE) && len(n.Lhs) == len(n.Rhs):
				keep(o, n.Rhs[i])
			}
		}
	case *ast.ValueSpec:
		for i := range n.Values {
			if len(n.Values) == len(n.Names) {
				keep(f.object(n.Names[i]), n.Values[i])
			}
		}
	case *ast.KeyValueExpr:
		keep(f.object(n.Key), n.Value)
	case *ast.ReturnStmt:
		for _, r := range n.Results {
			if fn := f.fn[len(f.fn)-1]; fn != nil && f.inlined[f.at(fn)] {
				keep(fn, r)
			}
		}
	case *ast.CallExpr:
		if fn, ok := f.object(n.Fun).(*types.Func); ok && f.inlined[f.at(fn)] {
			params := fn.Signature().Params()
			for i := range min(len(n.Args), params.Len()) {
				keep(params.At(i), n.Args[i])
			}
		}
	}
}

// check reports one node's faults.
func (f *finder) check(n ast.Node) {
	report := func(format string, args ...any) {
		pos := f.pkg.Fset.Position(n.Pos())
		f.found[fmt.Sprintf("%s:%d: ", pos.Filename, pos.Line)+fmt.Sprintf(format, args...)] = true
	}
	inSum := func(operands ...ast.Expr) {
		for _, e := range operands {
			if made := f.unrounded(e); made != "" {
				report("the sum may be fused with the product in %s (made at %s): write float64(x*y) there", types.ExprString(e), made)
			}
		}
	}
	switch n := n.(type) {
	case *ast.ImportSpec:
		if path, _ := strconv.Unquote(n.Path.Value); notPortable.MatchString(path) {
			report("import of %s: randomness and functions come from sim/rng", path)
		}
	case *ast.GoStmt:
		report("a goroutine: a run has one")
	case *ast.SelectorExpr:
		o := f.pkg.TypesInfo.ObjectOf(n.Sel)
		if fn, ok := o.(*types.Func); ok && fn.Pkg() != nil && fn.Signature().Recv() == nil {
			switch path, name := fn.Pkg().Path(), fn.Name(); {
			case path == "math" && !portableMath.MatchString(name):
				report("math.%s differs between platforms: use sim/rng", name)
			case path == "time" && wallClock.MatchString(name):
				report("time.%s looks at the wall clock", name)
			}
		}
	case *ast.BinaryExpr:
		if (n.Op == token.ADD || n.Op == token.SUB) && f.isFloat(n) {
			inSum(n.X, n.Y)
		}
	case *ast.AssignStmt:
		if n.Tok == token.ADD_ASSIGN || n.Tok == token.SUB_ASSIGN {
			inSum(n.Lhs[0], n.Rhs[0])
		}
	}
}
