// Package web serves the shop's pages: one HTML document for all of their addresses, with the configuration in it that the
// scripts need, and the scripts and styles themselves. What a page shows it gets from the API; web knows nothing of it.
package web

import (
	"bytes"
	_ "embed" // the page without pages
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"souk/internal/httpx"
)

// Options are what the pages are, and what they need to know.
type Options struct {
	Dist   fs.FS    // what Vite built; without an index.html a page says how to build it
	Routes []string // the addresses that have a page; one that ends in /* stands for what is below it, too
	Page   Page
}

// Page is the configuration that is written into the document for its scripts. Everybody can read it.
type Page struct {
	Shop        string `json:"shop"` // what it is called
	Development bool   `json:"development"`
	Clerk       Clerk  `json:"clerk"`
	Tools       []Link `json:"tools"` // for developers
}

// Link is a way to a page of this server that is none of the app's.
type Link struct {
	Name string `json:"name"`
	Path string `json:"path"`
}

// Clerk is how a page reaches Clerk's Frontend API.
type Clerk struct {
	PublishableKey string `json:"publishable_key"` // empty: nobody can sign in
	// ProxyURL is a path of the shop under which the Frontend API is; empty: the API is at FrontendAPI.
	ProxyURL    string `json:"proxy_url"`
	FrontendAPI string `json:"-"`       // the origin of the Frontend API; empty with a ProxyURL
	Scripts     string `json:"scripts"` // where the packages of Clerk's SDK are, without a slash at the end
	Stripe      string `json:"stripe"`  // what takes the place of Stripe's script; empty: the SDK loads Stripe's own
}

// Handler answers the addresses of pages and of what they load.
type Handler struct {
	routes   []string
	document httpx.File
	policy   string
	files    map[string]httpx.File
	built    bool
}

//go:embed unbuilt.html
var unbuilt []byte

// mark is where the document takes the configuration.
const mark = "<!--config-->"

// New reads the pages that were built.
func New(o Options) (*Handler, error) {
	h := &Handler{routes: o.Routes, policy: policy(o.Page.Clerk), files: map[string]httpx.File{}}
	document, err := fs.ReadFile(o.Dist, "index.html")
	if errors.Is(err, fs.ErrNotExist) {
		h.document, h.policy = httpx.PlainFile(htmlType, "no-store", unbuilt), unbuiltPolicy
		return h, nil
	}
	if err != nil {
		return nil, err
	}
	h.built = true
	config, err := json.Marshal(o.Page) // < and > come out escaped: nothing in it can end the element
	if err != nil {
		return nil, err
	}
	if bytes.Count(document, []byte(mark)) != 1 {
		return nil, errors.New("the document of the pages has no place for the configuration: " + mark)
	}
	element := fmt.Sprintf("<title>%s</title>\n<script type=\"application/json\" id=\"souk-config\">%s</script>", html.EscapeString(o.Page.Shop), config)
	h.document = httpx.PlainFile(htmlType, "no-cache", bytes.Replace(document, []byte(mark), []byte(element), 1))
	return h, h.load(o.Dist)
}

const htmlType = "text/html; charset=utf-8"

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

// Beside answers what is not the API's, nor a stand-in's.
func (h *Handler) Beside(api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, prefix := range []string{"/api/", "/checkout/", "/__"} {
			if strings.HasPrefix(r.URL.Path+"/", prefix) {
				api.ServeHTTP(w, r)
				return
			}
		}
		h.ServeHTTP(w, r)
	})
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", h.policy)
	header.Set("Referrer-Policy", "strict-origin-when-cross-origin")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		httpx.WriteProblem(w, r, httpx.ErrMethod)
		return
	}
	if file, ok := h.files[r.URL.Path]; ok {
		httpx.NameRoute(r, "GET /assets/")
		file.ServeHTTP(w, r)
		return
	}
	address := strings.TrimSuffix(r.URL.Path, "/")
	switch pattern := h.route(address); {
	case pattern == "":
		h.document.Serve(w, r, http.StatusNotFound)
	case address != "" && address != r.URL.Path: // one address each
		target := *r.URL
		target.Path = address
		target.RawPath = ""
		w.Header().Set("Location", target.RequestURI())
		w.WriteHeader(http.StatusPermanentRedirect)
	case !h.built:
		httpx.NameRoute(r, "GET "+pattern)
		h.document.Serve(w, r, http.StatusServiceUnavailable)
	default:
		httpx.NameRoute(r, "GET "+pattern)
		h.document.ServeHTTP(w, r)
	}
}

// route is the pattern of the page at address, which has no slash at its end, or "".
func (h *Handler) route(address string) string {
	for _, pattern := range h.routes {
		base, below := strings.CutSuffix(pattern, "/*")
		if address == strings.TrimSuffix(base, "/") || below && strings.HasPrefix(address, base+"/") {
			return pattern
		}
	}
	return ""
}
