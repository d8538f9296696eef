package clerk

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"souk/internal/loopback"
)

// Faults are what a network and a hostile sender do to deliveries. The zero value does nothing.
type Faults struct {
	Seed       uint64
	MaxCopies  int           // each event is sent 1 to so many times; 0 is 1
	Shuffle    bool          // the order is random
	DropShare  float64       // the share of events that are never sent
	ForgeShare float64       // for each event, the chance that a forged one is sent beside it
	MaxDelay   time.Duration // before each request; random up to this
}

// Delivery sends events to webhook URLs, signed as Svix does for Clerk.
type Delivery struct {
	Targets []string // URLs on this machine; each copy goes to a random one
	Secret  string   // whsec_…
	Senders int      // how many send at once; 0 is 1
	Faults  Faults
	// Tries are how often a copy is sent until the answer is 2xx; 0 is 5. Svix tries eight times, over 27 hours.
	Tries int
	// Pause waits before the next try; nil waits 20 ms times the try.
	Pause func(ctx context.Context, try int)
	// Now dates the requests; nil: the real time. It is not the time of the events.
	Now    func() time.Time
	Client *http.Client // nil: one with a timeout of 15 s, as Svix has, and a connection for each sender
}

// Report is what became of a delivery. Copies = the sum of Answers + Lost, unless the context ended.
type Report struct {
	Dropped  []string       // ids of the events that were never sent
	Copies   int            // deliveries, forged ones aside
	Requests int            // with the retries, forged ones aside
	Retries  int            // of Requests
	Codes    map[int]int    // HTTP statuses of Requests; 0: no answer
	Answers  map[string]int // the status word of each accepted copy
	Lost     []string       // ids of the events with a copy that was never accepted
	Forged   int            // forged requests
	Accepted []string       // what was wrong with the forged requests that got a 2xx: must be empty
}

// Sign is the svix-signature of a body: HMAC-SHA256 over id, time and body with the key that the secret encodes.
func Sign(secret, id string, at time.Time, body []byte) (string, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return "", fmt.Errorf("the webhook secret is not base64: %w", err)
	}
	mac := hmac.New(sha256.New, key)
	_, _ = fmt.Fprintf(mac, "%s.%d.%s", id, at.Unix(), body) // a hash takes everything
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}

// parcel is one copy of an event, or a forgery.
type parcel struct {
	event  Event
	target string
	delay  time.Duration
	forged string // what is wrong with it
}

// Send delivers the events and reports what happened. It ends early with the context's error.
func (d Delivery) Send(ctx context.Context, events []Event) (Report, error) {
	if len(d.Targets) == 0 {
		return Report{}, errors.New("a delivery has no target")
	}
	if err := loopback.Check(d.Targets...); err != nil {
		return Report{}, err
	}
	if _, err := Sign(d.Secret, "", time.Time{}, nil); err != nil {
		return Report{}, err
	}
	if d.Client == nil {
		d.Client = loopback.Client(max(1, d.Senders))
		defer d.Client.CloseIdleConnections()
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Pause == nil {
		d.Pause = func(ctx context.Context, try int) { wait(ctx, time.Duration(try)*20*time.Millisecond) }
	}
	parcels, dropped := d.plan(events)
	run := &run{Delivery: d, report: Report{Dropped: dropped, Codes: map[int]int{}, Answers: map[string]int{}}}
	queue := make(chan parcel)
	var wg sync.WaitGroup
	for range max(1, d.Senders) {
		wg.Go(func() {
			for p := range queue {
				run.deliver(ctx, p)
			}
		})
	}
	for _, p := range parcels {
		queue <- p
	}
	close(queue)
	wg.Wait()
	slices.Sort(run.report.Lost)
	run.report.Lost = slices.Compact(run.report.Lost)
	return run.report, ctx.Err()
}

// plan decides everything random beforehand, so that a seed gives the same parcels whatever the receiver does.
func (d Delivery) plan(events []Event) (parcels []parcel, dropped []string) {
	r := rand.New(rand.NewPCG(d.Faults.Seed, 4))
	parcelOf := func(e Event, forged string) parcel {
		p := parcel{event: e, target: pick(r, d.Targets...), forged: forged}
		if d.Faults.MaxDelay > 0 {
			p.delay = time.Duration(r.Int64N(int64(d.Faults.MaxDelay)))
		}
		return p
	}
	for _, e := range events {
		if r.Float64() < d.Faults.DropShare {
			dropped = append(dropped, e.ID)
			continue
		}
		if r.Float64() < d.Faults.ForgeShare {
			parcels = append(parcels, parcelOf(forge(r, e), pick(r, forgeries...)))
		}
		for range 1 + r.IntN(max(1, d.Faults.MaxCopies)) {
			parcels = append(parcels, parcelOf(e, ""))
		}
	}
	if d.Faults.Shuffle {
		r.Shuffle(len(parcels), func(a, b int) { parcels[a], parcels[b] = parcels[b], parcels[a] })
	}
	return parcels, dropped
}

type run struct {
	Delivery
	mu     sync.Mutex
	report Report
}

func (n *run) deliver(ctx context.Context, p parcel) {
	wait(ctx, p.delay)
	for try := 1; ctx.Err() == nil; try++ {
		code, word, abort := n.post(ctx, p)
		n.mu.Lock()
		report, done := &n.report, true
		switch accepted := code/100 == 2; {
		case p.forged != "":
			report.Forged++
			if accepted {
				report.Accepted = append(report.Accepted, p.forged)
			}
		default:
			if try == 1 {
				report.Copies++
			} else {
				report.Retries++
			}
			report.Requests++
			report.Codes[code]++
			if accepted {
				report.Answers[word]++
			} else if abort || try >= cmp.Or(n.Tries, 5) {
				report.Lost = append(report.Lost, p.event.ID)
			} else {
				done = false
			}
		}
		n.mu.Unlock()
		if done {
			return
		}
		n.Pause(ctx, try)
	}
}

// post sends one request. The word is the status that the body names, or else the HTTP status.
func (n *run) post(ctx context.Context, p parcel) (code int, word string, abort bool) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.target, bytes.NewReader(p.event.Body))
	if err != nil {
		return 0, "", true
	}
	request.Header = n.headers(p)
	response, err := n.Client.Do(request)
	if err != nil {
		return 0, "", false
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct{ Status string }
	body, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	if err != nil {
		return 0, "", false
	}
	if json.Unmarshal(body, &answer) != nil || answer.Status == "" {
		answer.Status = strconv.Itoa(response.StatusCode)
	}
	return response.StatusCode, answer.Status, response.Header.Get("Webhook-Delivery") == "abort-message"
}

// What is wrong with a forged request.
const (
	wrongKey    = "signed with another key"
	emptyKey    = "signed with an empty key"
	otherID     = "signed for another id"
	otherBody   = "signed for another body"
	tooOld      = "signed an hour ago"
	fromFuture  = "signed for an hour ahead"
	unsigned    = "not signed"
	otherScheme = "signed as v2"
)

var forgeries = []string{wrongKey, emptyKey, otherID, otherBody, tooOld, fromFuture, unsigned, otherScheme}

// forge makes an event that would do harm, under an id of its own or the very id of the true one.
func forge(r *rand.Rand, e Event) Event {
	e.Body = bytes.Replace(e.Body, []byte(`"updated_at":1`), []byte(`"updated_at":9`), -1)
	for _, from := range []Status{Canceled, Ended, Upcoming, PastDue, Incomplete, Abandoned} {
		e.Body = bytes.ReplaceAll(e.Body, []byte(`"status":"`+from+`"`), []byte(`"status":"active"`))
	}
	if r.IntN(2) == 0 {
		e.ID += "forged"
	}
	return e
}

func (n *run) headers(p parcel) http.Header {
	id, at, secret, body := p.event.ID, n.Now(), n.Secret, p.event.Body
	switch p.forged {
	case wrongKey:
		secret = base64.StdEncoding.EncodeToString([]byte("another key, of thirty-two bytes"))
	case emptyKey:
		secret = ""
	case otherID:
		id += "x"
	case otherBody:
		body = append(slices.Clone(body), ' ')
	case tooOld:
		at = at.Add(-time.Hour)
	case fromFuture:
		at = at.Add(time.Hour)
	}
	signature, _ := Sign(secret, id, at, body) // Send has tried the secret
	h := http.Header{"Content-Type": {"application/json"}, "User-Agent": {"Svix-Webhooks/1.0"}}
	h.Set("Svix-Id", p.event.ID)
	h.Set("Svix-Timestamp", strconv.FormatInt(at.Unix(), 10))
	switch p.forged {
	case unsigned:
	case otherScheme:
		h.Set("Svix-Signature", "v2"+strings.TrimPrefix(signature, "v1"))
	default:
		h.Set("Svix-Signature", signature)
	}
	return h
}

func wait(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
