// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_HTTP_H
#define RELIGHT_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "relight/err.h"
#include "relight/expect.h"

// An HTTP client on a libuv loop: libcurl's multi interface, loaded when the first one is made.
// Only http and https, TLS verified unless it is said otherwise, redirects never followed, bodies
// bounded, names resolved in curl's own threads. Proxies as the environment says.

struct http;          // one per loop
struct http_exchange; // one request under way

struct http_answer {
	enum reach reach; // REACH_ANSWERED: the members below are there
	const char
		*why; // otherwise, in words: "connection refused", "the certificate has expired", …
	bool is_timeout;
	bool is_fleeting; // it broke off, or there was no connection: another time it may succeed
	bool was_sent;    // some of the request has left, so that it may have been carried out
	int status;
	const char *body; // never NULL, terminated; empty where on_data took it
	size_t length;    // bytes
	bool is_cut;      // the body was longer than max_body_bytes; what came first is there
	const char *content_type, *location; // or NULL
	// SHA-256 of the CA that the server's certificate was verified by; where it was not, of one
	// that signed itself. "": there is no TLS, or it is not known.
	const char *ca_sha256;
	// What the server warns of (RFC 9111 calls it Warning: 299), a line each; "": of nothing.
	const char *warnings;
	int64_t retry_after_ms; // what the server asks to wait; -1: nothing
	int64_t latency_ms;     // to the end of the answer
	bool is_first; // on its connection: it was made for this, so somebody else may answer there
};

struct http_request {
	const char *method; // NULL: GET
	const char *url;
	const char *const *headers; // "Name: value", NULL-terminated; NULL: none
	const char *body;           // NULL: none
	size_t body_length;
	const char *bearer;          // Authorization: Bearer …; NULL: none
	const char *user, *password; // Authorization: Basic …; NULL: none
	const char *proxy;           // its URL; "": none; NULL: as curl reads the environment
	bool is_insecure;            // whoever answers is believed
	const char *connect_to; // HOST[:PORT] to connect to instead, keeping URL, Host and SNI;
				// NULL: the URL's
	const char *ca_file;    // PEM; NULL: the system's
	const char *ca;         // PEM text instead of a file; NULL: none
	const char *cert, *key; // PEM texts of a client certificate; NULL: none
	int64_t connect_timeout_ms, timeout_ms; // 0: 10 s, 30 s
	size_t max_body_bytes;                  // 0: HTTP_BODY_BYTES
	bool fresh; // a new connection, a new look-up of the name, a new handshake: what a health
		    // check must see
	// Never sent twice: a request that gets no answer on a connection that was used before is
	// sent again by libcurl, so this one has a connection of its own.
	bool once;
	// Told once the head of the answer has come. `is_shared`: the connection carries several
	// exchanges at a time (HTTP/2). Not to start or cancel anything in here. NULL: not told.
	void (*on_head)(void *on_data_context, int status, bool is_shared);
	// Takes the body of a good answer (200 to 299) as it comes, instead of keeping it; false
	// ends the exchange. NULL: it is kept. max_body_bytes still counts.
	bool (*on_data)(void *on_data_context, const char *bytes, size_t length);
	void *on_data_context; // of both
	// Called once, from the loop, never from in here; `answer` is borrowed. Not called after
	// http_cancel.
	void (*done)(void *context, const struct http_answer *answer);
	void *context;
};

#define HTTP_BODY_BYTES (8u << 20)

// NULL with `err` when libcurl cannot be loaded.
struct http *http_new(uv_loop_t *loop, struct err *err);
// Cancels what is under way. Not to be called from a callback of its own. The loop must run once
// more before it is closed. NULL is safe.
void http_free(struct http *http);
// Copies all of `request`. A mistake in it (no URL, an unreadable CA) comes through `done` as
// REACH_PREVENTED. Never NULL.
struct http_exchange *http_start(struct http *http, const struct http_request *request);
void http_cancel(struct http_exchange *exchange);

// Gives up all connections: what is under way ends soon, from the loop, as a timeout for the
// reason `why` (copied), and what is started from now on connects anew. For a connection that
// several exchanges share and that does not answer any more, which ending them would not close.
void http_reset(struct http *http, const char *why);

#endif
