package videosdk_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"videosdk-end-session/internal/endsession"
	"videosdk-end-session/internal/local/standin"
	"videosdk-end-session/internal/redacted"
	"videosdk-end-session/internal/videosdk"
)

// TestRotatedAtVideoSDK has an account whose key was changed. The call is made once more, with the new pair.
func TestRotatedAtVideoSDK(t *testing.T) {
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			server := startLive(t, standin.Options{})
			if err := server.Rotate("new key", "new secret"); err != nil {
				t.Fatal(err)
			}
			now := newClock()
			source := &account{held: good, fresh: videosdk.Credentials{APIKey: "new key", Secret: redacted.New("new secret")}}
			// A fetch within Get began and ended before the credentials were used: a refresh must not take it for a fresh one.
			source.onGet = func() { now.advance(time.Second) }
			client := newClient(t, server.URL(), source, now)

			if err := op.do(t.Context(), client); err != nil {
				t.Fatal(err)
			}
			calls := server.Calls()
			if len(calls) != 2 || calls[0].Status != http.StatusUnauthorized || calls[1].Status != http.StatusOK {
				t.Errorf("called %+v, want a 401 and a 200", calls)
			}
			if got := source.refreshes(); len(got) != 1 || !got[0].Equal(morning.Add(time.Second)) {
				t.Errorf("refreshed after %v, want once after the time of use", got)
			}

			if err := op.do(t.Context(), client); err != nil && endsession.AsError(err).HTTPStatus == http.StatusUnauthorized {
				t.Errorf("the next call: %v", err)
			}
			if got := len(source.refreshes()); got != 1 {
				t.Errorf("refreshed %d times, want once", got)
			}
		})
	}
}

func TestUnauthorizedForEver(t *testing.T) {
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			server := startLive(t, standin.Options{})
			if err := server.Rotate("new key", "new secret"); err != nil {
				t.Fatal(err)
			}
			source := steady(good)
			got := endsession.AsError(op.do(t.Context(), newClient(t, server.URL(), source, nil)))
			if got == nil || got.Code != endsession.CodeVideoSDKUnauthorized || got.Class != endsession.Credentials || got.Uncertain {
				t.Errorf("got %+v", got)
			}
			if calls := server.Calls(); len(calls) != 2 || calls[0].Acted || calls[1].Acted {
				t.Errorf("called %+v, want twice", calls)
			}
			if n := len(source.refreshes()); n != 1 {
				t.Errorf("refreshed %d times, want once", n)
			}
		})
	}
}

func TestUnauthorizedAndNothingFresh(t *testing.T) {
	outage := errors.New("secrets manager is down")
	tests := []struct {
		name  string
		err   error
		class endsession.Class
	}{
		{name: "out of reach for now", err: outage, class: endsession.Transient},
		{name: "out of reach for good", err: &endsession.Error{Code: endsession.CodeSecretUnavailable, Class: endsession.Credentials}, class: endsession.Credentials},
		{name: "unusable", err: videosdk.ErrInvalidCredentials, class: endsession.Credentials},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			server := startLive(t, standin.Options{})
			inject(t, server, standin.Fault{Do: standin.Answer, Status: http.StatusUnauthorized, Body: `{"message":"Token is invalid or expired"}`})
			_, err := newClient(t, server.URL(), &account{held: good, refreshErr: wrap(tt.err)}, nil).End(t.Context(), roomID, sessionID, soon)
			got := endsession.AsError(err)
			if got == nil || got.Code != endsession.CodeVideoSDKUnauthorized || got.Class != tt.class ||
				got.Message != "VideoSDK answered 401: Token is invalid or expired" {
				t.Errorf("got %+v", got)
			}
			if !errors.Is(err, tt.err) {
				t.Errorf("%v does not say why there is nothing fresh", err)
			}
			if calls := server.Calls(); len(calls) != 1 {
				t.Errorf("called %d times, want once", len(calls))
			}
		})
	}
}

// TestRefreshedToNothing has a refresh that gives credentials which cannot be used.
func TestRefreshedToNothing(t *testing.T) {
	server := startLive(t, standin.Options{})
	inject(t, server, standin.Fault{Do: standin.Answer, Status: http.StatusUnauthorized})
	_, err := newClient(t, server.URL(), &account{held: good}, nil).Session(t.Context(), sessionID)
	if got := endsession.AsError(err); got == nil || got.Code != endsession.CodeSecretInvalid || got.Class != endsession.Credentials {
		t.Errorf("got %+v", got)
	}
	if calls := server.Calls(); len(calls) != 1 {
		t.Errorf("called %d times, want once", len(calls))
	}
}

// TestClockOfVideoSDKIsAhead has a token that expires at VideoSDK before it does here. The credentials are good, the token is not.
func TestClockOfVideoSDKIsAhead(t *testing.T) {
	now := newClock()
	server := startLive(t, standin.Options{Now: func() time.Time { return now.Now().Add(5 * time.Minute) }})
	source := steady(good)
	client := newClient(t, server.URL(), source, now)
	for range 2 {
		if _, err := client.Session(t.Context(), sessionID); err != nil {
			t.Fatal(err)
		}
		now.advance(6 * time.Minute)
	}
	if calls := server.Calls(); len(calls) != 3 || calls[1].Status != http.StatusUnauthorized || calls[2].Status != http.StatusOK {
		t.Errorf("called %+v, want 200, 401 and 200", calls)
	}
}
