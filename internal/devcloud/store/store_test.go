package store

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestObjectsAreThereAfterARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "objects.db")
	reopened := func() *Store {
		s, err := Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	all := func(s *Store, kind string) (found []string) {
		if err := s.Load(t.Context(), kind, func(id string, body []byte) error { found = append(found, id+"="+string(body)); return nil }); err != nil {
			t.Fatal(err)
		}
		return found
	}
	s := reopened()
	err := s.Save(t.Context(), map[Key]any{{"user", "b"}: "Ben", {"user", "a"}: map[string]int{"n": 1}, {"plan", "a"}: 7, {"user", "c"}: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Save(t.Context(), map[Key]any{{"user", "c"}: nil, {"user", "b"}: "Bea"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Save(t.Context(), map[Key]any{{"user", "d"}: 1, {"user", "e"}: func() {}}); err == nil {
		t.Error("what is no JSON was saved")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = reopened()
	defer func() { _ = s.Close() }()
	if got := all(s, "user"); !slices.Equal(got, []string{`a={"n":1}`, `b="Bea"`}) {
		t.Errorf("users %q", got)
	}
	if got := all(s, "plan"); !slices.Equal(got, []string{"a=7"}) {
		t.Errorf("plans %q", got)
	}
	broken := errors.New("broken")
	if err := s.Load(t.Context(), "plan", func(string, []byte) error { return broken }); !errors.Is(err, broken) || !strings.Contains(err.Error(), "plan a") {
		t.Errorf("%v", err)
	}
}
