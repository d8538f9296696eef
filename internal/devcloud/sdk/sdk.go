// Package sdk serves the scripts of Clerk's browser SDK as the Frontend API of an instance does, so that no page of the
// shop loads anything from elsewhere in development. scripts/sdk.sh takes them out of Clerk's npm packages when the program
// is built; without that step there are none, and every address is a 404. It knows nothing of what the scripts do.
package sdk

import (
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"souk/internal/httpx"
)

//go:embed all:dist
var files embed.FS

// The packages that are served, exactly; scripts/sdk.sh has the same.
const (
	ClerkJS = "@clerk/clerk-js@6.34.1"
	UI      = "@clerk/ui@1.34.0"
)

// Handler serves the scripts under prefix: by their exact version for good, by their major version for the moment.
func Handler(prefix string) http.Handler { return handler(files, prefix) }

func handler(dist fs.FS, prefix string) http.Handler {
	scripts := map[string]httpx.File{}
	err := fs.WalkDir(dist, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".gz" {
			return err
		}
		packed, err := fs.ReadFile(dist, name)
		name = strings.TrimSuffix(strings.TrimPrefix(name, "dist/"), ".gz")
		scripts[name] = httpx.PackedFile("text/javascript; charset=utf-8", "public, max-age=31536000, immutable", httpx.Packed{Gzip: packed})
		return err
	})
	if err != nil {
		panic(err) // it is embedded
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "Only GET is answered here.", http.StatusMethodNotAllowed)
			return
		}
		asked := strings.TrimPrefix(r.URL.Path, prefix)
		name := pinned(asked)
		file, ok := scripts[name]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if name != asked {
			file.Keep = "no-cache"
		}
		file.ServeHTTP(w, r)
	})
}

// pinned is name with the exact version in the place of a major one.
func pinned(name string) string {
	for _, exact := range []string{ClerkJS, UI} {
		major, _, _ := strings.Cut(exact, ".")
		if rest, ok := strings.CutPrefix(name, major+"/"); ok {
			return exact + "/" + rest
		}
	}
	return name
}
