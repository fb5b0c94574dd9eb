package webhook

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"videosdk-end-session/internal/redacted"
)

// The bits of an RSA key. Below the least one forgeries are feasible; above the most, which is crypto/tls's, one verification costs so
// much that whoever supplies the key holds up the function.
const (
	leastBits = 2048
	mostBits  = 8192
)

// checkKey says what is wrong with an RSA key.
func checkKey(key *rsa.PublicKey) error {
	if bits := key.N.BitLen(); bits < leastBits || bits > mostBits {
		return fmt.Errorf("is an RSA key of %d bits, expected %d to %d", bits, leastBits, mostBits)
	}
	if key.E < 3 || key.E%2 == 0 || key.E > 1<<31-1 {
		return errors.New("is an RSA key with an impossible exponent")
	}
	return nil
}

// headerVideoSDK has the signature of VideoSDK's own webhooks: RSA-SHA256 (PKCS #1 v1.5) of the body, in base64.
const headerVideoSDK = "Videosdk-Signature"

// videoSDKVerifier verifies VideoSDK's own webhooks, whose secrets are VideoSDK's public keys.
type videoSDKVerifier struct{ keys []rsaKey }

type rsaKey struct {
	secret redacted.String
	public *rsa.PublicKey
}

func newVideoSDK(s *settings, p *problems) verifier {
	v := &videoSDKVerifier{}
	p.secrets(s, func(secret redacted.String) error {
		public, err := parsePublicKey(secret)
		v.keys = append(v.keys, rsaKey{secret, public})
		return err
	})
	return v
}

// parsePublicKey reads a PEM of one RSA public key, in PKCS #1 as VideoSDK publishes it, or in PKIX.
func parsePublicKey(secret redacted.String) (*rsa.PublicKey, error) {
	block, rest := pem.Decode([]byte(secret.Reveal()))
	if block == nil || strings.TrimSpace(string(rest)) != "" {
		return nil, errors.New("is not one PEM block with its lines, expected BEGIN RSA PUBLIC KEY or BEGIN PUBLIC KEY")
	}
	var parsed any
	var err error
	switch block.Type {
	case "RSA PUBLIC KEY":
		parsed, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "PUBLIC KEY":
		parsed, err = x509.ParsePKIXPublicKey(block.Bytes)
	default:
		return nil, errors.New("is a PEM block of another kind, expected BEGIN RSA PUBLIC KEY or BEGIN PUBLIC KEY")
	}
	key, ok := parsed.(*rsa.PublicKey)
	if err != nil || !ok {
		return nil, errors.New("is not an RSA public key")
	}
	return key, checkKey(key)
}

func (v *videoSDKVerifier) verify(_ context.Context, d Delivery) (verified, error) {
	encoded, err := d.required(headerVideoSDK)
	if err != nil {
		return verified{}, err
	}
	signature, err := decodeBase64(encoded)
	if err != nil {
		return verified{}, refuse(signatureMalformed, "the header %s is not base64", headerVideoSDK)
	}
	sum := sha256.Sum256(d.Body)
	for _, k := range v.keys {
		if rsa.VerifyPKCS1v15(k.public, crypto.SHA256, sum[:], signature) == nil {
			return verified{payload: d.Body, secret: k.secret}, nil
		}
	}
	return verified{}, refuse(signatureMismatch, "made with none of the keys, or for another body")
}
