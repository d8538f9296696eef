package app

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"souk/internal/blob"
	"souk/internal/blob/local"
	"souk/internal/blob/s3"
	"souk/internal/blob/supabase"
	"souk/internal/config"
	"souk/internal/httpx"
)

// openFiles opens the storage of the files for sale. Closing it is Close's.
func (a *App) openFiles(now func() time.Time) (blob.Store, error) {
	if remote, closeIdle := openBucket(a.Config, now); remote != nil {
		a.closeBucket = closeIdle
		return remote, nil
	}
	if a.Config.Storage.Backend == "none" {
		return blob.None{}, nil
	}
	secrets := []string{a.Config.SecretKey.Reveal()}
	if old := a.Config.OldSecretKey; old != "" {
		secrets = append(secrets, old.Reveal())
	}
	var err error
	a.files, err = local.Open(local.Options{
		Dir: filepath.Join(a.Config.DataDir, "files"), Origin: a.Config.PublicURL, Secrets: secrets, Now: now,
	})
	return a.files, err
}

// bucket is a storage at a provider's.
type bucket interface {
	blob.Store
	Check(ctx context.Context) error // nil when the bucket can be used
}

// openBucket gives the storage at a provider's that is configured, or nil. Nothing is asked yet.
func openBucket(cfg *config.Config, now func() time.Time) (b bucket, closeIdle func()) {
	s := cfg.Storage
	switch s.Backend {
	case "supabase":
		client, closeIdle := httpx.PatientOutbound()
		return supabase.New(supabase.Options{
			URL: cfg.Supabase.URL, Bucket: s.Bucket, ServiceRoleKey: cfg.Supabase.ServiceRoleKey.Reveal(), Client: client,
		}), closeIdle
	case "s3":
		client, closeIdle := httpx.PatientOutbound()
		return s3.New(s3.Options{
			Bucket: s.Bucket, Endpoint: s.S3.EndpointURL, Region: s.S3.Region, AccessKeyID: s.S3.AccessKeyID,
			SecretAccessKey: s.S3.SecretAccessKey.Reveal(), Client: client, Now: now,
		}), closeIdle
	}
	return nil, nil
}

// withFiles serves the addresses that the local storage signed, beside the API. allow is asked whether a grant stands.
func (a *App) withFiles(api http.Handler, allow func(ctx context.Context, grant string) error) http.Handler {
	if a.files == nil {
		return api
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, local.Prefix) {
			api.ServeHTTP(w, r)
			return
		}
		httpx.NameRoute(r, local.Prefix+"{key}")
		if err := a.files.Serve(w, r, allow); err != nil {
			httpx.WriteProblem(w, r, err)
		}
	})
}

// movesFile says that a request carries a whole file, up or down.
func movesFile(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, local.Prefix) || r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/content/")
}
