package arch

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/errors.md anew")

const codesMark = "<!-- codes -->\n"

// docs/errors.md lists every stable code that the program can answer with.
func TestCodesAreDocumented(t *testing.T) {
	codes := map[string]string{
		"not_found":     "NotFound | There is no such … / There is nothing at this address.",
		"invalid_field": "Invalid | (the fields, and what they may be)",
	}
	for _, file := range goFiles(t, "../..", "internal") {
		for code, row := range codesIn(t, filepath.Join("../..", file.path)) {
			if _, known := codes[code]; !known {
				codes[code] = row
			}
		}
	}
	table := "\n| code | kind | says |\n|---|---|---|\n"
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		table += fmt.Sprintf("| `%s` | %s |\n", code, codes[code])
	}
	const path = "../../docs/errors.md"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, have, _ := strings.Cut(string(text), codesMark)
	if *update {
		if err := os.WriteFile(path, []byte(head+codesMark+table), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if have != table {
		t.Error("docs/errors.md does not list the codes as they are: go test ./internal/arch -run Codes -update")
	}
}

// codesIn finds fault.New(fault.Kind, "code", "text"), Newf, and Problem literals in a file.
func codesIn(t *testing.T, path string) map[string]string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]string{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		if problem, ok := n.(*ast.CompositeLit); ok {
			if code, row := problemIn(problem); code != "" {
				codes[code] = row
			}
			return true
		}
		call, ok := n.(*ast.CallExpr)
		if !ok || len(call.Args) < 3 {
			return true
		}
		called, ok := call.Fun.(*ast.SelectorExpr)
		if !ok || called.Sel.Name != "New" && called.Sel.Name != "Newf" {
			return true
		}
		kind, ok := call.Args[0].(*ast.SelectorExpr)
		if pkg, is := called.X.(*ast.Ident); !ok || !is || pkg.Name != "fault" {
			return true
		}
		if code, ok := literal(call.Args[1]); ok {
			says, _ := literal(call.Args[2])
			codes[code] = kind.Sel.Name + " | " + strings.ReplaceAll(says, "|", `\|`)
		}
		return true
	})
	return codes
}

// problemIn is the code and the row of a Problem literal with a fixed code.
func problemIn(lit *ast.CompositeLit) (code, row string) {
	if name, ok := lit.Type.(*ast.Ident); !ok || name.Name != "Problem" {
		return "", ""
	}
	var status, says string
	for _, e := range lit.Elts {
		field, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		switch name, _ := field.Key.(*ast.Ident); name.Name {
		case "Code":
			code, _ = literal(field.Value)
		case "Detail":
			says, _ = literal(field.Value)
		case "Status":
			if constant, ok := field.Value.(*ast.SelectorExpr); ok {
				status = strings.TrimPrefix(constant.Sel.Name, "Status")
			}
		}
	}
	return code, status + " | " + says
}

// literal is the text of a string literal, or of literals that are added to something.
func literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		x, okX := literal(e.X)
		y, okY := literal(e.Y)
		if !okX || !okY {
			return x + "…" + y, true
		}
		return x + y, true
	}
	return "", false
}
