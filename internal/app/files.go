package app

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"souk/internal/blob"
	"souk/internal/blob/local"
	"souk/internal/httpx"
)

// openFiles opens the storage of the files for sale. Closing it is Close's.
func (a *App) openFiles(now func() time.Time) (blob.Store, error) {
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
