package httpx

import (
	"encoding/json"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

// FuzzCheckJSON: what the checker lets pass, encoding/json reads to its end, and no name stands twice in it.
func FuzzCheckJSON(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":1,"a":2}`, `[1,[2,{"b":null}]]`, `{"a":"\u0000"}`, `1 2`, "\xff", `{"a":{"b":[{}]}}`, `nul`, `"`, `[,]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if checkJSON(body, &huma.Schema{}, nil) != nil {
			return
		}
		var v any
		if err := json.Unmarshal(body, &v); err != nil {
			t.Fatalf("passed %q, which encoding/json refuses: %v", body, err)
		}
		again, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if names(t, body) != names(t, again) {
			t.Fatalf("passed %q with a name that stands twice", body)
		}
	})
}

// names counts the values of all objects and arrays: a name that comes twice is lost on the way through a map.
func names(t *testing.T, text []byte) (n int) {
	t.Helper()
	var raw json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		t.Fatal(err)
	}
	inString, escaped := false, false
	for _, b := range raw {
		switch {
		case escaped:
			escaped = false
		case inString && b == '\\':
			escaped = true
		case b == '"':
			inString = !inString
		case !inString && (b == ',' || b == ':'):
			n++
		}
	}
	return n
}
