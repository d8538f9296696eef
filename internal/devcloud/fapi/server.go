// Package fapi is the Frontend API of the stand-in for Clerk: what its browser SDK asks for to sign people up and in, to keep their
// sessions, and to show them their account and their plans. Who the users are, and what they pay, it leaves to the instance
// (package clerk); it keeps who is signed in where. It is a stranger to the shop, as Clerk is.
//
// The calls and their forms are those that @clerk/clerk-js 6.34.1 and @clerk/ui 1.34.0 make; docs/devcloud.md lists what is left out.
package fapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"souk/internal/devcloud/clerk"
	"souk/internal/devcloud/store"
)

// Prefix is the path of the Frontend API on the shop's own listener, which is the proxyUrl of the SDK; /v1 follows.
const Prefix = "/__clerk"

// Options of a Server. All but Store and Mail are needed.
type Options struct {
	Instance *clerk.Instance
	Store    *store.Store // the one in which the instance keeps, too; nil: nothing is kept

	Origin         string // the shop's, which alone may ask; the azp claim
	Issuer         string // the iss claim
	PublishableKey string // of the SDK; part of its cookies' names
	Application    string // what the SDK calls the shop

	// Sign makes a session token of claims.
	Sign func(claims map[string]any) (string, error)
	// UserID is the id that somebody gets who signs up with an address, if it is free.
	UserID func(email string) string
	// Mail sends a message to whoever signs up or in; nil: nobody is told a code, and all use Code.
	Mail func(ctx context.Context, to, subject, text string) error
	Now  func() time.Time // the real time, whatever the time of the instance's billing is
}

// Server answers the Frontend API. Safe for concurrent use.
type Server struct {
	o      Options
	routes *http.ServeMux

	mu      sync.Mutex
	clients map[string]*client       // by id
	pending map[string]*verification // of addresses that signed-in users add, by the address' id
	payers  map[string]*payer        // by user id
	dirty   map[store.Key]any
}

// Open reads what the store has, and serves it.
func Open(ctx context.Context, o Options) (*Server, error) {
	s := &Server{
		o: o, routes: http.NewServeMux(), dirty: map[store.Key]any{},
		clients: map[string]*client{}, pending: map[string]*verification{}, payers: map[string]*payer{},
	}
	s.accountRoutes()
	s.billingRoutes()
	s.routes.HandleFunc("GET "+Prefix+"/avatars/{user}", s.avatar)
	o.Instance.AfterDeletion(func() {
		if err := s.Sweep(); err != nil {
			slog.Error("the stand-in for Clerk cannot be kept", "err", err)
		}
	})
	if o.Store == nil {
		return s, nil
	}
	return s, errors.Join(
		store.Read(ctx, o.Store, "client", s.clients), store.Read(ctx, o.Store, "pending", s.pending), store.Read(ctx, o.Store, "payer", s.payers),
	)
}

// keep writes an object when the call ends; nil forgets it.
func (s *Server) keep(kind, id string, object any) { s.dirty[store.Key{Kind: kind, ID: id}] = object }

// do is one change of who is signed in, and of the instance: both are kept, or neither. c needs no instance and no time before.
func (s *Server) do(c *call, what func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.o.Instance.Together(func(within *clerk.Instance) map[store.Key]any {
		c.Server, c.in, c.now = s, within, s.o.Now()
		what()
		return s.dirty
	})
	if err == nil {
		clear(s.dirty) // what could not be kept is tried again with the next call
	}
	return err
}

// Handler serves everything under Prefix + /v1, and the pictures of users.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		if method := r.URL.Query().Get("_method"); method != "" && r.Method == http.MethodPost {
			r.Method = method // as the SDK does, so that browsers ask nobody first
		}
		if r.URL.Path != Prefix+"/v1/" { // which the mux would add again
			r.URL.Path = strings.TrimSuffix(r.URL.Path, "/") // the SDK adds an address at /me/email_addresses/
		}
		s.routes.ServeHTTP(w, r)
	})
}

const (
	maxBody    = 64 << 10
	maxText    = 250    // characters of a field
	maxClients = 10_000 // the oldest is forgotten
	maxOwn     = 20     // addresses of a user

	lifetime    = 7 * 24 * time.Hour // of a session
	abandonment = 30 * 24 * time.Hour
)

// call is one request, while the server's lock is held.
type call struct {
	*Server
	r      *http.Request // nil: nobody asked, time has passed
	w      http.ResponseWriter
	form   url.Values // of the body and the query
	in     *clerk.Instance
	now    time.Time
	client *client // nil: the browser has none yet
	mails  []letter
}

// problem is an error in Clerk's form: https://clerk.com/docs/guides/development/errors/frontend-api
type problem struct {
	status        int
	code, message string
	param         string // the form's field; empty: none
}

func (p *problem) Error() string { return p.code + ": " + p.message }

var (
	errSignedOut = &problem{http.StatusUnauthorized, "authentication_invalid", "You are signed out.", ""}
	errMissing   = &problem{http.StatusNotFound, "resource_not_found", "There is no such thing.", ""}
)

func unprocessable(code, message, param string) *problem {
	return &problem{http.StatusUnprocessableEntity, code, message, param}
}

// bare is an answer without the envelope of response and client.
type bare struct{ body any }

// handle serves a pattern such as "POST /client/sign_ins".
func (s *Server) handle(pattern string, answer func(c *call) (any, error)) {
	method, path, _ := strings.Cut(pattern, " ")
	s.routes.HandleFunc(method+" "+Prefix+"/v1"+path, func(w http.ResponseWriter, r *http.Request) {
		body, err := s.answer(w, r, answer)
		status := http.StatusOK
		if err != nil {
			status, body = refusal(r, err)
		}
		writeJSON(w, status, body)
	})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, answer func(c *call) (any, error)) (any, error) {
	if origin := r.Header.Get("Origin"); origin != "" && origin != s.o.Origin || slices.Contains([]string{"cross-site", "same-site"}, r.Header.Get("Sec-Fetch-Site")) {
		return nil, &problem{http.StatusForbidden, "origin_invalid", "Only the pages of the shop itself may ask this.", ""}
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, &problem{http.StatusRequestEntityTooLarge, "request_body_invalid", fmt.Sprintf("The body is larger than %d bytes.", maxBody), ""}
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, unprocessable("request_body_invalid", "The body is no form.", "")
	}
	for name, values := range r.URL.Query() {
		form[name] = append(form[name], values...)
	}
	for name, values := range form {
		for _, value := range values {
			if name != "redirect_url" && utf8.RuneCountInString(value) > maxText {
				return nil, unprocessable("form_param_max_length_exceeded", fmt.Sprintf("At most %d characters are allowed.", maxText), name)
			}
		}
	}

	var body any
	var failed error
	c := &call{r: r, w: w, form: form}
	err = s.do(c, func() {
		c.client = s.browser(r)
		var response any
		response, failed = answer(c)
		if b, ok := response.(bare); ok {
			body = b.body
		} else if failed == nil {
			body = map[string]any{"response": response, "client": c.clientJSON()}
		}
	})
	if err != nil {
		return nil, err
	}
	for _, one := range c.mails { // a slow mail server lets nobody else wait
		s.mail(r.Context(), one)
	}
	return body, failed
}

func refusal(r *http.Request, err error) (status int, body any) {
	var p *problem
	if !errors.As(err, &p) {
		slog.ErrorContext(r.Context(), "the Frontend API of the stand-in for Clerk failed", "path", r.URL.Path, "err", err)
		p = &problem{http.StatusInternalServerError, "internal_clerk_error", "Something failed in the stand-in; its log says what.", ""}
	}
	return p.status, clerk.Errors(p.code, p.message, p.param)
}

// text is a field without the white space around it.
func (c *call) text(name string) string { return strings.TrimSpace(c.form.Get(name)) }

// listed is a list in the form that most lists have.
func listed[T any](some []T) map[string]any {
	if some == nil {
		some = []T{}
	}
	return map[string]any{"data": some, "total_count": len(some)}
}

// cut is the part of a list that limit (10 unless given, at most 100) and offset ask for, and how long the whole is.
func cut[T any](c *call, all []T) map[string]any {
	limit, offset := c.number("limit", 10, 1, 100), c.number("offset", 0, 0, len(all))
	body := listed(all[min(offset, len(all)):min(offset+limit, len(all))])
	body["total_count"] = len(all)
	return body
}

func (c *call) number(name string, otherwise, least, most int) int {
	n := 0
	if _, err := fmt.Sscanf(c.form.Get(name), "%d", &n); err != nil {
		n = otherwise
	}
	return max(least, min(n, most))
}

// forgetOldest keeps the number of clients within bounds.
func (s *Server) forgetOldest() {
	if len(s.clients) < maxClients {
		return
	}
	ids := make([]string, 0, len(s.clients))
	for id := range s.clients {
		ids = append(ids, id)
	}
	oldest := slices.MinFunc(ids, func(a, b string) int { return s.clients[a].UpdatedAt.Compare(s.clients[b].UpdatedAt) })
	delete(s.clients, oldest)
	s.keep("client", oldest, nil)
}
