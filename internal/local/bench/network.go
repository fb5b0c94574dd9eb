package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// far is a listener at a distance: what a client sends arrives a round trip later, and on a new connection one more, which is that of
// TCP's handshake. So each flight of the client's costs one round trip, as on a network, and those of several connections overlap.
type far struct {
	net.Listener
	roundTrip time.Duration
	accepted  *atomic.Int64
}

// Accept implements net.Listener.
func (f far) Accept() (net.Conn, error) {
	conn, err := f.Listener.Accept()
	if err != nil {
		return nil, err
	}
	f.accepted.Add(1)
	if f.roundTrip == 0 {
		return conn, nil
	}
	d := &distant{Conn: conn, flights: make(chan flight, 64), closed: make(chan struct{}), wake: make(chan struct{})}
	go d.receive(f.roundTrip)
	return d, nil
}

// distant is a connection whose client is far away.
type distant struct {
	net.Conn
	flights chan flight
	under   *flight // taken from flights, and not arrived yet
	rest    []byte  // arrived, and not read yet
	closing sync.Once
	closed  chan struct{}

	mu   sync.Mutex
	wake chan struct{} // closed when a waiting Read must return
}

// flight is what came in one piece, or the end of it all.
type flight struct {
	data []byte
	at   time.Time
	err  error
}

// receive reads what the client sends as it comes, and says when it arrives.
func (d *distant) receive(roundTrip time.Duration) {
	opened := time.Now().Add(roundTrip)
	for {
		data := make([]byte, 32<<10)
		n, err := d.Conn.Read(data)
		at := time.Now()
		if at.Before(opened) {
			at = opened
		}
		select {
		case d.flights <- flight{data[:n], at.Add(roundTrip), err}:
		case <-d.closed:
			return
		}
		if err != nil {
			return
		}
	}
}

// Read implements net.Conn.
func (d *distant) Read(p []byte) (int, error) {
	for len(d.rest) == 0 {
		if err := d.arrive(); err != nil {
			return 0, err
		}
	}
	n := copy(p, d.rest)
	d.rest = d.rest[n:]
	return n, nil
}

// arrive waits for the next flight.
func (d *distant) arrive() error {
	d.mu.Lock()
	wake := d.wake
	d.mu.Unlock()
	if d.under == nil {
		select {
		case f := <-d.flights:
			d.under = &f
		case <-wake:
			return os.ErrDeadlineExceeded
		case <-d.closed:
			return net.ErrClosed
		}
	}
	timer := time.NewTimer(time.Until(d.under.at))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-wake:
		return os.ErrDeadlineExceeded
	case <-d.closed:
		return net.ErrClosed
	}
	f := d.under
	d.under = nil
	if len(f.data) == 0 {
		return f.err
	}
	d.rest = f.data
	return nil
}

// SetReadDeadline implements net.Conn as far as net/http's server needs it: a time that has passed makes a waiting Read return.
func (d *distant) SetReadDeadline(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !t.IsZero() && t.Before(time.Now()) {
		close(d.wake)
	}
	d.wake = make(chan struct{})
	return nil
}

// SetDeadline implements net.Conn.
func (d *distant) SetDeadline(t time.Time) error { return d.SetReadDeadline(t) }

// Close implements net.Conn.
func (d *distant) Close() error {
	d.closing.Do(func() { close(d.closed) })
	return d.Conn.Close()
}

// timed measures how long a handler takes, which is what a caller's own time does not include.
type timed struct {
	http.Handler
	spent *atomic.Int64 // nanoseconds
}

// ServeHTTP implements http.Handler.
func (t timed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	defer func() { t.spent.Add(int64(time.Since(began))) }()
	t.Handler.ServeHTTP(w, r)
}

// authority makes a certificate for this machine and a file with the certificates to trust: that one, and those that this system trusts,
// because reading them is a part of a start.
func authority(folder string) (tls.Certificate, string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, "", err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bench"}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, "", err
	}
	trusted := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for _, file := range []string{"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"} {
		if system, err := os.ReadFile(file); err == nil {
			trusted = append(trusted, system...)
			break
		}
	}
	file := filepath.Join(folder, "trusted.pem")
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file, os.WriteFile(file, trusted, 0o600)
}
