package web

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"souk/internal/httpx"
)

// load reads the files beside the document. What is below assets/ has a hash of its content in its name.
func (h *Handler) load(dist fs.FS) error {
	return fs.WalkDir(dist, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		kind, ok := types[path.Ext(name)]
		if !ok {
			return nil
		}
		keep := "no-cache"
		if strings.HasPrefix(name, "assets/") {
			keep = "public, max-age=31536000, immutable"
		}
		var packed httpx.Packed
		if packed.Plain, err = fs.ReadFile(dist, name); err != nil {
			return err
		}
		packed.Gzip, err = fs.ReadFile(dist, name+".gz")
		if errors.Is(err, fs.ErrNotExist) {
			h.files["/"+name] = httpx.PlainFile(kind, keep, packed.Plain)
			return nil
		}
		if err != nil {
			return err
		}
		if packed.Brotli, err = fs.ReadFile(dist, name+".br"); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		h.files["/"+name] = httpx.PackedFile(kind, keep, packed)
		return err
	})
}

// types are the kinds of files that are served; all else in the folder is not.
var types = map[string]string{
	".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".txt": "text/plain; charset=utf-8",
	".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon", ".woff2": "font/woff2", ".webmanifest": "application/manifest+json",
}
