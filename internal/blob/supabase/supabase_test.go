package supabase_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"souk/internal/blob"
	"souk/internal/blob/blobtest"
	"souk/internal/blob/supabase"
	"souk/internal/fault"
	"souk/internal/souktest"
)

func open(project *souktest.Supabase, change ...func(*supabase.Options)) *supabase.Store {
	o := supabase.Options{URL: project.URL, Bucket: project.Bucket, ServiceRoleKey: project.ServiceRoleKey, Client: souktest.FileClient()}
	for _, c := range change {
		c(&o)
	}
	return supabase.New(o)
}

func TestStorage(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) blobtest.Storage {
		project := souktest.NewSupabase(t, nil)
		return blobtest.Storage{Store: open(project), Keys: func() []string {
			// What an upload left behind may be on its way out when the client knows that it failed.
			for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
				keys := project.Keys(t)
				if !strings.Contains(strings.Join(keys, " "), "upload-") || time.Now().After(deadline) {
					return keys
				}
			}
		}}
	})
}

func TestTheKeyStaysOnTheServer(t *testing.T) {
	project := souktest.NewSupabase(t, nil)
	s := open(project)
	if err := s.Put(t.Context(), "seller-1/a b+ü.pdf", strings.NewReader("text"), 4); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Stat(t.Context(), "seller-1/a b+ü.pdf"); err != nil {
		t.Fatal(err)
	}
	address, err := s.SignGet(t.Context(), "seller-1/a b+ü.pdf", blob.Download{FileName: "a b+ü.pdf"}, 10*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(address, project.URL+"/storage/v1/object/sign/digital%20assets/seller-1/a%20b+%21c3%21bc.pdf?token=") &&
		!strings.HasPrefix(address, project.URL+"/storage/v1/object/sign/digital%20assets/seller-1/a%20b+!c3!bc.pdf?token=") ||
		!strings.HasSuffix(address, "&download=a%20b%2B%C3%BC.pdf") {
		t.Errorf("the address is %s", address)
	}
	if res, body := blobtest.Load(t, address); res.StatusCode != 200 || body != "text" || res.Header.Get("Content-Type") != "application/pdf" {
		t.Errorf("%d %q %v", res.StatusCode, body, res.Header)
	}
	if err := s.Delete(t.Context(), "seller-1/a b+ü.pdf"); err != nil {
		t.Fatal(err)
	}
	asked := project.Asked()
	for i, want := range []string{
		"POST /storage/v1/object/", "GET /storage/v1/object/info/", "POST /storage/v1/object/sign/", "GET /storage/v1/object/sign/", "DELETE /storage/v1/object/",
	} {
		if i >= len(asked) || !strings.HasPrefix(asked[i].Method+" "+asked[i].Path, want+"digital%20assets/seller-1/a%20b+") {
			t.Fatalf("request %d is not %s: %+v", i, want, asked)
		}
		a := asked[i]
		if strings.Contains(address+a.Path+a.Query, project.ServiceRoleKey) {
			t.Errorf("the key is in an address: %+v", a)
		}
		mine := want != "GET /storage/v1/object/sign/" // that one is the browser's
		if got := a.Header.Get("Apikey") == project.ServiceRoleKey && a.Header.Get("Authorization") == "Bearer "+project.ServiceRoleKey; got != mine {
			t.Errorf("%s: the key is sent: %v", want, got)
		}
	}
	if a := asked[0]; a.Length != 4 || a.Header.Get("Content-Type") != "application/pdf" || a.Header.Get("X-Upsert") != "true" {
		t.Errorf("the upload: %+v", a)
	}
}

func TestAddressesEnd(t *testing.T) {
	project := souktest.NewSupabase(t, nil)
	now := time.Now()
	project.Now = func() time.Time { return now }
	s := open(project)
	if err := s.Put(t.Context(), "a", strings.NewReader("x"), -1); err != nil {
		t.Fatal(err)
	}
	address, err := s.SignGet(t.Context(), "a", blob.Download{FileName: "a"}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	now = now.Add(59 * time.Second)
	if res, _ := blobtest.Load(t, address); res.StatusCode != 200 {
		t.Errorf("a second before its end: %d", res.StatusCode)
	}
	now = now.Add(time.Second)
	if res, _ := blobtest.Load(t, address); res.StatusCode == 200 {
		t.Error("an address lives longer than it was made for")
	}
	if _, err := s.SignGet(t.Context(), "missing", blob.Download{FileName: "a"}, time.Minute); !errors.Is(err, blob.ErrGone) {
		t.Errorf("an address of nothing: %v", err)
	}
}

func TestFailures(t *testing.T) {
	project := souktest.NewSupabase(t, nil)
	stopped := httptest.NewServer(http.NotFoundHandler())
	stopped.Close()
	var elsewhere atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	say := func(status int, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, text)
		}
	}
	echo := func(w http.ResponseWriter, r *http.Request) { // an error page that repeats what it was sent
		w.WriteHeader(500)
		_, _ = io.WriteString(w, r.Header.Get("Authorization"))
	}
	huge := `{"signedURL":"/x?token=a","size":1,"public":false,"created_at":"2026-01-01T00:00:00Z","x":"` + strings.Repeat("x", 1<<20) + `"}`
	for _, c := range []struct {
		name   string
		change func(*supabase.Options)
		answer http.HandlerFunc
		want   *fault.Error
		only   string // the calls that fail; empty: all
	}{
		{"no bucket", func(o *supabase.Options) { o.Bucket = "nowhere" }, nil, blob.ErrNoBucket, ""},
		{"wrong key", func(o *supabase.Options) { o.ServiceRoleKey = "wrong" }, nil, blob.ErrFailed, ""},
		{"not there", func(o *supabase.Options) { o.URL = stopped.URL }, nil, blob.ErrFailed, ""},
		{"500", nil, say(500, "oops"), blob.ErrFailed, ""},
		{"500 with 404 inside", nil, say(500, `{"statusCode":"404"}`), blob.ErrFailed, ""},
		{"echo", nil, echo, blob.ErrFailed, ""},
		{"401", nil, say(401, `{"message":"Invalid API key"}`), blob.ErrFailed, ""},
		{"413", nil, say(413, ""), blob.ErrTooLarge, ""},
		{"redirect", nil, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		}, blob.ErrFailed, ""},
		{"hangs up", nil, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, blob.ErrFailed, ""},
		{"garbage", nil, say(200, "<html>"), blob.ErrFailed, "sign stat check"},
		{"nothing in it", nil, say(200, "{}"), blob.ErrFailed, "sign stat check"},
		{"another type", nil, say(200, `{"signedURL":7,"size":"many","public":"no"}`), blob.ErrFailed, "sign stat check"},
		{"too much", nil, say(200, huge), blob.ErrFailed, ""},
		{"a bucket by its code", nil, say(404, `{"statusCode":404,"code":"NoSuchBucket"}`), blob.ErrNoBucket, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			project.Answer(c.answer)
			defer project.Answer(nil)
			if c.change == nil {
				c.change = func(*supabase.Options) {}
			}
			s, ctx := open(project, c.change), t.Context()
			_, signing := s.SignGet(ctx, "a", blob.Download{FileName: "a"}, time.Minute)
			_, stat := s.Stat(ctx, "a")
			for what, err := range map[string]error{
				"put": s.Put(ctx, "a", strings.NewReader("x"), 1), "put large": s.Put(ctx, "a", strings.NewReader(strings.Repeat("x", 1<<20)), -1),
				"sign": signing, "stat": stat, "delete": s.Delete(ctx, "a"), "check": s.Check(ctx),
			} {
				if c.only != "" && !strings.Contains(c.only, what) {
					continue
				}
				if !errors.Is(err, c.want) {
					t.Errorf("%s: %v, want %s", what, err, c.want.Code)
				} else if strings.Contains(err.Error(), project.ServiceRoleKey) {
					t.Errorf("%s shows the key: %v", what, err)
				}
			}
		})
	}
	if elsewhere.Load() != 0 {
		t.Error("a redirect was followed, with the key")
	}
}

func TestAnEarlyRefusalOfALargeFile(t *testing.T) {
	project := souktest.NewSupabase(t, nil)
	project.MaxBytes = 1 << 20
	err := open(project).Put(t.Context(), "a", strings.NewReader(strings.Repeat("x", 2<<20)), 2<<20)
	if !errors.Is(err, blob.ErrTooLarge) && !errors.Is(err, blob.ErrFailed) {
		t.Errorf("%v", err)
	}
	if keys := project.Keys(t); len(keys) != 0 {
		t.Errorf("left: %q", keys)
	}
}

func TestThePrivacyOfTheBucket(t *testing.T) {
	project := souktest.NewSupabase(t, nil)
	if err := open(project).Check(t.Context()); err != nil {
		t.Errorf("a private bucket: %v", err)
	}
	project.Public = true
	if err := open(project).Check(t.Context()); err == nil || !strings.Contains(err.Error(), "public") {
		t.Errorf("a public bucket: %v", err)
	}
}

// TestASilentServer is cut off by the caller's context.
func TestASilentServer(t *testing.T) {
	project := souktest.NewSupabase(t, nil)
	asked, over := make(chan struct{}), make(chan struct{})
	project.Answer(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		select {
		case <-r.Context().Done():
		case <-over:
		}
	})
	defer close(over)
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { done <- open(project).Put(ctx, "a", strings.NewReader("x"), 1) }()
	<-asked
	cancel()
	if err := <-done; fault.KindOf(err) != fault.Upstream || !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
