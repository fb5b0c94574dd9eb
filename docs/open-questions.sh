#!/bin/sh
# Asks VideoSDK what its documentation does not say, and what this project assumes meanwhile. It ends meetings in one room of yours.
#
#   VIDEOSDK_API_KEY=… VIDEOSDK_SECRET=… sh docs/open-questions.sh ROOM_ID [CUSTOM_ROOM_ID]
#
# Needs curl and Python 3.9. VIDEOSDK_API_ENDPOINT is where, by default VideoSDK itself. It waits for you to join the room where a meeting is
# needed, and asks about the room's customRoomId only if you name it. It prints statuses and bodies, the bodies with all of their fields but
# with the values of a few: ids of rooms and sessions, times, statuses, errors. Others, such as apiKey, name and email, are shown as "…". A body
# that is no JSON is shown as it is. Look for what you do not want to share before you do.
set -eu

room=${1:?name a room of yours, as in: sh docs/open-questions.sh abcd-efgh-ijkl}
custom=${2:-}
: "${VIDEOSDK_API_KEY:?is not set}" "${VIDEOSDK_SECRET:?is not set}"
export VIDEOSDK_API_KEY VIDEOSDK_SECRET
api=${VIDEOSDK_API_ENDPOINT:-https://api.videosdk.live}
api=${api%/}
api=${api%/v2}/v2

# token LIFETIME prints a token that is valid for so many seconds from now. The key and its secret come from the environment: everybody on the
# machine can read the list of processes.
token() {
	python3 -c '
import base64, hashlib, hmac, json, os, sys, time

def part(content):
    return base64.urlsafe_b64encode(content).rstrip(b"=")

now = int(time.time())
claims = {"apikey": os.environ["VIDEOSDK_API_KEY"], "permissions": ["allow_join", "allow_mod"], "version": 2, "roles": ["crawler"],
          "iat": now - 120, "exp": now + int(sys.argv[1])}
signed = part(b"""{"alg":"HS256","typ":"JWT"}""") + b"." + part(json.dumps(claims).encode())
signature = hmac.new(os.environ["VIDEOSDK_SECRET"].encode(), signed, hashlib.sha256).digest()
print((signed + b"." + part(signature)).decode())
' "$1"
}

# ask TOKEN METHOD PATH [BODY] prints the status and what may be shown of the body. The token goes by standard input, as the list of processes
# would show it too.
ask() {
	printf '> %s %s %s\n' "$2" "$3" "${4:-}"
	answer=$(printf 'header = "Authorization: %s"\n' "$1" |
		curl --silent --show-error --config - --request "$2" --header 'Content-Type: application/json' ${4:+--data "$4"} \
			--write-out '\n< %{http_code}\n' "$api$3")
	printf '%s\n' "$answer" | python3 -c '
import json, sys

shown = """id roomId meetingId customRoomId userMeetingId sessionId start end status statusCode code errorCode message error msg statusMessage
currentPage perPage lastPage total""".split()

def hidden(value, name):
    if isinstance(value, dict):
        return {field: hidden(v, field) for field, v in value.items()}
    if isinstance(value, list):
        return [hidden(v, name) for v in value]
    return value if name in shown or value is None else "…"

body, status = sys.stdin.buffer.read().decode(errors="replace").rstrip().rsplit("\n", 1)
try:
    body = json.dumps(hidden(json.loads(body), "message"), separators=(",", ":"), ensure_ascii=False)
except ValueError:
    pass  # no JSON: an error of whatever stands in front of VideoSDK
sys.stdout.buffer.write((body + "\n" + status + "\n").encode())
'
}

# escaped prints its argument as a part of a path or query. A customRoomId is free text.
escaped() { python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.argv[1], safe=""))' "$1"; }

# quoted prints it as a JSON string.
quoted() { python3 -c 'import json, sys; print(json.dumps(sys.argv[1]))' "$1"; }

question() { printf '\n== %s\n' "$1"; }

meeting() {
	printf '\nJoin the room %s in a browser, and press Enter once you are in.\n' "$room"
	read -r _
	good=$(token 600)
}

# live prints the id of the room's live session. One of another room, of a list whose filter was ignored, is not to be ended.
live() {
	found=$(ask "$good" GET "/sessions?roomId=$room&status=ongoing&perPage=1" | grep -o '"id":"[0-9a-f]*"' | head -n 1 | cut -d '"' -f 4)
	if ask "$good" GET "/sessions/${found:-none}" | grep -qF -e "\"roomId\":\"$room\"" -e "\"meetingId\":\"$room\""; then
		printf %s "$found"
	fi
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
question 'Has a list them too, and customRoomId among them?'
ask "$good" GET "/sessions?roomId=$room&status=ongoing&perPage=2"
if [ -n "$custom" ]; then
	question 'Is customRoomId a filter? The first list must hold the live session and no other, the second, of no room, none.'
	ask "$good" GET "/sessions?customRoomId=$(escaped "$custom")&status=ongoing&perPage=2"
	ask "$good" GET "/sessions?customRoomId=$(escaped "$custom")-of-no-room&status=ongoing&perPage=2"
	question 'Is a room found by its customRoomId, and which fields has it?'
	ask "$good" GET "/rooms/$(escaped "$custom")"
fi
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
	ask "$good" POST /sessions/end "{\"roomId\":$(quoted "$custom"),\"sessionId\":\"$second\"}"
fi
question 'Good bye.'
ask "$good" POST /sessions/end "{\"roomId\":\"$room\",\"sessionId\":\"$second\"}"
