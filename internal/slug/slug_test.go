package slug

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

func TestMake(t *testing.T) {
	for name, want := range map[string]string{
		"Ship Faster":           "ship-faster",
		"  Café №1 ":            "cafe-no1",
		"Straße & Co.":          "strasse-co",
		"Don't panic":           "dont-panic",
		"日本":                    "item",
		"!!!":                   "item",
		"":                      "",
		" \t":                   "",
		strings.Repeat("a", 90): strings.Repeat("a", 80),
		// The cut never leaves a hyphen at the end.
		strings.Repeat("a", 80) + " b": strings.Repeat("a", 80),
		strings.Repeat("a", 79) + " b": strings.Repeat("a", 79),
	} {
		if got := Make(name); got != want {
			t.Errorf("Make(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestNumberedIsASlug(t *testing.T) {
	for base, want := range map[string]string{
		"guide":                         "guide-12",
		strings.Repeat("a", 80):         strings.Repeat("a", 77) + "-12",
		strings.Repeat("a", 76) + "-bc": strings.Repeat("a", 76) + "-12",
	} {
		got := Numbered(base, 12)
		if got != want || Make(got) != got {
			t.Errorf("Numbered(%q, 12) = %q, want %q", base, got, want)
		}
	}
}

var form = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

func FuzzMake(f *testing.F) {
	for _, name := range []string{"", "Ship Faster", "ÅÄÖ", "ß", "\xff", "-", "a--b", "№", "İstanbul", "K", "ℍ", strings.Repeat("æ", 60)} {
		f.Add(name, 2)
	}
	f.Fuzz(func(t *testing.T, name string, n int) {
		s := Make(name)
		if s == "" {
			if strings.TrimSpace(name) != "" {
				t.Fatalf("Make(%q) is empty", name)
			}
			return
		}
		for _, s := range []string{s, Numbered(s, max(n, 2))} {
			if len(s) > MaxLen || !form.MatchString(s) {
				t.Fatalf("of %q: %q is no slug", name, s)
			}
			if again := Make(s); again != s {
				t.Fatalf("of %q: Make(%q) = %q", name, s, again)
			}
		}
		if numbered := Numbered(s, max(n, 2)); !strings.HasSuffix(numbered, fmt.Sprint("-", max(n, 2))) {
			t.Fatalf("%q has lost its number %d", numbered, n)
		}
	})
}
