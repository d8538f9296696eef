package control

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	"souk/internal/devcloud/clerk"
	"souk/internal/devcloud/fapi"
	"souk/internal/devcloud/page"
	"souk/internal/httpx"
	"souk/internal/loopback"
)

// Prefix is the path of the page.
const Prefix = "/__dev"

//go:embed pages
var files embed.FS

var pages = page.New(Prefix, files, "pages", template.FuncMap{
	"day": func(t time.Time) string { return t.UTC().Format("2 Jan 2006") }, "mood": mood, "dollars": dollars, "span": Say,
})

// Link leads to another page for developers.
type Link struct{ Name, URL string }

// Control serves the page. All but Links and First are needed.
type Control struct {
	Instance *clerk.Instance
	Accounts *fapi.Server
	Origin   string // of the shop, at which people sign in
	Plans    string // the file of the plans
	Links    []Link
	First    []string // the e-mail addresses of those who come before everybody newer
	// Refresh brings in whom another process made a user.
	Refresh func() error
}

// Handler serves everything under Prefix.
func (c *Control) Handler() http.Handler {
	mux := http.NewServeMux()
	pages.Style(mux)
	pages.Handle(mux, "GET "+Prefix+"/{$}", c.show)
	pages.Handle(mux, "GET "+Prefix+"/events/{id}", c.showEvent)
	pages.Handle(mux, "POST "+Prefix+"/do/{$}", c.press)
	pages.Handle(mux, "POST "+Prefix+"/sign-in", c.signIn)
	mux.Handle(ClockPath, Clock(c.Instance))
	pages.Handle(mux, Prefix+"/", func(http.ResponseWriter, *http.Request) error { return errNoPage })
	return mux
}

var errNoPage = &page.Refused{Status: 404, Title: "There is no such page", Message: "It may have been about something that is not kept any more."}

// told says of each action what it has done, and the part of the page that shows it.
var told = map[string]struct{ Done, At string }{
	"add":     {"They are a user now", "people"},
	"delete":  {"Their account is deleted", "people"},
	"fail":    {"Their next payment will fail", "people"},
	"heal":    {"Their payments succeed again", "people"},
	"cancel":  {"The subscription is canceled", "subscriptions"},
	"resume":  {"The subscription goes on", "subscriptions"},
	"advance": {"Time has passed", "clock"},
	"faults":  {"Webhooks go wrong as you said", "network"},
	"hold":    {"New webhooks are held back", "network"},
	"unhold":  {"New webhooks are sent by themselves", "network"},
	"release": {"All webhooks that were held back are sent", "events"},
	"send":    {"The webhook is sent", "events"},
}

// manyFailures are more payments than anybody tries before the subscription ends.
const manyFailures = 1000

func (c *Control) do(ctx context.Context, action string, form url.Values) error {
	id := form.Get("id")
	switch action {
	case "add":
		return c.add(form)
	case "delete":
		return c.Instance.DeleteUser(id)
	case "fail", "heal":
		failures := 0
		if action == "fail" {
			failures = 1
			if form.Get("all") != "" {
				failures = manyFailures
			}
		}
		return c.Instance.FailPayments(id, failures)
	case "cancel":
		return c.Instance.Cancel(id)
	case "resume":
		return c.Instance.Resume(id)
	case "advance":
		return c.advance(ctx, form.Get("by"))
	case "faults":
		f, err := readFaults(form)
		if err != nil {
			return err
		}
		return c.Instance.SetFaults(f)
	case "hold", "unhold":
		return c.Instance.Hold(action == "hold")
	case "release":
		return c.sent(ctx, c.Instance.Release())
	case "send":
		return c.sent(ctx, c.Instance.Resend(id))
	}
	return &page.Refused{Status: 422, Message: "There is no such action."}
}

func (c *Control) add(form url.Values) error {
	email := strings.ToLower(strings.TrimSpace(form.Get("email")))
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Address != email || len(email) > 250 {
		return &page.Refused{Status: 422, Message: "An e-mail address is like ana@example.test."}
	}
	if _, taken := c.Instance.UserByEmail(email); taken {
		return &page.Refused{Status: 409, Message: "There is a user with this address already."}
	}
	_, err = c.Instance.CreateUser("", clerk.Profile{Email: email})
	return err
}

func readFaults(form url.Values) (f clerk.Faults, err error) {
	var numbers [4]int
	for i, field := range []struct {
		name, label string
		least, most int
	}{{"lose", "Lose", 0, 100}, {"copies", "Send up to", 1, 10}, {"late", "Late by up to", 0, 3600}, {"seed", "Seed", 0, 1 << 30}} {
		n, err := strconv.Atoi(form.Get(field.name))
		if err != nil || n < field.least || n > field.most {
			return f, &page.Refused{Status: 422, Message: fmt.Sprintf("“%s” must be a whole number from %d to %d.", field.label, field.least, field.most)}
		}
		numbers[i] = n
	}
	return clerk.Faults{
		DropShare: float64(numbers[0]) / 100, MaxCopies: numbers[1], MaxDelay: time.Duration(numbers[2]) * time.Second, Seed: uint64(numbers[3]),
		Shuffle: form.Get("shuffle") != "",
	}, nil
}

// press does what the button says whose form was sent.
func (c *Control) press(w http.ResponseWriter, r *http.Request) error {
	action := r.PostForm.Get("do")
	err := c.do(r.Context(), action, r.PostForm)
	if err == nil {
		http.Redirect(w, r, Prefix+"/?"+url.Values{"done": {action}}.Encode()+"#"+c.at(action, r.PostForm.Get("id")), http.StatusSeeOther)
		return nil
	}
	return c.showProblem(w, r, err)
}

// at is the part of the page that shows what an action has done: the row that it was about, so that the keyboard goes on there.
func (c *Control) at(action, id string) string {
	switch action {
	case "fail", "heal", "send":
		return url.PathEscape(id)
	case "cancel", "resume":
		if u, there := c.Instance.User(id); there && u.Held() != nil {
			return u.Held().ID
		}
	}
	return told[action].At
}

// showProblem shows the page with what was not done. What is possible depends on the instance, whose errors are words for developers.
func (c *Control) showProblem(w http.ResponseWriter, r *http.Request, err error) error {
	refused := &page.Refused{Status: http.StatusConflict, Message: sentence(err)}
	_ = errors.As(err, &refused)
	v, err := c.view(r)
	if err == nil {
		v.Problem = refused.Message
		pages.Render(w, refused.Status, "control.html", "", v)
	}
	return err
}

func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// signIn makes the browser that of a user, and leads to the shop.
func (c *Control) signIn(w http.ResponseWriter, r *http.Request) error {
	known, err := c.Accounts.SignInAs(w, r, r.PostForm.Get("id"))
	switch {
	case err != nil:
		return err
	case !known:
		return &page.Refused{Status: 404, Title: "There is no such user", Message: "The account may have been deleted since."}
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

// advance lets time pass, and waits until the shop has heard of what that caused.
func (c *Control) advance(ctx context.Context, by string) error {
	span, err := Span(strings.TrimSpace(by))
	if err != nil {
		return &page.Refused{Status: 422, Message: "A time is like 31d, 2w, 36h or 1d12h."}
	}
	moved, err := c.Instance.Advance(span)
	if err == nil && moved.Events > 0 {
		ctx, stop := context.WithTimeout(ctx, heardWithin)
		defer stop()
		c.Instance.Told(ctx)
	}
	return err
}

// answeredWithin is how long the page waits for the shop's answers to webhooks that somebody has sent by hand.
const answeredWithin = 2 * time.Second

// sent waits for the shop's answers, so that the page can show them.
func (c *Control) sent(ctx context.Context, err error) error {
	if err == nil {
		ctx, stop := context.WithTimeout(ctx, answeredWithin)
		defer stop()
		c.Instance.Told(ctx)
	}
	return err
}

func (c *Control) show(w http.ResponseWriter, r *http.Request) error {
	if address, other := loopback.Elsewhere(c.Origin, r); other {
		http.Redirect(w, r, address, http.StatusTemporaryRedirect)
		return nil
	}
	v, err := c.view(r)
	if err == nil {
		v.Done = told[r.URL.Query().Get("done")].Done
		pages.Render(w, http.StatusOK, "control.html", "", v)
	}
	return err
}

func (c *Control) showEvent(w http.ResponseWriter, r *http.Request) error {
	for _, e := range c.Instance.Sent() {
		if e.ID == r.PathValue("id") {
			httpx.NameRoute(r, Prefix+"/events/{id}")
			pages.Render(w, http.StatusOK, "event.html", "", eventView{e, indented(e.Body)})
			return nil
		}
	}
	return errNoPage
}
