package api

import (
	"context"
	"net/http"
	"strings"

	"souk/internal/fault"
	"souk/internal/httpx"
	"souk/internal/identity"
)

// access is who may call a route. What of the shop's they then see is the domain's rule.
type access int

const (
	undecided access = iota
	public           // anybody, signed in or not
	signedIn         // a user
	seller           // a user that may sell
)

var security = map[access][]map[string][]string{
	public:   {},
	signedIn: {{"bearer": {}}, {"session": {}}},
	seller:   {{"bearer": {}}, {"session": {}}},
}

var (
	errNoCredentials = fault.New(fault.Unauthenticated, "unauthenticated", "Sign in, and send the session token as a bearer.")
	errAuthorization = fault.New(fault.Unauthenticated, "authorization_malformed", "The Authorization header must be: Bearer, one space, the token.")
)

type callerKey struct{}

// caller is the signed-in user of a request that admit let pass.
func caller(ctx context.Context) identity.Caller {
	c, _ := ctx.Value(callerKey{}).(identity.Caller)
	return c
}

func (a *API) admit(rule access, next http.Handler) http.Handler {
	if rule == public {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := a.authenticate(r)
		if err != nil {
			httpx.WriteProblem(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, c)))
	})
}

func (a *API) authenticate(r *http.Request) (identity.Caller, error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return identity.Caller{}, errNoCredentials
	}
	token, ok := strings.CutPrefix(header, "Bearer ")
	if !ok {
		return identity.Caller{}, errAuthorization
	}
	claims, err := a.Verify(r.Context(), token, false)
	if err != nil {
		return identity.Caller{}, err
	}
	return a.Identity.Caller(r.Context(), claims)
}
