// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_CHAIN_H
#define RELIGHT_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "relight/err.h"

// SHA-256, and the chain of the timeline's lines: each line ends in the digest of its own bytes
// before that, and names the digest of the line before (FORMATS.md §5).

#define CHAIN_START "0000000000000000000000000000000000000000000000000000000000000000"

// The digest in lower case, terminated. NULL only with a length of 0.
void sha256_hex(const void *bytes, size_t length, char hex[65]);

// The state of walking a timeline from its first line.
struct chain {
	int64_t next_seq; // expected; 0 at the start
	char head[65];    // digest of the last good line; CHAIN_START before the first
	int64_t lines;    // good ones
};
void chain_init(struct chain *chain); // before the first line

// Takes the next whole line (without LF): its length, its digest, its link and its seq must be
// right. False: `err` says what is wrong with line `chain->lines + 1`, and the chain stays where it
// was.
bool chain_link(struct chain *chain, const char *line, size_t length_bytes, struct err *err);

#endif
