package api

import (
	"context"
	"errors"
	"log/slog"
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
	errTwoUsers      = fault.New(fault.Unauthenticated, "two_users", "The session cookie and the bearer token are of different users.")
)

// sessionCookie is Clerk's. With a suffix (_ and a hash of the publishable key) it is of one Clerk instance; without, of the
// last one on this host that wrote it.
const sessionCookie = "__session"

// maxSessions bounds how many session cookies of one request are tried.
const maxSessions = 8

type callerKey struct{}

// admitted is a user with the token that said so, for a provider that decides by it too. The token goes nowhere else.
type admitted struct {
	identity.Caller
	token string
}

// caller is the signed-in user of a request that admit let pass.
func caller(ctx context.Context) identity.Caller {
	c, _ := ctx.Value(callerKey{}).(admitted)
	return c.Caller
}

// callersToken is the session token of a request that admit let pass, as it came.
func callersToken(ctx context.Context) string {
	c, _ := ctx.Value(callerKey{}).(admitted)
	return c.token
}

// customer is the caller's buyer account, made on first use.
func (a *API) customer(ctx context.Context) (identity.Customer, error) {
	return a.Identity.Customer(ctx, caller(ctx).Profile)
}

func (a *API) admit(rule access, next http.Handler) http.Handler {
	if rule == public {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := a.authenticate(w, r)
		if err == nil && rule == seller {
			err = a.Identity.MaySell(r.Context(), c.Caller)
		}
		if err != nil {
			logRejected(r, err)
			if fault.KindOf(err) == fault.Unauthenticated {
				if limited := a.Limits.BadSignIn.Take(w, r, a.address(r)); limited != nil {
					err = limited
				}
			}
			httpx.WriteProblem(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, c)))
	})
}

// authenticate finds the user of a request by its bearer, or else by its cookie; only the cookie, which a browser sends unasked,
// needs the proof that a page of the shop's sent the request.
func (a *API) authenticate(w http.ResponseWriter, r *http.Request) (admitted, error) {
	token, err := bearer(r)
	if err != nil {
		return admitted{}, err
	}
	cookie, claims, err := a.session(r)
	if token == "" {
		token = cookie
		if err == nil {
			err = a.CSRF.Guard(w, r, claims.Subject)
		}
	} else {
		cookieUser := claims.Subject
		claims, err = a.Verify(r.Context(), token, false)
		if err == nil && cookieUser != "" && cookieUser != claims.Subject {
			err = errTwoUsers
		}
	}
	if err != nil {
		return admitted{}, err
	}
	c, err := a.Identity.Caller(r.Context(), claims)
	return admitted{c, token}, err
}

// bearer is the token of the Authorization header, or "" without one.
func bearer(r *http.Request) (string, error) {
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		return "", nil
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if len(headers) > 1 || !strings.EqualFold(scheme, "Bearer") || token == "" || strings.ContainsAny(token, " \t,") {
		return "", errAuthorization
	}
	return token, nil
}

// session verifies the session cookies, those with a suffix first, and gives the first that is good, with its claims.
func (a *API) session(r *http.Request) (good string, claims identity.Claims, err error) {
	var tokens, plain []string
	for _, c := range r.Cookies() {
		if strings.HasPrefix(c.Name, sessionCookie+"_") {
			tokens = append(tokens, c.Value)
		} else if c.Name == sessionCookie {
			plain = append(plain, c.Value)
		}
	}
	tokens = append(tokens, plain...)
	err = errNoCredentials
	for i, token := range tokens[:min(len(tokens), maxSessions)] {
		claims, refused := a.Verify(r.Context(), token, true)
		if refused == nil {
			return token, claims, nil
		}
		if i == 0 {
			err = refused
		}
	}
	return "", identity.Claims{}, err
}

// logRejected notes why credentials were refused, by its code alone: no token, no name.
func logRejected(r *http.Request, err error) {
	var f *fault.Error
	kind := fault.KindOf(err)
	if kind != fault.Unauthenticated && kind != fault.Forbidden || !errors.As(err, &f) || f.Code == errNoCredentials.Code {
		return
	}
	slog.InfoContext(r.Context(), "auth.reject", "reason", f.Code)
}
