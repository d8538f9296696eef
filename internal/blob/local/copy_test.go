package local

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestACopyHasWhatIsThereAndKeepsWhatWas(t *testing.T) {
	s, to := open(t), t.TempDir()
	s.put("a/one", "1")
	s.put("two", "22")
	if err := os.WriteFile(filepath.Join(s.dir, incoming, "half"), []byte("h"), 0o600); err != nil {
		t.Fatal(err)
	}
	again := func(want int) {
		t.Helper()
		if n, err := Copy(t.Context(), s.dir, to); err != nil || n != want {
			t.Errorf("%d copied, want %d: %v", n, want, err)
		}
	}
	again(2)
	again(0)
	s.put("two", "2x") // of the same size
	if err := os.Chtimes(filepath.Join(s.dir, "two"), time.Time{}, time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	s.put("three", "3")
	if err := s.Delete(t.Context(), "a/one"); err != nil {
		t.Fatal(err)
	}
	again(2)
	for name, want := range map[string]string{"a/one": "1", "two": "2x", "three": "3"} {
		if got, err := os.ReadFile(filepath.Join(to, name)); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := os.Stat(filepath.Join(to, incoming, "half")); err == nil {
		t.Error("an upload that is not whole was copied")
	}
	if n, err := Copy(t.Context(), filepath.Join(to, "none"), t.TempDir()); err != nil || n != 0 {
		t.Errorf("a shop without files: %d, %v", n, err)
	}
}
