package webhook

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The key of RFC 7515, appendix A.2, which is published with its private half.
const (
	rfcModulus = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOW" +
		"vG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJ" +
		"H7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
	rfcExponent = "AQAB"
	rfcPrivate  = "Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKV" +
		"RUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl" +
		"_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ"
	rfcPrimeP = "4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ" +
		"5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc"
	rfcPrimeQ = "uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLt" +
		"XlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc"

	// What it has signed there.
	rfcSigned    = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
	rfcSignature = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4" +
		"BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6I" +
		"eYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
)

func number(text string) *big.Int {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return new(big.Int).SetBytes(b)
}

var rfcKey = func() *rsa.PrivateKey {
	key := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: number(rfcModulus), E: int(number(rfcExponent).Int64())},
		D:         number(rfcPrivate), Primes: []*big.Int{number(rfcPrimeP), number(rfcPrimeQ)},
	}
	key.Precompute()
	return key
}()

// Other keys are made when they are first needed, once.
var (
	otherKey = sync.OnceValue(func() *rsa.PrivateKey { return generate(2048) })
	weakKey  = sync.OnceValue(func() *rsa.PrivateKey { return generate(1024) })
)

func generate(bits int) *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return key
}

func pemOf(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func pkixOf(key any) string {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		panic(err)
	}
	return pemOf("PUBLIC KEY", der)
}

func pkcs1Of(key *rsa.PublicKey) string {
	return pemOf("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(key))
}

// publicPEM is the RFC's key as VideoSDK publishes its own.
var publicPEM = pkcs1Of(&rfcKey.PublicKey)

// signedBy is a delivery of VideoSDK's.
func signedBy(key *rsa.PrivateKey, body string) Delivery {
	hash := sha256.Sum256([]byte(body))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, hash[:])
	if err != nil {
		panic(err)
	}
	d := headed(headerVideoSDK, base64.StdEncoding.EncodeToString(signature))
	d.Body = []byte(body)
	return d
}

// TestThePublishedRSASignature verifies that of RFC 7515, appendix A.2, as VideoSDK would send it.
func TestThePublishedRSASignature(t *testing.T) {
	v := mustVerifier(t, schemeVideoSDK, settings{Secrets: secretsOf(publicPEM)}, parts{})
	d := headed(headerVideoSDK, base64.StdEncoding.EncodeToString(number(rfcSignature).Bytes()))
	d.Body = []byte(rfcSigned)
	if got := mustAccept(t, v, d, strings.TrimSpace(publicPEM)); string(got.payload) != rfcSigned || got.id != "" {
		t.Errorf("verified %+v", got)
	}
	for i := range d.Body {
		changed := d.clone()
		changed.Body[i] ^= 1
		mustRefuse(t, v, changed, signatureMismatch)
	}
}

func TestAPublicKeyInEitherForm(t *testing.T) {
	for _, text := range []string{publicPEM, pkixOf(&rfcKey.PublicKey), "\n" + publicPEM + "\n\n", strings.ReplaceAll(publicPEM, "\n", "\r\n")} {
		v := mustVerifier(t, schemeVideoSDK, settings{Secrets: secretsOf(text)}, parts{})
		mustAccept(t, v, signedBy(rfcKey, booking), strings.TrimSpace(text))
		mustRefuse(t, v, signedBy(otherKey(), booking), signatureMismatch)
	}
	both := mustVerifier(t, schemeVideoSDK, settings{Secrets: secretsOf(publicPEM, pkixOf(&otherKey().PublicKey))}, parts{})
	mustAccept(t, both, signedBy(rfcKey, booking), strings.TrimSpace(publicPEM))
	mustAccept(t, both, signedBy(otherKey(), booking), strings.TrimSpace(pkixOf(&otherKey().PublicKey)))
}

func TestOtherKeysAreRefused(t *testing.T) {
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key := func(n *big.Int, e int) *rsa.PublicKey { return &rsa.PublicKey{N: n, E: e} }
	one := big.NewInt(1)
	block := "is not one PEM block with its lines, expected BEGIN RSA PUBLIC KEY or BEGIN PUBLIC KEY"
	kind := "is a PEM block of another kind, expected BEGIN RSA PUBLIC KEY or BEGIN PUBLIC KEY"
	for name, tt := range map[string]struct{ secret, want string }{
		"1024 bits":      {pkcs1Of(&weakKey().PublicKey), "is an RSA key of 1024 bits, expected 2048 to 8192"},
		"1024 bits PKIX": {pkixOf(&weakKey().PublicKey), "is an RSA key of 1024 bits, expected 2048 to 8192"},
		"2047 bits":      {pkcs1Of(key(new(big.Int).Add(new(big.Int).Lsh(one, 2046), one), 65537)), "is an RSA key of 2047 bits, expected 2048 to 8192"},
		"8193 bits":      {pkcs1Of(key(new(big.Int).Add(new(big.Int).Lsh(one, 8192), one), 65537)), "is an RSA key of 8193 bits, expected 2048 to 8192"},
		"exponent 1":     {pkcs1Of(key(rfcKey.N, 1)), "is an RSA key with an impossible exponent"},
		"even exponent":  {pkcs1Of(key(rfcKey.N, 65536)), "is an RSA key with an impossible exponent"},
		"huge exponent":  {pkcs1Of(key(rfcKey.N, 1<<31+1)), "is not an RSA public key"},
		"a curve":        {pkixOf(&curve.PublicKey), "is not an RSA public key"},
		"a private key":  {pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rfcKey)), kind},
		"a certificate":  {pemOf("CERTIFICATE", []byte("x")), kind},
		"no key at all":  {pemOf("PUBLIC KEY", []byte("x")), "is not an RSA public key"},
		"the other form": {strings.ReplaceAll(publicPEM, "RSA PUBLIC", "PUBLIC"), "is not an RSA public key"},
		"PKIX as PKCS 1": {strings.ReplaceAll(pkixOf(&rfcKey.PublicKey), "PUBLIC", "RSA PUBLIC"), "is not an RSA public key"},
		"cut off":        {publicPEM[:len(publicPEM)/2], block},
		"without lines":  {strings.ReplaceAll(publicPEM, "\n", " "), block},
		"escaped lines":  {strings.ReplaceAll(publicPEM, "\n", `\n`), block},
		"two in one":     {publicPEM + publicPEM, block},
		"only base64":    {base64.StdEncoding.EncodeToString([]byte(publicPEM)), block},
	} {
		if diff := cmp.Diff([]string{"secrets: number 1 " + tt.want}, problemsOf(t, schemeVideoSDK, settings{Secrets: secretsOf(tt.secret)})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestHostileRSASignatures(t *testing.T) {
	v := mustVerifier(t, schemeVideoSDK, settings{Secrets: secretsOf(publicPEM)}, parts{})
	right := signedBy(rfcKey, booking).Header.Get(headerVideoSDK)
	raw, _ := base64.StdEncoding.DecodeString(right)
	long := sha512.Sum512([]byte(booking))
	other, err := rsa.SignPKCS1v15(nil, rfcKey, crypto.SHA512, long[:])
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256([]byte(booking))
	pss, err := rsa.SignPSS(rand.Reader, rfcKey, crypto.SHA256, hash[:], nil)
	if err != nil {
		t.Fatal(err)
	}
	plus := new(big.Int).Add(new(big.Int).SetBytes(raw), rfcKey.N).Bytes() // the same number modulo N
	encode := base64.StdEncoding.EncodeToString
	for name, tt := range map[string]struct {
		values []string
		want   reason
	}{
		"none":               {nil, signatureMissing},
		"blank":              {[]string{" "}, signatureMissing},
		"a NUL":              {[]string{"\x00"}, signatureMalformed},
		"no base64":          {[]string{"!!!!"}, signatureMalformed},
		"URL-safe":           {[]string{"-_" + right[2:]}, signatureMalformed},
		"unpadded":           {[]string{strings.TrimRight(right, "=")}, signatureMalformed},
		"line ends":          {[]string{right[:76] + "\n" + right[76:]}, signatureMalformed},
		"twice":              {[]string{right, right}, signatureMalformed},
		"joined":             {[]string{right + "," + right}, signatureMalformed},
		"1 MB":               {[]string{strings.Repeat("A", 1<<20)}, signatureMalformed},
		"10,000 headers":     {make([]string, 10_000), signatureMalformed},
		"short":              {[]string{encode(raw[:255])}, signatureMismatch},
		"long":               {[]string{encode(append(raw[:256:256], 0))}, signatureMismatch},
		"a byte":             {[]string{"AA=="}, signatureMismatch},
		"zeros":              {[]string{encode(make([]byte, 256))}, signatureMismatch},
		"ones":               {[]string{encode([]byte(strings.Repeat("\xff", 256)))}, signatureMismatch},
		"of SHA-512":         {[]string{encode(other)}, signatureMismatch},
		"PSS":                {[]string{encode(pss)}, signatureMismatch},
		"the modulus":        {[]string{encode(rfcKey.N.Bytes())}, signatureMismatch},
		"past the modulus":   {[]string{encode(plus)}, signatureMismatch},
		"of another message": {[]string{signedBy(rfcKey, "").Header.Get(headerVideoSDK)}, signatureMismatch},
	} {
		t.Run(name, func(t *testing.T) { mustRefuse(t, v, headed(headerVideoSDK, tt.values...), tt.want) })
	}
}
