package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"souk/internal/db"
	"souk/internal/devcloud/clerk"
)

const (
	senders      = 16     // at once
	hookUsers    = 2500   // of a simulated year
	hookEvents   = 25_000 // of all kinds, of which about a third is about items
	repeatShare  = 0.05   // of the events that are sent a second time
	hooksASecond = 1000   // of a round of ingestion
	offered      = 200    // events a second, in the measurement of latency
	offeredFor   = 20 * time.Second
)

var hookSecret = "whsec_" + base64.StdEncoding.EncodeToString([]byte("a secret for the benchmarks alone"))

// webhooks: events of Clerk's about items, of known users and mapped plans, against a program that runs the same statements and
// nothing else, both durable; then how long each takes when 200 come a second.
func (b *bench) webhooks(ctx context.Context) error {
	perRound := int(b.round.Seconds() * hooksASecond)
	total := perRound*b.rounds + int(offeredFor.Seconds())*offered
	year, err := simulate(total)
	if err != nil {
		return err
	}
	year.events = year.events[:total]
	for _, engine := range []string{"sqlite", "postgres"} {
		if err := b.webhooksOn(ctx, engine, year, perRound); err != nil {
			return err
		}
	}
	return nil
}

// hookYear is what happened at Clerk.
type hookYear struct {
	users  []string
	events []clerk.Event
}

// simulate lets years pass in instances of their own until there are n events about items.
func simulate(n int) (y hookYear, err error) {
	r := rand.New(rand.NewPCG(1, 1))
	for seed := uint64(1); len(y.events) < n; seed++ {
		instance, err := clerk.SimulateYear(clerk.Options{Seed: seed, Dialect: new(clerk.Dialect)}, hookUsers, hookEvents)
		if err != nil {
			return hookYear{}, err
		}
		for _, u := range instance.Users() {
			y.users = append(y.users, u.ID)
		}
		for _, e := range instance.Events() {
			if !strings.HasPrefix(e.Type, "subscriptionItem.") {
				continue
			}
			y.events = append(y.events, e)
			if r.Float64() < repeatShare {
				y.events = append(y.events, e)
			}
		}
	}
	return y, nil
}

func (b *bench) webhooksOn(ctx context.Context, engine string, year hookYear, perRound int) (err error) {
	shop, err := b.newHookShop(ctx, engine, year.users)
	if err != nil {
		return err
	}
	p, err := start(ctx, nil, shop.environ("CLERK_WEBHOOK_SIGNING_SECRET="+hookSecret), shop.program, "serve")
	if err != nil {
		return err
	}
	defer p.stop()
	bare, err := b.newHookShop(ctx, engine, year.users)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	alone, err := start(ctx, nil, bare.environ(), self, "hooks")
	if err != nil {
		return err
	}
	defer alone.stop()
	rounds := func(url string) func() (float64, error) {
		left := year.events
		return func() (float64, error) {
			round := left[:perRound]
			left = left[perRound:]
			return ingest(ctx, url, round)
		}
	}
	rate, beside, err := compare(b.rounds, rounds(p.url), rounds(alone.url))
	if err != nil {
		return err
	}
	if err := sameEffects(ctx, shop, bare); err != nil {
		return err
	}
	b.add(atLeast("webhook ingestion, against its SQL alone", engine, rate, beside, 0.5))

	took, err := offer(ctx, p.url, year.events[perRound*b.rounds:])
	if err != nil {
		return err
	}
	slices.Sort(took)
	at := func(share float64) float64 { return milliseconds(took[int(share*float64(len(took)-1))]) }
	b.add(row{
		what: fmt.Sprintf("webhooks at %d/s offered, median, ms", offered), engine: engine, measured: fmt.Sprintf("p95 %.0f p99 %.0f", at(0.95), at(0.99)),
		beside: fmt.Sprintf("max %.0f", at(1)), value: at(0.5), limit: 25, most: true,
	})
	return nil
}

// newHookShop is a shop that knows the users and sells the plans.
func (b *bench) newHookShop(ctx context.Context, engine string, users []string) (*shop, error) {
	s, err := b.newShop(ctx, engine, 1)
	if err != nil {
		return nil, err
	}
	d, err := db.Open(db.Options{URL: s.databaseURL})
	if err != nil {
		return nil, err
	}
	defer func() { _ = d.Close() }()
	return s, d.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		insert := func(into, values string, args ...any) (int64, error) {
			return db.One(ctx, tx, db.Value[int64], `INSERT INTO `+into+` VALUES `+values+` RETURNING id`, args...)
		}
		for _, user := range users {
			profile, err := insert(`profiles (clerk_user_id, email, created_at, updated_at)`, `($1, $2, 1, 1)`, user, user+"@example.test")
			if err == nil {
				_, err = insert(`customers (profile_id, external_customer_id, created_at, updated_at)`, `($1, $2, 1, 1)`, profile, user)
			}
			if err != nil {
				return err
			}
		}
		for _, plan := range clerk.SamplePlans() {
			features := append([]string{}, plan.Features...)
			product, err := insert(`products (seller_id, name, slug, product_type, visibility, feature_keys, sort_name, search_text, created_at, updated_at)`,
				`(1, $1, $2, 'service', 'published', $3, $2, $2, 1, 1)`, plan.Name, plan.Slug, db.JSON(features))
			if err != nil {
				return err
			}
			for period, cents := range map[string]int64{"monthly": plan.Monthly, "yearly": plan.Annual} {
				_, err := insert(`prices (product_id, name, amount_cents, currency, billing_period, clerk_plan_id, created_at, updated_at)`,
					`($1, $2, $3, 'USD', $4, $5, 1, 1)`, product, period, cents, period, plan.ID)
				if err != nil {
					return err
				}
			}
		}
		if tx.Engine == db.Postgres {
			_, err := tx.Exec(ctx, `ANALYZE`)
			return err
		}
		return nil
	})
}

// sameEffects says that both programs wrote the same: what each does must be the same work.
func sameEffects(ctx context.Context, shops ...*shop) error {
	var counts []string
	for _, s := range shops {
		d, err := db.Open(db.Options{URL: s.databaseURL})
		if err != nil {
			return err
		}
		count, err := db.One(ctx, d, db.Value[string], `
			SELECT 'events ' || (SELECT count(*) FROM webhook_events) || ', processed ' || (SELECT count(*) FROM webhook_events WHERE status = 'processed') ||
				', subscriptions ' || (SELECT count(*) FROM subscriptions) || ', entitlements ' || (SELECT count(*) FROM entitlements)`)
		if err = errors.Join(err, d.Close()); err != nil {
			return err
		}
		counts = append(counts, count)
	}
	if counts[0] != counts[1] {
		return fmt.Errorf("the shop made %s; its SQL alone %s", counts[0], counts[1])
	}
	return nil
}

// ingest sends events from all senders and gives the events per second. Those of a user go one after the other, so that both
// programs have the same to do.
func ingest(ctx context.Context, to string, events []clerk.Event) (float64, error) {
	requests, err := signed(to, events)
	if err != nil {
		return 0, err
	}
	var queues [senders][][]byte
	seed := maphash.MakeSeed()
	for i, e := range events {
		n := maphash.String(seed, e.UserID) % senders
		queues[n] = append(queues[n], requests[i])
	}
	failures := make(chan error, senders)
	began := time.Now()
	for _, queue := range queues {
		go func() {
			c, err := dialSender(ctx, to)
			if err != nil {
				failures <- err
				return
			}
			defer func() { _ = c.Close() }()
			for _, request := range queue {
				if err := c.send(request); err != nil {
					failures <- err
					return
				}
			}
			failures <- nil
		}()
	}
	for range senders {
		err = errors.Join(err, <-failures)
	}
	return float64(len(events)) / time.Since(began).Seconds(), err
}

// offer sends an event each 1/offered of a second, whatever became of those before, and says how long after its moment each was
// answered.
func offer(ctx context.Context, to string, events []clerk.Event) ([]time.Duration, error) {
	requests, err := signed(to, events)
	if err != nil {
		return nil, err
	}
	idle := make(chan *sender, 256)
	took, failures := make([]time.Duration, len(requests)), make([]error, len(requests))
	var wg sync.WaitGroup
	began := time.Now()
	for i, request := range requests {
		moment := began.Add(time.Duration(i) * time.Second / offered)
		time.Sleep(time.Until(moment))
		wg.Go(func() {
			var c *sender
			select {
			case c = <-idle:
			default:
				if c, failures[i] = dialSender(ctx, to); c == nil {
					return
				}
			}
			failures[i] = c.send(request)
			took[i] = time.Since(moment)
			select {
			case idle <- c:
			default:
				_ = c.Close()
			}
		})
	}
	wg.Wait()
	close(idle)
	for c := range idle {
		_ = c.Close()
	}
	failed := slices.DeleteFunc(failures, func(err error) bool { return err == nil })
	if len(failed) > 0 {
		return nil, fmt.Errorf("at %d events a second %d of %d were not taken, the first: %w", offered, len(failed), len(events), failed[0])
	}
	return took, nil
}

// signed are the requests of events, as they go over the wire.
func signed(to string, events []clerk.Event) (requests [][]byte, err error) {
	u, err := url.Parse(to)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	for _, e := range events {
		signature, err := clerk.Sign(hookSecret, e.ID, now, e.Body)
		if err != nil {
			return nil, err
		}
		head := fmt.Sprintf("POST /api/webhooks/clerk/ HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"+
			"Svix-Id: %s\r\nSvix-Timestamp: %s\r\nSvix-Signature: %s\r\n\r\n", u.Host, len(e.Body), e.ID, strconv.FormatInt(now.Unix(), 10), signature)
		requests = append(requests, slices.Concat([]byte(head), e.Body))
	}
	return requests, nil
}

// sender is a connection that sends requests which are ready: an HTTP client would take as much of the processor as a server.
type sender struct {
	net.Conn
	in *bufio.Reader
}

func dialSender(ctx context.Context, to string) (*sender, error) {
	u, err := url.Parse(to)
	if err != nil {
		return nil, err
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return nil, err
	}
	return &sender{conn, bufio.NewReader(conn)}, nil
}

func (s *sender) send(request []byte) error {
	if _, err := s.Write(request); err != nil {
		return err
	}
	res, err := http.ReadResponse(s.in, nil)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(res.Body)
	if err == nil && (res.StatusCode != http.StatusOK || bytes.Contains(body, []byte(`"deferred"`))) {
		err = fmt.Errorf("%s: %s", res.Status, body)
	}
	return err
}
