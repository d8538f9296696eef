package devcloud

import (
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"souk/internal/devcloud/fapi"
)

// Frontend is the Frontend API of the stand-in for Clerk.
type Frontend struct {
	*fapi.Server
	backend *Backend
}

// OpenFrontend opens the Frontend API beside an issuer and a backend, with what it keeps in the file of that. mail sends the codes.
func OpenFrontend(ctx context.Context, issuer *Issuer, backend *Backend, shop string, mail func(ctx context.Context, to, subject, text string) error) (*Frontend, error) {
	server, err := fapi.Open(ctx, fapi.Options{
		Instance: backend.Instance, Store: backend.store, Origin: issuer.origin, Issuer: issuer.URL, PublishableKey: PublishableKey(issuer.origin), Application: shop,
		Sign: issuer.Sign, UserID: UserID, Mail: mail, Now: time.Now,
	})
	if err != nil {
		return nil, fmt.Errorf("the stand-in for Clerk: %w", err)
	}
	backend.api.ServeSessions(server)
	return &Frontend{server, backend}, nil
}

// PublishableKey is the key of the stand-in for the browser's SDK. It names a host that nobody asks, one for each port, since the
// names of the SDK's cookies depend on the key, and ports share cookies.
func PublishableKey(origin string) string {
	port := "80"
	if u, err := url.Parse(origin); err == nil && u.Port() != "" {
		port = u.Port()
	}
	return "pk_live_" + base64.RawStdEncoding.EncodeToString([]byte("clerk.port-"+port+".example.test$"))
}

// Handler serves the Frontend API under Prefix, to this machine only.
func (f *Frontend) Handler() http.Handler {
	api := f.Server.Handler()
	return Local(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := f.backend.Admit(); err != nil {
			slog.ErrorContext(r.Context(), "the stand-in for Clerk cannot read its people", "err", err)
		}
		api.ServeHTTP(w, r)
	}))
}
