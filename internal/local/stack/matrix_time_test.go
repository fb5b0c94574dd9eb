package stack_test

import "time"

// times are when triggers happened and when bookings are.
func times() []row {
	hours := func(n int) string { return time.Now().Add(time.Duration(n) * time.Hour).UTC().Format(time.RFC3339) }
	return []row{
		{name: "a trigger from last week", triggers: oneTrigger(ago(7 * 24 * time.Hour)), want: settled("refused trigger_too_old")},
		{name: "occurredAt in a minute", triggers: oneTrigger(ago(-time.Minute)), want: settled("ending")},
		{
			name: "occurredAt in an hour", want: settled("ending").but(rejected("occurred_at_in_future").only(byQueue, byBus)),
			triggers: oneTrigger(ago(-time.Hour)),
		},
		{
			name: "occurredAt in 2099", triggers: oneTrigger(set("occurredAt", "2099-01-01T00:00:00Z")),
			want: settled("ending").but(rejected("occurred_at_in_future").only(byQueue, byBus)),
		},
		{
			name: "occurredAt missing", triggers: oneTrigger(set("occurredAt", nil)),
			want: settled("ending").but(rejected("occurred_at_missing").only(byQueue)),
		},
		{name: "occurredAt of the year 1", triggers: oneTrigger(set("occurredAt", "0001-01-01T00:00:00Z")), want: rejected("invalid_request")},
		{name: "occurredAt without a zone", triggers: oneTrigger(set("occurredAt", "2026-11-23T10:00:00")), want: rejected("invalid_request")},
		{
			name: "the booking is tomorrow", want: settled("refused before_window"),
			triggers: oneTrigger(booked(hours(24), hours(25))),
		},
		{
			name: "the booking was yesterday", want: settled("refused after_window"),
			triggers: oneTrigger(booked(hours(-25), hours(-24))),
		},
		{
			name: "the session began before the booking", given: liveSince(3 * time.Hour), want: settled("refused session_outside_window"),
			triggers: oneTrigger(booked(hours(-1), hours(1))),
		},
		{
			name: "the booking ends before it starts", want: rejected("invalid_request"),
			triggers: oneTrigger(booked(hours(1), hours(-1))),
		},
		{name: "delaySeconds", triggers: oneTrigger(set("delaySeconds", 60)), want: rejected("delay_not_supported")},
	}
}

// booked is a trigger of a booking from one time to another.
func booked(from, to string) func(*cell) trigger {
	return fields(map[string]any{"startsAt": from, "endsAt": to}, nil)
}
