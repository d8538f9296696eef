package httpx

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"golang.org/x/time/rate"

	"souk/internal/db"
)

const (
	connectIn   = 3 * time.Second
	answerIn    = 10 * time.Second // all together: waiting for a turn, the first try, the second
	maxReply    = 1 << 20          // bytes
	retryIn     = 500 * time.Millisecond
	longestWait = answerIn
)

// ErrReplyTooLarge ends the reading of a reply above 1 MiB.
var ErrReplyTooLarge = errors.New("the reply is larger than 1 MiB")

// Outbound is a client for rare calls to a provider: connected within 3 seconds, answered whole within 10, replies of at most
// 1 MiB, and never inside a transaction. It follows no redirect, so what a header says goes to no other host than the one asked.
func Outbound() *http.Client {
	t := transport()
	t.DisableKeepAlives = true
	return outbound(t)
}

// PoliteOutbound is Outbound for many calls to one provider, of which at most requests (2 or more) start within any per: further ones wait
// their turn. A GET that is answered 429 or 5xx is tried once more, after the seconds of Retry-After (else half a second),
// unless that is later than the call must be answered. close ends the connections that are kept.
func PoliteOutbound(requests int, per time.Duration) (client *http.Client, closeIdle func()) {
	t := transport()
	return outbound(newPolite(t, requests, per)), t.CloseIdleConnections
}

// PatientOutbound is Outbound for large uploads: a call may take as long as its context lets it, and connections are kept.
// closeIdle ends those.
func PatientOutbound() (client *http.Client, closeIdle func()) {
	t := transport()
	client = outbound(t)
	client.Timeout = 0
	return client, t.CloseIdleConnections
}

func transport() *http.Transport {
	return &http.Transport{
		DialContext:            (&net.Dialer{Timeout: connectIn}).DialContext,
		TLSHandshakeTimeout:    connectIn,
		MaxResponseHeaderBytes: 64 << 10,
		ForceAttemptHTTP2:      true,
		MaxIdleConnsPerHost:    4,
		IdleConnTimeout:        30 * time.Second,
		Proxy:                  http.ProxyFromEnvironment,
	}
}

func outbound(next http.RoundTripper) *http.Client {
	return &http.Client{
		Timeout:       answerIn,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     db.NoNetwork(bounded{next}),
	}
}

// bounded gives replies that cannot be read beyond maxReply.
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := b.next.RoundTrip(r)
	if err == nil {
		res.Body = &boundedBody{ReadCloser: res.Body, left: maxReply}
	}
	return res, err
}

type boundedBody struct {
	io.ReadCloser
	left int64
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if int64(n) > b.left {
		return int(b.left), ErrReplyTooLarge
	}
	b.left -= int64(n)
	return n, err
}

// polite keeps to a rate and tries once more.
type polite struct {
	next http.RoundTripper
	turn *rate.Limiter
}

// newPolite lets a fifth of the requests start at once. The others follow at such a rate that no window of per has more.
func newPolite(next http.RoundTripper, requests int, per time.Duration) *polite {
	burst := max(requests/5, 1)
	return &polite{next, rate.NewLimiter(rate.Limit(float64(requests-burst)/per.Seconds()), burst)}
}

func (p *polite) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := p.once(r)
	if err != nil || r.Method != http.MethodGet || res.StatusCode != http.StatusTooManyRequests && res.StatusCode < 500 {
		return res, err
	}
	wait := retryIn
	if after, ok := retryAfter(res.Header); ok {
		wait = after
	}
	if deadline, ok := r.Context().Deadline(); wait > longestWait || ok && time.Until(deadline) <= wait {
		return res, nil
	}
	_, _ = io.CopyN(io.Discard, res.Body, 64<<10) // a connection whose reply was read can be used again
	_ = res.Body.Close()
	if err := sleep(r.Context(), wait); err != nil {
		return nil, err
	}
	return p.once(r)
}

func (p *polite) once(r *http.Request) (*http.Response, error) {
	if err := p.turn.Wait(r.Context()); err != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, fmt.Errorf("no turn came: %w", err)
	}
	return p.next.RoundTrip(r)
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// retryAfter is what the header of a reply asks to wait. The form with a date counts as none.
func retryAfter(h http.Header) (time.Duration, bool) {
	seconds, err := strconv.ParseUint(h.Get("Retry-After"), 10, 31)
	return time.Duration(seconds) * time.Second, err == nil
}
