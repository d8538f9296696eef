package web

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"souk/internal/fault"
	"souk/internal/httpx"
)

// maxPage bounds an answer of the API with 200 products.
const maxPage = 32 << 20

// robots keeps crawlers off what is nobody's but the buyer's, and off the API, whose documentation they may read.
const robots = `User-agent: *
Disallow: /account/
Disallow: /app
Disallow: /checkout/
Disallow: /api/
Allow: /api/docs

Sitemap: %s/sitemap.xml
`

// sitemapAge is how long a sitemap is given before it is made anew.
const sitemapAge = 5 * time.Minute

// sitemap is the list of all addresses for search engines: one file, or, of more addresses than one may have, an index and its parts.
type sitemap struct {
	perFile int // 50,000 by the protocol

	mu    sync.Mutex
	made  time.Time
	files map[string]httpx.File // by path
}

var errSitemap = fault.New(fault.Unavailable, "sitemap", "The list of pages cannot be made just now.").After(time.Minute)

// isSitemap says that path is the sitemap's, or may be one of its parts'.
func isSitemap(path string) bool {
	return strings.HasPrefix(path, "/sitemap") && strings.HasSuffix(path, ".xml")
}

func (h *Handler) serveSitemap(w http.ResponseWriter, r *http.Request) {
	httpx.NameRoute(r, "GET /sitemap.xml")
	files, err := h.sitemap.get(r.Context(), h)
	if err != nil {
		httpx.WriteProblem(w, r, errSitemap.Because(err))
		return
	}
	file, ok := files[r.URL.Path]
	if !ok {
		h.serveMissing(w, r)
		return
	}
	file.ServeHTTP(w, r)
}

// get makes the files when they are old. Many who ask at once wait for one.
func (s *sitemap) get(ctx context.Context, h *Handler) (map[string]httpx.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.files != nil && time.Since(s.made) < sitemapAge {
		return s.files, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second) // the next one has it, when this one has gone
	defer cancel()
	addresses, err := h.addresses(ctx)
	if err != nil {
		return nil, err
	}
	s.files, s.made = s.write(h.origin, addresses), time.Now()
	return s.files, nil
}

// place is an address with when it last changed.
type place struct {
	XMLName xml.Name `xml:"url"`
	Loc     string   `xml:"loc"`
	LastMod string   `xml:"lastmod,omitempty"`
}

// addresses are those of the pages for search engines, and of all products, which the API is asked for page by page.
func (h *Handler) addresses(ctx context.Context) (all []place, err error) {
	for _, route := range h.routes {
		if route.Description != "" && !strings.ContainsAny(route.Pattern, ":*") {
			all = append(all, place{Loc: h.origin + route.Pattern})
		}
	}
	for next := "/api/products/?limit=200&ordering=created_at"; next != ""; {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, next, nil) // without an address: nobody's limits count it
		if err != nil {
			return nil, err
		}
		got := h.do(r, maxPage)
		var products []product
		if got.status != http.StatusOK {
			return nil, fmt.Errorf("the API answers %d to %s", got.status, next)
		}
		if err := json.Unmarshal(got.body, &products); err != nil {
			return nil, err
		}
		for _, p := range products {
			all = append(all, place{Loc: h.origin + "/products/" + p.Slug, LastMod: p.UpdatedAt})
		}
		next = got.next
	}
	return all, nil
}

// write makes the files of a list of addresses.
func (s *sitemap) write(origin string, addresses []place) map[string]httpx.File {
	if len(addresses) <= s.perFile {
		return map[string]httpx.File{"/sitemap.xml": xmlFile("urlset", addresses)}
	}
	files := map[string]httpx.File{}
	type part struct {
		XMLName xml.Name `xml:"sitemap"`
		Loc     string   `xml:"loc"`
	}
	var index []part
	for n := 0; len(addresses) > 0; n++ {
		path := fmt.Sprintf("/sitemap-%d.xml", n+1)
		count := min(len(addresses), s.perFile)
		files[path] = xmlFile("urlset", addresses[:count])
		addresses = addresses[count:]
		index = append(index, part{Loc: origin + path})
	}
	files["/sitemap.xml"] = xmlFile("sitemapindex", index)
	return files
}

// xmlFile is a document of the sitemap protocol.
func xmlFile[T any](root string, entries []T) httpx.File {
	var out bytes.Buffer
	out.WriteString(xml.Header + "<" + root + ` xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">`)
	if err := xml.NewEncoder(&out).Encode(entries); err != nil {
		panic(err) // they are plain strings
	}
	out.WriteString("</" + root + ">\n")
	return httpx.PlainFile("application/xml; charset=utf-8", "public, max-age=300", out.Bytes())
}
