// Package pipetest serves HTTP over a pipe in memory, so that in a synctest bubble a server's deadlines obey the time of the
// test. It knows nothing of the shop.
package pipetest

import (
	"net"
	"net/http"
)

// Serve has server answer one connection until it is closed, and gives the client's end.
func Serve(server *http.Server) net.Conn {
	here, there := net.Pipe()
	listener := &onePipe{conn: there, closed: make(chan struct{})}
	go func() { _ = server.Serve(listener) }()
	return here
}

// onePipe is a listener with one connection.
type onePipe struct {
	conn   net.Conn
	closed chan struct{}
}

func (p *onePipe) Accept() (net.Conn, error) {
	if conn := p.conn; conn != nil {
		p.conn = nil
		return conn, nil
	}
	<-p.closed
	return nil, net.ErrClosed
}
func (p *onePipe) Close() error   { close(p.closed); return nil }
func (p *onePipe) Addr() net.Addr { return &net.TCPAddr{} }
