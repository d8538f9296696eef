package stripe

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"time"
)

const (
	maxTries  = 16               // as Stripe does in live mode, over three days
	firstWait = time.Second      // before the second try; doubled for each further one
	maxWait   = 10 * time.Minute // what is a day at Stripe is too long to watch
)

// Run sends events as they become due, until ctx ends.
func (s *Stripe) Run(ctx context.Context) error {
	for {
		if err := s.Drain(ctx); err != nil {
			return err
		}
		wait := time.NewTimer(s.untilNext())
		select {
		case <-ctx.Done():
			wait.Stop()
			return nil
		case <-s.wake:
		case <-wait.C:
		}
		wait.Stop()
	}
}

// untilNext is when the next event is due; a second at most, since sessions expire and payments settle too.
func (s *Stripe) untilNext() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	wait, now := time.Second, s.o.Now().UnixMilli()
	for _, e := range s.state.Events {
		if e.Copies > 0 && !e.Held {
			wait = min(wait, time.Duration(e.NextAt-now)*time.Millisecond)
		}
	}
	return max(wait, 0)
}

// Drain sends the events that are due, the oldest first, and those that they cause, until none is.
func (s *Stripe) Drain(ctx context.Context) error {
	for ctx.Err() == nil {
		e, err := s.due(ctx)
		if err != nil || e == nil {
			return err
		}
		status := s.send(ctx, e.Body)
		if ctx.Err() != nil { // it is sent again
			return nil
		}
		if err := s.change(ctx, func() error { s.sent(e, status); return nil }); err != nil {
			return err
		}
	}
	return nil
}

// due is the oldest event that is to be sent now.
func (s *Stripe) due(ctx context.Context) (oldest *event, err error) {
	err = s.change(ctx, func() error {
		now := s.o.Now().UnixMilli()
		for _, e := range s.state.Events {
			if e.Copies > 0 && !e.Held && e.NextAt <= now && (oldest == nil || e.NextAt < oldest.NextAt || e.NextAt == oldest.NextAt && e.Number < oldest.Number) {
				oldest = e
			}
		}
		return nil
	})
	return oldest, err
}

func (s *Stripe) sent(e *event, status int) {
	e.Answers = append(e.Answers, status)
	e.Tries++
	switch {
	case status >= 200 && status < 300:
		e.Copies, e.Tries = e.Copies-1, 0
	case e.Tries >= maxTries:
		e.Copies = 0
	default:
		e.NextAt = s.o.Now().Add(min(firstWait<<(e.Tries-1), maxWait)).UnixMilli()
	}
	s.state.put(e)
}

// send sends a webhook once, signed: https://docs.stripe.com/webhooks#verify-manually. status 0 is no answer.
func (s *Stripe) send(ctx context.Context, body []byte) (status int) {
	if len(s.o.Webhooks) == 0 {
		return 0
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.o.Webhooks[rand.IntN(len(s.o.Webhooks))], bytes.NewReader(body))
	if err != nil {
		return 0
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("User-Agent", "Stripe/1.0 (a stand-in)")
	r.Header.Set("Stripe-Signature", s.Sign(body, s.o.Now()))
	res, err := s.client.Do(r)
	if err != nil {
		return 0
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection is used again
	_ = res.Body.Close()
	return res.StatusCode
}

// Sign is the header Stripe-Signature of a body.
func (s *Stripe) Sign(body []byte, at time.Time) string {
	mac := hmac.New(sha256.New, []byte(s.WebhookSecret()))
	_, _ = fmt.Fprintf(mac, "%d.", at.Unix())
	_, _ = mac.Write(body)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}

// Resend has an event sent once more, whatever became of it. One that was held back is sent as it would have been.
func (s *Stripe) Resend(ctx context.Context, id string) error {
	return s.change(ctx, func() error {
		e := s.state.Events[id]
		if e == nil {
			return ErrUnknown
		}
		if !e.Held || e.Copies == 0 {
			e.Copies++
		}
		e.Tries, e.Held, e.Dropped, e.NextAt = 0, false, false, s.o.Now().UnixMilli()
		s.state.put(e)
		s.wakeUp()
		return nil
	})
}

// Hold keeps the events back that come from now on, until they are sent by Resend, in whatever order.
func (s *Stripe) Hold(ctx context.Context, on bool) error {
	return s.change(ctx, func() error {
		set := s.state.Settings
		set.HoldEvents = on
		s.state.put(set)
		return nil
	})
}

// Release sends all events that were held back.
func (s *Stripe) Release(ctx context.Context) error {
	return s.change(ctx, func() error {
		for _, e := range s.state.Events {
			if e.Held {
				e.Held = false
				s.state.put(e)
			}
		}
		s.wakeUp()
		return nil
	})
}
