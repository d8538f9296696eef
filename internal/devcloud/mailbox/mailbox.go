// Package mailbox is the mail server that development has: it takes every mail over SMTP on a loopback port, keeps it in a file of its
// own, and shows it on pages and as JSON. Nothing leaves it. Like all of devcloud it is a stranger to the shop.
package mailbox

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"souk/internal/db"
	"souk/internal/fault"
)

// kept is how many mails stay: the newest.
const kept = 1000

// Mail is a mail that came.
type Mail struct {
	ID         int64
	From       string // of the header
	To         string // those it was sent to, whatever its header says
	Subject    string
	MessageID  string // without angle brackets
	Text       string
	HTML       string
	Source     string
	ReceivedAt time.Time
}

var errNoMail = fault.Absent("mail")

// Box is the mailbox. Safe for concurrent use.
type Box struct {
	Addr     string // host:port on loopback, where it takes mail
	now      func() time.Time
	most     int64 // mails that are kept
	file     func() (*db.DB, error)
	listener net.Listener
	server   *smtp.Server

	mu     sync.Mutex
	opened *db.DB
	plan   []fate // of the next mails
}

// Open opens the mailbox whose mails are under dir, and begins to take mail. The file is made with the first mail.
func Open(dir string, now func() time.Time) (*Box, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("the mailbox for development: %w", err)
	}
	b := &Box{Addr: listener.Addr().String(), now: now, most: kept, listener: listener}
	b.file = sync.OnceValues(func() (*db.DB, error) { return b.openFile(filepath.Join(dir, "mailbox.db")) })
	b.server = newServer(b)
	go func() { _ = b.server.Serve(listener) }() // until Close
	return b, nil
}

func (b *Box) openFile(path string) (*db.DB, error) {
	d, err := db.Open(db.Options{URL: "sqlite:///" + path, MaxConns: 1})
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	b.opened = d
	b.mu.Unlock()
	return d, createTable(context.Background(), d)
}

// Close takes no more mail.
func (b *Box) Close() error {
	_ = b.server.Close()
	_ = b.listener.Close() // the server may not have come to know it
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.opened == nil {
		return nil
	}
	return b.opened.Close()
}

// List gives up to limit mails in which search occurs, newest first, with ids below before.
func (b *Box) List(ctx context.Context, search string, before int64, limit int) ([]Mail, error) {
	d, err := b.file()
	if err != nil {
		return nil, err
	}
	return list(ctx, d, search, before, limit)
}

// Get gives one mail.
func (b *Box) Get(ctx context.Context, id int64) (Mail, error) {
	d, err := b.file()
	if err != nil {
		return Mail{}, err
	}
	m, err := byID(ctx, d, id)
	return m, db.NotFound(err, errNoMail)
}

func (b *Box) keep(ctx context.Context, m Mail) error {
	d, err := b.file()
	if err != nil {
		return err
	}
	return d.InTx(ctx, func(ctx context.Context, tx *db.Tx) error {
		id, err := insert(ctx, tx, m)
		if err != nil {
			return err
		}
		return deleteUpTo(ctx, tx, id-b.most)
	})
}

// fate is what becomes of a mail in a test, other than that it is kept.
type fate struct {
	code  int  // refused with it, when its recipient is named
	drop  bool // kept, and the connection ends without an answer
	stall bool // not kept, and not answered until the sender leaves
}

// Refuse has the next n mails refused with an SMTP code such as 451 (later, perhaps) or 550 (never).
func (b *Box) Refuse(n, code int) { b.next(n, fate{code: code}) }

// Drop has the next n mails kept, but their senders never hear of it.
func (b *Box) Drop(n int) { b.next(n, fate{drop: true}) }

// Stall has the senders of the next n mails wait for an answer in vain.
func (b *Box) Stall(n int) { b.next(n, fate{stall: true}) }

// Forgive has the next mails kept again.
func (b *Box) Forgive() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.plan = nil
}

func (b *Box) next(n int, f fate) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range n {
		b.plan = append(b.plan, f)
	}
}

func (b *Box) fate() (f fate) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.plan) > 0 {
		f, b.plan = b.plan[0], b.plan[1:]
	}
	return f
}
