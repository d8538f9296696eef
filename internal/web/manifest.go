package web

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// manifest is Vite's list of what it built: by source file, or by chunk name for what several share.
type manifest map[string]struct {
	File    string   `json:"file"`
	Imports []string `json:"imports"` // other keys
	Assets  []string `json:"assets"`  // what its styles load
}

func readManifest(dist fs.FS) (m manifest, err error) {
	text, err := fs.ReadFile(dist, "manifest.json")
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil {
		return nil, fmt.Errorf("the list of the built pages' files: %w", err)
	}
	return m, nil
}

// scripts are the addresses of the scripts of sources and of all that these import before they run, each once.
func (m manifest) scripts(sources ...string) (addresses []string, err error) {
	for _, source := range sources {
		chunk, ok := m[source]
		if !ok {
			return nil, fmt.Errorf("the built pages have no %s", source)
		}
		address := "/" + chunk.File
		if slices.Contains(addresses, address) {
			continue
		}
		addresses = append(addresses, address)
		imported, err := m.scripts(chunk.Imports...)
		if err != nil {
			return nil, err
		}
		for _, address := range imported {
			if !slices.Contains(addresses, address) {
				addresses = append(addresses, address)
			}
		}
	}
	return addresses, nil
}

// font is the address of the first font of the styles: that with the letters of most languages. A browser would load it only when
// it has laid out the page, and then move it.
func (m manifest) font() string {
	for _, file := range m["index.html"].Assets {
		if strings.HasSuffix(file, ".woff2") {
			return "/" + file
		}
	}
	return ""
}
