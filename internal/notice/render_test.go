package notice

import (
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden mails anew")

// Every kind is rendered with all its samples. The texts are golden files: what changes in them is seen.
func TestEveryKindOfMail(t *testing.T) {
	templates, err := LoadTemplates("")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range Kinds() {
		for i, sample := range samples(kind, "Field Notes Press", "https://shop.example.test") {
			made, err := templates.render(kind, sample)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", string(kind)+strconv.Itoa(i+1)+".txt")
			text := "Subject: " + made.Subject + "\n\n" + made.Text
			if dir := os.Getenv("SOUK_WRITE_MAILS"); dir != "" {
				if err := os.WriteFile(filepath.Join(dir, string(kind)+strconv.Itoa(i+1)+".html"), []byte(made.HTML), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if *update {
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
				continue
			}
			golden, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(golden), text); diff != "" {
				t.Errorf("%s is another one (go test ./internal/notice -update writes it anew):\n%s", path, diff)
			}
		}
	}
}
