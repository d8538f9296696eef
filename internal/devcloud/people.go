package devcloud

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"sync"
)

// Person is somebody who signs in through the stand-in for Clerk. Who it is follows from the e-mail address, see UserID.
type Person struct{ Email, FirstName, LastName string }

// people are those who signed in, one JSON object a line of a file, so that souk token and souk serve know the same ones.
type people struct {
	path string

	mu    sync.Mutex
	read  int64 // bytes of the file
	all   []Person
	known map[string]bool // by UserID
}

// list gives all, in the order in which they came.
func (p *people) list() ([]Person, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	err := p.catchUp()
	return p.all, err
}

// add writes down who is not there yet.
func (p *people) add(one Person) (err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known[UserID(one.Email)] {
		return nil
	}
	if err := p.catchUp(); err != nil || p.known[UserID(one.Email)] {
		return err
	}
	line, err := json.Marshal(one)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(p.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return p.catchUp()
}

// catchUp reads what was written since the last time. A line that another process is just writing is left for the next.
func (p *people) catchUp() error {
	f, err := os.Open(p.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.NewSectionReader(f, p.read, 64<<20))
	if err != nil {
		return err
	}
	for {
		line, rest, whole := bytes.Cut(text, []byte("\n"))
		if !whole {
			return nil
		}
		var one Person
		if err := json.Unmarshal(line, &one); err != nil {
			slog.Warn("the stand-in for Clerk leaves out a line that names nobody", "file", p.path, "at", p.read, "err", err)
		} else if !p.known[UserID(one.Email)] {
			p.known[UserID(one.Email)] = true
			p.all = append(p.all, one)
		}
		p.read, text = p.read+int64(len(line))+1, rest
	}
}
