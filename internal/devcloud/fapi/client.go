package fapi

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // the suffix of Clerk's cookies is defined with it
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"souk/internal/devcloud/clerk"
)

// client is a browser: what is signed in there, and what is on its way to be.
type client struct {
	ID         string
	Secret     string // SHA-256 of the cookie's value
	Sessions   []*session
	SignIn     *signIn
	SignUp     *signUp
	LastActive string // the id of a session
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// session is somebody signed in.
type session struct {
	ID, UserID   string
	VerifiedAt   time.Time // the first factor
	LastActiveAt time.Time
	ExpireAt     time.Time
	CreatedAt    time.Time
	UpdatedAt    time.Time
	Agent        string // the User-Agent
	Address      string // the IP address
}

const (
	clientCookie = "__client"     // and the suffix: at Clerk it is a cookie of the instance's own host, here ports share cookies
	updateCookie = "__client_uat" // when the client changed last, in seconds; 0: nobody is signed in
)

// newID is an id as Clerk's are.
func newID(prefix string) string { return prefix + "_" + rand.Text() }

func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// suffix ends the names of the cookies of one instance, as the SDK makes it of the publishable key.
func (s *Server) suffix() string {
	sum := sha1.Sum([]byte(s.o.PublishableKey)) //nolint:gosec // as above
	return "_" + base64.URLEncoding.EncodeToString(sum[:])[:8]
}

// browser is the client whose cookie came with the request, nil when there is none.
func (s *Server) browser(r *http.Request) *client {
	cookie, err := r.Cookie(clientCookie + s.suffix())
	if err != nil {
		return nil
	}
	id, secret, _ := strings.Cut(cookie.Value, ".")
	known := s.clients[id]
	if known == nil || known.Secret != digest(secret) {
		return nil
	}
	return known
}

// need is the browser's client, made when there is none.
func (c *call) need() *client {
	if c.client == nil {
		c.forgetOldest()
		secret := rand.Text()
		c.client = &client{ID: newID("client"), Secret: digest(secret), CreatedAt: c.now}
		c.clients[c.client.ID] = c.client
		http.SetCookie(c.w, &http.Cookie{
			Name: clientCookie + c.suffix(), Value: c.client.ID + "." + secret, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: 365 * 24 * 3600,
		})
	}
	c.changed(c.client)
	return c.client
}

// changed writes a client.
func (c *call) changed(one *client) {
	one.UpdatedAt = c.now
	c.keep("client", one.ID, one)
	if one == c.client {
		c.tellPage(one)
	}
}

// tellPage sets the cookies by which a page knows whether anybody is signed in, as Clerk does for a shop's domain in production.
func (c *call) tellPage(one *client) {
	value := "0"
	if len(one.Sessions) > 0 {
		value = fmt.Sprint(one.UpdatedAt.Unix())
	}
	header := c.w.Header()
	cookies := header["Set-Cookie"]
	header.Del("Set-Cookie")
	for _, set := range cookies {
		if !strings.HasPrefix(set, updateCookie) {
			header.Add("Set-Cookie", set)
		}
	}
	for _, name := range []string{updateCookie, updateCookie + c.suffix()} {
		http.SetCookie(c.w, &http.Cookie{Name: name, Value: value, Path: "/", SameSite: http.SameSiteLaxMode, MaxAge: 365 * 24 * 3600})
	}
}

// begin signs a user in at the browser, in place of whoever was.
func (c *call) begin(user clerk.User) *session {
	one := c.need()
	for len(one.Sessions) > 0 {
		c.finish(one, one.Sessions[0], "removed")
	}
	host, _, _ := net.SplitHostPort(c.r.RemoteAddr)
	agent := c.r.UserAgent()
	now := &session{
		ID: newID("sess"), UserID: user.ID, VerifiedAt: c.now, LastActiveAt: c.now, ExpireAt: c.now.Add(lifetime), CreatedAt: c.now, UpdatedAt: c.now,
		Agent: agent[:min(len(agent), maxText)], Address: host,
	}
	one.Sessions, one.LastActive = append(one.Sessions, now), now.ID
	c.changed(one)
	c.tell(one, now, "active", "created")
	return now
}

// tell announces to the shop what happened to a session. Whose user is gone meanwhile is signed out by the next call.
func (c *call) tell(one *client, s *session, status, event string) {
	err := c.in.SessionChanged(event, s.told(one, status, c.now))
	if err != nil {
		slog.Warn("the stand-in for Clerk did not tell of a session", "event", event, "err", err)
	}
}

// finish ends a session: ended, removed or revoked.
func (c *call) finish(one *client, ended *session, how string) {
	kept := one.Sessions[:0]
	for _, s := range one.Sessions {
		if s != ended {
			kept = append(kept, s)
		}
	}
	one.Sessions, one.LastActive = kept, ""
	if len(kept) > 0 {
		one.LastActive = kept[0].ID
	}
	c.changed(one)
	c.tell(one, ended, how, how)
}

// stands removes the sessions that ran out or whose users are gone, and says whether the one is left.
func (c *call) stands(one *client, s *session) bool {
	_, there := c.in.User(s.UserID)
	if there && c.now.Before(s.ExpireAt) {
		return true
	}
	c.finish(one, s, "ended")
	return false
}

func (c *call) clean() {
	if c.client == nil {
		return
	}
	for _, s := range append([]*session(nil), c.client.Sessions...) {
		c.stands(c.client, s)
	}
}

// session is the browser's session of that id.
func (c *call) session(id string) (*session, error) {
	if c.client != nil {
		for _, s := range c.client.Sessions {
			if s.ID == id && c.stands(c.client, s) {
				return s, nil
			}
		}
	}
	return nil, errSignedOut
}

// me is who asks, and in which session.
func (c *call) me() (clerk.User, *session, error) {
	id := c.form.Get("_clerk_session_id")
	if id == "" && c.client != nil {
		id = c.client.LastActive
	}
	s, err := c.session(id)
	if err != nil {
		return clerk.User{}, nil, err
	}
	user, ok := c.in.User(s.UserID)
	if !ok {
		return clerk.User{}, nil, errSignedOut
	}
	return user, s, nil
}

func (c *call) clientJSON() any {
	c.clean()
	if c.client == nil {
		return nil
	}
	one := c.client
	sessions := []any{}
	for _, s := range one.Sessions {
		sessions = append(sessions, c.sessionJSON(s))
	}
	body := map[string]any{
		"object": "client", "id": one.ID, "sessions": sessions, "sign_in": nil, "sign_up": nil, "last_active_session_id": clerk.OrNull(one.LastActive),
		"cookie_expires_at": nil, "captcha_bypass": false, "last_authentication_strategy": nil, "created_at": clerk.Milliseconds(one.CreatedAt), "updated_at": clerk.Milliseconds(one.UpdatedAt),
	}
	if one.SignIn != nil {
		body["sign_in"] = c.signInJSON(one.SignIn)
	}
	if one.SignUp != nil {
		body["sign_up"] = c.signUpJSON(one.SignUp)
	}
	return body
}

func (c *call) sessionJSON(s *session) map[string]any {
	user, _ := c.in.User(s.UserID)
	token, err := c.token(s)
	body := map[string]any{
		"object": "session", "id": s.ID, "status": "active", "expire_at": clerk.Milliseconds(s.ExpireAt), "abandon_at": clerk.Milliseconds(s.CreatedAt.Add(abandonment)),
		"last_active_at": clerk.Milliseconds(s.LastActiveAt), "last_active_organization_id": nil, "factor_verification_age": c.age(s), "actor": nil, "tasks": nil,
		"user": c.userJSON(user), "public_user_data": c.publicJSON(user), "last_active_token": nil, "created_at": clerk.Milliseconds(s.CreatedAt), "updated_at": clerk.Milliseconds(s.UpdatedAt),
	}
	if err == nil {
		body["last_active_token"] = map[string]any{"object": "token", "jwt": token}
	}
	return body
}

// age is how many minutes ago the factors were proved; there is no second one.
func (c *call) age(s *session) []int { return []int{int(c.now.Sub(s.VerifiedAt).Minutes()), -1} }

// token is a session token of version 2: https://clerk.com/docs/guides/sessions/session-tokens
func (c *call) token(s *session) (string, error) {
	claims := map[string]any{
		"v": 2, "jti": strings.ToLower(rand.Text()), "iss": c.o.Issuer, "azp": c.o.Origin, "sub": s.UserID, "sid": s.ID, "sts": "active", "fva": c.age(s),
		"iat": c.now.Unix(), "nbf": c.now.Unix() - 10, "exp": c.now.Unix() + 60,
	}
	plan, features := c.in.Access(s.UserID)
	if plan != "" {
		claims["pla"] = "u:" + plan
	}
	if len(features) > 0 {
		claims["fea"] = "u:" + strings.Join(features, ",u:")
	}
	return c.o.Sign(claims)
}

// SignInAs signs a user in at the browser that asks, without any proof, and says whether there is such a user. It is for the control
// page, whose visitors may do anything.
func (s *Server) SignInAs(w http.ResponseWriter, r *http.Request, userID string) (there bool, err error) {
	c := &call{r: r, w: w}
	err = s.do(c, func() {
		var user clerk.User
		if user, there = c.in.User(userID); there {
			c.client = s.browser(r)
			c.begin(user)
		}
	})
	return there, err
}

// Sweep ends the sessions that ran out or whose users are gone, and forgets what was begun and not done. Run does it again and again.
func (s *Server) Sweep() error {
	c := &call{}
	return s.do(c, func() {
		for _, one := range s.clients {
			for _, session := range slices.Clone(one.Sessions) {
				c.stands(one, session)
			}
		}
		for id, proof := range s.pending {
			if c.now.Sub(proof.ExpireAt) > graceOfProofs {
				c.settle(id)
			}
		}
		for id := range s.payers {
			if _, there := c.in.User(id); !there {
				delete(s.payers, id)
				s.keep("payer", id, nil)
			}
		}
	})
}

const (
	sweeps        = time.Minute // how long Run lets what is over be
	graceOfProofs = time.Hour   // for which who is late is told so
)

// Run sweeps until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	tick := time.NewTicker(sweeps)
	defer tick.Stop()
	for {
		if err := s.Sweep(); err != nil {
			slog.ErrorContext(ctx, "the stand-in for Clerk cannot be kept", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// SignedIn is a session of somebody.
type SignedIn struct {
	ID, UserID, Agent, Address string
	CreatedAt, LastActiveAt    time.Time
}

// Sessions are all that are active, the latest first.
func (s *Server) Sessions() (all []SignedIn) {
	s.active(func(_ *client, one *session) {
		all = append(all, SignedIn{one.ID, one.UserID, one.Agent, one.Address, one.CreatedAt, one.LastActiveAt})
	})
	slices.SortFunc(all, func(a, b SignedIn) int { return b.LastActiveAt.Compare(a.LastActiveAt) })
	return all
}

// Active are all sessions that are active, the newest first, as the Backend API tells of them.
func (s *Server) Active() (all []clerk.Session) {
	s.active(func(at *client, one *session) { all = append(all, one.told(at, "active", one.UpdatedAt)) })
	slices.SortFunc(all, func(a, b clerk.Session) int { return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.ID, b.ID)) })
	return all
}

func (s *Server) active(each func(*client, *session)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.o.Now()
	for _, at := range s.clients {
		for _, one := range at.Sessions {
			if _, there := s.o.Instance.User(one.UserID); there && now.Before(one.ExpireAt) {
				each(at, one)
			}
		}
	}
}

// Revoke ends a session wherever it is, for the Backend API, and says whether there was one.
func (s *Server) Revoke(id string) (revoked clerk.Session, there bool, err error) {
	c := &call{}
	err = s.do(c, func() {
		for _, one := range s.clients {
			n := slices.IndexFunc(one.Sessions, func(session *session) bool { return session.ID == id })
			if n >= 0 {
				ended := one.Sessions[n]
				c.finish(one, ended, "revoked")
				revoked, there = ended.told(one, "revoked", c.now), true
			}
		}
	})
	return revoked, there, err
}

func (s *session) told(one *client, status string, updated time.Time) clerk.Session {
	return clerk.Session{
		ID: s.ID, ClientID: one.ID, UserID: s.UserID, Status: status, CreatedAt: s.CreatedAt, UpdatedAt: updated, LastActiveAt: s.LastActiveAt,
		ExpireAt: s.ExpireAt, AbandonAt: s.CreatedAt.Add(abandonment),
	}
}
