// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_IDENTITY_H
#define RELIGHT_IDENTITY_H

// How far a name in the record is known: the values of `identity` in session.open, session.resumed
// and approvals (FORMATS.md §5).

enum identity {
	IDENTITY_ASSERTED, // the person says so
	IDENTITY_PEER,     // the kernel says whose process is at the socket's other end
	IDENTITY_KEY,      // a key signed it
	IDENTITY_COUNT,
};

// As it stands in the record.
const char *identity_word(enum identity identity);
// For people, behind a name: "asserted". What proves it is said beside it.
const char *identity_say(enum identity identity);
// IDENTITY_COUNT where the word is none of them, or NULL.
enum identity identity_parse(const char *word);

#endif
