package stripe

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	maxBody      = 256 << 10
	defaultLimit = 10
	maxLimit     = 100
)

// refusal is an answer of the API that is an error: https://docs.stripe.com/api/errors.
type refusal struct {
	Status  int    `json:"-"`
	Type    string `json:"type"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message"`
	Param   string `json:"param,omitempty"`
}

func (r *refusal) Error() string { return r.Message }

func invalid(code, param, format string, args ...any) *refusal {
	return &refusal{400, "invalid_request_error", code, fmt.Sprintf(format, args...), param}
}

func missing(what, id string) *refusal {
	return &refusal{404, "invalid_request_error", "resource_missing", fmt.Sprintf("No such %s: '%s'", what, id), "id"}
}

// object is JSON of Stripe's.
type object map[string]any

// call is a request to the API with its parameters.
type call struct {
	*Stripe
	r    *http.Request
	form url.Values
}

// breakage is what is to go wrong with the next requests.
type breakage struct {
	left, status int
	path         string // that the request's must contain
}

// FailNext has the API answer the next n requests whose path contains part with a status, without doing anything; status 0: it does
// what is asked, and the answer gets lost.
func (s *Stripe) FailNext(part string, n, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = append(s.broken, breakage{n, status, part})
}

// Heal ends what FailNext asked for.
func (s *Stripe) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = nil
}

func (s *Stripe) nextBreakage(path string) (status int, broken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := range s.broken {
		if b := &s.broken[n]; b.left > 0 && strings.Contains(path, b.path) {
			b.left--
			return b.status, true
		}
	}
	return 0, false
}

// serveAPI does what all requests to the API share: the key, the form, the idempotency key, and what is to go wrong.
func (s *Stripe) serveAPI(w http.ResponseWriter, r *http.Request, mux *http.ServeMux) {
	w.Header().Set("Request-Id", newID("req"))
	w.Header().Set("Stripe-Version", APIVersion)
	if !s.mayCall(r) {
		answer(w, 401, object{"error": refusal{Type: "invalid_request_error", Message: "Invalid API Key provided"}})
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || len(body) > maxBody {
		answer(w, 400, object{"error": refusal{Type: "invalid_request_error", Message: "The request cannot be read"}})
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	status, broken := s.nextBreakage(r.URL.Path)
	if broken && status != 0 {
		answer(w, status, object{"error": refusal{Type: "api_error", Message: "An error that was asked for"}})
		return
	}
	recorded := &recorder{header: http.Header{}, status: 200}
	s.once(recorded, r, body, mux)
	if broken { // done, and the answer is lost
		panic(http.ErrAbortHandler)
	}
	for name, values := range recorded.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(recorded.status)
	_, _ = w.Write(recorded.body.Bytes()) // the client may be gone
}

func (s *Stripe) mayCall(r *http.Request) bool {
	key, _, ok := r.BasicAuth()
	if !ok {
		key, ok = strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	}
	return ok && subtle.ConstantTimeCompare([]byte(key), []byte(s.SecretKey())) == 1
}

type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

// once answers a request that comes again under its key as it was answered first: https://docs.stripe.com/api/idempotent_requests.
func (s *Stripe) once(w *recorder, r *http.Request, body []byte, mux *http.ServeMux) {
	key := r.Header.Get("Idempotency-Key")
	if key == "" || r.Method != http.MethodPost {
		mux.ServeHTTP(w, r)
		return
	}
	lock := s.keyLock(key)
	if !lock.TryLock() {
		answer(w, 409, object{"error": refusal{Type: "idempotency_error", Code: "idempotency_key_in_use", Message: "There is currently another in-progress request using this Idempotent Key"}})
		return
	}
	defer lock.Unlock()
	request := r.Method + " " + r.URL.Path + " " + string(body)
	s.mu.Lock()
	s.tick()
	there := s.state.Keys[key]
	s.mu.Unlock()
	switch {
	case there != nil && there.Request != request:
		answer(w, 400, object{"error": refusal{Type: "idempotency_error", Message: "Keys for idempotent requests can only be used with the same parameters they were first used with."}})
		return
	case there != nil:
		w.header.Set("Idempotent-Replayed", "true")
		w.status = there.Status
		_, _ = w.Write(there.Body)
		return
	}
	r = r.WithContext(withKey(r.Context(), &stored{Key: key, Request: request, Created: unix(s.o.Now())}))
	mux.ServeHTTP(w, r)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may be gone
}

var (
	index   = regexp.MustCompile(`\[\d*\]`)
	ofMeta  = regexp.MustCompile(`metadata(\]?)\[[^\]]*\]`)
	badMeta = regexp.MustCompile(`[\[\]]`)
)

// operation is a route of the API.
type operation struct {
	pattern string
	allowed []string // parameters; [] stands for an index, metadata[] for an entry
	numbers []string // those of them that are integers
	do      func(c *call) (any, error)
}

func (s *Stripe) apiRoutes(mux *http.ServeMux) {
	created := []string{"created", "created[gt]", "created[gte]", "created[lt]", "created[lte]"}
	list := append([]string{"limit", "starting_after", "ending_before", "expand[]"}, created...)
	listNumbers := append([]string{"limit"}, created...)
	for _, op := range []operation{
		{"POST /v1/checkout/sessions", sessionParams, sessionNumbers, createSession},
		{"GET /v1/checkout/sessions", append([]string{"payment_intent", "status"}, list...), listNumbers, listSessions},
		{"GET /v1/checkout/sessions/{id}", []string{"expand[]"}, nil, getSession},
		{"POST /v1/checkout/sessions/{id}/expire", []string{"expand[]"}, nil, expireSession},
		{"GET /v1/payment_intents/{id}", []string{"expand[]"}, nil, getIntent},
		{"GET /v1/charges/{id}", []string{"expand[]"}, nil, getCharge},
		{"POST /v1/refunds", []string{"payment_intent", "charge", "amount", "reason", "metadata[]", "expand[]"}, []string{"amount"}, createRefund},
		{"GET /v1/refunds", append([]string{"payment_intent", "charge"}, list...), listNumbers, listRefunds},
		{"GET /v1/refunds/{id}", []string{"expand[]"}, nil, getRefund},
		{"GET /v1/disputes", append([]string{"payment_intent", "charge"}, list...), listNumbers, listDisputes},
		{"GET /v1/disputes/{id}", []string{"expand[]"}, nil, getDispute},
		{"GET /v1/events", append([]string{"type", "types[]"}, list...), listNumbers, listEvents},
		{"GET /v1/events/{id}", []string{"expand[]"}, nil, getEvent},
	} {
		method, path, _ := strings.Cut(op.pattern, " ")
		mux.HandleFunc(method+" "+path, func(w http.ResponseWriter, r *http.Request) { s.operate(w, r, op) })
	}
	mux.HandleFunc(APIPrefix+"/", func(w http.ResponseWriter, r *http.Request) {
		answer(w, 404, object{"error": refusal{Type: "invalid_request_error", Message: "Unrecognized request URL (" + r.Method + ": " + r.URL.Path + ")."}})
	})
}

func (s *Stripe) operate(w http.ResponseWriter, r *http.Request, op operation) {
	if err := r.ParseForm(); err != nil {
		answer(w, 400, object{"error": refusal{Type: "invalid_request_error", Message: "The parameters cannot be read"}})
		return
	}
	c := &call{Stripe: s, r: r, form: r.Form}
	var result any
	err := s.change(r.Context(), func() (err error) {
		if err = c.check(op); err == nil {
			result, err = op.do(c)
		}
		if k := keyOf(r.Context()); k != nil && err == nil {
			if k.Body, err = json.Marshal(result); err == nil {
				k.Status = 200
				s.state.put(k)
			}
		}
		return err
	})
	switch refused := (*refusal)(nil); {
	case err == nil:
		answer(w, 200, result)
	case asRefusal(err, &refused):
		answer(w, refused.Status, object{"error": refused})
	default:
		answer(w, 500, object{"error": refusal{Type: "api_error", Message: err.Error()}})
	}
}

// check refuses parameters that the operation does not have, or of another type.
func (c *call) check(op operation) error {
	for name, values := range c.form {
		general := ofMeta.ReplaceAllString(name, "metadata$1[]")
		general = index.ReplaceAllString(general, "[]")
		if !slices.Contains(op.allowed, general) {
			return invalid("parameter_unknown", name, "Received unknown parameter: %s", name)
		}
		if slices.Contains(op.numbers, general) {
			if _, err := strconv.ParseInt(values[0], 10, 64); err != nil {
				return invalid("parameter_invalid_integer", name, "Invalid integer: %s", values[0])
			}
		}
	}
	return nil
}

func (c *call) text(name string) string { return c.form.Get(name) }

func (c *call) number(name string) int64 {
	n, _ := strconv.ParseInt(c.form.Get(name), 10, 64) // checked before
	return n
}

// metadata reads the entries under a name.
func (c *call) metadata(name string) (map[string]string, error) {
	entries := map[string]string{}
	for param, values := range c.form {
		key, ok := strings.CutPrefix(param, name+"[")
		if key, ok = strings.CutSuffix(key, "]"); !ok || !strings.HasPrefix(param, name+"[") {
			continue
		}
		if len(key) > 40 || len(values[0]) > 500 || badMeta.MatchString(key) {
			return nil, invalid("", param, "Metadata keys have at most 40 characters and no square brackets, values at most 500")
		}
		entries[key] = values[0]
	}
	if len(entries) > 50 {
		return nil, invalid("", name, "Metadata has at most 50 keys")
	}
	return entries, nil
}

func (c *call) expands(path string) bool {
	for name, values := range c.form {
		if strings.HasPrefix(name, "expand[") && slices.Contains(values, path) {
			return true
		}
	}
	return false
}

// page is a list as the API answers it: https://docs.stripe.com/api/pagination.
func page[T any](c *call, all []T, id func(T) string, created func(T) int64, wire func(T) any) (any, error) {
	limit := defaultLimit
	if c.form.Has("limit") {
		if limit = int(c.number("limit")); limit < 1 || limit > maxLimit {
			return nil, invalid("parameter_invalid_integer", "limit", "Invalid limit: must be 1 to %d", maxLimit)
		}
	}
	all = slices.DeleteFunc(all, func(v T) bool {
		at := created(v)
		return c.form.Has("created") && at != c.number("created") || c.form.Has("created[gt]") && at <= c.number("created[gt]") ||
			c.form.Has("created[gte]") && at < c.number("created[gte]") || c.form.Has("created[lt]") && at >= c.number("created[lt]") ||
			c.form.Has("created[lte]") && at > c.number("created[lte]")
	})
	at := func(name string) int {
		return slices.IndexFunc(all, func(v T) bool { return id(v) == c.text(name) })
	}
	switch {
	case c.form.Has("starting_after"):
		n := at("starting_after")
		if n < 0 {
			return nil, missing("object", c.text("starting_after"))
		}
		all = all[n+1:]
	case c.form.Has("ending_before"):
		n := at("ending_before")
		if n < 0 {
			return nil, missing("object", c.text("ending_before"))
		}
		all = all[max(0, n-limit):n]
	}
	more := len(all) > limit
	data := []any{}
	for _, v := range all[:min(limit, len(all))] {
		data = append(data, wire(v))
	}
	return object{"object": "list", "url": c.r.URL.Path, "has_more": more, "data": data}, nil
}
