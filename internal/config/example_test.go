package config_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"souk/internal/config"
)

func TestExampleHasEveryVariableWithAnExplanation(t *testing.T) {
	text, err := os.ReadFile("../../.env.example")
	if err != nil {
		t.Fatal(err)
	}
	variable := regexp.MustCompile(`^#?([A-Z][A-Z0-9_]*)=`)
	lines := strings.Split(string(text), "\n")
	var shown []string
	for i, line := range lines {
		m := variable.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		shown = append(shown, m[1])
		if i == 0 || !strings.HasPrefix(lines[i-1], "# ") || strings.HasPrefix(lines[i-1], "# ---") {
			t.Errorf("%s has no line that explains it", m[1])
		}
	}
	for _, name := range config.Names() {
		if !slices.Contains(shown, name) {
			t.Errorf(".env.example lacks %s", name)
		}
	}
	for i, name := range shown {
		if !slices.Contains(config.Names(), name) {
			t.Errorf(".env.example has %s, which is not read", name)
		}
		if slices.Contains(shown[:i], name) {
			t.Errorf(".env.example has %s twice", name)
		}
	}
}

func TestTheGuideToClerkNamesWhatIsRead(t *testing.T) {
	text, err := os.ReadFile("../../docs/clerk.md")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`\bCLERK_[A-Z_]+\b`).FindAllString(string(text), -1)
	for _, name := range names {
		if !slices.Contains(config.Names(), name) {
			t.Errorf("docs/clerk.md has %s, which is not read", name)
		}
	}
	if len(names) < 10 {
		t.Errorf("only %d names were found", len(names))
	}
}
