package app

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"souk/internal/config"
	"souk/internal/db"
	"souk/internal/httpx"
	"souk/internal/jobs"
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
	if _, err := clerkKeys(cfg); err != nil {
		findings[0] = Finding{false, "configuration", errors.Unwrap(err).Error()}
	}
	database, skew := examineDatabase(ctx, cfg)
	keys, issuerSkew := examineKeys(ctx, cfg)
	if issuerSkew != nil {
		skew = issuerSkew
	}
	return append(append(findings, database...), examineFiles(ctx, cfg), keys, examineClock(skew))
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
		findings = append(findings, examineJobs(ctx, d))
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

func examineKeys(ctx context.Context, cfg *config.Config) (f Finding, skew *time.Duration) {
	if cfg.StandInClerk() {
		return Finding{true, "sign-in", "the stand-in issues tokens (souk token); no Clerk key is set"}, nil
	}
	bad := func(format string, args ...any) (Finding, *time.Duration) {
		return Finding{false, "sign-in", cfg.Clerk.JWKSURL + ": " + fmt.Sprintf(format, args...)}, nil
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
	var set struct{ Keys []struct{ Kty string } }
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&set); err != nil || res.StatusCode != http.StatusOK {
		return bad("answers %s, not a set of keys", res.Status)
	}
	if len(set.Keys) == 0 {
		return bad("gives no key, so every token would be refused")
	}
	if at, err := http.ParseTime(res.Header.Get("Date")); err == nil {
		off := time.Until(at.Add(500 * time.Millisecond)) // the header has whole seconds
		skew = &off
	}
	return Finding{true, "sign-in", fmt.Sprintf("%s gives %d keys", cfg.Clerk.JWKSURL, len(set.Keys))}, skew
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
