package mailbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"souk/internal/mail"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// box is a mailbox with its pages, and somebody who sends to it.
type box struct {
	*Box
	t   *testing.T
	url string
	to  *mail.Sender
}

func open(t *testing.T, dir string) *box {
	t.Helper()
	b, err := Open(dir, func() time.Time { return noon })
	if err != nil {
		t.Fatal(err)
	}
	host, port, err := net.SplitHostPort(b.Addr)
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	to, err := mail.New(mail.Server{Host: host, Port: number, Security: mail.Plain}, mail.Address{Name: "Field Notes", Email: "shop@example.test"})
	if err != nil {
		t.Fatal(err)
	}
	pages := httptest.NewServer(b.Handler())
	t.Cleanup(func() {
		pages.Close()
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return &box{Box: b, t: t, url: pages.URL, to: to}
}

func letter(n int) mail.Message {
	return mail.Message{
		To: mail.Address{Name: "Ana", Email: fmt.Sprintf("ana%d@example.test", n)}, Subject: fmt.Sprintf("Grüße %d", n),
		Text: "Thank you — really.\n\n-- \nField Notes\n", HTML: "<html><head><title>x</title></head><body><p>Thank you — <b>really</b>.</p></body></html>",
		MessageID: fmt.Sprintf("m%d@example.test", n), Date: noon,
	}
}

func (b *box) send(m mail.Message) error { return b.to.Send(b.t.Context(), m) }

func (b *box) get(path string, want int) (body string, header http.Header) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.url+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != want {
		b.t.Fatalf("%s: %d, want %d: %v: %s", path, res.StatusCode, want, err, text)
	}
	return string(text), res.Header
}

func (b *box) listed(query string) (mails []map[string]any) {
	b.t.Helper()
	text, _ := b.get(Prefix+"/api/messages"+query, 200)
	if err := json.Unmarshal([]byte(text), &mails); err != nil {
		b.t.Fatalf("%v: %s", err, text)
	}
	return mails
}

func TestMailsAreKeptAcrossARestart(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir)
	if mails := first.listed(""); len(mails) != 0 {
		t.Fatalf("a new mailbox has %v", mails)
	}
	for n := range 3 {
		if err := first.send(letter(n)); err != nil {
			t.Fatal(err)
		}
	}
	second := open(t, dir) // beside the first one, as a command of the shop's beside its server
	mails := second.listed("?limit=2")
	if len(mails) != 2 {
		t.Fatalf("%d mails, want 2", len(mails))
	}
	for name, want := range map[string]any{
		"id": 3.0, "from": `"Field Notes" <shop@example.test>`, "to": "ana2@example.test", "subject": "Grüße 2", "message_id": "m2@example.test",
		"text": "Thank you — really.\n\n-- \nField Notes\n", "received_at": "2026-11-22T12:00:00Z",
		"html": "<html><head><title>x</title></head><body><p>Thank you — <b>really</b>.</p></body></html>",
	} {
		if mails[0][name] != want {
			t.Errorf("%s is %q, want %q", name, mails[0][name], want)
		}
	}
	for _, search := range []string{"ANA1@", "m1@example", "fie"} {
		found := second.listed("?search=" + search)
		if all := search == "fie"; all != (len(found) == 3) || !all && (len(found) != 1 || found[0]["id"] != 2.0) {
			t.Errorf("%q finds %v", search, found)
		}
	}
	second.get(Prefix+"/api/messages?limit=0", 422)
}

func TestTheOldestMailsGo(t *testing.T) {
	b := open(t, t.TempDir())
	b.most = 3
	for n := range 5 {
		if err := b.send(letter(n)); err != nil {
			t.Fatal(err)
		}
	}
	if mails := b.listed(""); len(mails) != 3 || mails[2]["to"] != "ana2@example.test" {
		t.Errorf("kept are %v", mails)
	}
	b.get(Prefix+"/messages/1/", 404)
}

func TestPages(t *testing.T) {
	b := open(t, t.TempDir())
	empty, _ := b.get(Prefix+"/", 200)
	if !strings.Contains(empty, "No mail yet") || !strings.Contains(empty, `src="/__mail/messages/news?after=0"`) {
		t.Errorf("the empty page: %s", empty)
	}
	for n := range pageOf + 2 {
		m := letter(n)
		if n == pageOf+1 {
			m.To.Name, m.Subject = `<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`
			m.Text, m.HTML = "</pre><script>alert(1)</script>", "<HEAD lang=en><script>alert(1)</script></head><img src=https://elsewhere.example.test/>"
		}
		if err := b.keep(t.Context(), Mail{To: m.To.Email, From: m.To.Name, Subject: m.Subject, Text: m.Text, HTML: m.HTML, Source: m.HTML, ReceivedAt: noon}); err != nil {
			t.Fatal(err)
		}
	}
	last := fmt.Sprintf("%s/messages/%d/", Prefix, pageOf+2)
	for _, path := range []string{Prefix + "/messages/", last, last + "?as=text", last + "?as=source", Prefix + "/messages/?search=%3Cscript%3E"} {
		text, header := b.get(path, 200)
		if strings.Contains(text, "<script") || strings.Contains(text, "<img") {
			t.Errorf("%s: a mail's text is HTML: %s", path, text)
		}
		if header.Get("Content-Security-Policy") != pagePolicy || header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: headers %v", path, header)
		}
	}
	list, _ := b.get(Prefix+"/messages/", 200)
	if strings.Count(list, "<li>") != pageOf || !strings.Contains(list, "?before=3&amp;search=") {
		t.Errorf("the first page: %s", list)
	}
	older, _ := b.get(Prefix+"/messages/?before=3&search=", 200)
	if strings.Count(older, "<li>") != 2 || strings.Contains(older, "<iframe") {
		t.Errorf("the second page: %s", older)
	}
	html, header := b.get(last+"html", 200)
	if policy := header.Get("Content-Security-Policy"); policy != mailPolicy || strings.Contains(policy, "allow-scripts") || strings.Contains(policy, "allow-same-origin") {
		t.Errorf("the mail's policy: %s", policy)
	}
	if !strings.HasPrefix(html, `<HEAD lang=en><base target="_blank"><script>`) {
		t.Errorf("the mail: %s", html)
	}
	for _, path := range []string{"/messages/x/", "/messages/99/html", "/nothing"} {
		b.get(Prefix+path, 404)
	}
}

func TestFaultsThatTestsAskFor(t *testing.T) {
	b := open(t, t.TempDir())
	b.Refuse(1, 451)
	b.Refuse(2, 550)
	b.Drop(1)
	b.Stall(1)
	for n, permanent := range []bool{false, true, true, false, false} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		if n == 4 {
			ctx, cancel = context.WithTimeout(t.Context(), 200*time.Millisecond)
		}
		err := b.to.Send(ctx, letter(n))
		cancel()
		var e *mail.Error
		if !errors.As(err, &e) || e.Permanent != permanent {
			t.Errorf("mail %d: %v, want permanent %t", n, err, permanent)
		}
	}
	if err := b.send(letter(5)); err != nil {
		t.Error(err)
	}
	if mails := b.listed(""); len(mails) != 2 || mails[0]["to"] != "ana5@example.test" || mails[1]["to"] != "ana3@example.test" {
		t.Errorf("kept are %v", mails)
	}
}

func TestWhateverComesIsKept(t *testing.T) {
	for _, source := range []string{
		"", "no header", "Subject: x\r\n\r\nplain", "Content-Type: multipart/mixed\r\n\r\nno boundary", "Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n!!",
		"Subject: =?utf-8?q?broken\r\n\r\n", "Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n\r\nx",
		strings.Repeat("Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n", 50),
	} {
		if m := parse(source); m.Source != source {
			t.Errorf("%q is kept as %q", source, m.Source)
		}
	}
}

func TestNewMailIsToldOfBesideTheList(t *testing.T) {
	b := open(t, t.TempDir())
	news := func(after int) string {
		text, header := b.get(fmt.Sprintf("%s/messages/news?after=%d", Prefix, after), 200)
		if header.Get("Content-Security-Policy") != newsPolicy {
			t.Errorf("headers %v", header)
		}
		return text
	}
	const again, link = `http-equiv="refresh"`, `<a href="/__mail/messages/" target="_top">`
	if text := news(0); !strings.Contains(text, again) || strings.Contains(text, link) {
		t.Errorf("without a mail: %s", text)
	}
	if err := b.send(letter(1)); err != nil {
		t.Fatal(err)
	}
	if text := news(0); strings.Contains(text, again) || !strings.Contains(text, link) { // the link keeps the focus
		t.Errorf("with a new one: %s", text)
	}
	if text := news(1); !strings.Contains(text, again) || strings.Contains(text, link) {
		t.Errorf("with one that is known: %s", text)
	}
	list, _ := b.get(Prefix+"/messages/", 200)
	if strings.Contains(list, again) || !strings.Contains(list, "news?after=1\"") {
		t.Errorf("the list: %s", list)
	}
	if quiet, _ := b.get(Prefix+"/messages/?refresh=off", 200); strings.Contains(quiet, "<iframe") {
		t.Error("it looks for mail although it shall not")
	}
	b.get(Prefix+"/messages/news", 404)
}
