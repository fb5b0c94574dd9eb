package videosdk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"videosdk-end-session/internal/redacted"
)

// Credentials are a VideoSDK API key and the secret that belongs to it. They change together.
type Credentials struct {
	APIKey string
	Secret redacted.String
}

// CredentialSource gives the credentials of the account.
type CredentialSource interface {
	// Get returns credentials that may be some minutes old. An error that wraps ErrInvalidCredentials says that there are some and
	// they cannot be used, an *endsession.Error is passed on, and any other counts as one that may pass.
	Get(ctx context.Context) (Credentials, error)
	// Refresh returns credentials that were fetched after the given time.
	Refresh(ctx context.Context, after time.Time) (Credentials, error)
}

// ErrInvalidCredentials says that a secret does not hold usable credentials.
var ErrInvalidCredentials = errors.New("expected a JSON object with a non-empty apiKey and secret")

// ParseCredentials reads the secret document `{"apiKey":"…","secret":"…"}`, or the same under the vendor's names VIDEOSDK_API_KEY and
// VIDEOSDK_SECRET. It trims white space, such as the line feed that an editor adds, and the byte order mark that some add in front. Its
// only error is ErrInvalidCredentials, which quotes nothing of the document.
func ParseCredentials(document []byte) (Credentials, error) {
	var d struct {
		APIKey       string `json:"apiKey"`
		Secret       string `json:"secret"`
		VendorAPIKey string `json:"VIDEOSDK_API_KEY"`
		VendorSecret string `json:"VIDEOSDK_SECRET"`
	}
	if err := json.Unmarshal(bytes.TrimPrefix(document, []byte("\uFEFF")), &d); err != nil {
		return Credentials{}, ErrInvalidCredentials
	}
	key, secret := strings.TrimSpace(d.APIKey), strings.TrimSpace(d.Secret)
	if key == "" && secret == "" {
		key, secret = strings.TrimSpace(d.VendorAPIKey), strings.TrimSpace(d.VendorSecret)
	}
	if key == "" || secret == "" {
		return Credentials{}, ErrInvalidCredentials
	}
	return Credentials{APIKey: key, Secret: redacted.New(secret)}, nil
}
