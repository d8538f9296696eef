package sdk

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

func TestScriptsAreServedByVersion(t *testing.T) {
	const text = "window.Clerk = 1"
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = io.WriteString(w, text)
	_ = w.Close()
	h := handler(fstest.MapFS{
		"dist/.keep": {},
		"dist/@clerk/clerk-js@6.34.1/dist/a.js.gz":        {Data: packed.Bytes()},
		"dist/@clerk/ui@1.34.0/dist/vendors_ui_1.0.js.gz": {Data: packed.Bytes()},
	}, "/npm/")
	ask := func(method, path, encoding string) *http.Response {
		r := httptest.NewRequest(method, path, nil)
		r.Header.Set("Accept-Encoding", encoding)
		out := httptest.NewRecorder()
		h.ServeHTTP(out, r)
		return out.Result()
	}
	for _, c := range []struct {
		method, path, encoding string
		status                 int
		keep                   string
	}{
		{"GET", "/npm/@clerk/clerk-js@6.34.1/dist/a.js", "gzip, br", 200, "immutable"},
		{"GET", "/npm/@clerk/clerk-js@6.34.1/dist/a.js", "", 200, "immutable"},
		{"HEAD", "/npm/@clerk/clerk-js@6.34.1/dist/a.js", "gzip", 200, "immutable"},
		{"GET", "/npm/@clerk/clerk-js@6/dist/a.js", "gzip", 200, "no-cache"},
		{"GET", "/npm/@clerk/ui@1/dist/vendors_ui_1.0.js", "gzip", 200, "no-cache"},
		{"GET", "/npm/@clerk/clerk-js@5/dist/a.js", "gzip", 404, ""},
		{"GET", "/npm/@clerk/clerk-js@6.34.1/dist/a.js.gz", "gzip", 404, ""},
		{"GET", "/npm/@clerk/clerk-js@6.34.1/dist/", "gzip", 404, ""},
		{"GET", "/npm/@clerk/clerk-js@6.34.1/dist/../dist/a.js", "gzip", 404, ""},
		{"GET", "/npm/.keep", "", 404, ""},
		{"POST", "/npm/@clerk/clerk-js@6.34.1/dist/a.js", "", 405, ""},
	} {
		out := ask(c.method, c.path, c.encoding)
		if out.StatusCode != c.status || c.keep != "" && !strings.Contains(out.Header.Get("Cache-Control"), c.keep) {
			t.Errorf("%s %s: %d, Cache-Control %q", c.method, c.path, out.StatusCode, out.Header.Get("Cache-Control"))
		}
		if c.status != 200 || c.method == "HEAD" {
			continue
		}
		var body io.Reader = out.Body
		if out.Header.Get("Content-Encoding") == "gzip" {
			var err error
			if body, err = gzip.NewReader(body); err != nil {
				t.Fatal(err)
			}
		} else if c.encoding != "" {
			t.Errorf("%s is not compressed for %q", c.path, c.encoding)
		}
		if got, _ := io.ReadAll(body); string(got) != text {
			t.Errorf("%s: %q", c.path, got)
		}
	}
}

func TestPagesAndBuildHaveTheVersionsThatAreServed(t *testing.T) {
	script, err := os.ReadFile("../../../scripts/sdk.sh")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../../frontend/src/lib/clerk.ts")
	if err != nil {
		t.Fatal(err)
	}
	for _, exact := range []string{ClerkJS, UI} {
		if !strings.Contains(string(page), "\""+exact+"/dist/") {
			t.Errorf("the pages do not load %s", exact)
		}
		name, version, _ := strings.Cut(strings.TrimPrefix(exact, "@clerk/"), "@")
		if !strings.Contains(string(script), "\""+name+" "+version+" ") {
			t.Errorf("scripts/sdk.sh does not take %s", exact)
		}
	}
}
