// Package frontend carries the built pages in the program. scripts/build.sh builds them into dist before it builds the program.
package frontend

import (
	"embed"
	"encoding/json"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

//go:embed routes.json
var routes []byte

// Dist is what Vite built: index.html and assets/. It is empty when the pages were not built.
func Dist() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // it is a valid path
	}
	return sub
}

// Routes are the addresses that have a page. One that ends in /* stands for what is below it, too.
func Routes() (patterns []string) {
	if err := json.Unmarshal(routes, &patterns); err != nil {
		panic(err) // it is embedded, and a test reads it
	}
	return patterns
}
