// Package page is what the pages of the stand-ins share: how they look, how they are sent, and which forms they take. Their forms are
// plain, so that they work without a script, and from a terminal.
package page

import (
	"bytes"
	_ "embed"
	"errors"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"souk/internal/httpx"
)

const maxForm = 16 << 10

//go:embed look.css
var look []byte

//go:embed refused.html
var refusedPage string

// Refused is a request for a page that is answered with words alone.
type Refused struct {
	Status         int
	Title, Message string
}

func (r *Refused) Error() string { return r.Message }

var (
	errForeign = &Refused{403, "Not from here", "Only the stand-in's own pages may send this."}
	errForm    = &Refused{400, "This cannot be read", "The form is too long, or is none."}
)

// Pages are those of one stand-in.
type Pages struct {
	prefix    string // their path
	templates *template.Template
}

// New reads the templates of a folder, with functions beside utc and stamp, which write times. Pages link their style as look.css.
func New(prefix string, files fs.FS, folder string, functions template.FuncMap) *Pages {
	all := template.New("").Funcs(functions).Funcs(template.FuncMap{
		"utc":   func(at time.Time) string { return at.UTC().Format("2 Jan 2006, 15:04:05 UTC") },
		"stamp": func(at time.Time) string { return at.UTC().Format(time.RFC3339) },
	})
	template.Must(all.New("refused.html").Parse(refusedPage))
	return &Pages{prefix, template.Must(all.ParseFS(files, folder+"/*.html"))}
}

// Style adds how the pages look.
func (p *Pages) Style(mux *http.ServeMux) {
	mux.Handle("GET "+p.prefix+"/look.css", httpx.Static("text/css; charset=utf-8", look))
}

// Handle adds a page, or a form that one sends. Forms that a page of somebody else's sends with the browser are refused.
func (p *Pages) Handle(mux *http.ServeMux, pattern string, handler func(w http.ResponseWriter, r *http.Request) error) {
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		_, route, found := strings.Cut(pattern, " ")
		if !found {
			route = pattern
		}
		httpx.NameRoute(r, strings.TrimSuffix(route, "{$}"))
		err := checkForm(w, r)
		if err == nil {
			err = handler(w, r)
		}
		if refused := (*Refused)(nil); errors.As(err, &refused) {
			p.Render(w, refused.Status, "refused.html", "", struct{ Look, Title, Message string }{p.prefix + "/look.css", refused.Title, refused.Message})
		} else if err != nil {
			httpx.WriteProblem(w, r, err)
		}
	})
}

func checkForm(w http.ResponseWriter, r *http.Request) error {
	if http.NewCrossOriginProtection().Check(r) != nil {
		return errForeign
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if r.ParseForm() != nil {
		return errForm
	}
	return nil
}

// Render answers with a page. leadsTo is another origin that its form may lead to, or empty.
func (p *Pages) Render(w http.ResponseWriter, status int, name, leadsTo string, view any) {
	var body bytes.Buffer
	if err := p.templates.ExecuteTemplate(&body, name, view); err != nil {
		slog.Error("a page of a stand-in", "page", name, "err", err)
		http.Error(w, "The page cannot be shown.", http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Security-Policy", strings.TrimRight("default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' "+leadsTo, " "))
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "same-origin")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // the client may be gone
}
