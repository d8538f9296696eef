// Package supabase keeps objects in a bucket of Supabase Storage, through its REST API. The service role key goes with every
// call and is the server's alone: no address, redirect or error has it.
package supabase

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"souk/internal/blob"
)

const (
	askPatience   = 10 * time.Second // for a question without a file
	storePatience = 2 * time.Minute  // for an upload that stands still
)

// Options are what New needs.
type Options struct {
	URL            string // of the project, an origin
	Bucket         string
	ServiceRoleKey string       // or a secret key (sb_secret_…)
	Client         *http.Client // one that bounds replies, follows no redirect (the key would go along), and has no timeout of its own
}

// Store is the bucket. Safe for concurrent use.
type Store struct {
	base, bucket, key string
	client            *http.Client
}

var _ blob.Store = (*Store)(nil)

// New makes the store. It asks nothing.
func New(o Options) *Store {
	return &Store{base: o.URL + "/storage/v1", bucket: url.PathEscape(o.Bucket), key: o.ServiceRoleKey, client: o.Client}
}

// objectPath is bucket and key as they stand in an address.
func (s *Store) objectPath(key string) string {
	parts := strings.Split(escapeKey(key), "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return s.bucket + "/" + strings.Join(parts, "/")
}

// escapeKey writes key in the characters that Supabase allows: those it does not, and the exclamation mark, become ! and two
// hex digits a byte.
func escapeKey(key string) string {
	var b strings.Builder
	for i := range len(key) {
		c := key[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_/-.*'() &$@=;:+,?", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "!%02x", c)
		}
	}
	return b.String()
}

// Stat describes an object.
func (s *Store) Stat(ctx context.Context, key string) (blob.Info, error) {
	if !blob.ValidKey(key) {
		return blob.Info{}, blob.ErrNotFound
	}
	var said struct {
		Size         *int64
		LastModified *time.Time `json:"last_modified"`
		CreatedAt    *time.Time `json:"created_at"`
	}
	err := s.ask(ctx, http.MethodGet, "/object/info/"+s.objectPath(key), nil, &said)
	if isMissing(err) {
		return blob.Info{}, blob.ErrNotFound
	}
	if err != nil {
		return blob.Info{}, failed(err)
	}
	if said.LastModified == nil {
		said.LastModified = said.CreatedAt
	}
	if said.Size == nil || said.LastModified == nil {
		return blob.Info{}, blob.Failed(errors.New("the description of an object lacks its size or time"))
	}
	return blob.Info{Size: *said.Size, Modified: said.LastModified.UTC()}, nil
}

// Delete removes an object.
func (s *Store) Delete(ctx context.Context, key string) error {
	if !blob.ValidKey(key) {
		return nil
	}
	err := s.ask(ctx, http.MethodDelete, "/object/"+s.objectPath(key), nil, nil)
	if isMissing(err) {
		return nil
	}
	return failed(err)
}

// SignGet asks Supabase for a token, and makes the address with it. Of the answer only the token is used.
func (s *Store) SignGet(ctx context.Context, key string, d blob.Download, ttl time.Duration) (string, error) {
	if !blob.ValidKey(key) {
		return "", notAKey(key)
	}
	var said struct{ SignedURL string }
	err := s.ask(ctx, http.MethodPost, "/object/sign/"+s.objectPath(key), map[string]int64{"expiresIn": int64(ttl / time.Second)}, &said)
	if isMissing(err) {
		return "", blob.ErrGone.Because(err)
	}
	if err != nil {
		return "", failed(err)
	}
	query, err := url.ParseQuery(said.SignedURL[strings.LastIndex(said.SignedURL, "?")+1:])
	if err != nil || query.Get("token") == "" {
		return "", blob.Failed(errors.New("what should be a signed address has no token"))
	}
	// A plus sign is a space for some that read a query, and itself for others.
	name := strings.ReplaceAll(url.QueryEscape(blob.FileName(d.FileName)), "+", "%20")
	return s.base + "/object/sign/" + s.objectPath(key) + "?token=" + url.QueryEscape(query.Get("token")) + "&download=" + name, nil
}

// Check asks whether the bucket is there, lets this key in, and is private.
func (s *Store) Check(ctx context.Context) error {
	var said struct{ Public *bool }
	if err := s.ask(ctx, http.MethodGet, "/bucket/"+s.bucket, nil, &said); err != nil {
		if isMissing(err) {
			return blob.ErrNoBucket.Because(err)
		}
		return failed(err)
	}
	if said.Public == nil || *said.Public {
		return blob.Failed(errors.New("the bucket is public: whoever knows a file's key can load it; make the bucket private"))
	}
	return nil
}

func notAKey(key string) error { return blob.Failed(fmt.Errorf("not a key: %q", key)) }

// ask sends in as JSON, if it is given, and reads the answer into out.
func (s *Store) ask(ctx context.Context, method, path string, in, out any) error {
	ctx, done := context.WithTimeout(ctx, askPatience)
	defer done()
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, s.base+path, body)
	if err != nil {
		return err
	}
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	reply, err := s.do(r)
	if err != nil || out == nil {
		return err
	}
	if json.Unmarshal(reply, out) != nil {
		return errors.New("the answer is not the JSON that is expected") // without its text
	}
	return nil
}

// do sends a request with the key, and gives the body of a good answer.
func (s *Store) do(r *http.Request) ([]byte, error) {
	r.Header.Set("Apikey", s.key)
	r.Header.Set("Authorization", "Bearer "+s.key)
	r.Header.Set("User-Agent", "souk") // secret keys are refused to browsers, which are told by this
	res, err := s.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	reply, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	if res.StatusCode/100 != 2 {
		return nil, readRefusal(res.StatusCode, reply)
	}
	return reply, nil
}

// refusal is an answer that says no.
type refusal struct {
	status int
	bucket bool // it is the bucket that is missing
}

// readRefusal reads the status from the body: over HTTP it is 400 for nearly everything.
func readRefusal(status int, reply []byte) *refusal {
	var said struct {
		StatusCode           any
		Code, Error, Message string
	}
	if json.Unmarshal(reply, &said) != nil {
		return &refusal{status: status}
	}
	if n, err := strconv.Atoi(fmt.Sprint(said.StatusCode)); err == nil && status/100 == 4 {
		status = n
	}
	return &refusal{status, said.Code == "NoSuchBucket" || strings.Contains(strings.ToLower(said.Error+" "+said.Message), "bucket not found")}
}

func (r *refusal) Error() string { return fmt.Sprintf("Supabase Storage answers %d", r.status) }

// isMissing says that what was asked for is not there, though the bucket around it is.
func isMissing(err error) bool {
	var r *refusal
	return errors.As(err, &r) && r.status == http.StatusNotFound && !r.bucket
}

// failed makes a fault of what Supabase, or the way to it, answered.
func failed(err error) error {
	var r *refusal
	if errors.As(err, &r) {
		switch {
		case r.bucket:
			return blob.ErrNoBucket.Because(err)
		case r.status == http.StatusRequestEntityTooLarge:
			return blob.ErrTooLarge.Because(err)
		}
	}
	return blob.Failed(err)
}
