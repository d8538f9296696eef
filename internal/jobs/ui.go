package jobs

import (
	"context"
	"database/sql"
	"net/http"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"riverqueue.com/riverui"
	"riverqueue.com/riverui/uiendpoints"
)

// UI is River's own page for operators under the path prefix. It shows, retries, cancels and deletes jobs, with their arguments, for
// whoever reaches it: it knows no users. It asks the database now and then until ctx ends.
func (q *Queue) UI(ctx context.Context, prefix string) (http.Handler, error) {
	var endpoints uiendpoints.Bundle
	if c, ok := q.client.(*river.Client[*sql.Tx]); ok {
		endpoints = riverui.NewEndpoints(c, nil)
	} else {
		endpoints = riverui.NewEndpoints(q.client.(*river.Client[pgx.Tx]), nil)
	}
	ui, err := riverui.NewHandler(&riverui.HandlerOpts{Endpoints: endpoints, Logger: q.config.Logger, Prefix: prefix})
	if err != nil {
		return nil, err
	}
	return ui, ui.Start(ctx)
}
