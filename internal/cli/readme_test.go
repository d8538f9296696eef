package cli_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The walk in README.md is run word for word, so that it cannot rot.
func TestTheWalkOfTheReadme(t *testing.T) {
	for _, tool := range []string{"bash", "curl", "sha256sum"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("no " + tool)
		}
	}
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, walk, _ := strings.Cut(string(text), "<!-- walk -->\n```sh\n")
	walk, _, ok := strings.Cut(walk, "```")
	if !ok {
		t.Fatal("README.md has no walk")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	environ := home(t)
	wrapper := "#!/bin/sh\nSOUK_TEST_AS_PROGRAM=1 exec '" + program + "' \"$@\"\n"
	if err := os.MkdirAll("bin", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join("bin", "souk"), []byte(wrapper), 0o700); err != nil {
		t.Fatal(err)
	}
	s := serve(t, environ)
	for range 2 { // what a reader pastes twice works twice
		bash := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", walk)
		bash.Env = append(environ, "PUBLIC_URL="+s.url, "SHOP="+s.url, "PATH="+os.Getenv("PATH"))
		if out, err := bash.CombinedOutput(); err != nil {
			t.Fatalf("%v:\n%s", err, out)
		}
		sold, err := os.ReadFile("guide.md")
		if err != nil {
			t.Fatal(err)
		}
		bought, err := os.ReadFile("copy.md")
		if err != nil {
			t.Fatal(err)
		}
		if len(sold) == 0 || !bytes.Equal(sold, bought) {
			t.Errorf("sold %d bytes, downloaded %d others", len(sold), len(bought))
		}
		if err := os.Remove("copy.md"); err != nil {
			t.Fatal(err)
		}
	}
}
