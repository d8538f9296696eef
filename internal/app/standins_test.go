package app

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"souk/internal/config"
)

func TestEveryStandInAnswersThisMachineOnly(t *testing.T) {
	cfg, err := config.Load([]string{"DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "DATABASE_URL=sqlite:///" + filepath.Join(t.TempDir(), "souk.db")}, "")
	if err != nil {
		t.Fatal(err)
	}
	a, err := New(t.Context(), cfg, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	places := a.places()
	if len(places) < 7 {
		t.Errorf("there are only %d places", len(places))
	}
	for _, place := range places {
		for _, test := range []struct {
			peer, host, header string
			answers            bool
		}{
			{"127.0.0.1:5000", "127.0.0.1:8000", "Accept", true},
			{"10.0.0.1:5000", "127.0.0.1:8000", "Accept", false},
			{"127.0.0.1:5000", "shop.example.test", "Accept", false},
			{"127.0.0.1:5000", "127.0.0.1:8000", "Forwarded", false},
			{"127.0.0.1:5000", "127.0.0.1:8000", "X-Forwarded-For", false},
			{"127.0.0.1:5000", "127.0.0.1:8000", "Via", false},
		} {
			r := httptest.NewRequest(http.MethodGet, place.prefix, nil)
			r.RemoteAddr, r.Host = test.peer, test.host
			r.Header.Set(test.header, "")
			w := httptest.NewRecorder()
			place.handler.ServeHTTP(w, r)
			if (w.Code != http.StatusForbidden) != test.answers {
				t.Errorf("%s, %+v: %d", place.prefix, test, w.Code)
			}
		}
	}
}
