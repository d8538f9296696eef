// Package web serves the shop's pages: the HTML document of each address, with what a crawler and the first paint need, and the
// scripts and styles that take over from there. What a document shows of the shop it asks the API, as the scripts do; web
// reads no database and knows no user.
package web

import (
	_ "embed" // the page without pages
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"slices"
	"strings"

	"souk/frontend"
	"souk/internal/httpx"
	"souk/internal/loopback"
)

// Options are what the pages are, and what they need to know.
type Options struct {
	Dist     fs.FS                        // what Vite built; without an index.html a page says how to build it
	Routes   []frontend.Route             // the addresses that have a page
	Messages map[string]map[string]string // what the documents say, by language and key
	Page     Page
	Origin   string       // of the public address: what links of previews and search engines begin with
	API      http.Handler // answers what the documents show of the shop
}

// Page is the configuration that is written into the document for its scripts. Everybody can read it.
type Page struct {
	Shop        string `json:"shop"` // what it is called
	Development bool   `json:"development"`
	Clerk       Clerk  `json:"clerk"`
	Portal      string `json:"portal"` // where subscribers manage what they pay, besides Clerk's own pages; "" is nowhere
	Tools       []Link `json:"tools"`  // for developers
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
	routes    []frontend.Route
	page      Page
	origin    string
	api       http.Handler
	texts     map[string]map[string]string // by language and key, with the shop's name in its places
	languages languages
	policy    string
	files     map[string]httpx.File
	config    []byte // the element with Page

	built     bool
	unbuilt   httpx.File // says how to build the pages
	shell     shell
	scripts   map[string]map[string][]string // to be loaded at once, by language and pattern
	font      string                         // the address of the headings' letters; "" is none
	documents documents
	covers    *shelf[motif]
	pictures  pictures
	sitemap   sitemap
}

//go:embed unbuilt.html
var unbuilt []byte

const htmlType = "text/html; charset=utf-8"

// New reads the pages that were built.
func New(o Options) (*Handler, error) {
	h := &Handler{
		routes: o.Routes, page: o.Page, origin: o.Origin, api: o.API, policy: unbuiltPolicy, files: map[string]httpx.File{},
		texts: map[string]map[string]string{}, scripts: map[string]map[string][]string{},
		covers:   newShelf[motif](maxCovers),
		pictures: pictures{kept: newShelf[picture](maxPictures), places: make(chan struct{}, atOnce)},
	}
	var err error
	if h.config, err = element("souk-config", o.Page); err != nil {
		return nil, err
	}
	if err := h.readTexts(o.Messages); err != nil {
		return nil, err
	}
	document, err := fs.ReadFile(o.Dist, "index.html")
	if errors.Is(err, fs.ErrNotExist) {
		h.unbuilt = httpx.PlainFile(htmlType, "no-store", slices.Concat(unbuilt, h.config)) // the dev server takes the configuration from it
		return h, nil
	}
	if err != nil {
		return nil, err
	}
	h.built, h.policy = true, policy(o.Page.Clerk)
	h.files["/robots.txt"] = httpx.PlainFile(types[".txt"], "public, max-age=3600", fmt.Appendf(nil, robots, o.Origin))
	manifest, err := webManifest(o.Page.Shop)
	if err != nil {
		return nil, err
	}
	h.files["/site.webmanifest"] = httpx.PlainFile(types[".webmanifest"], "no-cache", manifest)
	h.sitemap.perFile = 50_000
	if h.shell, err = readShell(o.Dist, document); err != nil {
		return nil, err
	}
	if err := h.findScripts(o.Dist); err != nil {
		return nil, err
	}
	return h, h.load(o.Dist)
}

// missing is the key of the title of the page that says that there is none.
const missing = "shell.missing"

// readTexts takes over the catalogue, and sees that it has what the routes name.
func (h *Handler) readTexts(catalogue map[string]map[string]string) error {
	names := []string{"en"} // for who reads none of them
	for _, name := range slices.Sorted(maps.Keys(catalogue)) {
		if name != "en" {
			names = append(names, name)
		}
	}
	h.languages = newLanguages(names)
	for _, name := range names {
		texts := map[string]string{}
		for key, text := range catalogue[name] {
			texts[key] = strings.ReplaceAll(text, "{shop}", h.page.Shop)
		}
		h.texts[name] = texts
		for _, route := range h.all() {
			for _, key := range []string{route.Title, route.Lead, route.Description} {
				if key != "" && texts[key] == "" {
					return fmt.Errorf("the page %s names a text %s that is not among the messages in %s", route.Pattern, key, name)
				}
			}
		}
	}
	return nil
}

// findScripts finds what each page loads in each language.
func (h *Handler) findScripts(dist fs.FS) error {
	built, err := readManifest(dist)
	if err != nil {
		return err
	}
	h.font = built.font()
	for _, name := range h.languages.names {
		h.scripts[name] = map[string][]string{}
		for _, route := range h.all() {
			sources := []string{"index.html", "src/messages/" + name + ".ts"}
			if _, ok := built[route.Source]; ok { // routes.test.ts sees that the sources are the pages'; older pages lack a new one
				sources = append(sources, route.Source)
				if route.Texts != "" {
					sources = append(sources, "src/messages/"+route.Texts+"."+name+".ts")
				}
			}
			if h.scripts[name][route.Pattern], err = built.scripts(sources...); err != nil {
				return err
			}
		}
	}
	return nil
}

// all are the routes, and the one of what has none.
func (h *Handler) all() []frontend.Route { return append(slices.Clip(h.routes), noRoute) }

var noRoute = frontend.Route{Title: missing}

// Beside answers what is not the API's, nor a stand-in's.
func (h *Handler) Beside(api http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, isPage := h.route(strings.TrimSuffix(r.URL.Path, "/")); !isPage && theirs(r.URL.Path+"/") {
			api.ServeHTTP(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// theirs says that a path is the API's or a stand-in's.
func theirs(path string) bool {
	return strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/checkout/") || strings.HasPrefix(path, "/__")
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
	if address, other := loopback.Elsewhere(h.origin, r); other {
		http.Redirect(w, r, address, http.StatusTemporaryRedirect)
		return
	}
	if h.built && isSitemap(r.URL.Path) {
		h.serveSitemap(w, r)
		return
	}
	if h.servePicture(w, r) {
		return
	}
	address := strings.TrimSuffix(r.URL.Path, "/")
	route, found := h.route(address)
	switch {
	case found && address != "" && address != r.URL.Path: // one address each
		target := *r.URL
		target.Path = address
		target.RawPath = ""
		header.Set("Location", target.RequestURI())
		w.WriteHeader(http.StatusPermanentRedirect)
	case !h.built && found:
		httpx.NameRoute(r, "GET "+route.Pattern)
		h.unbuilt.Serve(w, r, http.StatusServiceUnavailable)
	case !h.built:
		h.unbuilt.Serve(w, r, http.StatusNotFound)
	default:
		header.Add("Vary", "Accept-Language, Cookie") // see languages.visitor
		if found {
			h.servePage(w, r, route, address)
		} else {
			h.serveMissing(w, r)
		}
	}
}

// route is that of the page at address, which has no slash at its end.
func (h *Handler) route(address string) (frontend.Route, bool) {
	for _, route := range h.routes {
		if matches(route.Pattern, address) {
			return route, true
		}
	}
	return frontend.Route{}, false
}

// matches says that address is one of pattern's, in which :name stands for one part, and /* at the end for what is below, too.
func matches(pattern, address string) bool {
	pattern = strings.TrimSuffix(pattern, "/")
	for {
		want, wants, goesOn := strings.Cut(pattern, "/")
		part, parts, below := strings.Cut(address, "/")
		switch {
		case part != want && (part == "" || !strings.HasPrefix(want, ":")):
			return false
		case wants == "*":
			return true
		case !goesOn || !below:
			return goesOn == below
		}
		pattern, address = wants, parts
	}
}
