// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "relight/memory.h"
#include "relight/probe.h"

// Checks of kind `http`. Each opens a new connection: only that shows what somebody who comes now
// would meet.

struct work {
	struct http_exchange *exchange;
	bool has_credentials;
	// The request's texts, filled in.
	struct buf url, method, body, ca, connect_to;
	char **headers; // NULL-terminated
};

static void work_free(struct work *work)
{
	buf_fini(&work->url);
	buf_fini(&work->method);
	buf_fini(&work->body);
	buf_fini(&work->ca);
	buf_fini(&work->connect_to);
	for (char **header = work->headers; header && *header; header++)
		free(*header);
	free(work->headers);
	free(work);
}

static bool is_credential(const char *header)
{
	static const char *const names[] = {
		"authorization", "cookie", "x-api-key", "x-auth-token", NULL};
	for (size_t i = 0; names[i]; i++)
		if (strcasecmp(header, names[i]) == 0)
			return true;
	return false;
}

static bool fill_headers(struct probing *probing, struct work *work, struct err *err)
{
	const struct env_pairs *headers = &probing->check->http.headers;
	work->headers = memory_zeroed(headers->count + 1, sizeof *work->headers);
	for (size_t i = 0; i < headers->count; i++) {
		struct buf header = {0};
		const char *value = headers->items[i].value;
		// curl takes "Name;" for a header without a value, "Name:" for one to leave out.
		buf_printf(&header, *value ? "%s: " : "%s;", headers->items[i].name);
		bool is_good = probe_text(probing->world, value, &header, err);
		work->headers[i] = buf_take(&header);
		if (!is_good)
			return false;
		work->has_credentials |= is_credential(headers->items[i].name);
	}
	return true;
}

static bool fill_text(
	struct probing *probing, const char *template, struct buf *out, struct err *err)
{
	return !template || probe_text(probing->world, template, out, err);
}

// "https://user:password@host/": curl makes an Authorization header of it.
static bool has_user(const char *url)
{
	const char *host = strstr(url, "://");
	return host && host[3 + strcspn(host + 3, "/?#@")] == '@';
}

static bool fill(struct probing *probing, struct work *work, struct err *err)
{
	const struct http_check *check = &probing->check->http;
	if (!fill_text(probing, check->url, &work->url, err) ||
		!fill_text(probing, check->method, &work->method, err) ||
		!fill_text(probing, check->body, &work->body, err) ||
		!fill_text(probing, check->connect_to, &work->connect_to, err) ||
		!fill_headers(probing, work, err))
		return false;
	work->has_credentials |= has_user(buf_str(&work->url));
	return !check->ca || probe_path(probing->world, check->ca, &work->ca, err);
}

static bool drop_body(void *context, const char *bytes, size_t length)
{
	(void)context;
	(void)bytes;
	(void)length;
	return true;
}

static void on_answer(void *context, const struct http_answer *answer)
{
	struct probing *probing = context;
	struct work *work = probing->work;
	struct outcome outcome = {
		.reach = answer->reach,
		.why = answer->why,
		.http_status = answer->status,
		.has_credentials = work->has_credentials,
		.text = answer->body,
		.length = answer->length,
		.is_cut = answer->is_cut,
		.latency_ms = answer->reach == REACH_ANSWERED ? answer->latency_ms : -1,
	};
	struct buf note = {0};
	if (answer->reach == REACH_ANSWERED && answer->status / 100 == 3 && answer->location) {
		buf_printf(&note, "it redirects to %s", answer->location);
		outcome.http_note = note.data;
	}
	probing->work = NULL;
	work_free(work);
	probing_judge(probing, &outcome);
	buf_fini(&note);
}

static bool reads_body(const struct expectation *expect)
{
	return expect->contains || expect->matches || expect->jq.text || expect->message.text ||
	       expect->progress.text || expect->expires.text;
}

static void begin(struct probing *probing, struct http *http, struct work *work)
{
	const struct http_check *check = &probing->check->http;
	struct http_request request = {
		.url = buf_str(&work->url),
		.method = check->method ? buf_str(&work->method) : NULL,
		.headers = (const char *const *)work->headers,
		.body = check->body ? buf_str(&work->body) : NULL,
		.body_length = work->body.length,
		.connect_to = check->connect_to ? buf_str(&work->connect_to) : NULL,
		.ca_file = check->ca ? buf_str(&work->ca) : NULL,
		.connect_timeout_ms = probing->timeout_ms,
		.timeout_ms = probing->timeout_ms,
		.fresh = true,
		.on_data = reads_body(&probing->check->expect) ? NULL : drop_body,
		.done = on_answer,
		.context = probing,
	};
	work->exchange = http_start(http, &request);
}

static void start(struct probing *probing)
{
	struct work *work = memory_zeroed(1, sizeof *work);
	struct err err;
	struct http *http = probe_http_client(probing->world, &err);
	if (http && fill(probing, work, &err)) {
		probing->work = work;
		begin(probing, http, work);
		return;
	}
	work_free(work);
	probing_judge(probing,
		&(struct outcome){.reach = REACH_PREVENTED, .why = err.message, .latency_ms = -1});
}

static void cancel(struct probing *probing)
{
	struct work *work = probing->work;
	http_cancel(work->exchange);
	work_free(work);
	probing->work = NULL;
}

const struct probe_kind probe_http = {.start = start, .cancel = cancel};
