package mailbox

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"math"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"souk/internal/fault"
	"souk/internal/httpx"
)

// Prefix is the path under which the shop's own listener serves the mailbox.
const Prefix = "/__mail"

//go:embed pages
var files embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"when":    func(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04:05 UTC") },
	"stamp":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"snippet": snippet,
}).ParseFS(files, "pages/*.html"))

const (
	pageOf     = 50
	lookEvery  = 5 // seconds
	pagePolicy = "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	newsPolicy = "default-src 'none'; style-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
	// A mail is shown as a mail program does: its own style, no script, no picture from elsewhere, and links open beside.
	mailPolicy = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; " +
		"form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)

// Handler serves the pages under Prefix. It asks nobody who they are: whoever wires it lets this machine alone come to it.
func (b *Box) Handler() http.Handler {
	mux := http.NewServeMux()
	answer := func(pattern string, handler func(w http.ResponseWriter, r *http.Request) error) {
		mux.HandleFunc("GET "+Prefix+pattern, func(w http.ResponseWriter, r *http.Request) {
			httpx.NameRoute(r, Prefix+strings.TrimSuffix(pattern, "{$}"))
			if err := handler(w, r); err != nil {
				httpx.WriteProblem(w, r, err)
			}
		})
	}
	style, _ := files.ReadFile("pages/mailbox.css") // embedded: it is there
	mux.Handle("GET "+Prefix+"/mailbox.css", httpx.Static("text/css; charset=utf-8", style))
	mux.Handle("GET "+Prefix+"/{$}", http.RedirectHandler(Prefix+"/messages/", http.StatusTemporaryRedirect))
	answer("/messages/{$}", b.listPage)
	answer("/messages/news", b.newsPage)
	answer("/messages/{id}/{$}", b.mailPage)
	answer("/messages/{id}/html", b.mailHTML)
	answer("/api/messages", b.listJSON)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { httpx.WriteProblem(w, r, errNoPage) })
	return mux
}

var (
	errNoPage = fault.Absent("page of the mailbox")
	errLimit  = fault.InvalidField("query.limit", "must be a number from 1 to 1000")
)

type listView struct {
	Search string
	Mails  []Mail
	Older  string // the address of the next page, or empty
	First  bool
	Looks  bool  // for new mail
	Newest int64 // id; 0: there is none
}

func (b *Box) listPage(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	v := listView{Search: strings.TrimSpace(query.Get("search"))}
	before, err := strconv.ParseInt(query.Get("before"), 10, 64)
	if v.First = err != nil; v.First {
		before = math.MaxInt64
	}
	if v.Mails, err = b.List(r.Context(), v.Search, before, pageOf+1); err != nil {
		return err
	}
	if len(v.Mails) > pageOf {
		v.Mails = v.Mails[:pageOf]
		v.Older = "?" + url.Values{"search": {v.Search}, "before": {strconv.FormatInt(v.Mails[pageOf-1].ID, 10)}}.Encode()
	}
	v.Looks = v.First && v.Search == "" && query.Get("refresh") != "off"
	if len(v.Mails) > 0 {
		v.Newest = v.Mails[0].ID
	}
	return page(w, "list.html", pagePolicy, v)
}

// newsPage is the frame that says when a mail has come since the list was shown. It loads itself again and again, so that the list
// need not, which would take the focus from where it is.
func (b *Box) newsPage(w http.ResponseWriter, r *http.Request) error {
	after, err := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64)
	if err != nil {
		return errNoPage
	}
	newest, err := b.List(r.Context(), "", math.MaxInt64, 1)
	if err != nil {
		return err
	}
	return page(w, "news.html", newsPolicy, struct {
		Come    bool
		Refresh int
	}{len(newest) > 0 && newest[0].ID > after, lookEvery})
}

type mailView struct {
	Mail
	As           string // html, text or source
	Newer, Older int64  // ids; 0: none
}

func (b *Box) mailPage(w http.ResponseWriter, r *http.Request) error {
	m, err := b.mail(r)
	if err != nil {
		return err
	}
	v := mailView{Mail: m, As: r.URL.Query().Get("as")}
	if v.As != "text" && v.As != "source" && m.HTML != "" {
		v.As = "html"
	} else if v.As != "source" {
		v.As = "text"
	}
	for _, beside := range []struct {
		id   int64
		into *int64
	}{{m.ID + 1, &v.Newer}, {m.ID - 1, &v.Older}} {
		if _, err := b.Get(r.Context(), beside.id); err == nil { // ids have no gaps, as mails go only at the old end
			*beside.into = beside.id
		}
	}
	return page(w, "mail.html", pagePolicy, v)
}

var head = regexp.MustCompile(`(?i)<head[^>]*>`)

// mailHTML is what the frame on a mail's page shows. Its links open in a window of their own.
func (b *Box) mailHTML(w http.ResponseWriter, r *http.Request) error {
	m, err := b.mail(r)
	if err != nil {
		return err
	}
	html := m.HTML
	if at := head.FindStringIndex(html); at != nil {
		html = html[:at[1]] + `<base target="_blank">` + html[at[1]:]
	}
	write(w, mailPolicy, "text/html; charset=utf-8", []byte(html))
	return nil
}

func (b *Box) mail(r *http.Request) (Mail, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return Mail{}, errNoMail
	}
	return b.Get(r.Context(), id)
}

type mailJSON struct {
	ID         int64     `json:"id"`
	From       string    `json:"from"`
	To         string    `json:"to"`
	Subject    string    `json:"subject"`
	MessageID  string    `json:"message_id"`
	Text       string    `json:"text"`
	HTML       string    `json:"html"`
	ReceivedAt time.Time `json:"received_at"`
}

func (b *Box) listJSON(w http.ResponseWriter, r *http.Request) error {
	limit, text := 100, r.URL.Query().Get("limit")
	if text != "" {
		var err error
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > kept {
			return errLimit
		}
	}
	mails, err := b.List(r.Context(), r.URL.Query().Get("search"), math.MaxInt64, limit)
	if err != nil {
		return err
	}
	out := make([]mailJSON, len(mails))
	for i, m := range mails {
		out[i] = mailJSON{m.ID, m.From, m.To, m.Subject, m.MessageID, m.Text, m.HTML, m.ReceivedAt}
	}
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false) // it is read by programs and people, never as HTML
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(out); err != nil {
		return err
	}
	write(w, "", "application/json; charset=utf-8", body.Bytes())
	return nil
}

func page(w http.ResponseWriter, name, policy string, view any) error {
	var body bytes.Buffer
	if err := templates.ExecuteTemplate(&body, name, view); err != nil {
		return err
	}
	write(w, policy, "text/html; charset=utf-8", body.Bytes())
	return nil
}

// write answers with body; policy "" leaves the one that is set.
func write(w http.ResponseWriter, policy, contentType string, body []byte) {
	header := w.Header()
	if policy != "" {
		header.Set("Content-Security-Policy", policy)
	}
	header.Set("Content-Type", contentType)
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(body) // the client may be gone
}

// snippet is the beginning of a text, on one line.
func snippet(text string) string {
	words := strings.Fields(text)
	line := strings.Join(words[:min(len(words), 40)], " ")
	if runes := []rune(line); len(runes) > 140 {
		line = string(runes[:140]) + "…"
	}
	return line
}
