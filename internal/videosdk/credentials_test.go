package videosdk_test

import (
	"testing"

	"videosdk-end-session/internal/videosdk"
)

func TestParseCredentials(t *testing.T) {
	tests := []struct {
		name        string
		document    string
		key, secret string // both empty where the document is refused
	}{
		{name: "our names", document: `{"apiKey":"k","secret":"s"}`, key: "k", secret: "s"},
		{name: "the vendor's names", document: `{"VIDEOSDK_API_KEY":"k","VIDEOSDK_SECRET":"s"}`, key: "k", secret: "s"},
		{name: "both, ours count", document: `{"VIDEOSDK_API_KEY":"x","VIDEOSDK_SECRET":"y","apiKey":"k","secret":"s"}`, key: "k", secret: "s"},
		{name: "ours are blank", document: `{"VIDEOSDK_API_KEY":"k","VIDEOSDK_SECRET":"s","apiKey":"","secret":" "}`, key: "k", secret: "s"},
		{name: "other fields", document: `{"apiKey":"k","secret":"s","VIDEOSDK_API_ENDPOINT":"https://x","n":1}`, key: "k", secret: "s"},
		{name: "line feed after the secret", document: `{"apiKey":"k\r\n","secret":"s\n"}`, key: "k", secret: "s"},
		{name: "white space around", document: `{"apiKey":" k\t","secret":"\n s "}`, key: "k", secret: "s"},
		{name: "white space within stays", document: `{"apiKey":"k k","secret":"s s"}`, key: "k k", secret: "s s"},
		{name: "line feed after the document", document: "{\"apiKey\":\"k\",\"secret\":\"s\"}\r\n", key: "k", secret: "s"},
		{name: "byte order mark", document: "\uFEFF{\"apiKey\":\"k\",\"secret\":\"s\"}", key: "k", secret: "s"},
		{name: "escapes", document: `{"apiKey":"\u006b","secret":"\"\\\u00e4"}`, key: "k", secret: `"\ä`},

		{name: "nothing", document: ""},
		{name: "white space", document: " \n"},
		{name: "only a byte order mark", document: "\uFEFF"},
		{name: "null", document: "null"},
		{name: "empty object", document: "{}"},
		{name: "bare secret", document: "the-confidential-secret"},
		{name: "quoted secret", document: `"the-confidential-secret"`},
		{name: "array", document: `["confidential","confidential"]`},
		{name: "array of the object", document: `[{"apiKey":"confidential","secret":"confidential"}]`},
		{name: "no key", document: `{"secret":"confidential"}`},
		{name: "no secret", document: `{"apiKey":"confidential"}`},
		{name: "empty key", document: `{"apiKey":"","secret":"confidential"}`},
		{name: "blank secret", document: `{"apiKey":"confidential","secret":" \n\t"}`},
		{name: "secret is null", document: `{"apiKey":"confidential","secret":null}`},
		{name: "key is a number", document: `{"apiKey":4711,"secret":"confidential"}`},
		{name: "secret is a number", document: `{"apiKey":"confidential","secret":4711}`},
		{name: "secret is an object", document: `{"apiKey":"confidential","secret":{"value":"confidential"}}`},
		{name: "secret is a list", document: `{"apiKey":"confidential","secret":["confidential"]}`},
		{name: "our key, the vendor's secret", document: `{"apiKey":"confidential","VIDEOSDK_SECRET":"confidential"}`},
		{name: "half of ours, all of the vendor's", document: `{"apiKey":"x","VIDEOSDK_API_KEY":"k","VIDEOSDK_SECRET":"confidential"}`},
		{name: "cut off", document: `{"apiKey":"confidential","secret":"confid`},
		{name: "two documents", document: `{"apiKey":"k","secret":"confidential"}{"apiKey":"k","secret":"confidential"}`},
		{name: "not JSON", document: `apiKey=confidential`},
		{name: "invalid escape", document: `{"apiKey":"k","secret":"confidential\x"}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := videosdk.ParseCredentials([]byte(tt.document))
			if got.APIKey != tt.key || got.Secret.Reveal() != tt.secret {
				t.Errorf("got %q and %q, want %q and %q", got.APIKey, got.Secret.Reveal(), tt.key, tt.secret)
			}
			refused := tt.key == ""
			// The very error and no wrap of it: a wrapped one could quote the document.
			if refused && err != videosdk.ErrInvalidCredentials || !refused && err != nil {
				t.Errorf("error %v", err)
			}
		})
	}
}
