package httpx

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"testing"

	"souk/internal/fault"
)

// FuzzCheckJSON: what the checker takes, encoding/json reads to its end, and no name stands twice in it. Made worse, it is refused.
func FuzzCheckJSON(f *testing.F) {
	for _, seed := range []string{
		`{"a":1}`, `{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `{"\ud800":1,"\ud801":2}`, `[]`, `[1,]`, `{"a":1,}`, `{"a" 1}`, `1 2`, `null`, `"\u0000"`, "\"\xff\"",
		`[[[{"a":[{"b":null}]}]]]`, `1e999`, `-0`, ` {} `, `{"a":{"b":1,"b":2}}`, `{,}`, `:`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if checkJSON(body, nil, nil) != nil {
			return
		}
		if !json.Valid(body) {
			t.Fatalf("taken, and no JSON: %q", body)
		}
		if lost := tokens(t, body) - tokens(t, again(t, body)); lost != 0 {
			t.Fatalf("taken, although %d tokens are hidden by names given twice: %q", lost, body)
		}
		for name, worse := range map[string][]byte{
			"text behind":  append(slices.Clone(body), " 1"...),
			"given twice":  slices.Concat([]byte(`{"a":`), body, []byte(`,"\u0061":`), body, []byte(`}`)),
			"not UTF-8":    slices.Concat([]byte(`["`+"\xff"+`",`), body, []byte(`]`)),
			"nested":       slices.Concat(bytes.Repeat([]byte("["), maxJSONDepth), body, bytes.Repeat([]byte("]"), maxJSONDepth)),
			"breaking off": slices.Concat([]byte("["), body),
		} {
			var malformed *fault.Error
			if err := checkJSON(worse, nil, nil); !errors.As(err, &malformed) || malformed.Kind != fault.Malformed {
				t.Fatalf("%s: %v, want a malformed body: %q", name, err, worse)
			}
		}
	})
}

// again is body as encoding/json understands it.
func again(t *testing.T, body []byte) []byte {
	var value any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		t.Fatalf("encoding/json refuses what was taken: %v: %q", err, body)
	}
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func tokens(t *testing.T, body []byte) (n int) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return n
		}
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
}
