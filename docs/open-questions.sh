#!/bin/sh
# Asks VideoSDK what its documentation does not say, and what this project assumes meanwhile. It ends meetings in one room of yours.
#
#   VIDEOSDK_API_KEY=… VIDEOSDK_SECRET=… sh docs/open-questions.sh ROOM_ID [CUSTOM_ROOM_ID]
#
# Needs curl and openssl. VIDEOSDK_API_ENDPOINT is where, by default VideoSDK itself. It waits for you to join the room where a meeting is
# needed. It prints statuses and bodies; look for what you do not want to share (participants' names) before you do.
set -eu

room=${1:?name a room of yours, as in: sh docs/open-questions.sh abcd-efgh-ijkl}
custom=${2:-}
: "${VIDEOSDK_API_KEY:?is not set}" "${VIDEOSDK_SECRET:?is not set}"
api=${VIDEOSDK_API_ENDPOINT:-https://api.videosdk.live}
api=${api%/}
api=${api%/v2}/v2

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

# token LIFETIME prints a token that is valid for so many seconds from now.
token() {
	now=$(date +%s)
	claims=$(printf '{"apikey":"%s","permissions":["allow_join","allow_mod"],"version":2,"roles":["crawler"],"iat":%d,"exp":%d}' \
		"$VIDEOSDK_API_KEY" "$((now - 120))" "$((now + $1))" | base64url)
	signed=$(printf '{"alg":"HS256","typ":"JWT"}' | base64url).$claims
	printf '%s.%s' "$signed" "$(printf %s "$signed" | openssl dgst -sha256 -hmac "$VIDEOSDK_SECRET" -binary | base64url)"
}

# ask TOKEN METHOD PATH [BODY] prints the status and the body. The token goes by standard input, not by the list of processes.
ask() {
	printf '> %s %s %s\n' "$2" "$3" "${4:-}"
	printf 'header = "Authorization: %s"\n' "$1" |
		curl --silent --show-error --config - --request "$2" --header 'Content-Type: application/json' ${4:+--data "$4"} \
			--write-out '\n< %{http_code}\n' "$api$3"
}

question() { printf '\n== %s\n' "$1"; }

meeting() {
	printf '\nJoin the room %s in a browser, and press Enter once you are in.\n' "$room"
	read -r _
}

# live prints the id of the room's live session.
live() {
	ask "$good" GET "/sessions?roomId=$room&status=ongoing&perPage=1" | grep -o '"id":"[0-9a-f]*"' | head -n 1 | cut -d '"' -f 4
}

good=$(token 600)

question 'What is answered to a token that was tampered with?'
ask "${good}x" GET "/sessions?roomId=$room&perPage=1"
question 'To one that has expired?'
ask "$(token -60)" GET "/sessions?roomId=$room&perPage=1"
question 'A list of a room that does not exist?'
ask "$good" GET '/sessions?roomId=zzzz-zzzz-zzz0&status=ongoing&perPage=2'
question 'A session that does not exist?'
ask "$good" GET /sessions/ffffffffffffffffffffffff
question 'Is a parameter that is unknown ignored, and with it perhaps one that is misspelt?'
ask "$good" GET "/sessions?roomID=$room&perPage=1"

meeting
first=$(live)
printf 'The live session is %s.\n' "${first:?found none: is the room right, and are you in it}"
question 'Which fields has one session? Is customRoomId among them?'
ask "$good" GET "/sessions/$first"
question 'Does a sessionId restrict the call? The meeting must go on after this.'
ask "$good" POST /sessions/end "{\"roomId\":\"$room\",\"sessionId\":\"ffffffffffffffffffffffff\"}"
ask "$good" GET "/sessions/$first"
question 'The end itself: which shape has the answer, and is end set in it?'
ask "$good" POST /sessions/end "{\"roomId\":\"$room\",\"sessionId\":\"$first\"}"
question 'How soon is the end set?'
for _ in 1 2 3; do
	ask "$good" GET "/sessions/$first"
	sleep 1
done
question 'What is answered to the end of a session that has ended?'
ask "$good" POST /sessions/end "{\"roomId\":\"$room\",\"sessionId\":\"$first\"}"

meeting
second=$(live)
printf 'The live session is %s.\n' "${second:?found none}"
question "THE question: is the room's next session safe from a late call for the last one? The meeting must go on after this."
ask "$good" POST /sessions/end "{\"roomId\":\"$room\",\"sessionId\":\"$first\"}"
ask "$good" GET "/sessions/$second"
if [ -n "$custom" ]; then
	question 'May roomId be a customRoomId?'
	ask "$good" POST /sessions/end "{\"roomId\":\"$custom\",\"sessionId\":\"$second\"}"
fi
question 'Good bye.'
ask "$good" POST /sessions/end "{\"roomId\":\"$room\",\"sessionId\":\"$second\"}"
