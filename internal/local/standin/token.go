package standin

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// issuedAhead is how far in the future a token may have been issued: clocks differ.
const issuedAhead = 5 * time.Second

// pair is an API key with its secret. They change together.
type pair struct {
	apiKey, secret string
}

// tokenClaims are the claims of a token. There must be no others.
var tokenClaims = []string{"apikey", "permissions", "version", "roles", "iat", "exp"}

// refusal returns the answer to a request that may not use the API, or nil if it may.
func (p pair) refusal(header http.Header, now time.Time) *answer {
	claims, err := p.verify(header)
	if err != nil {
		return refuseToken(err.Error())
	}
	expires, err := claimTime(claims, "exp")
	if err != nil {
		return refuseToken(err.Error())
	}
	if !now.Before(expires) {
		return refused(http.StatusUnauthorized, "Token is invalid or expired", assumeExpiredStatus)
	}
	if err := checkClaims(claims, p.apiKey, now); err != nil {
		return refuseToken(err.Error())
	}
	return checkRoles(claims)
}

func refuseToken(why string) *answer {
	return refused(http.StatusUnauthorized, "Token is invalid: "+why, assumeTokenBody)
}

// verify checks the header and the signature, and returns the claims unchecked.
func (p pair) verify(header http.Header) (jwt.MapClaims, error) {
	values := header.Values("Authorization")
	switch {
	case len(values) == 0 || values[0] == "":
		return nil, errors.New("there is no Authorization header")
	case len(values) > 1:
		return nil, errors.New("there is more than one Authorization header")
	case strings.ContainsAny(values[0], " \t"):
		//lint:ignore ST1005 the name of a header
		return nil, errors.New("Authorization takes the bare token, without Bearer, Basic or any other prefix")
	}
	// The claims are checked here, against the facts of VideoSDK, so the library only verifies the signature.
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithoutClaimsValidation(), jwt.WithJSONNumber())
	claims := jwt.MapClaims{}
	_, err := parser.ParseWithClaims(values[0], claims, func(*jwt.Token) (any, error) { return []byte(p.secret), nil })
	switch {
	case errors.Is(err, jwt.ErrTokenMalformed):
		return nil, errors.New("it is not a JWT")
	case err != nil:
		return nil, errors.New("it is not signed by HS256 with the secret")
	}
	return claims, nil
}

// checkClaims checks all claims but exp and roles, which have answers of their own.
func checkClaims(claims jwt.MapClaims, apiKey string, now time.Time) error {
	var unknown []string
	for name := range claims {
		if !slices.Contains(tokenClaims, name) {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return errors.New("unknown claims " + strings.Join(unknown, ", "))
	}
	if claims["apikey"] != apiKey {
		return errors.New("apikey is not that of an active account")
	}
	if version, isNumber := claims["version"].(json.Number); !isNumber || version != "2" {
		return errors.New("version is not the number 2")
	}
	if !slices.Equal(texts(claims["permissions"]), []string{"allow_join", "allow_mod"}) {
		return errors.New(`permissions are not ["allow_join","allow_mod"]`)
	}
	issued, err := claimTime(claims, "iat")
	if err != nil {
		return err
	}
	if issued.After(now.Add(issuedAhead)) {
		return errors.New("iat is in the future")
	}
	return nil
}

// checkRoles tells a token for the server API from one that may only join rooms.
func checkRoles(claims jwt.MapClaims) *answer {
	roles := texts(claims["roles"])
	switch {
	case slices.Equal(roles, []string{"crawler"}):
		return nil
	case slices.Equal(roles, []string{"rtc"}):
		return refused(http.StatusForbidden, "The role rtc may not use the server API.", assumeRoleBody)
	default:
		return refuseToken(`roles are not ["crawler"]`)
	}
}

// claimTime reads a NumericDate (RFC 7519 section 2), in whole seconds as VideoSDK's own SDK writes it.
func claimTime(claims jwt.MapClaims, name string) (time.Time, error) {
	number, isNumber := claims[name].(json.Number)
	if !isNumber {
		return time.Time{}, errors.New(name + " is not a number")
	}
	seconds, err := number.Int64()
	if err != nil {
		return time.Time{}, errors.New(name + " is not a whole number of seconds")
	}
	return time.Unix(seconds, 0), nil
}

// texts returns the elements of a claim that is a list of strings, and nil for any other.
func texts(claim any) []string {
	list, isList := claim.([]any)
	if !isList {
		return nil
	}
	all := make([]string, 0, len(list))
	for _, element := range list {
		text, isText := element.(string)
		if !isText {
			return nil
		}
		all = append(all, text)
	}
	return all
}
