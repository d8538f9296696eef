package web

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"souk/frontend"
	"souk/internal/httpx"
)

// servePage answers the address of a page, which is below route.
func (h *Handler) servePage(w http.ResponseWriter, r *http.Request, route frontend.Route, address string) {
	v := h.languages.visitor(r)
	api, ok := needs(route.Pattern, address, r.URL)
	if !ok {
		h.serveMissing(w, r)
		return
	}
	key := documentKey{pattern: route.Pattern, api: api, address: canonical(route, address, r.URL), visitor: v}
	made := h.documents.find(key)
	got := answer{status: http.StatusOK}
	if api != "" {
		got = h.ask(r, api, made.tag)
	}
	httpx.NameRoute(r, "GET "+route.Pattern) // now, as the API has named its own
	switch status := got.status; {
	case status == http.StatusNotModified, status == http.StatusOK && api == "" && made.size > 0:
		made.file.ServeHTTP(w, r)
	case status == http.StatusOK:
		made = h.render(route, key, got)
		h.documents.keep(key, made)
		made.file.ServeHTTP(w, r)
	case status >= 500 || status == http.StatusTooManyRequests: // the scripts will ask again
		if status != http.StatusTooManyRequests {
			status = http.StatusServiceUnavailable
		}
		w.Header().Set("Retry-After", cmp.Or(got.retry, "5"))
		made = h.kept(route, documentKey{pattern: route.Pattern, visitor: v})
		made.file.Serve(w, r, status)
	case route.Pattern == productPattern: // its scripts know, too, that there is none
		none := answer{body: []byte("null")}
		h.render(noRoute, documentKey{pattern: productPattern, api: api, visitor: v}, none).file.Serve(w, r, http.StatusNotFound)
	default:
		h.serveMissing(w, r)
	}
}

// serveMissing answers an address that no page is at.
func (h *Handler) serveMissing(w http.ResponseWriter, r *http.Request) {
	h.kept(noRoute, documentKey{visitor: h.languages.visitor(r)}).file.Serve(w, r, http.StatusNotFound)
}

// kept is a document that shows nothing of the API.
func (h *Handler) kept(route frontend.Route, key documentKey) document {
	made := h.documents.find(key)
	if made.size == 0 {
		made = h.render(route, key, answer{})
		h.documents.keep(key, made)
	}
	return made
}

// canonical is the one address of a page under which search engines shall have it; empty: they shall not.
func canonical(route frontend.Route, address string, u *url.URL) string {
	query := u.Query()
	switch {
	case route.Pattern == productPattern:
		return address
	case route.Description == "":
		return ""
	case route.Pattern == productsPattern && (query.Has("search") || query.Has("ordering") || query.Has("cursor")):
		return ""
	case route.Pattern == productsPattern && query.Get("product_type") != "":
		return address + "?product_type=" + url.QueryEscape(query.Get("product_type"))
	}
	return cmp.Or(address, "/")
}

// render makes a document.
func (h *Handler) render(route frontend.Route, key documentKey, got answer) document {
	texts := h.texts[key.lang]
	page := head{
		Shop: h.page.Shop, Kind: "website", Image: h.origin + "/social/shop.png", Scripts: h.scripts[key.lang][key.pattern], Font: h.font,
		Name: cmp.Or(texts[route.Title], h.page.Shop), Description: texts[route.Description],
	}
	drawn := drawing{visitor: key.visitor, texts: texts, languages: h.languages.names, Page: h.page, Pattern: key.pattern, Missing: route == noRoute}
	if key.address != "" {
		page.Canonical = h.origin + key.address
	}
	switch key.pattern {
	case homePattern:
		page.Facts = h.siteFacts()
		drawn.Products, drawn.Ready = decode[[]product](got)
	case productsPattern:
		drawn.Products, drawn.Ready = decode[[]product](got)
	case productPattern:
		if shown, ok := decode[product](got); ok && shown.Slug != "" {
			page.Kind, page.Name, page.Price = "product", shown.Name, shown.ActivePrice
			page.Description = summary(cmp.Or(shown.Tagline, shown.Description), 200)
			page.Image = h.origin + "/social/" + shown.Slug + ".png"
			page.Facts = h.productFacts(shown, page.Image, texts["shell.products"])
			drawn.Products, drawn.Ready = []product{shown}, true
		}
	}
	page.Title = page.Name
	if page.Name != page.Shop {
		page.Title += " · " + page.Shop
	}
	drawn.Title, drawn.Lead, drawn.Next = page.Name, texts[route.Lead], cursor(got.next)
	if _, query, ok := strings.Cut(key.api, "?"); ok {
		drawn.query, _ = url.ParseQuery(query) // needs has written it
	}
	var top, app bytes.Buffer
	data, err := element("souk-preload", preload(key.api, got))
	if err := errors.Join(err, headTemplate.Execute(&top, page), pagesTemplate.ExecuteTemplate(&app, "app", drawn)); err != nil {
		slog.Error("a page cannot be drawn by the server", "pattern", key.pattern, "cause", err.Error()) // its scripts will
		app.Reset()
	}
	whole := h.shell.fill(key.visitor, top.Bytes(), app.Bytes(), slices.Concat(h.config, data))
	return document{got.tag, httpx.PlainFile(htmlType, "no-cache", whole), len(whole)}
}

// decode reads an answer of the API; ok is false when there is none.
func decode[T any](a answer) (v T, ok bool) {
	return v, a.body != nil && json.Unmarshal(a.body, &v) == nil
}
