package stripe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"souk/internal/devcloud/page"
)

// shown is how many of each kind the page of controls shows.
const shown = 100

// controlView is what the page of controls shows.
type controlView struct {
	Done, Problem  string // what became of the last action
	Sessions       list[Session]
	Payments       list[Payment]
	Refunds        list[RefundOf]
	Disputes       list[DisputeOf]
	Events         list[Told]
	RefundsPending bool
	Hold           bool
	Held           int // events
	Lose, Double   int // per cent
	Late           int // seconds
	Seed           uint64
	Broken         []Breakage
	Calls, Ends    []choice // of what can be broken, and how
	Now            time.Time
}

// list is the newest of a kind.
type list[T any] struct {
	Newest []T
	All    int
}

func newestOf[T any](all []T) list[T] { return list[T]{all[:min(len(all), shown)], len(all)} }

// told says of each action what it has done, and the part of the page that shows it.
var told = map[string]struct{ Done, At string }{
	"faults":     {"Webhooks go wrong as you said", "network"},
	"break":      {"The next calls of the API fail", "network"},
	"mend":       {"The API works again", "network"},
	"hold":       {"New webhooks are held back", "network"},
	"unhold":     {"New webhooks are sent by themselves", "network"},
	"slow":       {"Refunds wait until you decide them", "network"},
	"fast":       {"Refunds succeed at once", "network"},
	"collect":    {"The debit is paid", "payments"},
	"bounce":     {"The debit has failed", "payments"},
	"refund":     {"The refund is made", "refunds"},
	"refunded":   {"The refund has succeeded", "refunds"},
	"unrefunded": {"The refund has failed", "refunds"},
	"dispute":    {"The payment is disputed", "disputes"},
	"inquire":    {"The buyer’s bank inquires", "disputes"},
	"won":        {"The shop has won the dispute", "disputes"},
	"lost":       {"The shop has lost the dispute", "disputes"},
	"close":      {"The inquiry is closed", "disputes"},
	"expire":     {"The session is expired", "sessions"},
	"send":       {"The webhook is sent", "events"},
	"release":    {"All webhooks that were held back are sent", "events"},
}

// do does what a button asks for.
func (s *Stripe) do(ctx context.Context, action string, form url.Values) error {
	id := form.Get("id")
	switch action {
	case "faults":
		f, err := readFaults(form)
		if err != nil {
			return err
		}
		return s.SetFaults(ctx, f)
	case "break":
		return s.breakCalls(form)
	case "mend":
		s.Heal()
		return nil
	case "hold", "unhold":
		return s.Hold(ctx, action == "hold")
	case "slow", "fast":
		return s.RefundsArePending(ctx, action == "slow")
	case "collect", "bounce":
		return s.Settle(ctx, id, action == "collect")
	case "refund", "dispute", "inquire":
		amount, err := s.amountOf(id, form.Get("amount"))
		switch {
		case err != nil:
		case action == "refund":
			_, err = s.Refund(ctx, id, amount)
		default:
			_, err = s.Dispute(ctx, id, amount, action == "inquire")
		}
		return err
	case "refunded", "unrefunded":
		return s.SettleRefund(ctx, id, action == "refunded")
	case "won", "lost":
		return s.CloseDispute(ctx, id, action)
	case "close":
		return s.CloseDispute(ctx, id, "warning_closed")
	case "expire":
		return s.ExpireSession(ctx, id)
	case "send":
		return s.Resend(ctx, id)
	case "release":
		return s.Release(ctx)
	}
	return &page.Refused{Status: 422, Message: "There is no such action."}
}

// amountOf reads the amount in the form of a payment; 0, which is all of it, when it is left out.
func (s *Stripe) amountOf(id, text string) (int64, error) {
	if text = strings.TrimSpace(text); text == "" {
		return 0, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.state.Intents[id]
	if p == nil {
		return 0, ErrUnknown
	}
	return readAmount(text, p.Currency)
}

func readFaults(form url.Values) (f Faults, err error) {
	var numbers [4]int
	for i, field := range []struct {
		name, label string
		most        int
	}{{"lose", "Lose", 100}, {"double", "Send twice", 100}, {"late", "Late by up to", 3600}, {"seed", "Seed", 1 << 30}} {
		n, err := strconv.Atoi(form.Get(field.name))
		if err != nil || n < 0 || n > field.most {
			return f, &page.Refused{Status: 422, Message: fmt.Sprintf("“%s” must be a whole number from 0 to %d.", field.label, field.most)}
		}
		numbers[i] = n
	}
	return Faults{Drop: float64(numbers[0]) / 100, Duplicate: float64(numbers[1]) / 100, MaxDelay: time.Duration(numbers[2]) * time.Second, Seed: uint64(numbers[3])}, nil
}

func (s *Stripe) controlPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.controlView(r.Context())
	if err != nil {
		return err
	}
	v.Done = told[r.URL.Query().Get("done")].Done
	pages.Render(w, http.StatusOK, "control.html", "", v)
	return nil
}

// controlForm does what the button says whose form was sent.
func (s *Stripe) controlForm(w http.ResponseWriter, r *http.Request) error {
	action := r.PostForm.Get("do")
	status, problem := 0, ""
	switch refused, err := (*page.Refused)(nil), s.do(r.Context(), action, r.PostForm); {
	case err == nil:
		at := told[action].At
		if action == "send" { // the keyboard goes on at the event
			at = url.PathEscape(r.PostForm.Get("id"))
		}
		http.Redirect(w, r, Prefix+"/?"+url.Values{"done": {action}}.Encode()+"#"+at, http.StatusSeeOther)
		return nil
	case errors.As(err, &refused):
		status, problem = refused.Status, refused.Message
	case errors.Is(err, ErrUnknown):
		status, problem = http.StatusNotFound, "There is nothing with that id."
	case errors.Is(err, ErrNotPossible), errors.Is(err, ErrNotOpen):
		status, problem = http.StatusConflict, "That is not possible in its state, or is more than is left."
	default:
		return err
	}
	v, err := s.controlView(r.Context())
	if err == nil {
		v.Problem = problem
		pages.Render(w, status, "control.html", "", v)
	}
	return err
}

func (s *Stripe) controlView(ctx context.Context) (v controlView, err error) {
	err = s.change(ctx, func() error {
		set := s.state.Settings
		v = controlView{
			RefundsPending: set.RefundsPending, Hold: set.HoldEvents, Now: s.o.Now(),
			Lose: percent(set.Faults.Drop), Double: percent(set.Faults.Duplicate), Late: int(set.Faults.MaxDelay.Seconds()), Seed: set.Faults.Seed,
			Broken: slices.Clone(s.broken), Calls: calls, Ends: ends,
		}
		for _, e := range s.state.Events {
			if e.Held {
				v.Held++
			}
		}
		return nil
	})
	v.Sessions, v.Payments, v.Refunds = newestOf(s.Sessions()), newestOf(s.Payments()), newestOf(s.Refunds())
	v.Disputes, v.Events = newestOf(s.Disputes()), newestOf(s.Events())
	return v, err
}

func percent(share float64) int { return int(share*100 + .5) }

// mood is how a state is coloured.
func mood(status string) string {
	switch status {
	case "succeeded", "paid", "won":
		return "good"
	case "failed", "lost", "requires_payment_method", "needs_response", "disputed":
		return "bad"
	}
	return ""
}
