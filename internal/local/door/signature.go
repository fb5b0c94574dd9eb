package door

import (
	"net/http"
	"strings"
)

const signatureAlgorithm = "AWS4-HMAC-SHA256"

// isSigned says whether a request carries a signature of version 4, in its
// Authorization header or its query. The signature is not verified.
func isSigned(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Authorization"), signatureAlgorithm) ||
		r.URL.Query().Get("X-Amz-Signature") != ""
}

// accessKey is the key id that a signed request names, the first part of its
// credential scope:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
func accessKey(r *http.Request) string {
	credential := r.URL.Query().Get("X-Amz-Credential")
	if _, after, found := strings.Cut(r.Header.Get("Authorization"), "Credential="); found {
		credential = after
	}
	key, _, _ := strings.Cut(credential, "/")
	return key
}
