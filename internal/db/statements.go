package db

import (
	"context"
	"database/sql"
	"sync"
)

// statements keeps the prepared statements of a SQLite pool: without them the driver compiles the text anew at each call,
// which costs more than running a small query. (pgx keeps its own: on PostgreSQL it is nil, and finds nothing.)
//
// A statement can only be prepared on a free connection, and inside a transaction the writer has none: a text that is met
// there is noted, run as it is, and prepared before the next transaction.
type statements struct {
	pool   *sql.DB
	mu     sync.RWMutex
	ready  map[string]*sql.Stmt
	wanted map[string]bool
}

// maxStatements bounds the texts that are kept. Nearly all are constants; a list in an IN clause makes one for each power of two.
const maxStatements = 512

func newStatements(pool *sql.DB) *statements {
	return &statements{pool: pool, ready: map[string]*sql.Stmt{}, wanted: map[string]bool{}}
}

// get gives the prepared statement of text. nil: run text as it is; it is prepared for the next time. Not inside a transaction.
func (s *statements) get(ctx context.Context, text string) *sql.Stmt {
	stmt := s.find(text)
	if stmt == nil {
		s.prepareWanted(ctx)
	}
	return stmt
}

// find gives the prepared statement of text, or nil, and then text is noted for the next prepareWanted.
func (s *statements) find(text string) *sql.Stmt {
	if s == nil {
		return nil
	}
	s.mu.RLock()
	stmt := s.ready[text]
	s.mu.RUnlock()
	if stmt != nil {
		return stmt
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.ready)+len(s.wanted) < maxStatements {
		s.wanted[text] = true
	}
	return nil
}

// prepareWanted prepares what was noted. A text that cannot be prepared is dropped: running it will say why.
func (s *statements) prepareWanted(ctx context.Context) {
	if s == nil {
		return
	}
	s.mu.RLock()
	idle := len(s.wanted) == 0
	s.mu.RUnlock()
	if idle {
		return
	}
	s.mu.Lock()
	texts := s.wanted
	s.wanted = map[string]bool{}
	s.mu.Unlock()
	for text := range texts {
		stmt, err := s.pool.PrepareContext(ctx, text)
		if err != nil {
			continue
		}
		s.mu.Lock()
		if s.ready[text] == nil {
			s.ready[text], stmt = stmt, nil
		}
		s.mu.Unlock()
		if stmt != nil {
			_ = stmt.Close() // another goroutine prepared it meanwhile
		}
	}
}
