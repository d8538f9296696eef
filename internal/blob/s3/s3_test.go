package s3_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"souk/internal/blob"
	"souk/internal/blob/blobtest"
	"souk/internal/blob/s3"
	"souk/internal/fault"
	"souk/internal/souktest"
)

func open(server *souktest.S3, change ...func(*s3.Options)) *s3.Store {
	o := s3.Options{
		Bucket: server.Bucket, Endpoint: server.URL, Region: "us-east-1", AccessKeyID: server.AccessKeyID,
		SecretAccessKey: server.SecretAccessKey, Client: souktest.FileClient(), Now: time.Now,
	}
	for _, c := range change {
		c(&o)
	}
	return s3.New(o)
}

func TestStorage(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blobtest.Storage {
		server := souktest.NewS3(t)
		return blobtest.Storage{Store: open(server), Keys: func() []string { return server.Keys(t) }}
	})
}

func TestAddressesCannotBeChangedAndEnd(t *testing.T) {
	server := souktest.NewS3(t)
	now := time.Now()
	s := open(server, func(o *s3.Options) { o.Now = func() time.Time { return now } })
	for _, key := range []string{"a", "b"} {
		if err := s.Put(t.Context(), key, strings.NewReader("content of "+key), -1); err != nil {
			t.Fatal(err)
		}
	}
	sign := func(name string) string {
		t.Helper()
		address, err := s.SignGet(t.Context(), "a", blob.Download{FileName: name}, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		return address
	}
	good := sign("guide.pdf")
	res, body := blobtest.Load(t, good)
	if res.StatusCode != 200 || body != "content of a" || res.Header.Get("Content-Type") != "application/pdf" ||
		res.Header.Get("Cache-Control") != "private, no-store" {
		t.Fatalf("%d %q %v", res.StatusCode, body, res.Header)
	}
	if strings.Contains(good, server.SecretAccessKey) || !strings.HasPrefix(good, server.URL+"/"+server.Bucket+"/a?") {
		t.Errorf("the address is %s", good)
	}
	change := func(name, value string) string {
		u, err := url.Parse(good)
		if err != nil {
			t.Fatal(err)
		}
		values := u.Query()
		if values.Get(name) == "" {
			t.Fatalf("no %s in %s", name, good)
		}
		values.Set(name, value)
		u.RawQuery = values.Encode()
		return u.String()
	}
	bad := map[string]string{
		"another object": strings.Replace(good, "/a?", "/b?", 1), "a longer life": change("X-Amz-Expires", "3600"),
		"another name": change("response-content-disposition", "inline"), "another type": change("response-content-type", "text/html"),
		"another signature": change("X-Amz-Signature", strings.Repeat("0", 64)), "no query": good[:strings.Index(good, "?")],
	}
	now = now.Add(-61 * time.Second)
	bad["an old one"] = sign("guide.pdf")
	wrong, err := open(server, func(o *s3.Options) { o.SecretAccessKey = "another secret" }).SignGet(t.Context(), "a", blob.Download{}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	bad["another secret"] = wrong
	for name, address := range bad {
		if res, body := blobtest.Load(t, address); res.StatusCode != http.StatusForbidden || strings.Contains(body, "content of") {
			t.Errorf("%s: %d %s", name, res.StatusCode, body)
		}
	}
}

func TestFailures(t *testing.T) {
	server := souktest.NewS3(t)
	stopped := httptest.NewServer(http.NotFoundHandler())
	stopped.Close()
	broken := func(status int, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, text)
		}
	}
	for name, c := range map[string]struct {
		change func(*s3.Options)
		answer http.HandlerFunc // of a server that fails; nil: the good one is asked
		kind   fault.Kind
	}{
		"no bucket":    {func(o *s3.Options) { o.Bucket = "nowhere" }, nil, fault.Unavailable},
		"wrong secret": {func(o *s3.Options) { o.SecretAccessKey = "wrong" }, nil, fault.Upstream},
		"not there":    {func(o *s3.Options) { o.Endpoint = stopped.URL }, nil, fault.Upstream},
		"500":          {nil, broken(500, "<Error><Code>InternalError</Code></Error>"), fault.Upstream},
		"503":          {nil, broken(503, "<Error><Code>SlowDown</Code></Error>"), fault.Upstream},
		"403":          {nil, broken(403, "<Error><Code>AccessDenied</Code></Error>"), fault.Upstream},
		"redirect": {nil, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, stopped.URL, http.StatusTemporaryRedirect)
		}, fault.Upstream},
		"garbage":                   {nil, broken(400, strings.Repeat("garbage", 1<<18)), fault.Upstream},
		"hangs up":                  {nil, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, fault.Upstream},
		"no bucket, said otherwise": {nil, broken(404, "<Error><Code>NoSuchBucket</Code></Error>"), fault.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, ctx := open(server, func(o *s3.Options) {
				if c.change != nil {
					c.change(o)
				}
				if c.answer != nil {
					down := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						_, _ = io.Copy(io.Discard, r.Body)
						c.answer(w, r)
					}))
					t.Cleanup(down.Close)
					o.Endpoint = down.URL
				}
			}), t.Context()
			for what, err := range map[string]error{
				"put": store.Put(ctx, "a", strings.NewReader("x"), 1), "put parts": store.Put(ctx, "a", strings.NewReader(strings.Repeat("x", 9<<20)), -1),
				"stat": second(store.Stat(ctx, "a")), "delete": store.Delete(ctx, "a"), "check": store.Check(ctx),
			} {
				if fault.KindOf(err) != c.kind || c.kind == fault.Unavailable && !errors.Is(err, blob.ErrNoBucket) {
					t.Errorf("%s: %v", what, err)
				}
				if err != nil && strings.Contains(err.Error(), server.SecretAccessKey) {
					t.Errorf("%s shows the secret: %v", what, err)
				}
			}
		})
	}
	if err := open(server).Check(t.Context()); err != nil {
		t.Errorf("a good bucket: %v", err)
	}
}

func second(_ blob.Info, err error) error { return err }

func TestAPassingFailureIsRepeated(t *testing.T) {
	server := souktest.NewS3(t)
	there, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int32
	between := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1)%2 == 1 {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(503)
			return
		}
		r.URL.Scheme, r.URL.Host, r.RequestURI = there.Scheme, there.Host, "" // the Host that was signed stays
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			w.WriteHeader(502)
			return
		}
		defer func() { _ = res.Body.Close() }()
		for name, values := range res.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(res.StatusCode)
		_, _ = io.Copy(w, res.Body)
	}))
	defer between.Close()
	s := open(server, func(o *s3.Options) { o.Endpoint = between.URL })
	const size = 17 << 20
	if err := s.Put(t.Context(), "a", strings.NewReader(strings.Repeat("x", size)), -1); err != nil {
		t.Fatal(err)
	}
	if info, err := open(server).Stat(t.Context(), "a"); err != nil || info.Size != size {
		t.Errorf("%+v %v", info, err)
	}
	if keys := server.Keys(t); len(keys) != 1 {
		t.Errorf("there are %q", keys)
	}
}

func TestAmazonAddresses(t *testing.T) {
	s := s3.New(s3.Options{Bucket: "files", Region: "eu-central-1", AccessKeyID: "AKIA", SecretAccessKey: "x", Client: http.DefaultClient, Now: time.Now})
	address, err := s.SignGet(context.Background(), "a b/ü.pdf", blob.Download{FileName: "ü.pdf"}, 10*time.Minute)
	if err != nil || !strings.HasPrefix(address, "https://files.s3.eu-central-1.amazonaws.com/a%20b/%C3%BC.pdf?") || !strings.Contains(address, "X-Amz-Expires=600") {
		t.Errorf("%s %v", address, err)
	}
}
