package api

import (
	"embed"
	"net/http"

	"souk/internal/httpx"
)

//go:embed docs
var docsFiles embed.FS

// docsPolicy lets the page load its own files and call this server, and nothing else.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// docsRoutes serve the page that shows the OpenAPI document.
func (a *API) docsRoutes() {
	for path, file := range map[string]struct{ name, contentType string }{
		"/api/docs/":         {"docs/index.html", "text/html; charset=utf-8"},
		"/api/docs/docs.css": {"docs/docs.css", "text/css; charset=utf-8"},
		"/api/docs/docs.js":  {"docs/docs.js", "text/javascript; charset=utf-8"},
	} {
		content, err := docsFiles.ReadFile(file.name)
		if err != nil {
			panic(err) // it is embedded
		}
		page := httpx.Static(file.contentType, content)
		a.router.Handle("GET "+path, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", docsPolicy)
			page.ServeHTTP(w, r)
		}))
	}
}
