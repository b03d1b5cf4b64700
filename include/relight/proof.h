// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_PROOF_H
#define RELIGHT_PROOF_H

#include <stdbool.h>
#include <stdint.h>

#include "relight/event.h"

// What a key says of a session: `proof` in the data of session.open and session.resumed
// (relight-timeline(5), SESSIONS). It is tied to one place of one record by what is signed, so that
// it cannot be moved elsewhere:
//   log    the record's uuid; "" where the line that says so is damaged
//   after  the head that the session was begun on: of the line before it, lines of its own that
//          only tell where the record goes on not counted; 64 zeros where it opened the record
//   at     when it was signed
//   key    type and fingerprint: "ED25519 SHA256:…"
//   signature

#define PROOF_MOST_BYTES 8192 // of the data of a session that is signed: it stays in its line whole

// Begins the proof of `event`: what is to be signed, without key and signature. `event` has all
// that will be recorded but seq, time and links, masked already.
void proof_begin(struct event *event, const char *log, const char *after, struct wall at);
// Completes it.
void proof_end(struct event *event, const char *key, const char *signature);

// The digest that is signed: of kind, sid, by, mode, data without its proof, and the proof's log,
// after and at, as one compact JSON object with these keys in this order.
void proof_digest(const struct event *event, char hex[65]);

// The `after` that an event must have that stands behind these `count` ones.
const char *proof_place(const struct event *event, struct event *const *before, size_t count);

// What came of checking it.
struct proof_verdict {
	int64_t seq;     // of the session's event
	const char *by;  // whom that names, borrowed from it
	char *key, *who; // whose signature it is, as ssh-keygen and the allowed signers have it;
			 // NULL: not known, or not asked for
	bool is_proved;  // it signed this very session, where it stands
	bool is_unasked; // not known to be wrong: ssh-keygen could not be asked
	char *why;       // it is not proved; else NULL
};

#endif
