// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_WORLD_HTTP_PARTS_H
#define RELIGHT_WORLD_HTTP_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "http_curl.h"
#include "relight/buf.h"
#include "relight/http.h"

// What the two files of the HTTP client share: http.c has the client, its loop and how exchanges
// end; http_exchange.c what one asks and what arrives.

// Of each origin that was asked in vain, the last failure. There are as many as a runbook names.
struct failed_origin {
	struct failed_origin *next; // of http.failed_origins
	char *origin;               // scheme, host and port
	enum reach reach;
	char words[HTTP_WORDS_BYTES];
};

struct http {
	const struct http_curl *curl;
	uv_loop_t *loop;
	CURLM *multi;
	uv_timer_t timer;   // when curl wants to be called
	uv_timer_t excuse;  // exchanges that could not begin, and a reset
	uv_timer_t overdue; // those that libcurl does not end at their time
	char *reset_why;    // all connections are to be given up, for this reason; NULL: they stay
	int timers_open;
	struct http_exchange *exchanges;
	struct failed_origin *failed_origins;
};

struct http_exchange {
	struct http *http;
	struct http_exchange *next, *prev; // of http.exchanges
	CURL *easy;
	struct curl_slist *headers, *connect_to;
	struct buf body, warnings;
	size_t header_bytes, body_bytes, max_body_bytes;
	bool is_cut, is_stopped, is_tls, has_asked_for_name;
	bool has_head; // all of it: libcurl takes one that breaks off for a whole one
	int64_t timeout_ms, connect_timeout_ms;
	uint64_t overdue_ms; // on the loop's clock
	char ca_sha256[65];
	char errors[CURL_ERROR_SIZE];
	struct err excuse; // why it ended before it was answered; empty: it did not
	bool was_sent;     // before that
	enum reach excuse_reach;
	void (*on_head)(void *on_data_context, int status, bool is_shared);
	bool (*on_data)(void *on_data_context, const char *bytes, size_t length);
	void *on_data_context;
	void (*done)(void *context, const struct http_answer *answer);
	void *context;
};

// Asks what `request` wants; its texts are copied. False with exchange.excuse: it cannot be asked.
bool http_exchange_begin(struct http_exchange *exchange, const struct http_request *request);

#endif
