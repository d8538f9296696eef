package web_test

import (
	"bytes"
	"fmt"
	"image/png"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"souk/internal/dbtest"
	"souk/internal/souktest"
)

func TestPicturesAreOfWhatEverybodyMaySee(t *testing.T) {
	s := souktest.New(t, dbtest.SQLite(t))
	sold(t, s, "Launch Kit", "USD", 1900)
	sold(t, s, "Secret Kit", "USD", 1900, "visibility", "draft")
	h := shop(t, built, standIn, apiOf(s))
	for path, kind := range map[string]string{
		"/covers/launch-kit.svg": "image/svg+xml", "/social/launch-kit.png": "image/png", "/social/shop.png": "image/png",
		"/covers/secret-kit.svg": "", "/social/secret-kit.png": "", "/covers/nothing.svg": "", "/social/.png": "", "/covers/launch-kit.png": "",
		"/covers/launch-kit": "", "/covers/": "", "/covers/../launch-kit.svg": "", "/covers/launch-kit/.svg": "", "/covers/launch-kit%3Fx.svg": "",
	} {
		out := ask(h, "GET", path)
		if kind == "" {
			if out.Code != 404 {
				t.Errorf("%s: %d", path, out.Code)
			}
			continue
		}
		header := out.Header()
		if out.Code != 200 || header.Get("Content-Type") != kind || header.Get("Cache-Control") != "public, max-age=86400" ||
			!strings.Contains(header.Get("Content-Security-Policy"), "sandbox") || header.Get("ETag") == "" ||
			kind == "image/svg+xml" && header.Get("Cross-Origin-Resource-Policy") != "cross-origin" {
			t.Errorf("%s: %d %v", path, out.Code, header)
		}
		if again := ask(h, "GET", path, "If-None-Match", header.Get("ETag")); again.Code != 304 {
			t.Errorf("%s again: %d", path, again.Code)
		}
	}
	if picture, err := png.Decode(ask(h, "GET", "/social/launch-kit.png").Body); err != nil || picture.Bounds().Dx() != 1200 {
		t.Errorf("%v, %v", picture.Bounds(), err)
	}
}

func TestAPictureChangesWithItsWords(t *testing.T) {
	s := souktest.New(t, dbtest.SQLite(t))
	made := sold(t, s, "Launch Kit", "USD", 1900)
	h := shop(t, built, standIn, apiOf(s))
	before := ask(h, "GET", "/social/launch-kit.png").Body.Bytes()
	s.As("ana@example.test").Patch(fmt.Sprintf("/api/seller/products/%d/", made.ID()), map[string]any{"name": "Landing Kit"}).Is(200)
	if bytes.Equal(before, ask(h, "GET", "/social/launch-kit.png").Body.Bytes()) {
		t.Error("the picture has the old name")
	}
}

func TestManyWhoWantOnePictureGetIt(t *testing.T) {
	s := souktest.New(t, dbtest.SQLite(t))
	sold(t, s, "Launch Kit", "USD", 1900)
	h := shop(t, built, standIn, apiOf(s))
	var all sync.WaitGroup
	got := make([]*httptest.ResponseRecorder, 16)
	for n := range got {
		all.Go(func() { got[n] = ask(h, "GET", "/social/launch-kit.png") })
	}
	all.Wait()
	for _, out := range got {
		if out.Code != 200 || !bytes.Equal(out.Body.Bytes(), got[0].Body.Bytes()) {
			t.Errorf("%d, %d bytes", out.Code, out.Body.Len())
		}
	}
}
