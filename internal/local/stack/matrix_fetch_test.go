package stack_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"videosdk-end-session/internal/config"
	"videosdk-end-session/internal/local/standin"
	"videosdk-end-session/internal/local/template"
)

// fetch is GetSecretValue of VideoSDK's secret, and fetchOfWebhooks that of the webhooks', in which the functions of queue and bus look
// up how events of others are to be read. Both are about no trigger: a function that has no secret yet asks for it, whichever comes first.
// So each kind of fault has a round of its own, which begins with functions that know nothing.
var (
	fetch = awsCall{
		name: "GetSecretValue, VideoSDK's", fault: awsFault{operation: getSecretValue, holds: []string{`"` + secretName + `"`}},
		by: ways, elsewhere: queued, reads: true,
		comes: comes(settled("ending"), passing("secret_unavailable", "ending")),
	}
	fetchOfWebhooks = awsCall{
		name: "GetSecretValue, the webhooks'", fault: awsFault{operation: getSecretValue, holds: []string{`"webhooks"`}},
		by: []way{byQueue, byBus, byWebhook}, elsewhere: "The function of http and direct takes no events of others", reads: true,
		comes: comes(settled("ending").but(received("ending")), passing("secret_unavailable", "ending").but(resent("secret_unavailable", "ending"))),
		when:  func(f awsFault) row { return row{aws: []awsFault{f}, triggers: oneTrigger(eventOrDocument)} },
	}
)

// eventOrDocument is an event where events of others are read, and a document of ours as a webhook.
func eventOrDocument(c *cell) trigger {
	if c.way == byWebhook {
		return c.named(nil)
	}
	return at(time.Now().UTC().Format(time.RFC3339))(c)
}

// badFetches are the kinds of fault, one after the other and dealt out in pairs to settings that run at the same time.
func badFetches() []setting {
	settings := make([]setting, 2)
	for i := range settings {
		settings[i] = setting{key: fmt.Sprint("fetch-", i, "-"), webhook: true, adjust: func(t *template.Template) {
			redelivering(4 * time.Second)(t)
			for i := range t.Functions {
				t.Functions[i].Timeout = 12 * time.Second // some wait for most of it
			}
		}}
	}
	first, second := fetch.rows(), fetchOfWebhooks.rows()
	for i := range first {
		s := &settings[i/2%len(settings)]
		s.rounds = append(s.rounds, meeting(forgotten, first[i], second[i]))
	}
	return settings
}

// badRefetches are days on which the secret cannot be read again. One that worked is better than none, unless VideoSDK has refused it.
func badRefetches() setting {
	s := setting{
		key: "refetch",
		// One after the other, and no delivery before the last one is over, so that each function keeps to one environment, which has the
		// old secret.
		atOnce: 1,
		adjust: func(t *template.Template) {
			redelivering(10 * time.Second)(t)
			for i := range t.Functions {
				t.Functions[i].Environment[config.SecretTTL] = shortest.String()
			}
		},
	}
	meet := func(k kind, r row) {
		r.name, r.aws = r.name+": "+k.name, []awsFault{fetch.with(k)}
		fresh := round{rows: []row{{name: "a fresh secret", want: settled("ending")}}, begin: forgotten}
		s.rounds = append(s.rounds, fresh, meeting(aged, r))
	}
	for _, k := range kinds {
		// What else there is comes to one of these.
		if slices.Contains([]string{"500", "garbage", "hangs"}, k.name) {
			meet(k, row{name: "GetSecretValue with an old secret at hand", want: settled("ending")})
		}
		if k.name == "garbage" {
			meet(k, row{
				name: "GetSecretValue after a 401", want: passing("videosdk_unauthorized", "ending"),
				faults: with(answers(standin.OpListSessions, http.StatusUnauthorized, always)),
			})
		}
	}
	return s
}

// shortest is the shortest time for which a function can be told to keep a secret.
const shortest = time.Second

// forgotten leaves functions that know nothing.
func forgotten(_ context.Context, w *world) error {
	w.fresh()
	return nil
}

// aged leaves functions whose secret is too old.
func aged(ctx context.Context, _ *world) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(shortest):
		return nil
	}
}

// meeting is a round in which every function that asks for the secret of a row's fault is to meet it.
func meeting(begin func(context.Context, *world) error, rows ...row) round {
	faults := make([]*awsFault, len(rows))
	r := round{rows: slices.Clone(rows)}
	for i := range rows {
		r.rows[i].aws = nil // it is not about the cell's room
	}
	r.begin = func(ctx context.Context, w *world) error {
		for i, row := range rows {
			fault := row.aws[0]
			fault.oneCall, fault.times = false, always
			faults[i] = w.awsFaults.inject(fault)
		}
		return begin(ctx, w)
	}
	r.mend = func(ctx context.Context, w *world) error {
		for i, row := range rows {
			if met, asking := w.awsFaults.met(faults[i]), w.asking(faults[i]); met < asking {
				return fmt.Errorf("%s: %d requests have met the fault, and %d functions were to", row.name, met, asking)
			}
		}
		return mendAll(ctx, w)
	}
	return r
}

// asking returns how many functions ask for the secret of a fault.
func (w *world) asking(fault *awsFault) int {
	variable := config.VideoSDKSecretID
	if slices.Equal(fault.holds, fetchOfWebhooks.fault.holds) {
		variable = config.WebhookSecretID
	}
	functions := 0
	for _, f := range w.Template.Functions {
		if f.Environment[variable] != "" {
			functions++
		}
	}
	return functions
}
