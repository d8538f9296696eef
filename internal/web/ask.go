package web

import (
	"bytes"
	"net/http"
	"strings"
)

// maxAnswer bounds what a document carries of the API. The scripts of a page get by themselves what is larger.
const maxAnswer = 256 << 10

// answer is what the API says to a GET.
type answer struct {
	status int
	tag    string // its ETag
	next   string // the address of a list's next page
	retry  string // Retry-After
	body   []byte // nil: too much
}

// ask gets path from the API within the program. Nothing of the caller's goes along but the address that its limits count
// by, so the answer is what everybody gets. With the tag of an answer that is still good the status is 304.
func (h *Handler) ask(r *http.Request, path, tag string) answer {
	inner, err := http.NewRequestWithContext(r.Context(), http.MethodGet, path, nil)
	if err != nil {
		return answer{status: http.StatusNotFound}
	}
	inner.RemoteAddr = r.RemoteAddr
	if via := r.Header["X-Forwarded-For"]; via != nil {
		inner.Header["X-Forwarded-For"] = via
	}
	if tag != "" {
		inner.Header["If-None-Match"] = []string{tag}
	}
	return h.do(inner, maxAnswer)
}

// do has the API answer a request from within the program.
func (h *Handler) do(r *http.Request, limit int) answer {
	out := recorder{header: http.Header{}, limit: limit}
	h.api.ServeHTTP(&out, r)
	got := answer{status: out.status, tag: out.header.Get("ETag"), retry: out.header.Get("Retry-After")}
	if link, isNext := strings.CutSuffix(out.header.Get("Link"), `>; rel="next"`); isNext {
		got.next = strings.TrimPrefix(link, "<")
	}
	if !out.tooMuch {
		got.body = out.body.Bytes()
	}
	return got
}

// recorder takes an answer of up to limit bytes.
type recorder struct {
	header  http.Header
	status  int
	body    bytes.Buffer
	limit   int
	tooMuch bool
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *recorder) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.tooMuch = w.tooMuch || w.body.Len()+len(b) > w.limit; !w.tooMuch {
		w.body.Write(b)
	}
	return len(b), nil
}
