package notice_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"souk/internal/db"
	"souk/internal/dbtest"
	"souk/internal/devcloud"
	"souk/internal/devcloud/clerk"
	"souk/internal/identity"
	"souk/internal/jobs"
	"souk/internal/notice"
	"souk/internal/order"
	"souk/internal/souktest"
)

// clocked is a world whose time the test moves.
type clocked struct {
	*world
	url string
	at  atomic.Int64
}

func eachClocked(t *testing.T, test func(t *testing.T, w *clocked)) {
	t.Helper()
	dbtest.EachURL(t, func(t *testing.T, url string) { test(t, clockedAt(t, url)) })
}

func clockedAt(t *testing.T, url string) *clocked {
	t.Helper()
	w := &clocked{url: url}
	w.at.Store(time.Now().UnixMicro())
	w.world = in(t, souktest.NewAt(t, url, w.now, "CLERK_WEBHOOK_SIGNING_SECRET="+hookSecret))
	return w
}

func (w *clocked) now() time.Time { return time.UnixMicro(w.at.Load()).UTC() }

// later lets time pass and works the jobs that are due then.
func (w *clocked) later(d time.Duration) {
	w.t.Helper()
	w.at.Add(d.Microseconds())
	w.Work()
}

func (w *clocked) notices() []notice.Notice {
	w.t.Helper()
	list, err := w.App.Mails(w.t.Context(), "", 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// the one notice that there is, in a state.
func (w *clocked) only(status notice.Status, attempts int64) notice.Notice {
	w.t.Helper()
	list := w.notices()
	if len(list) != 1 || list[0].Status != status || list[0].Attempts != attempts {
		w.t.Fatalf("notices: %+v, want one that is %s after %d attempts", list, status, attempts)
	}
	if n := list[0]; strings.Contains(n.Reason, "example.test") || (n.SentAt != nil) != (status == notice.Sent) {
		w.t.Errorf("the notice: %+v", n)
	}
	return list[0]
}

// receipt has one receipt waiting to be sent, and nothing else.
func (w *clocked) receipt() {
	w.t.Helper()
	_, price := w.product(nil, 0, "USD")
	w.order(price, 1)
	w.exec(`DELETE FROM river_job WHERE kind = 'send_mail'`)
	w.exec(`DELETE FROM notices WHERE kind <> 'receipt'`)
	w.resend()
}

var hookSecret = "whsec_" + base64.StdEncoding.EncodeToString([]byte("a secret of the tests of mail"))

// erase has Clerk say that a user is deleted.
func (w *clocked) erase(email string) {
	w.t.Helper()
	body := fmt.Appendf(nil, `{"type":"user.deleted","data":{"id":%q,"deleted":true}}`, devcloud.UserID(email))
	signature, err := clerk.Sign(hookSecret, "msg_deleted", w.now(), body)
	if err != nil {
		w.t.Fatal(err)
	}
	w.Nobody().With("Svix-Id", "msg_deleted").With("Svix-Timestamp", strconv.FormatInt(w.now().Unix(), 10)).With("Svix-Signature", signature).
		Post("/api/webhooks/clerk/", body).Is(http.StatusOK)
}

func (w *clocked) exec(statement string) {
	w.t.Helper()
	if _, err := w.DB.Exec(w.t.Context(), statement); err != nil {
		w.t.Fatal(err)
	}
}

func (w *clocked) resend() {
	w.t.Helper()
	if err := w.ResendMail(w.t.Context(), w.notices()[0].ID); err != nil {
		w.t.Fatal(err)
	}
}

func TestAMailThatIsRefusedForNowIsTriedAgain(t *testing.T) {
	w := clockedAt(t, dbtest.SQLite(t))
	w.receipt()
	w.Mailbox.Refuse(2, 451)
	w.Work()
	if n := w.only(notice.Pending, 1); !strings.Contains(n.Reason, "451") {
		t.Errorf("it does not say why: %q", n.Reason)
	}
	w.later(2 * time.Second)
	w.only(notice.Pending, 2)
	w.later(6 * time.Second)
	n := w.only(notice.Sent, 3)
	if mails := w.Mails(); len(mails) != 1 || mails[0].MessageID != n.MessageID || n.Reason != "" {
		t.Errorf("mails %+v of %+v", mails, n)
	}
}

func TestAMailThatIsRefusedForGoodIsKeptAsFailed(t *testing.T) {
	eachClocked(t, func(t *testing.T, w *clocked) {
		w.receipt()
		w.Mailbox.Refuse(1, 550)
		w.Work()
		if n := w.only(notice.Failed, 1); !strings.Contains(n.Reason, "550") || !strings.Contains(n.Reason, "the recipient") {
			t.Errorf("it does not say why: %q", n.Reason)
		}
		w.later(48 * time.Hour)
		before := w.only(notice.Failed, 1)
		if n := w.count(`SELECT count(*) FROM river_job WHERE kind = 'send_mail' AND state NOT IN ('completed')`); n != 0 {
			t.Errorf("%d jobs are left", n)
		}
		w.resend()
		w.Work()
		if n := w.only(notice.Sent, 1); n.MessageID != before.MessageID || len(w.Mails()) != 1 {
			t.Errorf("resent: %+v", n)
		}
		w.resend()
		w.Work()
		if n, mails := w.only(notice.Sent, 1), w.Mails(); n.MessageID == before.MessageID || len(mails) != 2 || mails[1].MessageID != n.MessageID {
			t.Errorf("sent once more: %+v", n)
		}
	})
}

// An operator who is impatient while a mail is being sent does not have it sent twice.
func TestAMailIsSentByOneAttemptAtATime(t *testing.T) {
	w := clockedAt(t, dbtest.SQLite(t))
	w.receipt()
	w.exec(`UPDATE notices SET attempts = 1`) // one that began just now, of which nothing is known
	w.exec(fmt.Sprintf(`UPDATE notices SET updated_at = %d`, w.now().UnixMicro()))
	w.resend()
	w.Work()
	w.only(notice.Pending, 1)
	w.later(30 * time.Second)
	w.only(notice.Pending, 1)
	if n := len(w.Mails()); n != 0 {
		t.Errorf("%d mails", n)
	}
	for range 4 { // until the attempt must have died with its process
		w.later(time.Minute)
	}
	w.only(notice.Sent, 2)
	if n := len(w.Mails()); n != 1 {
		t.Errorf("%d mails", n)
	}
}

func TestAfterADayAMailIsGivenUp(t *testing.T) {
	w := clockedAt(t, dbtest.SQLite(t))
	w.receipt()
	w.Mailbox.Refuse(100, 421)
	for range 8 {
		w.later(70 * time.Minute)
	}
	w.only(notice.Pending, 8)
	w.exec(`UPDATE notices SET attempts = 29`)
	w.later(70 * time.Minute)
	if n := w.only(notice.Failed, 30); !strings.HasPrefix(n.Reason, "given up after 30 attempts: ") {
		t.Errorf("it does not say why: %q", n.Reason)
	}
	wait := time.Duration(0)
	for attempt := 1; attempt < 30; attempt++ {
		wait += jobs.Backoff(attempt)
	}
	if wait < 20*time.Hour || wait > 28*time.Hour {
		t.Errorf("that is after %s, and docs/mail.md says a day", wait)
	}
	if unfinished := w.count(`SELECT count(*) FROM river_job WHERE kind = 'send_mail' AND state <> 'completed'`); unfinished != 0 {
		t.Errorf("%d jobs are left", unfinished)
	}
}

// N36: a server that takes a mail and dies before it says so gets it again, and can tell that it is the same one.
func TestAMailThatWasTakenWithoutAnAnswerComesAgainAsTheSame(t *testing.T) {
	w := clockedAt(t, dbtest.SQLite(t))
	w.receipt()
	w.Mailbox.Drop(1)
	w.Work()
	n := w.only(notice.Pending, 1)
	if mails := w.Mails(); len(mails) != 1 || mails[0].MessageID != n.MessageID {
		t.Fatalf("taken: %+v", mails)
	}
	w.later(2 * time.Second)
	w.only(notice.Sent, 2)
	if mails := w.Mails(); len(mails) != 2 || mails[1].MessageID != n.MessageID {
		t.Errorf("taken: %+v", mails)
	}
	w.later(24 * time.Hour)
	if n := len(w.Mails()); n != 2 {
		t.Errorf("%d mails", n)
	}
}

// N36: a process that dies after the commit has left its mails to the next.
func TestMailsOfAProcessThatDiedAreSentByTheNext(t *testing.T) {
	w := clockedAt(t, dbtest.SQLite(t))
	w.receipt()
	next := souktest.NewAt(t, w.url, w.now)
	next.Work()
	w.Work()
	n := w.only(notice.Sent, 1)
	if mails := next.Mails(); len(mails) != 1 || mails[0].MessageID != n.MessageID || len(w.Mails()) != 0 {
		t.Errorf("sent by the next: %+v, by the first: %d", mails, len(w.Mails()))
	}
}

func TestNobodyWritesToTheErased(t *testing.T) {
	eachClocked(t, func(t *testing.T, w *clocked) {
		product, _ := w.product(nil, 900, "USD")
		plan := w.plan(product)
		id := w.order(plan, 1)
		w.Mailbox.Refuse(1000, 451)
		w.Work()
		w.erase("buyer@example.test")
		w.Mailbox.Forgive()
		w.later(time.Hour)
		for _, n := range w.notices() {
			if n.Kind != notice.Transfer {
				continue
			}
			if n.Status != notice.Dropped || string(n.Data) != "{}" || n.Reason != "" {
				t.Errorf("after the erasing: %+v", n)
			}
			if err := w.ResendMail(t.Context(), n.ID); err == nil {
				t.Error("it can be sent again")
			}
		}
		// A payment that comes late has its receipt, which goes to nobody, even if a request in flight has left an address.
		w.exec(`UPDATE customers SET billing_email = 'buyer@example.test'`)
		w.seller.Post("/api/seller/orders/"+id+"/mark-paid/", souktest.Object{"note": "came"}).Is(http.StatusOK)
		w.Work()
		for _, m := range w.Mails() {
			if m.To != "seller@example.test" {
				t.Errorf("mailed to %s: %s", m.To, m.Subject)
			}
		}
		if n := w.count(`SELECT count(*) FROM notices WHERE key = 'receipt:' || $1 AND status = 'dropped' AND reason <> ''`, id); n != 1 {
			t.Errorf("%d receipts were dropped", n)
		}
	})
}

// The same event told 16 times at once, by several instances, is one notice.
func TestAnEventThatIsToldOftenIsOneNotice(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		w := in(t, souktest.New(t, url))
		w.seller.Get("/api/me/").Is(http.StatusOK)
		queue, err := jobs.New(w.DB, jobs.Options{})
		if err != nil {
			t.Fatal(err)
		}
		templates, err := notice.LoadTemplates("")
		if err != nil {
			t.Fatal(err)
		}
		service := notice.New(notice.Deps{
			DB: w.DB, Now: time.Now, Jobs: queue, Templates: templates, People: identity.New(identity.Deps{DB: w.DB, Now: time.Now}),
			Tried: func(_, outcome string) {
				if outcome != "dropped" {
					t.Errorf("without a mail server it was %s", outcome)
				}
			},
		})
		profile := func(email string) int64 {
			return w.count(`SELECT id FROM profiles WHERE email = $1`, email)
		}
		o := order.Order{
			PublicID: "3f1d0c52-8a77-4f0e-9d59-2b8a6a1f7c11", SellerID: profile("seller@example.test"),
			CustomerID: w.count(`SELECT id FROM customers WHERE profile_id = $1`, profile("buyer@example.test")),
		}
		start, done := make(chan struct{}), make(chan error, 16)
		for range cap(done) {
			go func() {
				<-start
				done <- w.DB.InTx(t.Context(), func(ctx context.Context, tx *db.Tx) error {
					return service.OrderHappened(ctx, tx, o, order.Event{ID: 7, Kind: "paid"})
				})
			}()
		}
		close(start)
		for range cap(done) {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if n := w.count(`SELECT count(*) FROM notices`); n != 2 {
			t.Errorf("%d notices, want a receipt and a sale", n)
		}
		if n := w.count(`SELECT count(*) FROM river_job WHERE kind = 'send_mail'`); n != 2 {
			t.Errorf("%d jobs", n)
		}
		if err := queue.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		list, err := service.List(t.Context(), notice.Dropped, math.MaxInt64, 10)
		if err != nil || len(list) != 2 || !strings.Contains(list[0].Reason, "SMTP_URL") {
			t.Errorf("%+v, %v", list, err)
		}
	})
}
