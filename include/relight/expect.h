// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_EXPECT_H
#define RELIGHT_EXPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relight/buf.h"
#include "relight/progress.h"
#include "relight/runbook.h"
#include "relight/status.h"

// What came of asking, against what was expected (FORMATS.md §1 "Verdicts"). Pure: what jq decided
// is a value that comes in.

// How far an asking came.
enum reach {
	REACH_ANSWERED,  // an exit code, an HTTP answer, a TCP connection
	REACH_SILENT,    // nobody answers there: refused, timed out, reset, host unreachable. What
			 // `unreachable: true` wants
	REACH_REFUSED,   // somebody is there but speaks otherwise: TLS failed, no HTTP
	REACH_PREVENTED, // could not ask: name not resolved, no network, exit 126 and 127, an own
			 // mistake
};

// What a jq program gave; both NULL: not run.
struct jq_answer {
	const char *output; // JSON
	const char *error;
};

struct outcome {
	enum reach reach;
	const char *why;        // in words, where it was not answered
	int exit;               // command, shell, ssh
	int signal;             // that ended it; 0: none
	const char *last_words; // last line it printed, masked; NULL: none
	int http_status;        // http
	const char *http_note;  // about a redirect, or NULL
	bool has_credentials; // http: the request carried some, so that 401 and 403 mean that they
			      // were refused
	const char *text;   // stdout, body or banner; NULL: none
	size_t length;      // bytes
	bool is_cut;        // there was more than could be kept
	int64_t latency_ms; // -1: not known
	struct jq_answer jq, message, progress, expires;
};

struct verdict {
	enum status status;
	struct buf message; // in words, never empty; to be freed with verdict_fini
	struct progress progress;
	struct wall expires; // WALL_NONE: none
	bool renews;         // what expires is replaced by itself
};

void verdict_fini(struct verdict *verdict); // frees its texts

// Whether jq must be asked before judging (there is a program for it, and a text to run it on).
bool expect_wants_jq(const struct expectation *expect, const struct outcome *outcome);

// Fills `verdict` (which need not be initialised). `kind` says which members count. Texts are not
// masked here.
void expect_judge(const struct expectation *expect, enum check_kind kind,
	const struct outcome *outcome, struct verdict *verdict);

#endif
