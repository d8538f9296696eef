package app

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"souk/internal/config"
	"souk/internal/db"
	"souk/internal/httpx"
	"souk/internal/jobs"
	"souk/internal/order/stripe"
	billing "souk/internal/subscription/clerk"
)

// Finding is what Examine says of one thing the shop needs, in plain words.
type Finding struct {
	OK   bool
	What string
	Text string
}

// farOff is the difference between two clocks from which on tokens are refused for their times.
const farOff = 5 * time.Second

// Examine looks at everything that a shop with cfg needs to run, and changes nothing that outlasts it.
func Examine(ctx context.Context, cfg *config.Config) []Finding {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	place := "production"
	if cfg.Development() {
		place = "development"
	}
	findings := []Finding{
		{true, "configuration", fmt.Sprintf("complete, for %s at %s", place, cfg.PublicURL)},
	}
	_, clerkErr := clerkOf(cfg).keys()
	_, stripeErr := accountOf(cfg).keys()
	for _, err := range []error{clerkErr, stripeErr} {
		if err != nil {
			findings = append(findings[:0], Finding{false, "configuration", errors.Unwrap(err).Error()})
		}
	}
	database, skew := examineDatabase(ctx, cfg)
	keys, ids, issuerSkew := examineKeys(ctx, cfg)
	if issuerSkew != nil {
		skew = issuerSkew
	}
	return slices.Concat(findings, database, []Finding{examineFiles(ctx, cfg), keys}, examineClerk(ctx, cfg, ids), []Finding{examineStripe(ctx, cfg)}, []Finding{examineMail(ctx, cfg), examineClock(skew)})
}

func examineDatabase(ctx context.Context, cfg *config.Config) (findings []Finding, skew *time.Duration) {
	if path, ok := strings.CutPrefix(cfg.DatabaseURL.Reveal(), "sqlite:///"); ok {
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			return []Finding{{true, "database", "SQLite, " + path + ": not there yet, the first start makes it"}}, nil
		}
	}
	d, err := openDB(cfg)
	if err != nil {
		return []Finding{{false, "database", err.Error()}}, nil
	}
	defer func() { _ = d.Close() }()
	if err := d.Ping(ctx); err != nil {
		return []Finding{{false, "database", fmt.Sprintf("%s does not answer: %v", d.Engine, errors.Unwrap(err))}}, nil
	}
	findings = []Finding{{true, "database", string(d.Engine) + " answers"}}
	current, newest, err := d.Schema(ctx)
	switch {
	case err != nil:
		findings = append(findings, Finding{false, "schema", "cannot be read: " + err.Error()})
	case current > newest:
		findings = append(findings, Finding{false, "schema", fmt.Sprintf("is at %d, newer than this program's %d: run a newer souk", current, newest)})
	case current < newest:
		findings = append(findings, Finding{true, "schema", fmt.Sprintf("is at %d of %d: souk migrate, or the next start, brings it up to date", current, newest)})
	default:
		findings = append(findings, Finding{true, "schema", fmt.Sprintf("is up to date (%d)", current)})
	}
	if err == nil && current == newest {
		findings = append(findings, examineJobs(ctx, d), examineMails(ctx, d))
	}
	if now, err := d.Time(ctx); err == nil && d.Engine == db.Postgres {
		off := time.Until(now)
		skew = &off
	}
	return findings, skew
}

func examineJobs(ctx context.Context, d *db.DB) Finding {
	q, err := jobs.New(d, jobs.Options{})
	if err != nil {
		return Finding{false, "jobs", err.Error()}
	}
	switch dead, err := q.CountDead(ctx); {
	case err != nil:
		return Finding{false, "jobs", "cannot be read: " + err.Error()}
	case dead > 0:
		return Finding{false, "jobs", fmt.Sprintf("%d failed for the last time: souk jobs list --state %s", dead, jobs.Dead)}
	}
	return Finding{true, "jobs", "none has failed for the last time"}
}

func examineFiles(ctx context.Context, cfg *config.Config) Finding {
	if cfg.Storage.Backend == "none" {
		return Finding{true, "storage", "none: files can be neither uploaded nor loaded"}
	}
	if b, closeIdle := openBucket(cfg, time.Now); b != nil {
		defer closeIdle()
		name := fmt.Sprintf("bucket %q of %s", cfg.Storage.Bucket, cfg.Storage.Backend)
		if err := probe(ctx, b); err != nil {
			return Finding{false, "storage", name + ": " + err.Error()}
		}
		return Finding{true, "storage", name + " can be written, and the file was deleted again"}
	}
	folder := filepath.Join(cfg.DataDir, "files")
	there := folder
	for {
		if _, err := os.Stat(there); !errors.Is(err, os.ErrNotExist) {
			break
		}
		there = filepath.Dir(there)
	}
	probe, err := os.CreateTemp(there, ".doctor-*")
	if err != nil {
		return Finding{false, "storage", folder + " cannot be written: " + err.Error()}
	}
	err = errors.Join(probe.Close(), os.Remove(probe.Name()))
	if err != nil {
		return Finding{false, "storage", folder + ": " + err.Error()}
	}
	return Finding{true, "storage", folder + " can be written"}
}

// probe writes a small object, reads of it, and deletes it.
func probe(ctx context.Context, b bucket) error {
	if err := b.Check(ctx); err != nil {
		return err
	}
	key, text := "souk-doctor/"+rand.Text()+".txt", "written by souk doctor, and deleted again"
	if err := b.Put(ctx, key, strings.NewReader(text), int64(len(text))); err != nil {
		return fmt.Errorf("a file cannot be written: %w", err)
	}
	info, err := b.Stat(ctx, key)
	if err == nil && info.Size != int64(len(text)) {
		err = fmt.Errorf("has %d bytes of %d", info.Size, len(text))
	}
	if err != nil {
		err = fmt.Errorf("a file that was written cannot be found: %w", err)
	}
	if gone := b.Delete(ctx, key); gone != nil {
		err = errors.Join(err, fmt.Errorf("%s cannot be deleted: %w", key, gone))
	}
	return err
}

// examineKeys also gives the ids of the keys, and how far the issuer's clock is from this one.
func examineKeys(ctx context.Context, cfg *config.Config) (f Finding, ids []string, skew *time.Duration) {
	if cfg.StandInClerk() {
		return Finding{true, "sign-in", "the stand-in issues tokens (souk token); no Clerk key is set"}, nil, nil
	}
	bad := func(format string, args ...any) (Finding, []string, *time.Duration) {
		return Finding{false, "sign-in", cfg.Clerk.JWKSURL + ": " + fmt.Sprintf(format, args...)}, nil, nil
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, cfg.Clerk.JWKSURL, nil)
	if err != nil {
		return bad("%v", err)
	}
	res, err := httpx.Outbound().Do(r)
	if err != nil {
		return bad("the issuer's keys cannot be fetched: %v", errors.Unwrap(err))
	}
	defer func() { _ = res.Body.Close() }()
	var set keySet
	if err := json.NewDecoder(res.Body).Decode(&set); err != nil || res.StatusCode != http.StatusOK {
		return bad("answers %s, not a set of keys", res.Status)
	}
	if len(set.Keys) == 0 {
		return bad("gives no key, so every token would be refused")
	}
	if at, err := http.ParseTime(res.Header.Get("Date")); err == nil {
		off := time.Until(at.Add(500 * time.Millisecond)) // the header has whole seconds
		skew = &off
	}
	return Finding{true, "sign-in", fmt.Sprintf("%s gives %d keys", cfg.Clerk.JWKSURL, len(set.Keys))}, set.ids(), skew
}

type keySet struct{ Keys []struct{ Kid string } }

func (s keySet) ids() (ids []string) {
	for _, k := range s.Keys {
		ids = append(ids, k.Kid)
	}
	return ids
}

// examineClerk asks the Backend API. ids are those of the keys that verify tokens: a key's id is that of the instance.
func examineClerk(ctx context.Context, cfg *config.Config, ids []string) []Finding {
	if cfg.StandInClerk() {
		return nil
	}
	key := cfg.Clerk.SecretKey.Reveal()
	if key == "" {
		return []Finding{{true, "Clerk", "CLERK_SECRET_KEY is not set: people can sign in, but their plans are not known"}}
	}
	backend, closeIdle := openClerk(clerkOf(cfg))
	defer closeIdle()
	bad := func(format string, args ...any) []Finding {
		return []Finding{{false, "Clerk", cfg.Clerk.APIURL + ": " + fmt.Sprintf(format, args...)}, examineWebhooks(cfg)}
	}
	text, err := backend.Get(ctx, nil, "jwks")
	if err != nil {
		return bad("%v", cmp.Or(errors.Unwrap(err), err))
	}
	var set keySet
	if err := json.Unmarshal(text, &set); err != nil || len(set.Keys) == 0 {
		return bad("does not answer as Clerk does: is CLERK_API_URL right?")
	}
	if len(ids) > 0 && !slices.ContainsFunc(set.ids(), func(id string) bool { return slices.Contains(ids, id) }) {
		return bad("CLERK_SECRET_KEY is of the instance %s, but tokens are verified by the keys of %s", set.ids()[0], ids[0])
	}
	kind := "a test key: a development instance"
	if strings.HasPrefix(key, liveKey) {
		kind = "a live key: a production instance"
	} else if !cfg.Development() {
		kind += ", for trying things out"
	}
	findings := []Finding{{true, "Clerk", cfg.Clerk.APIURL + " answers, with " + kind}}
	if plans, err := billing.NewBackend(backend).Plans(ctx, 0); err != nil {
		findings = append(findings, Finding{true, "plans", fmt.Sprintf("none can be sold, is Billing on? %v", cmp.Or(errors.Unwrap(err), err))})
	} else {
		findings = append(findings, Finding{true, "plans", fmt.Sprintf("Clerk has %d for users", max(plans.Total, len(plans.Items)))})
	}
	return append(findings, examineWebhooks(cfg))
}

func examineWebhooks(cfg *config.Config) Finding {
	text := "one signing secret is set"
	switch len(cfg.Clerk.WebhookSigningSecret) {
	case 0:
		text = "CLERK_WEBHOOK_SIGNING_SECRET is not set: what changes at Clerk is only found by reconciliation"
	case 2:
		text = "two signing secrets are set; take the old one away when Clerk signs with the new one"
	}
	return Finding{true, "webhooks", text}
}

// examineStripe asks Stripe, and says in which version of its API.
func examineStripe(ctx context.Context, cfg *config.Config) Finding {
	const about = "in version " + stripe.Version + " of its API"
	account := accountOf(cfg)
	switch {
	case cfg.StandInStripe():
		return Finding{true, "Stripe", "the stand-in takes the payments; no Stripe key is set"}
	case !account.configured():
		return Finding{true, "Stripe", "not configured: sellers mark orders paid themselves"}
	}
	way, closeIdle := openStripe(cfg, account, time.Now)
	defer closeIdle()
	if err := way.Check(ctx); err != nil {
		return Finding{false, "Stripe", fmt.Sprintf("%s: %v", account.origin, cmp.Or(errors.Unwrap(err), err))}
	}
	kind := "a test key: no money moves"
	if way.Live {
		kind = "a live key"
	}
	secrets := "one signing secret is"
	if len(account.secrets) > 1 {
		secrets = "two signing secrets are"
	}
	return Finding{true, "Stripe", fmt.Sprintf("%s answers %s, with %s; %s set for its webhooks, to %s/api/webhooks/stripe/", account.origin, about, kind, secrets, cfg.PublicURL)}
}

func examineClock(skew *time.Duration) Finding {
	switch {
	case skew == nil:
		return Finding{true, "clock", "not compared: everything runs on this machine"}
	case skew.Abs() > farOff:
		return Finding{false, "clock", fmt.Sprintf("is %s off; tokens will be refused: synchronise it", skew.Abs().Round(time.Second))}
	}
	return Finding{true, "clock", "agrees with the others"}
}
