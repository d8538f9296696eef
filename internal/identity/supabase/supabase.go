// Package supabase reads the profiles table of a Supabase project through its REST API, with the caller's own token, so that
// the table's row-level security decides what is seen. It knows no key that could see more.
package supabase

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"souk/internal/fault"
)

var errFailed = fault.New(fault.Upstream, "supabase_failed", "Supabase did not give the profile. Try again shortly.")

// Project is a Supabase project. Safe for concurrent use.
type Project struct {
	url, anonKey string
	client       *http.Client
}

// New makes a project of its origin and its anon (or publishable) key. The client must be one that is bounded in time and size
// and follows no redirect.
func New(url, anonKey string, client *http.Client) *Project { return &Project{url, anonKey, client} }

// Profile is the row whose clerk_user_id is subject, as Supabase gives it; nil when there is none that the token may see.
func (p *Project) Profile(ctx context.Context, token, subject string) (json.RawMessage, error) {
	row, err := p.row(ctx, token, subject)
	if err != nil {
		return nil, errFailed.Because(err)
	}
	return row, nil
}

func (p *Project) row(ctx context.Context, token, subject string) (json.RawMessage, error) {
	query := url.Values{"clerk_user_id": {"eq." + subject}, "select": {"*"}, "limit": {"1"}}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+"/rest/v1/profiles?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Apikey", p.anonKey)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Accept", "application/json")
	res, err := p.client.Do(r)
	if err != nil {
		var asking *url.Error
		if errors.As(err, &asking) { // it would name the address, and so the user
			err = asking.Err
		}
		return nil, fmt.Errorf("ask Supabase for the profile: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, fmt.Errorf("read what Supabase says of the profile: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return nil, refused(res.StatusCode, text)
	}
	return onlyRow(text, subject)
}

// onlyRow reads a list of at most one row, which must be subject's.
func onlyRow(text []byte, subject string) (json.RawMessage, error) {
	var rows []json.RawMessage
	if err := json.Unmarshal(text, &rows); err != nil || rows == nil || len(rows) > 1 {
		return nil, errors.New("what Supabase answers is not a list of at most one row")
	}
	if len(rows) == 0 {
		return nil, nil
	}
	var row struct {
		ClerkUserID string `json:"clerk_user_id"`
	}
	if err := json.Unmarshal(rows[0], &row); err != nil || row.ClerkUserID != subject {
		return nil, errors.New("what Supabase answers is not the caller's row")
	}
	return rows[0], nil
}

// refused says what the status means, with PostgREST's code for it; its text could repeat what was sent.
func refused(status int, text []byte) error {
	var said struct{ Code string }
	_ = json.Unmarshal(text, &said) // without a code the status must do
	code := ""
	for _, c := range said.Code[:min(len(said.Code), 10)] {
		if c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' {
			code += string(c)
		}
	}
	hint := ""
	if status == http.StatusUnauthorized {
		hint = ": it does not take the caller's token; is Clerk a third-party provider there?"
	}
	return fmt.Errorf("Supabase answers %d %s%s", status, code, hint)
}
