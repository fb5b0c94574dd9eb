package videosdk_test

import (
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/videosdk"
)

// refusingStreams is a server that speaks as much HTTP/2 as it takes to refuse every stream (RFC 9113, sections 3.4, 4.1 and 8.7), and counts
// them. Transport is one that trusts it.
type refusingStreams struct {
	net.Listener
	transport *http.Transport
	streams   atomic.Int64
}

func refuseStreams(t *testing.T) *refusingStreams {
	t.Helper()
	certified := httptest.NewTLSServer(http.NotFoundHandler())
	defer certified.Close()
	s := &refusingStreams{transport: videosdk.NewTransport()}
	s.transport.TLSClientConfig = certified.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	t.Cleanup(s.transport.CloseIdleConnections)
	var err error
	s.Listener, err = tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: certified.TLS.Certificates, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	go func() {
		for {
			conn, err := s.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	return s
}

func (s *refusingStreams) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	const headers, reset, settings, refused = 1, 3, 4, 7
	preface := make([]byte, len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
	if _, err := io.ReadFull(conn, preface); err != nil {
		return
	}
	_, _ = conn.Write([]byte{0, 0, 0, settings, 0, 0, 0, 0, 0})
	for {
		var frame [9]byte
		if _, err := io.ReadFull(conn, frame[:]); err != nil {
			return
		}
		size := int64(frame[0])<<16 | int64(frame[1])<<8 | int64(frame[2])
		if _, err := io.CopyN(io.Discard, conn, size); err != nil {
			return
		}
		if frame[3] == headers {
			s.streams.Add(1)
			answer := append([]byte{0, 0, 4, reset, 0}, frame[5:9]...)
			_, _ = conn.Write(binary.BigEndian.AppendUint32(answer, refused))
		}
	}
}

// TestAnEndThatHTTP2RefusesIsNotRepeated holds that net/http leaves the repetition to the use case, which looks at the session first. By itself
// it would send the call five times within the eight seconds.
func TestAnEndThatHTTP2RefusesIsNotRepeated(t *testing.T) {
	s := refuseStreams(t)
	client, err := videosdk.New(videosdk.Config{
		Endpoint: "https://" + s.Addr().String(), Credentials: steady(good), Transport: s.transport, Now: newClock().Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.End(t.Context(), roomID, sessionID, soon)
	if got := endsession.AsError(err); got == nil || got.Code != endsession.CodeVideoSDKUnavailable || got.Class != endsession.Transient {
		t.Errorf("got %v, want %s", err, endsession.CodeVideoSDKUnavailable)
	}
	if n := s.streams.Load(); n != 1 {
		t.Errorf("sent %d times, want once", n)
	}
}
