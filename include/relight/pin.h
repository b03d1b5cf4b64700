// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_PIN_H
#define RELIGHT_PIN_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "relight/buf.h"

// The part of a fingerprint that says that whoever answers is believed (insecure-skip-tls-verify).
#define PIN_TLS            "tls"
#define PIN_TLS_UNVERIFIED "unverified"

// Of the evidence of an observation: the target that could not be asked because its kubeconfig or
// context is not there.
#define PIN_UNREACHED "unreached"

// What a target is known by.

// {"uid":…,"ca_sha256":…,"host_key":…} as one text, for comparing and showing. The caller frees.
char *pin_text(const cJSON *fingerprint);
// Appends such a text as it is shown: of a long value the first and the last four bytes, "uid
// 12f3..9042 ca 9f3a..0c11". What is compared is the whole.
void pin_say(const char *pin, struct buf *out);
// The same for comparing with what is known from elsewhere: UIDs are whole, and of a digest there
// are sixteen digits at the beginning and eight at the end.
void pin_say_much(const char *pin, struct buf *out);
// Whether a fingerprint says who it is at all: one that only says how it was asked does not.
bool pin_identifies(const cJSON *fingerprint);
// Whether a fingerprint agrees with a pinned one (pin_text of it) in all that both have, which must
// be something. More may become known of a target later, for example its UID once that may be read;
// that is no other target.
bool pin_agrees(const char *pinned, const cJSON *fingerprint);
// Whether two such texts are of one and the same: they have a part in common that says who it is,
// and contradict each other in none.
bool pin_is_same(const char *a, const char *b);
// Whether one that agrees says more than the pinned one: a part that it has not got, or that it was
// verified now.
bool pin_adds(const char *pinned, const cJSON *fingerprint);
// Both together, where they agree; the caller frees.
cJSON *pin_merged(const char *pinned, const cJSON *fingerprint);
// Whether whoever answered was believed when it was pinned; NULL: no.
bool pin_is_unverified(const char *pin);
// The value of one part of such a text ("uid"); the caller frees. NULL: it has no such part.
char *pin_value(const char *pin, const char *part);

// What a target has become against what it was pinned as.
enum pin_change {
	PIN_ANOTHER,
	PIN_AGAIN,      // the same: another one has answered in between
	PIN_UNVERIFIED, // the same, but whoever answers is believed now
	PIN_OTHER_CA,   // the same by its UID, with another certificate authority
	PIN_CHANGES,
};
// Of two such texts; NULL is another one.
enum pin_change pin_change(const char *pinned, const char *now);
// The words for it, in what is said of the target, alone, and as a question to who accepts it.
extern const struct pin_change_words {
	const char *is, *loud, *alone;
	const char *means; // a sentence, or ""
	const char *question;
} pin_changes[PIN_CHANGES];

#endif
