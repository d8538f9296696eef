package control_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"souk/internal/devcloud/clerk"
	"souk/internal/devcloud/control"
	"souk/internal/devcloud/fapi"
)

// site is the page with an instance whose webhooks are counted.
type site struct {
	t        *testing.T
	instance *clerk.Instance
	url      string
	http     *http.Client
}

func newSite(t *testing.T) *site {
	t.Helper()
	shop := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(shop.Close)
	instance, err := clerk.New(clerk.Options{Plans: clerk.SamplePlans(), Start: time.Now(), Now: time.Now, Webhook: shop.URL, Dialect: &clerk.Dialect{}})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	accounts, err := fapi.Open(t.Context(), fapi.Options{
		Instance: instance, Origin: server.URL, Issuer: server.URL, Now: time.Now, UserID: func(string) string { return "" },
		Sign: func(map[string]any) (string, error) { return "token", nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	c := &control.Control{
		Instance: instance, Accounts: accounts, Origin: server.URL, Plans: "data/devcloud/plans.json", Links: []control.Link{{Name: "Mailbox", URL: "/__mail/"}},
		First:   []string{"seller@example.test", "buyer@example.test"},
		Refresh: func() error { return nil },
	}
	mux.Handle(control.Prefix+"/", c.Handler())
	mux.Handle("/", http.NotFoundHandler())
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = instance.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	jar, _ := cookiejar.New(nil) // never fails
	return &site{t, instance, server.URL, &http.Client{Jar: jar}}
}

func (s *site) user(email string) string {
	s.t.Helper()
	id, err := s.instance.CreateUser("", clerk.Profile{Email: email, FirstName: "<b>Ana</b>"})
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// read is the page that is answered at last, and its status.
func (s *site) read(res *http.Response, err error) (int, string) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

func (s *site) page(path string) (int, string) { s.t.Helper(); return s.read(s.http.Get(s.url + path)) }

func (s *site) press(action string, form ...string) (int, string) {
	s.t.Helper()
	values := url.Values{"do": {action}}
	for n := 0; n < len(form); n += 2 {
		values.Set(form[n], form[n+1])
	}
	return s.read(s.http.PostForm(s.url+control.Prefix+"/do/", values))
}

func (s *site) shows(action string, form []string, want ...string) {
	s.t.Helper()
	status, text := s.press(action, form...)
	if status != 200 {
		s.t.Errorf("%s %q: %d", action, form, status)
	}
	for _, w := range want {
		if !strings.Contains(text, w) {
			s.t.Errorf("after %s %q the page lacks %q", action, form, w)
		}
	}
}

func TestWhatThePageShowsAndDoes(t *testing.T) {
	s := newSite(t)
	if status, text := s.page("/__dev/"); status != 200 || !strings.Contains(text, "Nobody has signed up yet") || !strings.Contains(text, "Nobody has taken a plan yet") {
		t.Errorf("at first: %d %s", status, text)
	}
	id := s.user("ana@example.test")
	if _, text := s.page("/__dev/"); strings.Contains(text, "<b>Ana") || !strings.Contains(text, "&lt;b&gt;Ana") {
		t.Error("a name became HTML")
	}
	s.shows("add", []string{"email", "Ben@example.test"}, "They are a user now", "ben@example.test")
	if status, text := s.press("add", "email", "ben@example.test"); status != 409 || !strings.Contains(text, "There is a user with this address already") {
		t.Errorf("twice: %d", status)
	}
	if status, _ := s.press("add", "email", "nobody"); status != 422 {
		t.Errorf("no address: %d", status)
	}
	if err := s.instance.Subscribe(id, "cplan_starter", clerk.Month); err != nil {
		t.Fatal(err)
	}
	s.shows("cancel", []string{"id", id}, "The subscription is canceled", "canceled", "Resume")
	s.shows("resume", []string{"id", id}, "The subscription goes on", "$9.00 a month")
	s.shows("fail", []string{"id", id}, "payments fail", "Let payments succeed")
	user, _ := s.instance.User(id)
	by := fmt.Sprintf("%dd", 2+time.Until(user.Held().PeriodEnd)/(24*time.Hour)) // a month has 28 days or more, and what is overdue ends some days later
	s.shows("advance", []string{"by", by}, "Time has passed", by+" ahead", "past_due")
	s.shows("heal", []string{"id", id}, "Their payments succeed again")
	for _, by := range []string{"", "soon", "-1d", "99999d"} {
		if status, _ := s.press("advance", "by", by); status != 422 && status != 409 {
			t.Errorf("by %q: %d", by, status)
		}
	}
	s.shows("delete", []string{"id", id}, "Their account is deleted")
	if _, there := s.instance.User(id); there {
		t.Error("still a user")
	}
	if status, _ := s.press("cancel", "id", id); status != 409 {
		t.Errorf("canceling what is gone: %d", status)
	}
	if status, _ := s.press("dance"); status != 422 {
		t.Errorf("an unknown action: %d", status)
	}
}

func TestTheNetworkGoesWrongAsSaid(t *testing.T) {
	s := newSite(t)
	s.shows("hold", nil, "<strong>held back</strong>")
	id := s.user("ana@example.test")
	s.shows("unhold", nil, "Held back: 2.")
	s.shows("release", nil, "All webhooks that were held back are sent", `<span class="good">200</span>`)
	events := s.instance.Sent()
	if len(events) != 2 || len(events[0].Answers) != 1 || events[0].Answers[0] != 200 {
		t.Errorf("%+v", events)
	}
	if status, text := s.page("/__dev/events/" + events[1].ID); status != 200 || !strings.Contains(text, id) || !strings.Contains(text, "user.created") || strings.Contains(text, "<b>Ana") {
		t.Errorf("the event's page: %d %s", status, text)
	}
	if status, _ := s.page("/__dev/events/msg_none"); status != 404 {
		t.Errorf("an unknown event: %d", status)
	}
	s.shows("send", []string{"id", events[0].ID}, "The webhook is sent")
	right := []string{"lose", "100", "copies", "1", "late", "0", "seed", "7"}
	s.shows("faults", right, `required value="100"`, `required value="7"`)
	s.user("ben@example.test")
	s.shows("hold", nil, ">lost<")
	for n := 0; n < len(right); n += 2 {
		wrong := append([]string{}, right...)
		wrong[n+1] = "many"
		if status, _ := s.press("faults", wrong...); status != 422 {
			t.Errorf("%q: %d", wrong, status)
		}
	}
}

func TestTheKeyboardGoesOnWhereItWas(t *testing.T) {
	s := newSite(t)
	id := s.user("ana@example.test")
	if err := s.instance.Subscribe(id, "cplan_starter", clerk.Month); err != nil {
		t.Fatal(err)
	}
	u, _ := s.instance.User(id)
	event := s.instance.Sent()[0].ID
	last := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, c := range []struct{ do, id, at string }{
		{"fail", id, id}, {"heal", id, id}, {"cancel", id, u.Held().ID}, {"resume", id, u.Held().ID}, {"send", event, event}, {"delete", id, "people"},
	} {
		res, err := last.PostForm(s.url+"/__dev/do/", url.Values{"do": {c.do}, "id": {c.id}})
		if status, _ := s.read(res, err); status != http.StatusSeeOther || res.Header.Get("Location") != "/__dev/?done="+c.do+"#"+c.at {
			t.Errorf("%s: %d, on to %q, want #%s", c.do, status, res.Header.Get("Location"), c.at)
		}
		if _, text := s.page("/__dev/"); !strings.Contains(text, `id="`+c.at+`"`) {
			t.Errorf("after %s there is no %s on the page", c.do, c.at)
		}
	}
}

func TestWhoComesFirst(t *testing.T) {
	s := newSite(t)
	for _, name := range []string{"buyer", "seller", "ana", "ben"} {
		s.user(name + "@example.test")
	}
	_, text := s.page("/__dev/")
	text = text[strings.Index(text, `id="people"`):]
	at := -1
	for _, name := range []string{"seller", "buyer", "ben", "ana"} {
		next := strings.Index(text, ">"+name+"@example.test<")
		if next <= at {
			t.Errorf("%s comes too early, or not at all", name)
		}
		at = next
	}
}

func TestOneClickSignsIn(t *testing.T) {
	s := newSite(t)
	id := s.user("ana@example.test")
	status, _ := s.read(s.http.PostForm(s.url+"/__dev/sign-in", url.Values{"id": {id}}))
	if status != 404 { // of the shop's first page, which is not there
		t.Errorf("%d", status)
	}
	if _, text := s.page("/__dev/"); !strings.Contains(text, "signed in") || strings.Contains(text, "Nobody is signed in") {
		t.Error("not signed in")
	}
	s.shows("delete", []string{"id", id}, "Nobody is signed in")
	if status, text := s.read(s.http.PostForm(s.url+"/__dev/sign-in", url.Values{"id": {"user_none"}})); status != 404 || !strings.Contains(text, "There is no such user") {
		t.Errorf("somebody unknown: %d", status)
	}
}

func TestThePageIsWhereTheShopIs(t *testing.T) {
	s := newSite(t)
	r, err := http.NewRequestWithContext(t.Context(), "GET", s.url+"/__dev/?done=add", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "localhost:" + r.URL.Port()
	res, err := http.DefaultTransport.RoundTrip(r)
	if status, _ := s.read(res, err); status != 307 || res.Header.Get("Location") != s.url+"/__dev/?done=add" {
		t.Errorf("%d, on to %q: whoever signs in at localhost is nobody at %s", status, res.Header.Get("Location"), s.url)
	}
}

func TestPagesOfOthersMayNotPress(t *testing.T) {
	s := newSite(t)
	id := s.user("ana@example.test")
	for _, path := range []string{"/__dev/do/", "/__dev/sign-in", "/__dev/clock"} {
		r, err := http.NewRequestWithContext(t.Context(), "POST", s.url+path, strings.NewReader(url.Values{"do": {"delete"}, "id": {id}, "by": {"1d"}}.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		if status, _ := s.read(s.http.Do(r)); status != 403 {
			t.Errorf("%s: %d", path, status)
		}
	}
	if _, there := s.instance.User(id); !there || s.instance.Ahead() != 0 {
		t.Error("it was done all the same")
	}
}

func TestLongListsAreCut(t *testing.T) {
	s := newSite(t)
	for range 40 {
		s.user("ana@example.test")
	}
	if _, text := s.page("/__dev/"); strings.Count(text, `value="Sign in as"`)+strings.Count(text, ">Sign in as<") != 30 || !strings.Contains(text, "The newest 30 of 40") {
		t.Error("the page shows everybody")
	}
	if _, text := s.page("/__dev/?show=2000"); strings.Count(text, ">Sign in as<") != 40 {
		t.Error("all are not shown when asked")
	}
}
