package cli_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"souk/internal/db"
	"souk/internal/dbtest"
	"souk/internal/devcloud"
	"souk/internal/devcloud/clerk"
)

// crashing is the real program, built so that it dies at the point that SOUK_CRASH_AT names.
var crashing = sync.OnceValues(func() (path string, err error) {
	if crashFolder, err = os.MkdirTemp("", "souk-crash-"); err != nil {
		return "", err
	}
	path = filepath.Join(crashFolder, "souk")
	out, err := exec.Command("go", "build", "-tags", "crashpoints", "-o", path, "souk/cmd/souk").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	return path, err
})

var crashFolder string // TestMain removes it

// mortal is a shop whose process is killed and started again.
type mortal struct {
	t       *testing.T
	program string
	environ []string
	db      *db.DB
	process *exec.Cmd
	url     string
}

var crashSecret = "whsec_" + base64.StdEncoding.EncodeToString([]byte("a secret of the crash tests"))

// eachMortal runs test with such a shop on SQLite and on PostgreSQL. The shop has a product with the plan cplan_pro.
func eachMortal(t *testing.T, test func(t *testing.T, m *mortal)) {
	t.Helper()
	if testing.Short() {
		t.Skip("builds the program and kills it many times: not with -short")
	}
	program, err := crashing()
	if err != nil {
		t.Fatal(err)
	}
	dbtest.EachURL(t, func(t *testing.T, at string) {
		if strings.Contains(at, "default_query_exec_mode") {
			t.Skip("how statements are sent makes no difference to a process that is killed")
		}
		m := &mortal{t: t, program: program, db: dbtest.Open(t, at)}
		m.environ = append(home(t), "DATABASE_URL="+at, "CLERK_WEBHOOK_SIGNING_SECRET="+crashSecret)
		t.Cleanup(m.stop)
		m.start("")
		res, err := http.PostForm(m.url+"/__dev/do/", url.Values{"do": {"hold"}}) // the stand-in's own events would come to the points as well
		if err != nil || res.Body.Close() != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("the stand-in's events are not held back: %v, %v", res, err)
		}
		product := m.call("seller@example.test", http.MethodPost, "/api/seller/products/",
			`{"name":"Field notes","visibility":"published","feature_keys":["pro","coach"]}`, 201)
		path := fmt.Sprintf("/api/seller/products/%v/", product["id"])
		m.call("seller@example.test", http.MethodPost, path+"assets/", `{"title":"Notes","file_path":"notes.zip"}`, 201)
		m.call("seller@example.test", http.MethodPost, path+"prices/",
			`{"name":"Monthly","amount_cents":1900,"currency":"USD","billing_period":"monthly","clerk_plan_id":"cplan_pro"}`, 201)
		test(t, m)
	})
}

// start starts the shop; it dies at the point, if one is named.
func (m *mortal) start(point string) {
	m.t.Helper()
	m.stop()
	m.process = exec.CommandContext(m.t.Context(), m.program, "serve")
	m.process.Env = append(m.environ, "SOUK_CRASH_AT="+point)
	m.process.Stderr = m.t.Output()
	out, err := m.process.StdoutPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	if err := m.process.Start(); err != nil {
		m.t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if _, scan := fmt.Sscanf(line, "Souk is open at %s", &m.url); err != nil || scan != nil {
		m.t.Fatalf("the shop says %q, %v", line, err)
	}
}

// stop kills the shop, wherever it is.
func (m *mortal) stop() {
	if m.process != nil {
		_ = m.process.Process.Kill()
		_ = m.process.Wait()
		m.process = nil
	}
}

// died waits until the shop has killed itself.
func (m *mortal) died() {
	m.t.Helper()
	late := time.AfterFunc(30*time.Second, func() { _ = m.process.Process.Signal(syscall.SIGTERM) }) // it did not come to the point
	err := m.process.Wait()
	late.Stop()
	if status, ok := m.process.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() || status.Signal() != syscall.SIGKILL {
		m.t.Fatalf("the shop ended otherwise: %v", err)
	}
	m.process = nil
	if m.db.Engine == db.Postgres { // which ends the statement that it was sent last
		m.soon(10*time.Second, 0, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'`)
	}
}

// call sends a request as the user of an address, and wants a status.
func (m *mortal) call(email, method, path, body string, want int) map[string]any {
	m.t.Helper()
	token := strings.TrimSpace(must(m.t, append(m.environ, "PUBLIC_URL="+m.url), "token", "--as", email))
	r, err := http.NewRequestWithContext(m.t.Context(), method, m.url+path, strings.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	status, answer, err := send(r)
	if err != nil || status != want {
		m.t.Fatalf("%s %s: %d, %v: %v", method, path, status, err, answer)
	}
	return answer
}

// deliver sends an event as Svix does. err says that no answer came.
func (m *mortal) deliver(id string, body []byte) (word string, err error) {
	m.t.Helper()
	now := time.Now()
	signature, err := clerk.Sign(crashSecret, id, now, body)
	if err != nil {
		m.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(m.t.Context(), http.MethodPost, m.url+"/api/webhooks/clerk/", bytes.NewReader(body))
	if err != nil {
		m.t.Fatal(err)
	}
	r.Header.Set("Svix-Id", id)
	r.Header.Set("Svix-Timestamp", strconv.FormatInt(now.Unix(), 10))
	r.Header.Set("Svix-Signature", signature)
	r.Header.Set("Content-Type", "application/json")
	status, answer, err := send(r)
	if err == nil && status != http.StatusOK {
		m.t.Fatalf("the event is answered %d: %v", status, answer)
	}
	word, _ = answer["status"].(string)
	return word, err
}

func send(r *http.Request) (status int, answer map[string]any, err error) {
	r.Close = true // the next request goes to another process
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err == nil {
		err = json.Unmarshal(text, &answer)
	}
	return res.StatusCode, answer, err
}

func (m *mortal) count(query string, args ...any) int64 {
	m.t.Helper()
	n, err := db.One(m.t.Context(), m.db, db.Value[int64], query, args...)
	if err != nil {
		m.t.Fatal(err)
	}
	return n
}

func (m *mortal) exec(statement string) {
	m.t.Helper()
	if _, err := m.db.Exec(m.t.Context(), statement); err != nil {
		m.t.Fatal(err)
	}
}

// soon waits until a count is as wanted.
func (m *mortal) soon(within time.Duration, want int64, query string, args ...any) {
	m.t.Helper()
	for began := time.Now(); m.count(query, args...) != want; time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > within {
			m.t.Fatalf("not within %s: %s %v is %d, want %d", within, query, args, m.count(query, args...), want)
		}
	}
}

// rows counts what events may write, of everybody.
func (m *mortal) rows() string {
	m.t.Helper()
	var text []string
	for _, table := range []string{
		"webhook_events", "profiles", "customers", "order_events", "transactions", "subscriptions", "entitlements", "download_grants",
	} {
		text = append(text, fmt.Sprint(table, " ", m.count(`SELECT count(*) FROM `+table)))
	}
	return strings.Join(text, ", ")
}

// has checks what a user holds: orders that are fulfilled, their steps, payments, subscriptions, entitlements, downloads.
func (m *mortal) has(user, want string) {
	m.t.Helper()
	const of = ` WHERE customer_id = (SELECT id FROM customers WHERE external_customer_id = $1)`
	got := fmt.Sprint(
		m.count(`SELECT count(*) FROM profiles WHERE clerk_user_id = $1`, user), " profile, ",
		m.count(`SELECT count(*) FROM orders`+of+` AND status = 'fulfilled'`, user), " fulfilled in ",
		m.count(`SELECT count(*) FROM order_events WHERE order_id IN (SELECT id FROM orders`+of+`)`, user), " steps, ",
		m.count(`SELECT count(*) FROM transactions`+of+` AND status = 'succeeded' AND amount_cents = 1900 AND order_id IS NOT NULL`, user), " payment, ",
		m.count(`SELECT count(*) FROM subscriptions`+of+` AND status = 'active'`, user), " subscription, ",
		m.count(`SELECT count(*) FROM entitlements`+of+` AND is_active`, user), " entitlements, ",
		m.count(`SELECT count(*) FROM download_grants`+of, user), " download")
	if got != want {
		m.t.Errorf("%s has\n %s, want\n %s", user, got, want)
	}
}

const (
	bought = "1 profile, 1 fulfilled in 3 steps, 1 payment, 1 subscription, 4 entitlements, 1 download"
	held   = "1 profile, 0 fulfilled in 0 steps, 0 payment, 1 subscription, 2 entitlements, 0 download"
)

func userCreated(user string) []byte {
	return fmt.Appendf(nil, `{"type":"user.created","data":{"id":%q,"first_name":"Ben","updated_at":%d}}`, user, time.Now().UnixMilli())
}

func itemActive(user, itemID string) []byte {
	now := time.Now()
	return fmt.Appendf(nil, `{"type":"subscriptionItem.active","data":{"id":%q,"status":"active","plan_id":"cplan_pro","interval":"month",
		"payer":{"user_id":%q},"created_at":%d,"updated_at":%[3]d,"period_start":%[3]d,"period_end":%d}}`,
		itemID, user, now.UnixMilli(), now.Add(30*24*time.Hour).UnixMilli())
}

func attemptPaid(user, itemID string) []byte {
	return fmt.Appendf(nil, `{"type":"paymentAttempt.updated","data":{"id":"paid_%s","status":"paid","charge_type":"checkout","paid_at":%d,
		"payer":{"user_id":%q},"totals":{"grand_total":{"amount":1900,"currency":"USD"}},
		"subscription_items":[{"id":%[1]q,"plan_id":"cplan_pro","interval":"month"}]}}`, itemID, time.Now().UnixMilli(), user)
}

// A process that dies between any two steps of handling an event loses nothing of it and does nothing twice: the sender, who got no
// answer, sends it again.
func TestKilledWhileAnEventIsHandled(t *testing.T) {
	eachMortal(t, func(t *testing.T, m *mortal) {
		price := m.count(`SELECT id FROM prices`)
		for _, point := range []string{"stored", "applied", "recorded", "committed"} {
			email := point + "@example.test"
			user, itemID := devcloud.UserID(email), "csub_item_"+point
			survive := func(id string, body []byte) {
				t.Helper()
				before := m.rows()
				m.start(point)
				if word, err := m.deliver(id, body); err == nil {
					t.Fatalf("%s: the shop answers %q and goes on", point, word)
				}
				m.died()
				want := "processed"
				if point == "committed" {
					want = "duplicate"
				} else if after := m.rows(); after != before {
					t.Errorf("%s of %s: a part of it stays:\n %s, before\n %s", point, id, after, before)
				}
				m.start("")
				if word, err := m.deliver(id, body); err != nil || word != want {
					t.Errorf("%s of %s: sent again it is %q, %v; want %q", point, id, word, err, want)
				}
				after := m.rows()
				if word, err := m.deliver(id, body); err != nil || word != "duplicate" || m.rows() != after {
					t.Errorf("%s of %s: a third time it is %q, %v", point, id, word, err)
				}
				if n := m.count(`SELECT count(*) FROM webhook_events WHERE event_id = $1 AND status = 'processed'`, id); n != 1 {
					t.Errorf("%s of %s: kept %d times", point, id, n)
				}
			}
			survive("msg_user_"+point, userCreated(user))
			if n := m.count(`SELECT count(*) FROM profiles WHERE clerk_user_id = $1 AND first_name = 'Ben'`, user); n != 1 {
				t.Errorf("%s: %d profiles of the user", point, n)
			}
			m.call(email, http.MethodPost, "/api/account/orders/create/", fmt.Sprintf(`{"price_id":%d}`, price), 201)
			survive("msg_item_"+point, itemActive(user, itemID))
			m.has(user, bought)
			survive("msg_paid_"+point, attemptPaid(user, itemID))
			m.has(user, bought)
			if n := m.count(`SELECT count(*) FROM transactions WHERE external_id = $1 AND status = 'succeeded'`, "paid_"+itemID); n != 1 {
				t.Errorf("%s: the attempt is %d transactions", point, n)
			}
		}
		if n := m.count(`SELECT count(*) FROM transactions`); n != 4 {
			t.Errorf("%d transactions of 4 orders", n)
		}
	})
}

const retryJobs = `SELECT count(*) FROM river_job WHERE kind = 'retry_waiting_events'`

// deferred has an event wait for its user, and the retry that follows at once come to nothing.
func (m *mortal) deferred(id, user string) {
	m.t.Helper()
	if word, err := m.deliver(id, itemActive(user, "csub_"+id)); err != nil || word != "deferred" {
		m.t.Fatalf("an event of an unknown user is %q, %v", word, err)
	}
	m.exec(`DELETE FROM river_job WHERE kind = 'retry_waiting_events'`)
}

const isProcessed = `SELECT count(*) FROM webhook_events WHERE event_id = $1 AND status = 'processed'`

// What an event lacked is there, and the process dies before the event is tried again: the job that does so came with it.
func TestKilledBeforeWhatWaitsIsTriedAgain(t *testing.T) {
	eachMortal(t, func(t *testing.T, m *mortal) {
		for try := 1; ; try++ {
			user, id := fmt.Sprint("user_", try), fmt.Sprint("msg_waits_", try)
			m.deferred(id, user)
			m.start("committed")
			if word, err := m.deliver("msg_"+user, userCreated(user)); err == nil {
				t.Fatalf("the shop answers %q and goes on", word)
			}
			m.died()
			began := m.count(retryJobs+` AND state = 'available'`) == 0 // the dying process may have begun the job, which is another test's
			if began && try < 10 {
				m.start("")
				continue
			}
			if began || m.count(retryJobs) != 1 || m.count(isProcessed, id) != 0 {
				t.Fatalf("%d jobs: the test comes too late", m.count(retryJobs))
			}
			m.start("")
			m.soon(10*time.Second, 1, isProcessed, id)
			m.has(user, held)
			return
		}
	})
}

// The process dies in the job that tries an event again: within its transaction, or after it, before the job is marked as done.
func TestKilledInTheJobThatTriesAgain(t *testing.T) {
	eachMortal(t, func(t *testing.T, m *mortal) {
		for _, point := range []string{"applied", "recorded", "retried"} {
			email := point + "@example.test"
			user, id := devcloud.UserID(email), "msg_"+point
			m.start("")
			m.deferred(id, user)
			m.start(point)
			m.call(email, http.MethodGet, "/api/me/", "", 200) // signing in is what the event lacked
			m.died()
			if done := m.count(isProcessed, id) == 1; done != (point == "retried") {
				t.Errorf("%s: processed is %v before the job is done", point, done)
			}
			if m.count(retryJobs+` AND state = 'running'`) != 1 {
				t.Fatalf("%s: the test does not die in the job", point)
			}
			m.hourPasses()
			m.start("")
			m.soon(20*time.Second, 1, retryJobs+` AND state = 'completed' AND attempt = 2`)
			if m.count(isProcessed, id) != 1 {
				t.Errorf("%s: the event is not processed", point)
			}
			m.has(user, held)
		}
	})
}

// mails are those in the mailbox, by their Message-ID how many.
func (m *mortal) mails() map[string]int {
	m.t.Helper()
	var list []struct {
		MessageID string `json:"message_id"`
	}
	if err := json.Unmarshal(body(m.t, m.url+"/__mail/api/messages", ""), &list); err != nil {
		m.t.Fatal(err)
	}
	by := map[string]int{}
	for _, mail := range list {
		by[mail.MessageID]++
	}
	return by
}

// The process dies after an order, or when a mail about it was taken and that is not written down yet: each mail comes, and if it comes
// twice, as the same one.
func TestKilledWhileMailIsSent(t *testing.T) {
	eachMortal(t, func(t *testing.T, m *mortal) {
		path := fmt.Sprintf("/api/seller/products/%d/prices/", m.count(`SELECT id FROM products`))
		free := m.call("seller@example.test", http.MethodPost, path, `{"name":"Free","amount_cents":0,"currency":"USD","billing_period":"one_time"}`, 201)
		buy := fmt.Sprintf(`{"price_id":%v}`, free["id"])
		orders := 0
		for _, point := range []string{"", "mailed"} {
			m.start(point)
			m.call("buyer@example.test", http.MethodPost, "/api/account/orders/create/", buy, 201)
			orders++
			if point == "" {
				m.stop()
			} else {
				m.died()
				if n := m.count(`SELECT count(*) FROM notices WHERE status = 'pending'`); n < 1 {
					t.Errorf("%d notices are pending: the test does not die where it should", n)
				}
			}
			m.hourPasses()
			m.start("")
			m.soon(20*time.Second, int64(2*orders), `SELECT count(*) FROM notices WHERE status = 'sent'`)
		}
		again, mails := 0, m.mails()
		for id, n := range mails {
			if n > 2 || m.count(`SELECT count(*) FROM notices WHERE message_id = $1`, id) != 1 {
				t.Errorf("%s came %d times", id, n)
			}
			again += n - 1
		}
		if len(mails) != 2*orders || again < 1 {
			t.Errorf("%d mails about %d orders, %d of them twice", len(mails), orders, again)
		}
	})
}

// hourPasses lets an hour pass for the jobs of a process that was killed: what it worked on is found, and its office is free.
func (m *mortal) hourPasses() {
	m.t.Helper()
	if m.db.Engine == db.Postgres {
		m.exec(`UPDATE river_job SET attempted_at = attempted_at - interval '1 hour'`)
	} else {
		m.exec(`UPDATE river_job SET attempted_at = datetime(attempted_at, '-1 hour', 'subsec')`)
	}
	m.exec(`DELETE FROM river_leader`)
	m.exec(`UPDATE notices SET updated_at = updated_at - 3600000000`)
}
