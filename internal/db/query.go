package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Q runs statements: a *DB (each on its own) or a *Tx. There is no method that leaves rows open: All reads to the end.
type Q interface {
	// Exec runs a statement and says how many rows it changed.
	Exec(ctx context.Context, query string, args ...any) (affected int64, err error)
	query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// Scan reads one row into dest. Besides what database/sql takes, a *time.Time and a **time.Time (NULL is nil).
type Scan func(dest ...any) error

// One reads the first row, or answers ErrNoRows.
func One[T any](ctx context.Context, q Q, scan func(Scan) (T, error), query string, args ...any) (T, error) {
	list, err := All(ctx, q, scan, query, args...)
	if err != nil || len(list) == 0 {
		var none T
		if err == nil {
			err = ErrNoRows
		}
		return none, err
	}
	return list[0], nil
}

// All reads every row. The result is never nil, so that an empty list is an empty JSON array.
func All[T any](ctx context.Context, q Q, scan func(Scan) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.query(ctx, query, args...)
	if err != nil {
		return nil, Outage(err)
	}
	defer func() { _ = rows.Close() }()
	list := []T{}
	for rows.Next() {
		v, err := scan(func(dest ...any) error { return rows.Scan(scanTargets(dest)...) })
		if err != nil {
			return nil, fmt.Errorf("scan: %w", err)
		}
		list = append(list, v)
	}
	return list, Outage(rows.Err())
}

// Value is the scan function of a query with one column.
func Value[T any](scan Scan) (T, error) {
	var v T
	err := scan(&v)
	return v, err
}

// JSON stores v as JSON text, and scans JSON text into it (v a pointer then).
func JSON(v any) any { return document{v} }

type document struct{ v any }

func (d document) Scan(src any) error {
	switch s := src.(type) {
	case string:
		return json.Unmarshal([]byte(s), d.v)
	case []byte:
		return json.Unmarshal(s, d.v)
	case nil:
		return nil
	}
	return fmt.Errorf("a JSON column holds %T", src)
}

// moment scans BIGINT microseconds.
type moment struct {
	into     *time.Time
	nullable **time.Time
}

func (m moment) Scan(src any) error {
	if src == nil && m.nullable != nil {
		*m.nullable = nil
		return nil
	}
	micros, ok := src.(int64)
	if !ok {
		return fmt.Errorf("a time column holds %T, not microseconds", src)
	}
	t := time.UnixMicro(micros).UTC()
	if m.nullable != nil {
		*m.nullable = &t
	} else {
		*m.into = t
	}
	return nil
}

func scanTargets(dest []any) []any {
	for i, d := range dest {
		switch p := d.(type) {
		case *time.Time:
			dest[i] = moment{into: p}
		case **time.Time:
			dest[i] = moment{nullable: p}
		case *json.RawMessage:
			dest[i] = (*[]byte)(p)
		}
	}
	return dest
}

func stored(args []any) ([]any, error) {
	var err error
	for i, a := range args {
		switch v := a.(type) {
		case time.Time:
			args[i] = v.UnixMicro()
		case *time.Time:
			if v == nil {
				args[i] = nil
			} else {
				args[i] = v.UnixMicro()
			}
		case json.RawMessage:
			args[i] = string(v)
		case document:
			var text []byte
			if text, err = json.Marshal(v.v); err != nil {
				return nil, fmt.Errorf("store as JSON: %w", err)
			}
			args[i] = string(text)
		}
	}
	return args, nil
}

func (d *DB) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	if tx := current(ctx, d); tx != nil {
		return tx.Exec(ctx, query, args...)
	}
	args, err := stored(args)
	if err != nil {
		return 0, err
	}
	if stmt := d.writes.get(ctx, query); stmt != nil {
		return affected(stmt.ExecContext(ctx, args...))
	}
	return affected(d.writer.ExecContext(ctx, query, args...))
}

func (d *DB) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if tx := current(ctx, d); tx != nil {
		return tx.query(ctx, query, args...)
	}
	args, err := stored(args)
	if err != nil {
		return nil, err
	}
	if stmt := d.reads.get(ctx, query); stmt != nil {
		return stmt.QueryContext(ctx, args...)
	}
	return d.reader.QueryContext(ctx, query, args...)
}

// Exec runs a statement in the transaction.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	args, err := stored(args)
	if err != nil {
		return 0, err
	}
	if stmt := t.db.writes.find(query); stmt != nil {
		return affected(t.tx.StmtContext(ctx, stmt).ExecContext(ctx, args...))
	}
	return affected(t.tx.ExecContext(ctx, query, args...))
}

func (t *Tx) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	args, err := stored(args)
	if err != nil {
		return nil, err
	}
	if stmt := t.db.writes.find(query); stmt != nil {
		return t.tx.StmtContext(ctx, stmt).QueryContext(ctx, args...)
	}
	return t.tx.QueryContext(ctx, query, args...)
}

func affected(res sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, Outage(err)
	}
	return res.RowsAffected()
}

// In is the inside of an IN clause for ids, and its arguments, numbered from $1. None is a list that nothing is in. The last
// id is repeated up to a power of two, so that there are few texts to prepare.
func In(ids []int64) (in string, args []any) {
	if len(ids) == 0 {
		return "NULL", nil
	}
	var marks []string
	for i := 0; i < len(ids) || i&(i-1) != 0; i++ {
		marks = append(marks, fmt.Sprintf("$%d", i+1))
		args = append(args, ids[min(i, len(ids)-1)])
	}
	return strings.Join(marks, ", "), args
}

// NotFound gives replacement in place of ErrNoRows, and leaves every other error as it is.
func NotFound(err, replacement error) error {
	if errors.Is(err, ErrNoRows) {
		return replacement
	}
	return err
}
