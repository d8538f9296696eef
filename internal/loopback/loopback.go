// Package loopback knows which hosts are this machine, and keeps on it what the stand-ins tell: their webhooks say that money came, and
// carry who has an account.
package loopback

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// Is says that host (without port) is this machine.
func Is(host string) bool {
	host = strings.ToLower(host)
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return ip != nil && ip.IsLoopback()
}

// Elsewhere is the address at origin, which is on this machine, of what was asked for at the same port and another name of the machine,
// as localhost: who signs in does so at one origin.
func Elsewhere(origin string, r *http.Request) (address string, other bool) {
	home, err := url.Parse(origin)
	asked := url.URL{Host: r.Host}
	if err != nil || asked.Host == home.Host || asked.Port() != home.Port() || !Is(home.Hostname()) || !Is(asked.Hostname()) {
		return "", false
	}
	target := *r.URL
	target.Scheme, target.Host = home.Scheme, home.Host
	return target.String(), true
}

// Check refuses the addresses for webhooks that are not on this machine.
func Check(webhooks ...string) error {
	for _, address := range webhooks {
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || !Is(u.Hostname()) {
			return fmt.Errorf("webhooks go to this machine only, not to %q", address)
		}
	}
	return nil
}

// Client sends webhooks. It connects to this machine only, whatever a name leads to, and follows no redirect.
func Client(connections int) *http.Client {
	dialer := net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
		host, _, err := net.SplitHostPort(address)
		if err == nil && !Is(host) {
			err = fmt.Errorf("%s is not this machine", host)
		}
		return err
	}}
	return &http.Client{
		Timeout:       15 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: connections, IdleConnTimeout: 30 * time.Second},
	}
}
