// Package frontend carries the built pages in the program, and the texts of their documents. scripts/build.sh builds them into dist before it builds the program.
package frontend

import (
	"embed"
	"encoding/json"
	"io/fs"
	"path"
)

//go:embed all:dist
var dist embed.FS

//go:embed routes.json
var routes []byte

//go:embed messages
var messages embed.FS

// Dist is what Vite built: index.html and assets/. It is empty when the pages were not built.
func Dist() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // it is a valid path
	}
	return sub
}

// Route is the page of an address.
type Route struct {
	Pattern     string `json:"pattern"`     // :name stands for one part of it, and /* at its end for what is below, too
	Source      string `json:"source"`      // its component
	Title       string `json:"title"`       // the key of its title among the messages; empty: it is called as the shop is
	Lead        string `json:"lead"`        // the key of what is said below the heading; empty: nothing
	Texts       string `json:"texts"`       // the texts that it needs beside those of all pages, in src/messages; empty: none
	Description string `json:"description"` // the key of what search engines are told of it; empty: it is nothing for them
}

// Routes are the addresses that have a page, the first that matches first.
func Routes() (all []Route) {
	if err := json.Unmarshal(routes, &all); err != nil {
		panic(err) // it is embedded, and a test reads it
	}
	return all
}

// Messages are the texts of the pages, by language and key.
func Messages() map[string]map[string]string {
	all := map[string]map[string]string{}
	err := fs.WalkDir(messages, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := messages.ReadFile(name)
		if err != nil {
			return err
		}
		language := path.Base(path.Dir(name))
		if all[language] == nil {
			all[language] = map[string]string{}
		}
		return json.Unmarshal(text, new(all[language]))
	})
	if err != nil {
		panic(err) // they are embedded, and a test reads them
	}
	return all
}
