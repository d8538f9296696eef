package httpx

import (
	"encoding/csv"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func TestNoCellOfATableIsAFormula(t *testing.T) {
	cells := []string{"=1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "＝1", "＋1", "－1", "＠x", "", "x=1", `a"b`, "a,b;c", " =1", "é"}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c := NewCSV(w, "x.csv", "a", "b")
		for _, cell := range cells {
			c.Row(cell, "z")
		}
		if err := c.Flush(); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	res, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil || !strings.HasPrefix(string(text), "\"a\",\"b\"\r\n\"'=1\",\"z\"\r\n") {
		t.Fatalf("%v: %q", err, text)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.ReplaceAll(string(text), "\r\n", "\n"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, cell := range cells {
		if i < 11 {
			cell = "'" + cell
		}
		if !slices.Equal(rows[i+1], []string{cell, "z"}) {
			t.Errorf("%q is %q", cells[i], rows[i+1])
		}
	}
}

func TestATableThatBreaksOffIsNotWhole(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c := NewCSV(w, "x.csv", "a")
		_ = c.Flush()
		c.Break()
	}))
	defer server.Close()
	res, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if text, err := io.ReadAll(res.Body); err == nil {
		t.Errorf("read whole: %q", text)
	}
}
