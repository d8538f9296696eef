// Command testreport reads the output of `go test -json` and prints what a person wants of it: a line for each package,
// the output of what failed, and how many tests ran on which engine. The counts are also written to the file -counts, as
// "passed failed skipped". It fails when a test did, or when -require names an engine on which none ran.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// engines are those that dbtest runs a test on, as they are named in the tests.
var engines = []string{"sqlite", "postgres", "postgres-exec"}

const noEngine = "no database"

type event struct {
	Action, Package, Test, Output string
	Elapsed                       float64
	FailedBuild                   string
	ImportPath                    string
}

type tally struct{ passed, failed, skipped int }

func (t *tally) add(action string) {
	switch action {
	case "pass":
		t.passed++
	case "fail":
		t.failed++
	case "skip":
		t.skipped++
	}
}

type report struct {
	output    map[string][]string // of what has not ended yet, by package and test
	total     tally
	byEngine  map[string]*tally
	skipped   map[string][]string // the tests, by what they gave as their reason
	malformed bool
}

func main() {
	counts := flag.String("counts", "", "`file` for the counts")
	require := flag.String("require", "", "comma-separated `engines` that must have run tests")
	flag.Parse()
	r := &report{output: map[string][]string{}, byEngine: map[string]*tally{}, skipped: map[string][]string{}}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			fmt.Println(lines.Text())
			r.malformed = true
			continue
		}
		r.take(e)
	}
	failed := r.total.failed > 0 || r.malformed || lines.Err() != nil
	failed = !r.print(strings.FieldsFunc(*require, func(c rune) bool { return c == ',' })) || failed
	if *counts != "" {
		text := fmt.Sprintln(r.total.passed, r.total.failed, r.total.skipped)
		if err := os.WriteFile(*counts, []byte(text), 0o600); err != nil {
			fmt.Fprintln(os.Stderr, err)
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}

func (r *report) take(e event) {
	name := e.Package + " " + e.Test
	switch e.Action {
	case "output":
		r.output[name] = append(r.output[name], e.Output)
	case "build-output":
		fmt.Print(e.Output)
	case "pass", "fail", "skip":
		if e.Action == "fail" {
			fmt.Print(strings.Join(r.output[name], ""))
		}
		if e.Action == "skip" && e.Test != "" {
			why := reason(r.output[name])
			r.skipped[why] = append(r.skipped[why], name)
		}
		delete(r.output, name)
		if e.Test == "" {
			if e.Action != "skip" {
				fmt.Printf("%-4s %s %.1fs\n", e.Action, e.Package, e.Elapsed)
			}
			if e.Action == "fail" && e.FailedBuild != "" {
				r.total.failed++
			}
			return
		}
		r.total.add(e.Action)
		engine := engineOf(e.Test)
		if r.byEngine[engine] == nil {
			r.byEngine[engine] = new(tally)
		}
		r.byEngine[engine].add(e.Action)
	}
}

func engineOf(test string) string {
	for part := range strings.SplitSeq(test, "/") {
		if slices.Contains(engines, part) {
			return part
		}
	}
	return noEngine
}

// reason is what a test said when it skipped itself.
func reason(output []string) string {
	for _, line := range output {
		if _, text, ok := strings.Cut(line, ".go:"); ok {
			_, text, _ = strings.Cut(text, ": ")
			return strings.TrimSpace(text)
		}
	}
	return "no reason given"
}

// print ends the report; false when an engine that must have run did not.
func (r *report) print(require []string) bool {
	whole := true
	for _, engine := range append(slices.Clone(engines), noEngine) {
		t := r.byEngine[engine]
		if t == nil {
			t = new(tally)
		}
		fmt.Printf("%-14s %5d passed %5d failed %5d skipped\n", engine, t.passed, t.failed, t.skipped)
		if slices.Contains(require, engine) && t.passed == 0 {
			fmt.Printf("no test ran on %s\n", engine)
			whole = false
		}
	}
	for _, why := range slices.Sorted(maps.Keys(r.skipped)) {
		fmt.Printf("skipped %d (such as %s): %s\n", len(r.skipped[why]), r.skipped[why][0], why)
	}
	return whole
}
