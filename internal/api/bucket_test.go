package api_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"souk/internal/app"
	"souk/internal/config"
	"souk/internal/dbtest"
	"souk/internal/souktest"
)

// providers are the storages at a provider's: what a shop needs to use one, and the keys of what is kept there.
func providers() map[string]func(t *testing.T) (env []string, keys func() []string) {
	return map[string]func(t *testing.T) ([]string, func() []string){
		"s3": func(t *testing.T) ([]string, func() []string) {
			s := souktest.NewS3(t)
			return s.Env(), func() []string { return s.Keys(t) }
		},
		"supabase": func(t *testing.T) ([]string, func() []string) {
			s := souktest.NewSupabase(t, nil)
			return s.Env(), func() []string { return s.Keys(t) }
		},
	}
}

func TestFilesInABucket(t *testing.T) {
	for name, open := range providers() {
		t.Run(name, func(t *testing.T) {
			env, keys := open(t)
			s := souktest.New(t, dbtest.SQLite(t), append(env, "ASSET_STORAGE_SIGNED_URL_TTL_SECONDS=60", "ASSET_STORAGE_MAX_BYTES=20000000")...)
			b := sold(t, s, "ana/Größe 1.pdf", strings.Repeat("content ", 100))
			if got := keys(); len(got) != 1 || !strings.HasPrefix(got[0], "ana/") {
				t.Fatalf("kept: %q", got)
			}
			address := b.address()
			u, err := url.Parse(address)
			if err != nil || strings.HasPrefix(address, s.URL) {
				t.Fatalf("the address is %s", address)
			}
			if life := u.Query().Get("X-Amz-Expires"); name == "s3" && life != "60" {
				t.Errorf("it lives for %s", life)
			}
			res := s.Nobody().Get(address).Is(200)
			if string(res.Body) != strings.Repeat("content ", 100) || !strings.Contains(res.Header.Get("Content-Disposition"), "Gr%C3%B6%C3%9Fe%201.pdf") {
				t.Errorf("%q %v", res.Body, res.Header)
			}
			if n := b.count(); n != 1 {
				t.Errorf("counted %d times", n)
			}
			// What is refused leaves nothing new.
			b.ana.With("X-Content-SHA256", strings.Repeat("0", 64)).Do("PUT", b.contentPath(), "other").Is(422)
			b.ana.Do("PUT", b.contentPath(), bytes.NewReader(make([]byte, 20000001))).Is(413)
			b.ana.Do("PUT", b.contentPath(), bytes.NewReader(make([]byte, 20000000))).Is(200)
			if got := keys(); len(got) != 2 {
				t.Errorf("kept: %q", got)
			}
			s.Nobody().Get(address).Is(200) // the old file, for as long as its addresses live
		})
	}
}

func TestAFailingBucketCostsNoDownload(t *testing.T) {
	t.Run("a file that is gone", func(t *testing.T) {
		for name, open := range providers() {
			t.Run(name, func(t *testing.T) {
				env, _ := open(t)
				b := sold(t, souktest.New(t, dbtest.SQLite(t), env...), "ana/guide.pdf", "") // nothing is at its file_path
				if code := b.ben.Post(accessPath(b.token), nil).Is(502).Object().Text("code"); code != "file_missing" {
					t.Errorf("the code is %s", code)
				}
				if n := b.count(); n != 0 {
					t.Errorf("counted %d times", n)
				}
			})
		}
	})
	t.Run("no bucket", func(t *testing.T) {
		for name, open := range providers() {
			t.Run(name, func(t *testing.T) {
				env, _ := open(t)
				b := sold(t, souktest.New(t, dbtest.SQLite(t), append(env, "ASSET_STORAGE_BUCKET=nowhere")...), "ana/guide.pdf", "")
				for _, got := range []*souktest.Answer{b.ben.Post(accessPath(b.token), nil), b.ana.Do("PUT", b.contentPath(), "x")} {
					if code := got.Is(503).Object().Text("code"); code != "storage_bucket_missing" {
						t.Errorf("the code is %s", code)
					}
				}
				if n := b.count(); n != 0 {
					t.Errorf("counted %d times", n)
				}
			})
		}
	})
	t.Run("supabase fails between the look and the signature", func(t *testing.T) {
		project := souktest.NewSupabase(t, nil)
		s := souktest.New(t, dbtest.SQLite(t), project.Env()...)
		b := sold(t, s, "ana/guide.pdf", "x")
		var log bytes.Buffer
		slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
		t.Cleanup(func() { slog.SetDefault(slog.New(slog.DiscardHandler)) })
		project.Answer(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/info/") {
				_, _ = w.Write([]byte(`{"size":1,"created_at":"2026-01-01T00:00:00Z"}`))
				return
			}
			w.WriteHeader(500)
			_, _ = w.Write([]byte(r.Header.Get("Authorization")))
		})
		got := b.ben.Post(accessPath(b.token), nil).Is(502)
		put := b.ana.Do("PUT", b.contentPath(), "y").Is(502)
		if n := b.count(); n != 0 {
			t.Errorf("counted %d times", n)
		}
		if shown := log.String() + string(got.Body) + string(put.Body); strings.Contains(shown, project.ServiceRoleKey) {
			t.Errorf("the key is shown: %s", shown)
		}
		if !strings.Contains(log.String(), "Supabase Storage answers 500") {
			t.Errorf("the log does not say why: %s", log.String())
		}
		project.Answer(nil)
		b.ben.Post(accessPath(b.token), nil).Is(200)
	})
}

func TestDoctorLooksAtTheBucket(t *testing.T) {
	look := func(t *testing.T, env ...string) app.Finding {
		cfg, err := config.Load(append([]string{"DATABASE_URL=" + dbtest.SQLite(t)}, env...), "")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range app.Examine(t.Context(), cfg) {
			if f.What == "storage" {
				return f
			}
		}
		t.Fatal("storage is not examined")
		return app.Finding{}
	}
	for name, open := range providers() {
		t.Run(name, func(t *testing.T) {
			env, keys := open(t)
			if f := look(t, env...); !f.OK {
				t.Errorf("a good bucket: %s", f.Text)
			}
			if got := keys(); len(got) != 0 {
				t.Errorf("left: %q", got)
			}
			if f := look(t, append(env, "ASSET_STORAGE_BUCKET=nowhere")...); f.OK || !strings.Contains(f.Text, "no bucket") || strings.Contains(f.Text, "canary") {
				t.Errorf("no bucket: %+v", f)
			}
			secret := map[string]string{"s3": "ASSET_STORAGE_S3_SECRET_ACCESS_KEY", "supabase": "SUPABASE_SERVICE_ROLE_KEY"}[name]
			if f := look(t, append(env, secret+"=wrong-canary")...); f.OK || strings.Contains(f.Text, "canary") {
				t.Errorf("a wrong secret: %+v", f)
			}
		})
	}
	project := souktest.NewSupabase(t, nil)
	project.Public = true
	if f := look(t, project.Env()...); f.OK || !strings.Contains(f.Text, "public") {
		t.Errorf("a public bucket: %+v", f)
	}
	if f := look(t, "ASSET_STORAGE_BACKEND=none"); !f.OK {
		t.Errorf("none: %+v", f)
	}
}
