package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"souk/internal/cover"
	"souk/internal/httpx"
)

const (
	coversPath = "/covers/" // and a product's slug and .svg
	socialPath = "/social/" // and a product's slug and .png
	shopImage  = "/social/shop.png"

	picturesKeep   = "public, max-age=86400"
	picturesPolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

	maxCovers   = 256 // that are kept, about 20 KB each
	maxPictures = 64  // for previews, about 100 KB each
	atOnce      = 2   // of them that are drawn
)

// shelf keeps files that take a while to make, under all that they show; all of them go when there are too many.
type shelf[K comparable] struct {
	most  int
	mu    sync.Mutex
	files map[K]httpx.File
}

func newShelf[K comparable](most int) *shelf[K] {
	return &shelf[K]{most: most, files: map[K]httpx.File{}}
}

func (s *shelf[K]) get(what K) (file httpx.File, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	file, ok = s.files[what]
	return file, ok
}

func (s *shelf[K]) put(what K, file httpx.File) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.files) >= s.most {
		clear(s.files)
	}
	s.files[what] = file
}

// motif is all that a cover shows.
type motif struct {
	seed string
	kind cover.Kind
}

// pictures are those for previews, few of which are drawn at once.
type pictures struct {
	kept   *shelf[picture]
	places chan struct{}
}

// picture is all that one for previews shows.
type picture struct {
	seed  string
	kind  cover.Kind
	words cover.Words
}

// servePicture answers the address of a picture, and says whether it is one. Only a product that everybody may see has any.
func (h *Handler) servePicture(w http.ResponseWriter, r *http.Request) bool {
	if r.URL.Path == shopImage {
		httpx.NameRoute(r, "GET "+socialPath)
		h.serveSocial(w, r, picture{"the shop", cover.File, cover.Words{Title: h.page.Shop}})
		return true
	}
	path := coversPath
	slug, isCover := cutBoth(r.URL.Path, coversPath, ".svg")
	if !isCover {
		path = socialPath
		var isSocial bool
		if slug, isSocial = cutBoth(r.URL.Path, socialPath, ".png"); !isSocial {
			return false
		}
	}
	httpx.NameRoute(r, "GET "+path)
	shown, ok := decode[product](h.ask(r, "/api/products/"+url.PathEscape(slug)+"/", ""))
	switch {
	case !ok || shown.Slug == "":
		h.serveMissing(w, r)
	case isCover:
		w.Header().Set("Content-Security-Policy", picturesPolicy)
		w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin") // pages that live elsewhere show it
		h.cover(motif{shown.Slug, kindOf(shown)}).ServeHTTP(w, r)
	default:
		words := cover.Words{Title: shown.Name, Shop: h.page.Shop}
		if shown.ActivePrice != nil {
			words.Price = moneyText(shown.ActivePrice.Amount, shown.ActivePrice.Currency, "en")
		}
		h.serveSocial(w, r, picture{shown.Slug, kindOf(shown), words})
	}
	return true
}

// cover gives the cover that was drawn before, or draws it.
func (h *Handler) cover(one motif) httpx.File {
	file, ok := h.covers.get(one)
	if !ok {
		file = httpx.PlainFile("image/svg+xml", picturesKeep, cover.SVG(one.seed, one.kind))
		h.covers.put(one, file)
	}
	return file
}

func cutBoth(s, prefix, suffix string) (middle string, ok bool) {
	s, starts := strings.CutPrefix(s, prefix)
	s, ends := strings.CutSuffix(s, suffix)
	return s, starts && ends && s != ""
}

// kindOf is what sort of product it is, in its picture and in words: a service that is paid each month is one, too.
func kindOf(p product) cover.Kind {
	switch {
	case p.ProductType == "service":
		return cover.Service
	case p.ActivePrice != nil && p.ActivePrice.BillingPeriod != "one_time":
		return cover.Plan
	}
	return cover.File
}

func (h *Handler) serveSocial(w http.ResponseWriter, r *http.Request, one picture) {
	file, err := h.pictures.draw(r.Context(), one)
	if err != nil {
		if r.Context().Err() == nil {
			slog.ErrorContext(r.Context(), "a picture for previews cannot be drawn", "seed", one.seed, "err", err)
		}
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Security-Policy", picturesPolicy)
	file.ServeHTTP(w, r)
}

// draw gives the picture that was drawn before, or draws it when it is its turn.
func (p *pictures) draw(ctx context.Context, one picture) (file httpx.File, err error) {
	if file, ok := p.kept.get(one); ok {
		return file, nil
	}
	select {
	case p.places <- struct{}{}:
	case <-ctx.Done():
		return file, ctx.Err()
	}
	defer func() { <-p.places }()
	if file, ok := p.kept.get(one); ok { // by who had the place before
		return file, nil
	}
	content, err := cover.PNG(one.seed, one.kind, one.words)
	if err != nil {
		return file, err
	}
	file = httpx.PlainFile("image/png", picturesKeep, content)
	p.kept.put(one, file)
	return file, nil
}
