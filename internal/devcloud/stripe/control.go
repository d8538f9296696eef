package stripe

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// shown is how many of each kind the page of controls shows.
const shown = 100

func when(t time.Time) string { return t.UTC().Format("2 Jan 15:04:05") }

type controlView struct {
	Said           string
	Sessions       []Session
	Payments       []Payment
	Refunds        []RefundOf
	Disputes       []DisputeOf
	Events         []Told
	RefundsPending bool
	Hold           bool
	Faults         Faults
	DropPercent    int
	DoublePercent  int
	DelaySeconds   int
	Now            time.Time
}

func (s *Stripe) controlForm(w http.ResponseWriter, r *http.Request) error {
	said := "Done."
	if err := s.do(r.Context(), r.PostForm); err != nil {
		said = "Not done: " + err.Error() + "."
	}
	http.Redirect(w, r, Prefix+"/?"+url.Values{"said": {said}}.Encode(), http.StatusSeeOther)
	return nil
}

func first[T any](list []T) []T { return list[:min(len(list), shown)] }

func (s *Stripe) controlPage(w http.ResponseWriter, r *http.Request) error {
	v := controlView{
		Said: r.URL.Query().Get("said"), Sessions: first(s.Sessions()), Payments: first(s.Payments()), Refunds: first(s.Refunds()),
		Disputes: first(s.Disputes()), Events: first(s.Events()), Now: s.o.Now(),
	}
	s.mu.Lock()
	set := s.state.Settings
	s.mu.Unlock()
	v.RefundsPending, v.Hold, v.Faults = set.RefundsPending, set.HoldEvents, set.Faults
	v.DropPercent, v.DoublePercent, v.DelaySeconds = int(set.Faults.Drop*100), int(set.Faults.Duplicate*100), int(set.Faults.MaxDelay.Seconds())
	render(w, http.StatusOK, "control.html", "", v)
	return nil
}

// do is what the buttons of the page ask for.
func (s *Stripe) do(ctx context.Context, form url.Values) error {
	id := form.Get("id")
	number := func(name string, most int64) int64 {
		n, _ := strconv.ParseInt(form.Get(name), 10, 64) // what is no number is none
		return min(max(n, 0), most)
	}
	switch form.Get("what") {
	case "expire":
		return s.ExpireSession(ctx, id)
	case "settle":
		return s.Settle(ctx, id, form.Get("how") == "ok")
	case "refund":
		_, err := s.Refund(ctx, id, number("amount", maxAmount))
		return err
	case "settle refund":
		return s.SettleRefund(ctx, id, form.Get("how") == "ok")
	case "refunds pending":
		return s.RefundsArePending(ctx, form.Get("how") == "on")
	case "dispute":
		_, err := s.Dispute(ctx, id, 0, form.Get("how") == "inquiry")
		return err
	case "close dispute":
		return s.CloseDispute(ctx, id, form.Get("how"))
	case "send":
		return s.Resend(ctx, id)
	case "hold":
		return s.Hold(ctx, form.Get("how") == "on")
	case "faults":
		return s.SetFaults(ctx, Faults{
			Drop: float64(number("drop", 100)) / 100, Duplicate: float64(number("double", 100)) / 100,
			MaxDelay: time.Duration(number("delay", 3600)) * time.Second,
		})
	}
	return ErrUnknown
}
