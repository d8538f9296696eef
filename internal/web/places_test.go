package web

import (
	"context"
	"errors"
	"testing"

	"souk/internal/cover"
	"souk/internal/httpx"
)

// Nobody has a place here, so that what is to be drawn waits until who asked goes away.
func TestOnlyWhatIsToBeDrawnWaitsForAPlace(t *testing.T) {
	kept := picture{"launch-kit", cover.File, cover.Words{Title: "Launch Kit"}}
	p := pictures{kept: newShelf[picture](1), places: make(chan struct{})}
	p.kept.put(kept, httpx.File{Type: "image/png"})
	gone, leave := context.WithCancel(t.Context())
	leave()
	if file, err := p.draw(gone, kept); err != nil || file.Type != "image/png" {
		t.Errorf("a kept picture: %q, %v", file.Type, err)
	}
	if _, err := p.draw(gone, picture{seed: "other"}); !errors.Is(err, context.Canceled) {
		t.Errorf("a picture without a place: %v", err)
	}
}

func TestAShelfKeepsNoMoreThanItMay(t *testing.T) {
	s := newShelf[int](2)
	for what := range 3 {
		s.put(what, httpx.File{Keep: "kept"})
	}
	_, first := s.get(0)
	if last, ok := s.get(2); first || !ok || last.Keep != "kept" || len(s.files) > 2 {
		t.Errorf("%d files, the first of them %v, the last %v", len(s.files), first, ok)
	}
}
