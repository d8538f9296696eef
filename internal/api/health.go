package api

import (
	"context"
	"net/http"
	"time"
)

type health struct {
	Status    string            `json:"status" enum:"ok,unavailable" example:"ok"`
	Timestamp time.Time         `json:"timestamp" example:"2026-11-22T20:15:00Z"`
	Version   string            `json:"version" example:"0.1.0"`
	Checks    map[string]string `json:"checks" example:"{\"database\":\"ok\"}"`
}

type healthOut struct {
	Status int
	Body   health
}

func (a *API) getHealth(ctx context.Context, _ *struct{}) (*healthOut, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	out := &healthOut{
		Status: http.StatusOK,
		Body:   health{Status: "ok", Timestamp: moment(a.Now()), Version: a.Release, Checks: map[string]string{"database": "ok"}},
	}
	if a.Ping(ctx) != nil {
		out.Status, out.Body.Status, out.Body.Checks["database"] = http.StatusServiceUnavailable, "unavailable", "unavailable"
	}
	return out, nil
}
