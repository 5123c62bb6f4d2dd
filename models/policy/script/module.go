package script

import (
	"errors"
	"fmt"
	"strings"

	"go.starlark.net/resolve"
	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"github.com/launchday-sim/launchday/models"
	"github.com/launchday-sim/launchday/models/policy"
)

// A module is a script that was loaded.
type module struct {
	file                  string // as positions have it
	name                  string // as messages have it; empty for a script in the scenario
	thread                *starlark.Thread
	steps                 int                // that it may take
	admit, onFinish, tick *starlark.Function // nil: it has none
	causes                map[string]cause
	returns               []returned // of admit
	kept                  keeper
}

// A cause is what an attempt may be refused for. It has one status, so that
// whatever counts refusals by name counts them right.
type cause struct {
	status models.Status
	reason models.Reason
}

var statuses = [...]models.Status{models.Forbidden, models.TooManyRequests, models.Unavailable}

// maxLoadSteps bounds what the top level of a script computes, to some hundredth
// of a second.
const maxLoadSteps = 200_000

// dialect is what the language allows beyond its core: sets, and if and for
// outside of functions. There is neither while nor recursion.
var dialect = &syntax.FileOptions{Set: true, TopLevelControl: true}

// noPrint stands for print: a run has nowhere to print.
var noPrint = starlark.NewBuiltin("print", func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error) {
	return nil, errors.New("there is nowhere to print to; fail(...) ends the run with a message")
})

func (p *scripted) load(s *StarlarkSpec) (*module, error) {
	m := &module{file: s.File, name: s.File, causes: map[string]cause{}}
	if m.file == "" {
		m.file = "script"
	}
	scale := p.env.Scale
	if scale == 0 {
		scale = 1
	}
	predeclared := starlark.StringDict{"state": p.state, "scale": starlark.Float(scale), "print": noPrint, "range": m.boundedRange()}
	tree, program, err := starlark.SourceProgramOptions(dialect, m.file, s.Script, predeclared.Has)
	if err != nil {
		return nil, m.faults(err)
	}
	for _, statement := range tree.Stmts {
		if l, ok := statement.(*syntax.LoadStmt); ok {
			return nil, policy.TextFaults{m.fault(l.Load, "load is not there", "everything in one script")}
		}
	}
	m.thread = &starlark.Thread{Name: p.env.Name}
	m.mayTake(maxLoadSteps)
	globals, err := program.Init(m.thread, predeclared)
	if err != nil {
		return nil, m.faults(err)
	}
	m.mayTake(s.MaxSteps)
	var faults policy.TextFaults
	for _, f := range []struct {
		to        **starlark.Function
		name      string
		signature string
		needed    bool
	}{
		{&m.admit, "admit", "admit(now, attempt, signals)", true},
		{&m.onFinish, "on_finish", "on_finish(now, attempt, outcome)", false},
		{&m.tick, "tick", "tick(now, signals)", false},
	} {
		value, there := globals[f.name]
		fn, isFunction := value.(*starlark.Function)
		switch params := 1 + strings.Count(f.signature, ","); {
		case !there && !f.needed:
			continue
		case !there:
			faults = append(faults, m.fault(syntax.MakePosition(&m.file, 1, 1), "there is no function "+f.name, "def "+f.signature))
		case !isFunction:
			faults = append(faults, m.fault(syntax.MakePosition(&m.file, 1, 1), f.name+" is a "+value.Type(), "def "+f.signature))
		case fn.NumParams() != params || fn.HasVarargs() || fn.HasKwargs() || fn.NumKwonlyParams() > 0:
			faults = append(faults, m.fault(fn.Position(), fmt.Sprintf("%s takes other parameters", f.name), "def "+f.signature))
		}
		*f.to = fn
	}
	found := written(tree)
	if err := found.declare(globals["causes"]); err != nil {
		faults = append(faults, m.fault(syntax.MakePosition(&m.file, 1, 1), "causes: "+err.Error(), `a list of names, or a dict such as {"full": 503}`))
	}
	faults = append(faults, m.names(tree)...)
	if len(faults) > 0 {
		return nil, faults
	}
	if err := m.enter(&p.env, found); err != nil {
		return nil, err
	}
	m.returns = returnsOf(tree, m.admit)
	if m.kept.keep(p.state, globals); m.kept.tooMuchAtFirst() {
		return nil, policy.TextFaults{m.fault(syntax.MakePosition(&m.file, 1, 1), heavy.problem, heavy.want)}
	}
	return m, nil
}

// mayTake bounds the steps of what is called from now on.
func (m *module) mayTake(steps int) {
	m.steps = steps
	m.thread.SetMaxExecutionSteps(uint64(steps))
}

// boundedRange stands for range: one that is longer than a loop over it may take
// steps would let a built-in function, whose work costs none, go on for ever.
func (m *module) boundedRange() *starlark.Builtin {
	all := starlark.Universe["range"].(*starlark.Builtin)
	return starlark.NewBuiltin("range", func(t *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		r, err := all.CallInternal(t, args, kwargs)
		if err == nil && starlark.Len(r) > m.steps {
			want := fmt.Sprintf("one of at most %d", m.steps)
			if m.admit != nil { // its top level is done, which has a bound of its own
				want += ", or a larger max_steps"
			}
			return nil, &wanted{fmt.Sprintf("a range of %d numbers takes too many steps", starlark.Len(r)), want}
		}
		return r, err
	})
}

func (m *module) fault(at syntax.Position, problem, want string) policy.TextFault {
	return policy.TextFault{Key: "script", File: m.name, Line: int(at.Line), Column: int(at.Col), Problem: problem, Want: want}
}

// faults is an error of the interpreter as what is wrong where in the script.
func (m *module) faults(err error) policy.TextFaults {
	var syntaxError syntax.Error
	var unresolved resolve.ErrorList
	var failure *starlark.EvalError
	switch {
	case errors.As(err, &syntaxError):
		return policy.TextFaults{m.fault(syntaxError.Pos, syntaxError.Msg, "")}
	case errors.As(err, &unresolved):
		var faults policy.TextFaults
		for _, e := range unresolved {
			faults = append(faults, m.fault(e.Pos, e.Msg, ""))
		}
		return faults
	case errors.As(err, &failure):
		// The innermost call may be of a function that is built in.
		at := syntax.MakePosition(&m.file, 1, 1)
		for _, frame := range failure.CallStack {
			if frame.Pos.Filename() == m.file {
				at = frame.Pos
			}
		}
		problem, want := failure.Msg, ""
		if own := (*wanted)(nil); errors.As(err, &own) {
			problem, want = own.problem, own.want
		} else if strings.Contains(problem, "too many steps") {
			problem, want = "takes too many steps", "a shorter way, or a larger max_steps"
		} else if strings.HasSuffix(problem, "by zero") {
			want = "a divisor other than 0"
		} else if key, found := strings.CutSuffix(problem, " not in dict"); found {
			key = strings.TrimPrefix(key, "key ")
			want = fmt.Sprintf("it there from the start, such as state[%s] = 0 at the top level, or state.get(%s, 0)", key, key)
		} else if name, found := strings.CutSuffix(problem, " referenced before assignment"); found {
			name = name[strings.LastIndexByte(name, ' ')+1:]
			want = fmt.Sprintf("state[%q], which lasts from call to call: a name that a function assigns is its own, from its first line on", name)
		}
		return policy.TextFaults{m.fault(at, problem, want)}
	}
	return policy.TextFaults{m.fault(syntax.MakePosition(&m.file, 1, 1), err.Error(), "")}
}
