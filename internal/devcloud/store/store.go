// Package store keeps the objects of a stand-in in a SQLite file of its own, so that a restart forgets nothing. It knows their kinds
// and ids, and nothing of what is in them.
package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"souk/internal/db"
)

// Store is a file of objects, each of a kind and with an id. Safe for concurrent use.
type Store struct {
	path string

	mu   sync.Mutex
	file *db.DB // nil: nothing was saved yet
}

// Open opens the file. One that is not there is made by the first Save.
func Open(ctx context.Context, path string) (*Store, error) {
	s := &Store{path: path}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return s, nil
	}
	_, err := s.opened(ctx)
	return s, err
}

func (s *Store) opened(ctx context.Context) (*db.DB, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file != nil {
		return s.file, nil
	}
	if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil {
		return nil, err
	}
	file, err := db.Open(db.Options{URL: "sqlite:///" + s.path})
	if err != nil {
		return nil, err
	}
	_, err = file.Exec(ctx, `CREATE TABLE IF NOT EXISTS objects (kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id)) STRICT`)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.path, errors.Join(err, file.Close()))
	}
	s.file = file
	return file, nil
}

func (s *Store) none() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.file == nil
}

// Load hands over every object of a kind.
func (s *Store) Load(ctx context.Context, kind string, each func(id string, body []byte) error) error {
	if s.none() {
		return nil
	}
	_, err := db.All(ctx, s.file, func(scan db.Scan) (none struct{}, err error) {
		var id, body string
		if err := scan(&id, &body); err != nil {
			return none, err
		}
		if err := each(id, []byte(body)); err != nil {
			return none, fmt.Errorf("%s %s: %w", kind, id, err)
		}
		return none, nil
	}, `SELECT id, body FROM objects WHERE kind = $1 ORDER BY id`, kind)
	return err
}

// Read puts every object of a kind into a map, by its id.
func Read[T any](ctx context.Context, s *Store, kind string, into map[string]*T) error {
	return s.Load(ctx, kind, func(id string, body []byte) error {
		into[id] = new(T)
		return json.Unmarshal(body, into[id])
	})
}

// Key names an object.
type Key struct{ Kind, ID string }

// Save makes each object what it is now, written as JSON, or takes it out where it is nil: all of them, or none.
func (s *Store) Save(ctx context.Context, changes map[Key]any) error {
	if len(changes) == 0 {
		return nil
	}
	file, err := s.opened(ctx)
	if err != nil {
		return err
	}
	return file.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		for key, object := range changes {
			var err error
			if object == nil {
				_, err = tx.Exec(ctx, `DELETE FROM objects WHERE kind = $1 AND id = $2`, key.Kind, key.ID)
			} else {
				_, err = tx.Exec(ctx, `INSERT INTO objects (kind, id, body) VALUES ($1, $2, $3)
					ON CONFLICT (kind, id) DO UPDATE SET body = excluded.body`, key.Kind, key.ID, db.JSON(object))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Close closes the file.
func (s *Store) Close() error {
	if s.none() {
		return nil
	}
	return s.file.Close()
}
