// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_CMD_TIMELINE_H
#define RELIGHT_CMD_TIMELINE_H

// What the words of `relight timeline` are given.
struct timeline_options {
	const char *name;    // the timeline or the incident
	const char *format;  // NULL: text
	const char *signers; // verify: --allowed-signers
	const char *seal;    // verify: --seal
	const char *head;    // verify: --head
	const char *key;     // seal: --key
	const char *output;  // seal: -o
};

// `relight timeline seal`: signs the head, leaves the signature beside the timeline and, where
// nobody is writing it, in it. Returns an exit code.
int timeline_seal(const struct timeline_options *options);

#endif
