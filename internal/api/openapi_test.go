package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"souk/internal/app"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestOpenAPIIsCurrent holds the document in the repository to what the program serves. After a change of the API:
// go test ./internal/api -run OpenAPI -update
func TestOpenAPIIsCurrent(t *testing.T) {
	served, err := app.Document()
	if err != nil {
		t.Fatal(err)
	}
	served = append(served, '\n')
	if *update {
		if err := os.WriteFile("openapi.json", served, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile("openapi.json")
	if err != nil || !bytes.Equal(golden, served) {
		t.Errorf("internal/api/openapi.json is stale: go test ./internal/api -run OpenAPI -update (%v)", err)
	}
}

// TestOpenAPIIsEnoughForAClient: every operation can be named, called and understood from the document alone.
func TestOpenAPIIsEnoughForAClient(t *testing.T) {
	text, err := app.Document()
	if err != nil {
		t.Fatal(err)
	}
	type media struct {
		Schema  json.RawMessage `json:"schema"`
		Example json.RawMessage `json:"example"`
	}
	type body struct {
		Ref     string           `json:"$ref"`
		Content map[string]media `json:"content"`
	}
	var doc struct {
		OpenAPI string `json:"openapi"`
		Paths   map[string]map[string]struct {
			OperationID string                 `json:"operationId"`
			Summary     string                 `json:"summary"`
			Tags        []string               `json:"tags"`
			Security    *[]map[string][]string `json:"security"`
			RequestBody *body                  `json:"requestBody"`
			Responses   map[string]body        `json:"responses"`
		} `json:"paths"`
		Components struct {
			Responses map[string]body `json:"responses"`
		} `json:"components"`
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("version %q", doc.OpenAPI)
	}
	seen := map[string]bool{}
	for path, operations := range doc.Paths {
		if !strings.HasSuffix(path, "/") {
			t.Errorf("%s does not end with a slash", path)
		}
		for method, op := range operations {
			at := method + " " + path
			if op.OperationID == "" || seen[op.OperationID] || op.Summary == "" || len(op.Tags) != 1 || op.Security == nil {
				t.Errorf("%s: operationId %q (once), summary %q, one tag %v, security %v must be there", at, op.OperationID, op.Summary, op.Tags, op.Security)
			}
			seen[op.OperationID] = true
			if op.RequestBody != nil {
				if m, ok := op.RequestBody.Content["application/json"]; ok && len(m.Example) == 0 {
					t.Errorf("%s: the request has no example", at)
				}
			}
			success := false
			for status, response := range op.Responses {
				if response.Ref != "" {
					response = doc.Components.Responses[strings.TrimPrefix(response.Ref, "#/components/responses/")]
					op.Responses[status] = response
				}
				if status < "300" {
					success = true
					if m, ok := response.Content["application/json"]; ok && (len(m.Example) == 0 || len(m.Schema) == 0) {
						t.Errorf("%s: the answer %s has no example or schema", at, status)
					}
				} else if m, ok := response.Content["application/problem+json"]; ok && len(m.Example) == 0 {
					t.Errorf("%s: the problem %s has no example", at, status)
				}
			}
			if _, ok := op.Responses["500"].Content["application/problem+json"]; !success || !ok {
				t.Errorf("%s: a success and error answers must be described", at)
			}
		}
	}
	if len(seen) < 40 {
		t.Errorf("only %d operations", len(seen))
	}
}
