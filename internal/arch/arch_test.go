// Package arch holds the directions in which the packages may import each other. What the table does not list is
// forbidden, so a new package, or a new arrow, is a decision that is written down here.
package arch

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "souk/"

var (
	kernel     = internal("crash", "fault", "lenient", "money", "slug")
	data       = slices.Concat(kernel, internal("db", "jobs"))
	ofCatalog  = slices.Concat(data, internal("blob"))
	ofOrder    = slices.Concat(ofCatalog, internal("catalog", "identity"))
	afterOrder = slices.Concat(ofOrder, internal("order"))
	domains    = internal("identity", "catalog", "order", "subscription", "booking", "fulfillment", "notice", "project")
	everything = []string{"*"}
)

// allowed says what a package may import of this module. Tests may import anything.
var allowed = map[string][]string{
	"internal/crash": {}, "internal/fault": {}, "internal/lenient": {}, "internal/money": {}, "internal/slug": {},

	"internal/config": slices.Concat(kernel, internal("loopback")), "internal/db": kernel,
	"internal/jobs": slices.Concat(kernel, internal("db")),
	"internal/mail": slices.Concat(kernel, internal("db")),
	"internal/blob": kernel, "internal/blob/local": slices.Concat(kernel, internal("blob")),
	"internal/blob/s3": slices.Concat(kernel, internal("blob")), "internal/blob/supabase": slices.Concat(kernel, internal("blob")),
	"internal/httpx":    slices.Concat(kernel, internal("db")),
	"internal/clerkapi": kernel, "internal/metrics": {},

	"internal/inbox": data, "internal/project": data,
	"internal/identity": data, "internal/identity/supabase": slices.Concat(kernel, internal("identity")), "internal/identity/clerk": slices.Concat(kernel, internal("identity", "clerkapi")),
	"internal/catalog": ofCatalog,
	"internal/order":   ofOrder, "internal/order/stripe": slices.Concat(kernel, internal("order")),
	"internal/subscription": afterOrder, "internal/subscription/clerk": slices.Concat(kernel, internal("subscription", "clerkapi")),
	"internal/booking":     afterOrder,
	"internal/fulfillment": slices.Concat(afterOrder, internal("subscription", "booking")),
	"internal/notice":      slices.Concat(data, domains, internal("mail")),

	"internal/api": slices.Concat(kernel, domains, internal("httpx", "inbox")),
	"internal/web": slices.Concat(kernel, internal("httpx", "cover", "loopback"), []string{"frontend"}), "frontend": {}, "internal/cover": {},
	"internal/devcloud": slices.Concat(kernel, internal("db", "httpx", "devcloud/clerk", "devcloud/fapi", "loopback", "devcloud/store")), "internal/devcloud/clerk": slices.Concat(kernel, internal("loopback", "devcloud/store")),
	"internal/devcloud/store": slices.Concat(kernel, internal("db")), "internal/devcloud/stripe": slices.Concat(kernel, internal("httpx", "loopback", "devcloud/page", "devcloud/store")),
	"internal/devcloud/page": internal("httpx"), "internal/loopback": {},
	"internal/devcloud/control": slices.Concat(kernel, internal("httpx", "loopback", "devcloud/clerk", "devcloud/fapi", "devcloud/page")),
	"internal/devcloud/fapi":    slices.Concat(kernel, internal("httpx", "devcloud/clerk", "devcloud/store")),
	"internal/devcloud/sdk":     slices.Concat(kernel, internal("httpx")),
	"internal/devcloud/mailbox": slices.Concat(kernel, internal("db", "httpx")),
	"internal/app":              everything, "internal/demo": {},
	"internal/cli": internal("app", "config", "devcloud/control", "devcloud", "devcloud/mailbox", "devcloud/stripe"),
	"cmd/souk":     internal("cli"),

	"internal/dbtest": everything, "internal/souktest": everything, "internal/pipetest": {}, "internal/nodetest": {}, "internal/arch": {},
	"internal/blob/blobtest": slices.Concat(kernel, internal("blob")),
}

// forTests are the packages that no product code imports.
var forTests = internal("dbtest", "souktest", "pipetest", "nodetest", "blob/blobtest")

// onlyIn are packages from outside that have one home.
var onlyIn = map[string][]string{
	"database/sql":        internal("db", "dbtest", "jobs"), // River's client on SQLite takes a *sql.Tx
	"database/sql/driver": internal("db", "dbtest"),
}

func internal(names ...string) []string {
	for i, n := range names {
		names[i] = "internal/" + n
	}
	return names
}

func TestImportsFollowTheTable(t *testing.T) {
	checked := 0
	for _, file := range goFiles(t, "../..", "internal", "cmd", "frontend") {
		checked++
		for _, fault := range check(file) {
			t.Error(fault)
		}
	}
	if checked < 30 {
		t.Errorf("only %d files were found", checked)
	}
}

func TestAForbiddenImportIsNamed(t *testing.T) {
	for _, c := range []struct {
		file source
		want string
	}{
		{source{"internal/api/x.go", []string{"souk/internal/db"}}, "internal/api/x.go imports souk/internal/db"},
		{source{"internal/catalog/x.go", []string{"souk/internal/order"}}, "internal/catalog/x.go imports souk/internal/order"},
		{source{"internal/app/x.go", []string{"souk/internal/dbtest"}}, "internal/app/x.go imports souk/internal/dbtest"},
		{source{"internal/order/x.go", []string{"database/sql"}}, "internal/order/x.go imports database/sql"},
		{source{"internal/utils/x.go", nil}, "internal/utils has no row"},
	} {
		faults := check(c.file)
		if len(faults) != 1 || !strings.Contains(faults[0], c.want) {
			t.Errorf("%v: %q, want one fault with %q", c.file, faults, c.want)
		}
	}
}

// source is a Go file of the product and what it imports.
type source struct {
	path    string
	imports []string
}

func check(s source) (faults []string) {
	pkg := path.Dir(s.path)
	may, listed := allowed[pkg]
	if !listed {
		return []string{fmt.Sprintf("%s: the package %s has no row in internal/arch", s.path, pkg)}
	}
	for _, imported := range s.imports {
		if homes, ok := onlyIn[imported]; ok && !slices.Contains(homes, pkg) {
			faults = append(faults, fmt.Sprintf("%s imports %s, which only %s may", s.path, imported, strings.Join(homes, " and ")))
		}
		own, ok := strings.CutPrefix(imported, module)
		if !ok {
			continue
		}
		if slices.Contains(forTests, own) && !slices.Contains(forTests, pkg) {
			faults = append(faults, fmt.Sprintf("%s imports %s, which is for tests only", s.path, imported))
			continue
		}
		if !slices.Contains(may, "*") && !slices.Contains(may, own) {
			faults = append(faults, fmt.Sprintf("%s imports %s, which the table in internal/arch does not allow", s.path, imported))
		}
	}
	return faults
}

// goFiles reads the imports of every Go file under root's folders, without the tests.
func goFiles(t *testing.T, root string, folders ...string) (files []source) {
	t.Helper()
	for _, folder := range folders {
		err := fs.WalkDir(os.DirFS(root), folder, func(p string, entry fs.DirEntry, err error) error {
			if entry != nil && entry.Name() == "node_modules" {
				return fs.SkipDir
			}
			if err != nil || entry.IsDir() || path.Ext(p) != ".go" || strings.HasSuffix(p, "_test.go") {
				return err
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, p), nil, parser.ImportsOnly)
			if err != nil {
				return err
			}
			s := source{path: p}
			for _, i := range parsed.Imports {
				name, err := strconv.Unquote(i.Path.Value)
				if err != nil {
					return err
				}
				s.imports = append(s.imports, name)
			}
			files = append(files, s)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func TestStandInsCanBeBuiltOut(t *testing.T) {
	list := func(arguments ...string) string {
		command := exec.Command("go", append([]string{"list", "-deps"}, arguments...)...)
		command.Dir = "../.."
		out, err := command.Output()
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		return string(out)
	}
	const standIn = module + "internal/devcloud"
	if all := list("./cmd/souk"); !strings.Contains(all, standIn) {
		t.Error("the program for development has no stand-ins")
	}
	if all := list("-tags", "nodevcloud", "./cmd/souk"); strings.Contains(all, standIn) {
		t.Errorf("the program for production has stand-ins: %s", all)
	}
}
