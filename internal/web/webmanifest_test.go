package web_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The icons that it names are files of the frontend, which Vite copies as they are.
func TestADeviceLearnsTheShopsNameAndIcons(t *testing.T) {
	page := standIn
	page.Shop = `"Bazaar" </script>`
	h := shop(t, built, page, http.NotFoundHandler())
	if document := ask(h, "GET", "/").Body.String(); !strings.Contains(document, `<link rel="manifest" href="/site.webmanifest">`) {
		t.Error("the document does not name it")
	}
	out := ask(h, "GET", "/site.webmanifest")
	if kind := out.Header().Get("Content-Type"); out.Code != 200 || kind != "application/manifest+json" {
		t.Fatalf("%d, %q", out.Code, kind)
	}
	var manifest struct {
		Name  string
		Icons []struct{ Src, Purpose string }
	}
	if err := json.Unmarshal(out.Body.Bytes(), &manifest); err != nil || manifest.Name != page.Shop {
		t.Errorf("its name is %q, want %q (%v)", manifest.Name, page.Shop, err)
	}
	purposes := map[string]bool{}
	for _, icon := range manifest.Icons {
		purposes[icon.Purpose] = true
		if file, err := os.Stat(filepath.Join("../../frontend/public", icon.Src)); err != nil || file.Size() > 1<<10 {
			t.Errorf("%s: %v", icon.Src, err)
		}
	}
	if !purposes["any"] || !purposes["maskable"] {
		t.Errorf("the icons are for %v", purposes)
	}
}
