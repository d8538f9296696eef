package stripe

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"souk/internal/httpx"
)

const (
	maxBody = 256 << 10
	maxKey  = 255       // characters of an idempotency key
	keyLife = 24 * 3600 // seconds
)

// refusal is an answer of the API that is an error: https://docs.stripe.com/api/errors.
type refusal struct {
	Status  int    `json:"-"`
	Type    string `json:"type"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message"`
	Param   string `json:"param,omitempty"`
	// Began says that the parameters were good, and the state of things was not: the same key gets the same refusal again.
	Began bool `json:"-"`
}

func (r *refusal) Error() string { return r.Message }

// invalid refuses parameters.
func invalid(code, param, format string, args ...any) *refusal {
	return &refusal{Status: 400, Type: "invalid_request_error", Code: code, Message: fmt.Sprintf(format, args...), Param: param}
}

// refused refuses what is not possible now.
func refused(code, param, format string, args ...any) *refusal {
	r := invalid(code, param, format, args...)
	r.Began = true
	return r
}

func missing(what, param, id string) *refusal {
	r := invalid("resource_missing", param, "No such %s: '%s'", what, short(id))
	r.Status = 404
	return r
}

// object is JSON of Stripe's.
type object map[string]any

// call is a request to the API with its parameters.
type call struct {
	*Stripe
	*form
	path, id string // id: that of the path
}

// asker is who caused an event: a request to the API. The zero value is nobody's.
type asker struct{ ID, Key string }

func (s *Stripe) apiRoutes(mux *http.ServeMux) {
	for _, op := range []struct {
		pattern string
		do      func(c *call) (any, error)
	}{
		{"POST /v1/checkout/sessions", createSession},
		{"GET /v1/checkout/sessions", listSessions},
		{"GET /v1/checkout/sessions/{id}", getSession},
		{"GET /v1/checkout/sessions/{id}/line_items", listLines},
		{"POST /v1/checkout/sessions/{id}/expire", expireSession},
		{"GET /v1/payment_intents", listIntents},
		{"GET /v1/payment_intents/{id}", getIntent},
		{"GET /v1/charges", listCharges},
		{"GET /v1/charges/{id}", getCharge},
		{"POST /v1/refunds", createRefund},
		{"GET /v1/refunds", listRefunds},
		{"GET /v1/refunds/{id}", getRefund},
		{"GET /v1/disputes", listDisputes},
		{"GET /v1/disputes/{id}", getDispute},
		{"GET /v1/events", listEvents},
		{"GET /v1/events/{id}", getEvent},
	} {
		mux.HandleFunc(op.pattern, func(w http.ResponseWriter, r *http.Request) {
			_, route, _ := strings.Cut(op.pattern, " ")
			httpx.NameRoute(r, route)
			s.serve(w, r, op.do)
		})
	}
	mux.HandleFunc(APIPrefix+"/", func(w http.ResponseWriter, r *http.Request) {
		s.serve(w, r, func(*call) (any, error) {
			e := invalid("", "", "Unrecognized request URL (%s: %s). The stand-in has what a shop needs that sells once.", r.Method, r.URL.Path)
			e.Status = 404
			return nil, e
		})
	})
}

// serve answers a request to the API.
func (s *Stripe) serve(w http.ResponseWriter, r *http.Request, do func(c *call) (any, error)) {
	by := asker{newID("req"), r.Header.Get("Idempotency-Key")}
	header := w.Header()
	header.Set("Request-Id", by.ID)
	header.Set("Stripe-Version", APIVersion)
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-store")
	status, broken := s.nextBreakage(r.URL.Path)
	if broken && status != 0 {
		w.WriteHeader(status)
		_, _ = w.Write(failure(&refusal{Type: "api_error", Message: "An error that was asked for."})) // the client may be gone
		return
	}
	status, body, err := s.answer(w, r, by, do)
	if refusal := (*refusal)(nil); errors.As(err, &refusal) {
		status, body = refusal.Status, failure(refusal)
	} else if err != nil {
		slog.ErrorContext(r.Context(), "the stand-in for Stripe failed", "err", err)
		status, body = 500, failure(&outage)
	}
	if broken { // done, and the answer is lost
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone
}

var outage = refusal{Type: "api_error", Message: "The stand-in for Stripe failed. Its log says why."}

func failure(r *refusal) []byte {
	body, err := json.Marshal(map[string]*refusal{"error": r})
	if err != nil {
		panic(err) // texts
	}
	return body
}

// answer does what is asked for, with the state held. A POST under a key that comes again is answered as it was first
// (https://docs.stripe.com/api/idempotent_requests); its answer is kept together with what it did.
func (s *Stripe) answer(w http.ResponseWriter, r *http.Request, by asker, do func(c *call) (any, error)) (status int, body []byte, err error) {
	if err := s.admit(r); err != nil {
		return 0, nil, err
	}
	f, err := readForm(w, r)
	if err != nil {
		return 0, nil, err
	}
	if r.Method != http.MethodPost {
		by.Key = ""
	}
	if len(by.Key) > maxKey {
		return 0, nil, &refusal{Status: 400, Type: "idempotency_error", Message: fmt.Sprintf("Idempotency keys have at most %d characters.", maxKey)}
	}
	if _, runs := s.running.LoadOrStore(by.Key, true); runs && by.Key != "" {
		return 0, nil, &refusal{
			Status: 409, Type: "idempotency_error", Code: "idempotency_key_in_use",
			Message: "There is currently another in-progress request using this Idempotent Key: " + short(by.Key),
		}
	}
	defer s.running.Delete(by.Key)
	request := fingerprint(r, f)
	err = s.change(r.Context(), func() error {
		s.by = by
		defer func() { s.by = asker{} }()
		if there := s.state.Keys[by.Key]; there != nil {
			if there.Request != request {
				return &refusal{
					Status: 400, Type: "idempotency_error", Message: "Keys for idempotent requests can only be used with the same parameters they were " +
						"first used with. Try using a key other than '" + short(by.Key) + "' if you meant to execute a different request.",
				}
			}
			w.Header().Set("Idempotent-Replayed", "true")
			status, body = there.Status, there.Body
			return nil
		}
		status = 200
		body, err = perform(&call{s, f, r.URL.Path, r.PathValue("id")}, do)
		if refusal := (*refusal)(nil); errors.As(err, &refusal) && refusal.Began {
			status, body, err = refusal.Status, failure(refusal), nil
		}
		if err == nil && by.Key != "" {
			s.state.put(&stored{Key: by.Key, Request: request, Status: status, Body: body, Created: unix(s.o.Now())})
		}
		return err
	})
	return status, body, err
}

// perform answers a call with JSON. What the parameters say is judged before anything is done.
func perform(c *call, do func(c *call) (any, error)) ([]byte, error) {
	paths := c.texts("expand", 200)
	result, err := do(c)
	if err == nil {
		err = c.done()
	}
	if err == nil {
		err = c.expand(result, paths)
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(result)
}

// admit checks the key and the version of a request.
func (s *Stripe) admit(r *http.Request) error {
	key, _, ok := r.BasicAuth()
	if !ok {
		key, _ = strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	}
	unauthorized := invalid("", "", "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth.")
	unauthorized.Status = 401
	switch version := r.Header.Get("Stripe-Version"); {
	case key == "":
		return unauthorized
	case subtle.ConstantTimeCompare([]byte(key), []byte(s.SecretKey())) != 1:
		unauthorized.Message = "Invalid API Key provided: " + strings.Repeat("*", 8) + key[max(0, len(key)-4):]
		return unauthorized
	case version != "" && version != APIVersion:
		return invalid("", "", "The stand-in speaks version %s of the API, not %s.", APIVersion, short(version))
	}
	return nil
}

func readForm(w http.ResponseWriter, r *http.Request) (*form, error) {
	sent, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, invalid("", "", "The query cannot be read.")
	}
	if r.Method != http.MethodPost {
		return newForm(sent), nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, invalid("", "", "The body cannot be read, or is longer than %d bytes.", maxBody)
	}
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if len(body) > 0 && strings.TrimSpace(kind) != "application/x-www-form-urlencoded" {
		return nil, invalid("", "", "The body must be application/x-www-form-urlencoded, not %s.", short(kind))
	}
	fields, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, invalid("", "", "The body is not form-encoded.")
	}
	for name, values := range fields {
		sent[name] = append(sent[name], values...)
	}
	return newForm(sent), nil
}

func fingerprint(r *http.Request, f *form) string {
	text, err := json.Marshal([]any{r.Method, r.URL.Path, f.values})
	if err != nil {
		panic(err) // texts
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// listed answers a page of a list, newest first: https://docs.stripe.com/api/pagination. Those that keep drops are not in it.
func listed[T any](c *call, what string, all []T, id func(T) string, created func(T) int64, keep func(T) bool, wire func(T) object) (any, error) {
	limit, after, before := int(c.number("limit", 1, 100, 10)), c.text("starting_after", 200), c.text("ending_before", 200)
	from, to := c.span()
	if after != "" && before != "" {
		c.wrong(invalid("", "starting_after", "You cannot use both starting_after and ending_before."))
	}
	if err := c.done(); err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(v T) bool { return created(v) < from || created(v) > to || !keep(v) })
	more := false
	at := func(param, which string) (int, error) {
		n := slices.IndexFunc(all, func(v T) bool { return id(v) == which })
		if n < 0 {
			return 0, missing(what, param, which)
		}
		return n, nil
	}
	switch {
	case after != "":
		n, err := at("starting_after", after)
		if err != nil {
			return nil, err
		}
		all = all[n+1:]
	case before != "":
		n, err := at("ending_before", before)
		if err != nil {
			return nil, err
		}
		more = n > limit
		all = all[max(0, n-limit):n]
	}
	more = more || len(all) > limit
	data := []any{}
	for _, v := range all[:min(limit, len(all))] {
		data = append(data, wire(v))
	}
	return object{"object": "list", "url": c.path, "has_more": more, "data": data}, nil
}
