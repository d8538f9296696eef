package app_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"souk/internal/app"
	"souk/internal/config"
	"souk/internal/dbtest"
)

func TestAShopThatStoppedLeavesNothingRunning(t *testing.T) {
	dbtest.EachURL(t, func(t *testing.T, url string) {
		log := slog.Default()
		slog.SetDefault(slog.New(slog.DiscardHandler))
		defer slog.SetDefault(log)
		defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		origin := "http://" + listener.Addr().String()
		cfg, err := config.Load([]string{
			"LISTEN_ADDR=" + listener.Addr().String(), "PUBLIC_URL=" + origin, "DATABASE_URL=" + url, "DATA_DIR=" + filepath.Join(t.TempDir(), "data"),
		}, "")
		if err != nil {
			t.Fatal(err)
		}
		a, err := app.New(t.Context(), cfg, app.Options{Release: "test"})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		served, kept := make(chan error, 1), make(chan error, 1)
		go func() { served <- a.Serve(ctx, listener) }()
		go func() { kept <- a.Jobs.Run(ctx) }()

		client := &http.Client{Transport: &http.Transport{}}
		for _, path := range []string{"/api/health/", "/api/products/", "/api/me/"} {
			res, err := client.Get(origin + path)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
		}
		token, err := a.Issuer.Token("ana@example.test", nil, time.Now(), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequest(http.MethodGet, origin+"/api/me/clerk/", nil) // keeps a connection to Clerk's stand-in
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		res, err := client.Do(r)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatal(res, err)
		}
		_ = res.Body.Close()
		client.CloseIdleConnections()

		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
		if err := <-kept; err != nil {
			t.Error(err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
}
