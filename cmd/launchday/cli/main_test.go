package cli

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"launchday": Main})
}

// The scripts in testdata/script say what each command does, line by line.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":     exits,
			"interrupt": interrupt,
			"json":      validJSON,
			"empty":     empty,
		},
	})
}

// exits CODE COMMAND ARG... runs a command, which must end with that code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARG...")
	}
	want(ts, args[0], ts.Exec(args[1], args[2:]...))
}

// want checks the exit code of a command.
func want(ts *testscript.TestScript, code string, err error) {
	got := 0
	var e *exec.ExitError
	if errors.As(err, &e) {
		got = e.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(got) != code {
		ts.Fatalf("exit code %d, want %s", got, code)
	}
}

// interrupt GLOB SIGNAL COMMAND ARG... starts a command, sends it a signal as
// soon as a file of that name is there, and wants exit code 130.
func interrupt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: interrupt GLOB SIGNAL COMMAND ARG...")
	}
	if runtime.GOOS == "windows" {
		ts.Logf("there are no signals on Windows")
		return
	}
	cmd := exec.Command(args[2], args[3:]...)
	var path string
	var err error
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if path, err = exec.LookPath(filepath.Join(dir, args[2])); err == nil {
			break
		}
	}
	ts.Check(err)
	cmd.Path, cmd.Err = path, nil
	cmd.Dir, cmd.Stdout, cmd.Stderr = ts.MkAbs("."), ts.Stdout(), ts.Stderr()
	ts.Check(cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for begun := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		if there, _ := filepath.Glob(ts.MkAbs(args[0])); len(there) > 0 {
			break
		}
		if len(ended) > 0 || time.Since(begun) > 30*time.Second {
			_ = cmd.Process.Kill()
			ts.Fatalf("%s did not appear", args[0])
		}
	}
	signals := map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM}
	ts.Check(cmd.Process.Signal(signals[args[1]]))
	want(ts, "130", <-ended)
}

// json FILE ... checks that each file holds one JSON document and nothing else.
func validJSON(ts *testscript.TestScript, neg bool, args []string) {
	for _, file := range args {
		if json.Valid([]byte(ts.ReadFile(file))) == neg {
			ts.Fatalf("%s: valid JSON is %t", file, neg)
		}
	}
}

// empty FOLDER... checks that nothing is in a folder, or that there is none.
func empty(ts *testscript.TestScript, neg bool, args []string) {
	for _, folder := range args {
		entries, err := os.ReadDir(ts.MkAbs(folder))
		if !errors.Is(err, fs.ErrNotExist) {
			ts.Check(err)
		}
		if (len(entries) == 0) == neg {
			ts.Fatalf("%s holds %v", folder, entries)
		}
	}
}
