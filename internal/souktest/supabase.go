package souktest

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Supabase stands in for a Supabase project: the part of its Storage and of its REST API that a shop uses. It refuses what
// the real one refuses, and keeps what it was asked.
type Supabase struct {
	URL            string
	AnonKey        string
	ServiceRoleKey string
	Bucket         string
	Public         bool // the bucket
	MaxBytes       int64
	Rows           []map[string]any // of the profiles table; row-level security shows a caller those with their clerk_user_id
	Now            func() time.Time

	dir     string
	clerk   *Clerk
	mu      sync.Mutex
	objects map[string]object
	tokens  map[string]signed
	asked   []Asked
	answer  http.HandlerFunc
}

type object struct {
	file, media string
	size        int64
	at          time.Time
}

type signed struct {
	object  string
	expires time.Time
}

// Asked is a request that a stand-in got.
type Asked struct {
	Method, Path, Query string
	Header              http.Header
	Length              int64
}

// NewSupabase starts a project with one empty private bucket. It believes the tokens of clerk, which may be nil.
func NewSupabase(t *testing.T, clerk *Clerk) *Supabase {
	t.Helper()
	s := &Supabase{
		AnonKey: "canary-anon-key-0123456789", ServiceRoleKey: "canary-service-role-key-0123456789", Bucket: "digital assets", Now: time.Now,
		MaxBytes: 5 << 30, dir: t.TempDir(), clerk: clerk, objects: map[string]object{}, tokens: map[string]signed{},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /storage/v1/object/sign/{bucket}/{key...}", s.load)
	for pattern, handle := range map[string]func(http.ResponseWriter, *http.Request, string){
		"POST /storage/v1/object/{bucket}/{key...}": s.upload, "DELETE /storage/v1/object/{bucket}/{key...}": s.remove,
		"POST /storage/v1/object/sign/{bucket}/{key...}": s.sign, "GET /storage/v1/object/info/{bucket}/{key...}": s.info,
		"GET /storage/v1/bucket/{bucket}": s.describeBucket,
	} {
		mux.HandleFunc(pattern, s.withKey(handle))
	}
	mux.HandleFunc("GET /rest/v1/profiles", s.profiles)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked = append(s.asked, Asked{r.Method, r.URL.EscapedPath(), r.URL.RawQuery, r.Header.Clone(), r.ContentLength})
		answer := s.answer
		s.mu.Unlock()
		if answer == nil {
			answer = mux.ServeHTTP
		}
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Env are the settings of a shop that uses this project for all it is good for.
func (s *Supabase) Env() []string {
	return []string{
		"SUPABASE_URL=" + s.URL, "SUPABASE_ANON_KEY=" + s.AnonKey, "SUPABASE_SERVICE_ROLE_KEY=" + s.ServiceRoleKey, "ASSET_STORAGE_BUCKET=" + s.Bucket,
	}
}

// Answer sets what is answered to everything from now on; nil is what a project answers.
func (s *Supabase) Answer(h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = h
}

// Asked are the requests so far.
func (s *Supabase) Asked() []Asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// Keys are those of the objects, and the files of uploads that are not whole.
func (s *Supabase) Keys(t *testing.T) (keys []string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	files, err := os.ReadDir(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		name := f.Name()
		for key, o := range s.objects {
			if o.file == filepath.Join(s.dir, name) {
				name = key
			}
		}
		keys = append(keys, name)
	}
	return keys
}

// refuse answers as Supabase Storage does: 400, with the status in the body.
func refuse(w http.ResponseWriter, status int, reason, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]string{"statusCode": fmt.Sprint(status), "error": reason, "message": message})
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// storageKey is what Supabase Storage takes for a key.
var storageKey = regexp.MustCompile(`^[\w/!\-.*'() &$@=;:+,?]+$`)

func (s *Supabase) withKey(handle func(http.ResponseWriter, *http.Request, string)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		key := r.PathValue("key")
		switch {
		case r.Header.Get("Apikey") != s.ServiceRoleKey || r.Header.Get("Authorization") != "Bearer "+s.ServiceRoleKey:
			refuse(w, 403, "Unauthorized", "new row violates row-level security policy")
		case r.PathValue("bucket") != s.Bucket:
			refuse(w, 404, "Bucket not found", "Bucket not found")
		case key != "" && !storageKey.MatchString(key):
			refuse(w, 400, "InvalidKey", "Invalid key: "+key)
		default:
			handle(w, r, key)
		}
	}
}

func (s *Supabase) upload(w http.ResponseWriter, r *http.Request, key string) {
	f, err := os.CreateTemp(s.dir, "upload-*")
	if err != nil {
		panic(err)
	}
	size, err := io.Copy(f, http.MaxBytesReader(w, r.Body, s.MaxBytes))
	_ = f.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	old, exists := s.objects[key]
	switch {
	case err != nil && size >= s.MaxBytes:
		_ = os.Remove(f.Name())
		refuse(w, 413, "Payload too large", "The object exceeded the maximum allowed size")
	case err != nil:
		_ = os.Remove(f.Name())
		refuse(w, 500, "internal", "the upload broke off")
	case exists && r.Header.Get("X-Upsert") != "true":
		_ = os.Remove(f.Name())
		refuse(w, 409, "Duplicate", "The resource already exists")
	default:
		if exists {
			_ = os.Remove(old.file)
		}
		s.objects[key] = object{f.Name(), r.Header.Get("Content-Type"), size, s.Now()}
		reply(w, map[string]string{"Key": s.Bucket + "/" + key, "Id": rand.Text()})
	}
}

func (s *Supabase) find(w http.ResponseWriter, key string) (object, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.objects[key]
	if !ok {
		refuse(w, 404, "not_found", "Object not found")
	}
	return o, ok
}

func (s *Supabase) remove(w http.ResponseWriter, _ *http.Request, key string) {
	if o, ok := s.find(w, key); ok {
		s.mu.Lock()
		defer s.mu.Unlock()
		_ = os.Remove(o.file)
		delete(s.objects, key)
		reply(w, map[string]string{"message": "Successfully deleted"})
	}
}

func (s *Supabase) info(w http.ResponseWriter, _ *http.Request, key string) {
	if o, ok := s.find(w, key); ok {
		reply(w, map[string]any{"id": rand.Text(), "name": key, "size": o.size, "content_type": o.media, "last_modified": nil, "created_at": o.at.UTC()})
	}
}

func (s *Supabase) describeBucket(w http.ResponseWriter, _ *http.Request, _ string) {
	reply(w, map[string]any{"id": s.Bucket, "name": s.Bucket, "public": s.Public, "file_size_limit": nil})
}

func (s *Supabase) sign(w http.ResponseWriter, r *http.Request, key string) {
	var in struct{ ExpiresIn int64 }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.ExpiresIn < 1 || r.Header.Get("Content-Type") != "application/json" {
		refuse(w, 400, "Error", "body must have required property 'expiresIn'")
		return
	}
	if _, ok := s.find(w, key); !ok {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	token := rand.Text()
	s.tokens[token] = signed{key, s.Now().Add(time.Duration(in.ExpiresIn) * time.Second)}
	reply(w, map[string]string{"signedURL": strings.TrimPrefix(r.URL.EscapedPath(), "/storage/v1") + "?token=" + token})
}

// load serves a signed address, which needs no key.
func (s *Supabase) load(w http.ResponseWriter, r *http.Request) {
	key, query := r.PathValue("key"), r.URL.Query()
	s.mu.Lock()
	token, ok := s.tokens[query.Get("token")]
	s.mu.Unlock()
	if !ok || token.object != key || r.PathValue("bucket") != s.Bucket || !s.Now().Before(token.expires) {
		refuse(w, 400, "InvalidJWT", "jwt expired")
		return
	}
	o, ok := s.find(w, key)
	if !ok {
		return
	}
	w.Header().Set("Content-Type", o.media)
	if name := query.Get("download"); query.Has("download") {
		name = strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
		w.Header().Set("Content-Disposition", "attachment; filename="+name+"; filename*=UTF-8''"+name+";")
	}
	http.ServeFile(w, r, o.file)
}

// profiles is the table, as PostgREST shows it to the caller of a token.
func (s *Supabase) profiles(w http.ResponseWriter, r *http.Request) {
	no := func(status int, code string) {
		w.WriteHeader(status)
		reply(w, map[string]any{"code": code, "message": "no", "details": nil, "hint": nil})
	}
	bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if r.Header.Get("Apikey") != s.AnonKey || s.clerk == nil {
		no(http.StatusUnauthorized, "PGRST301")
		return
	}
	claims := jwt.RegisteredClaims{}
	_, err := jwt.ParseWithClaims(bearer, &claims, func(*jwt.Token) (any, error) { return &s.clerk.Key.PublicKey, nil },
		jwt.WithValidMethods([]string{"RS256"}), jwt.WithIssuer(s.clerk.URL))
	if err != nil {
		no(http.StatusUnauthorized, "PGRST301")
		return
	}
	query := r.URL.Query()
	wanted, ok := strings.CutPrefix(query.Get("clerk_user_id"), "eq.")
	if !ok || query.Get("select") != "*" || query.Get("limit") != "1" || len(query) != 3 || len(query["clerk_user_id"]) != 1 {
		no(http.StatusBadRequest, "PGRST100")
		return
	}
	rows := []map[string]any{}
	for _, row := range s.Rows {
		if row["clerk_user_id"] == claims.Subject && row["clerk_user_id"] == wanted && len(rows) == 0 {
			rows = append(rows, row)
		}
	}
	reply(w, rows)
}
