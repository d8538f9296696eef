package stripe_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"souk/internal/devcloud/stripe"
)

const controls = stripe.Prefix + "/"

// press presses a button of the page of controls: its action, and name and value of what else is in its form.
func (s *site) press(action string, more ...string) answer {
	s.t.Helper()
	form := url.Values{"do": {action}}
	for n := 0; n < len(more); n += 2 {
		form.Set(more[n], more[n+1])
	}
	return s.send(stripe.Prefix+"/do/", form)
}

// done presses a button that works, and gives the page that it leads to.
func (s *site) done(action string, more ...string) answer {
	s.t.Helper()
	a := s.press(action, more...)
	path, _, found := strings.Cut(a.location, "#")
	if a.status != http.StatusSeeOther || !found {
		s.t.Fatalf("%s: %d %q\n%s", action, a.status, a.location, a.body)
	}
	return s.send(path, nil)
}

// pay pays a session, and gives the payment's id.
func (s *site) pay(card, currency, unitAmount string) string {
	s.t.Helper()
	_, path := s.checkout(currency, unitAmount)
	if a := s.send(path, url.Values{"card": {card}}); a.status != http.StatusSeeOther {
		s.t.Fatalf("%d %s", a.status, a.body)
	}
	for _, p := range s.Payments() {
		if strings.HasSuffix(path, p.Session) {
			return p.ID
		}
	}
	s.t.Fatal("no payment")
	return ""
}

func TestTheControlsOfAStandInThatIsNew(t *testing.T) {
	newSite(t).send(controls, nil).is(t, 200, "", "Nobody has tried to pay yet", "Nothing has happened yet", `href="/"`, `href="/__mail/"`, "4 Mar 2026, 05:06:07 UTC")
}

func TestPaymentsAreRefundedWithTheControls(t *testing.T) {
	s := newSite(t)
	id := s.pay(stripe.CardPays, "usd", "2900")
	s.send(controls, nil).is(t, 200, "", "29.00\u00a0USD", id, `value="refund"`)
	s.told()
	s.done("refund", "id", id, "amount", "9.5").is(t, 200, "", "The refund is made", "9.50\u00a0USD refunded")
	if got := s.told(); got != "refund.created charge.refunded" {
		t.Errorf("told of %s", got)
	}
	for amount, problem := range map[string]string{
		"19.51": "more than is left", "1,00": "such as 12.50", "x": "such as 12.50", "0": "such as 12.50", "-1": "such as 12.50", "1.001": "such as 12.50",
		"99999999999999": "at most 999999.99",
	} {
		a := s.press("refund", "id", id, "amount", amount)
		if (a.status != 422 && a.status != 409) || !strings.Contains(a.body, problem) || !strings.Contains(a.body, `role="alert"`) {
			t.Errorf("an amount of %q: %d\n%s", amount, a.status, a.body)
		}
	}
	s.done("slow").is(t, 200, "", "Refunds <strong>wait</strong>")
	s.done("refund", "id", id)
	s.press("refund", "id", id).is(t, 409, "", "not possible")
	refund := s.Refunds()[0]
	for _, r := range s.Refunds() {
		if r.Status == "pending" {
			refund = r
		}
	}
	if refund.Amount != 1950 {
		t.Errorf("%d were refunded in the end, want 1950", refund.Amount)
	}
	s.done("refunded", "id", refund.ID)
	s.done("unrefunded", "id", refund.ID).is(t, 200, "", "The refund has failed", "9.50\u00a0USD refunded")
	s.press("refunded", "id", refund.ID).is(t, 409, "")
	s.press("refunded", "id", "re_none").is(t, 404, "", "nothing with that id")
	s.done("fast").is(t, 200, "", "Refunds of cards succeed at once")
}

func TestAmountsAreReadAsTheyAreWritten(t *testing.T) {
	s := newSite(t)
	for _, c := range []struct {
		currency, paid, typed string
		want                  int64
	}{{"jpy", "5000", "50", 50}, {"kwd", "5000", "1.25", 1250}, {"isk", "5000", "7", 700}, {"mga", "5000", "7", 7}, {"eur", "5000", " 7 ", 700}} {
		id := s.pay(stripe.CardPays, c.currency, c.paid)
		s.done("refund", "id", id, "amount", c.typed)
		for _, p := range s.Payments() {
			if p.ID == id && p.Refunded != c.want {
				t.Errorf("%s %s: %d refunded, want %d", c.typed, c.currency, p.Refunded, c.want)
			}
		}
	}
	s.press("refund", "id", s.pay(stripe.CardPays, "jpy", "5000"), "amount", "1.5").is(t, 422, "", "such as 1250")
}

func TestPaymentsAreDisputedWithTheControls(t *testing.T) {
	s := newSite(t)
	id := s.pay(stripe.CardPays, "usd", "2900")
	for _, c := range []struct{ open, end, says, status string }{
		{"inquire", "close", "The inquiry is closed", "warning_closed"}, {"dispute", "won", "The shop has won", "won"}, {"dispute", "lost", "The shop has lost", "lost"},
	} {
		s.done(c.open, "id", id)
		var dispute string
		for _, d := range s.Disputes() {
			if strings.HasSuffix(d.Status, "needs_response") {
				dispute = d.ID
			}
		}
		s.done(c.end, "id", dispute).is(t, 200, "", c.says, ">"+c.status+"<")
		s.press(c.end, "id", dispute).is(t, 409, "")
	}
	s.press("dispute", "id", id).is(t, 409, "")
}

func TestDebitsAndSessionsAreEndedWithTheControls(t *testing.T) {
	s := newSite(t)
	for action, status := range map[string]string{"collect": "succeeded", "bounce": "requires_payment_method"} {
		id := s.pay(stripe.BankPays, "usd", "2900")
		for _, p := range s.Payments() {
			if p.ID == id {
				s.done(action, "id", p.Session).is(t, 200, "", ">"+status+"<")
			}
		}
	}
	id, path := s.checkout("usd", "100")
	s.send(controls, nil).is(t, 200, "", `href="`+path+`"`)
	s.done("expire", "id", id)
	s.press("expire", "id", id).is(t, 409, "")
}

func TestWebhooksAreHeldBackAndSentInAnyOrder(t *testing.T) {
	s := newSite(t)
	s.done("hold").is(t, 200, "", "New webhooks are <strong>held back</strong>")
	s.pay(stripe.CardPays, "usd", "2900")
	if got := s.told(); got != "" {
		t.Fatalf("%s came although webhooks are held back", got)
	}
	events := s.Events()
	for _, e := range events { // the newest first
		s.press("send", "id", e.ID).is(t, 303, controls+"?done=send#"+e.ID)
		if got := s.told(); got != e.Type {
			t.Errorf("%s came, want %s once", got, e.Type)
		}
	}
	s.done("send", "id", events[1].ID).is(t, 200, "", "about <code>pi_")
	if got := s.told(); got != "payment_intent.succeeded" {
		t.Errorf("sent again: %s", got)
	}
	s.pay(stripe.CardPays, "usd", "2900")
	s.done("unhold").is(t, 200, "", "Held back: 3.")
	s.done("release")
	if got := s.told(); got != "charge.succeeded payment_intent.succeeded checkout.session.completed" {
		t.Errorf("all at once: %s", got)
	}
}

func TestTheNetworkGoesWrongAsSaid(t *testing.T) {
	s := newSite(t)
	s.done("faults", "lose", "100", "double", "0", "late", "0", "seed", "0").is(t, 200, "", `name="lose" type="number" min="0" max="100" required value="100"`)
	s.pay(stripe.CardPays, "usd", "2900")
	if got := s.told(); got != "" {
		t.Errorf("%s came although all is lost", got)
	}
	s.send(controls, nil).is(t, 200, "", ">lost<")
	s.done("faults", "lose", "0", "double", "100", "late", "0", "seed", "0")
	s.pay(stripe.CardPays, "usd", "2900")
	if got := s.told(); got != strings.Repeat("charge.succeeded ", 2)+strings.Repeat("payment_intent.succeeded ", 2)+"checkout.session.completed checkout.session.completed" {
		t.Errorf("twice: %s", got)
	}
	for field, wrong := range map[string]string{"lose": "101", "double": "-1", "late": "soon", "seed": "x"} {
		form := map[string]string{"lose": "0", "double": "0", "late": "0", "seed": "0"}
		form[field] = wrong
		s.press("faults", "lose", form["lose"], "double", form["double"], "late", form["late"], "seed", form["seed"]).is(t, 422, "", "must be a whole number from 0 to")
	}
}

func TestASeedIsWhatGoesWrong(t *testing.T) {
	s := newSite(t)
	fates := func(seed string) (all string) {
		s.done("faults", "lose", "30", "double", "50", "late", "0", "seed", seed)
		known := len(s.Events())
		for range 10 {
			s.pay(stripe.CardPays, "usd", "2900")
		}
		for _, e := range s.Events()[:30] { // the newest
			all += fmt.Sprint(e.Dropped, " ")
		}
		if n := len(s.Events()); n != known+30 {
			t.Fatalf("%d events came", n-known)
		}
		return all + s.told()
	}
	first, other := fates("7"), fates("8")
	if first == other {
		t.Error("another seed, the same faults")
	}
	if again := fates("7"); again != first {
		t.Errorf("the same seed, other faults:\n%s\n%s", first, again)
	}
}

func TestCallsOfTheAPIAreBroken(t *testing.T) {
	s := newSite(t)
	list := func(what string) int {
		return s.send("/v1/"+what, nil, "Authorization", "Bearer "+s.SecretKey()).status
	}
	s.done("break", "times", "2", "calls", "/v1/refunds", "end", "503").is(t, 200, "", "The next 2 calls about refunds are <strong>answered with 503</strong>")
	for n, want := range []int{503, 503, 200} {
		if got := list("refunds"); got != want {
			t.Errorf("call %d: %d, want %d", n, got, want)
		}
	}
	s.done("break", "times", "1", "calls", "/v1/refunds", "end", "500")
	if got := list("checkout/sessions"); got != 200 {
		t.Errorf("another call: %d", got)
	}
	if body := s.done("mend").body; strings.Contains(body, "answered with 500</strong>") {
		t.Error("it is still broken")
	}
	if got := list("refunds"); got != 200 {
		t.Errorf("after mending: %d", got)
	}
	for _, wrong := range [][3]string{{"0", "/v1/", "500"}, {"101", "/v1/", "500"}, {"", "/v1/", "500"}, {"1", "/", "500"}, {"1", "/v1/", "200"}, {"1", "/v1/", ""}} {
		s.press("break", "times", wrong[0], "calls", wrong[1], "end", wrong[2]).is(t, 422, "", `role="alert"`)
	}
	for range 20 {
		s.done("break", "times", "1", "calls", "/v1/", "end", "500")
	}
	s.press("break", "times", "1", "calls", "/v1/", "end", "500").is(t, 409, "", "Enough is broken")
}

func TestTheControlsRefuseWhatTheyDoNotKnow(t *testing.T) {
	s := newSite(t)
	s.press("explode").is(t, 422, "", "There is no such action")
	s.press("").is(t, 422, "")
	for _, action := range []string{"expire", "collect", "refund", "dispute", "refunded", "won", "send"} {
		s.press(action, "id", "<none>").is(t, 404, "", "There is nothing with that id")
	}
	s.press("refund", "id", "<none>", "amount", "1").is(t, 404, "")
	s.send(controls+"?done=<script>", nil).is(t, 200, "")
	s.send(stripe.Prefix+"/do/", url.Values{"do": {"hold"}}, "Sec-Fetch-Site", "cross-site").is(t, 403, "")
	if strings.Contains(s.send(controls, nil).body, "held back</strong>") {
		t.Error("a form of another site was obeyed")
	}
}

func TestTheControlsShowTheNewest(t *testing.T) {
	s := newSite(t)
	for range 101 {
		s.checkout("usd", "100")
	}
	s.send(controls, nil).is(t, 200, "", "The newest 100 of 101.")
}
