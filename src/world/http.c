// SPDX-License-Identifier: Apache-2.0
#include "relight/http.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utlist.h>

#include "http_parts.h"
#include "relight/memory.h"

// libcurl's "multi socket" way: curl says which sockets and which time it waits for, libuv waits,
// curl acts.

#define TIMEOUT_MS       30000
#define OVERDUE_MS       100 // after its time, which libcurl keeps itself where it can
#define IDLE_CONNECTIONS 32L

// A socket that curl has asked to watch.
struct watch {
	uv_poll_t poll;
	struct http *http;
	curl_socket_t socket;
	int events; // of uv_poll_start
};

// --- the end of an exchange ------------------------------------------------------------------------------------------

static void exchange_free(struct http_exchange *exchange)
{
	struct http *http = exchange->http;
	if (exchange->easy) {
		http->curl->curl_multi_remove_handle(http->multi, exchange->easy);
		http->curl->curl_easy_cleanup(exchange->easy);
	}
	http->curl->curl_slist_free_all(exchange->headers);
	http->curl->curl_slist_free_all(exchange->connect_to);
	DL_DELETE(http->exchanges, exchange);
	buf_fini(&exchange->body);
	buf_fini(&exchange->warnings);
	free(exchange);
}

static void answer_fill(struct http_exchange *exchange, struct http_answer *answer)
{
	const struct http_curl *curl = exchange->http->curl;
	long status = 0, connections = 0;
	curl_off_t total_us = 0, retry_after_s = 0;
	char *type = NULL, *location = NULL;
	curl->curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
	curl->curl_easy_getinfo(exchange->easy, CURLINFO_TOTAL_TIME_T, &total_us);
	curl->curl_easy_getinfo(exchange->easy, CURLINFO_CONTENT_TYPE, &type);
	curl->curl_easy_getinfo(exchange->easy, CURLINFO_REDIRECT_URL, &location);
	curl->curl_easy_getinfo(exchange->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
	curl->curl_easy_getinfo(exchange->easy, CURLINFO_NUM_CONNECTS, &connections);
	answer->status = (int)status;
	answer->latency_ms = (int64_t)total_us / 1000;
	answer->content_type = type;
	answer->location = location;
	answer->ca_sha256 = exchange->ca_sha256;
	answer->is_first = connections > 0;
	answer->retry_after_ms = retry_after_s > 0 ? (int64_t)retry_after_s * 1000 : -1;
}

// The bytes of scheme, host and port.
static size_t origin_length(const char *url)
{
	const char *host = strstr(url, "://");
	host = host ? host + strlen("://") : url;
	return (size_t)(host - url) + strcspn(host, "/?#");
}

static const char *url_of(const struct http_exchange *exchange)
{
	const char *url = NULL;
	if (exchange->easy)
		exchange->http->curl->curl_easy_getinfo(
			exchange->easy, CURLINFO_EFFECTIVE_URL, &url);
	return url ? url : "";
}

static bool is_resolving(const struct http_exchange *exchange)
{
	double took_s = 0;
	if (exchange->easy)
		exchange->http->curl->curl_easy_getinfo(
			exchange->easy, CURLINFO_NAMELOOKUP_TIME, &took_s);
	return exchange->has_asked_for_name && took_s <= 0;
}

// Whether it waits for a resolver, or for the connection of one that does.
static bool waits_for_name(const struct http_exchange *exchange)
{
	const char *url = url_of(exchange);
	size_t length = origin_length(url);
	const struct http_exchange *other = NULL;
	if (exchange->has_asked_for_name)
		return true;
	DL_FOREACH (exchange->http->exchanges, other)
		if (is_resolving(other) && origin_length(url_of(other)) == length &&
			strncmp(url, url_of(other), length) == 0)
			return true;
	return false;
}

static struct failed_origin *failed_origin_of(struct http_exchange *exchange)
{
	struct http *http = exchange->http;
	struct failed_origin *failed = NULL;
	const char *url = url_of(exchange);
	char *origin = memory_copy_bytes(url, origin_length(url));
	LL_FOREACH (http->failed_origins, failed) {
		if (strcmp(failed->origin, origin) == 0) {
			free(origin);
			return failed;
		}
	}
	failed = memory_zeroed(1, sizeof *failed);
	failed->origin = origin;
	LL_PREPEND(http->failed_origins, failed);
	return failed;
}

// curl lets exchanges wait for a connection that another one makes. One that waited longer than it
// may was never tried: what became of the connection is told in the words of the one that made it.
static void take_failure(
	struct http_exchange *exchange, struct http_failure *failure, char words[HTTP_WORDS_BYTES])
{
	struct failed_origin *last = failed_origin_of(exchange);
	double tried_s = 0;
	exchange->http->curl->curl_easy_getinfo(exchange->easy, CURLINFO_TOTAL_TIME, &tried_s);
	if (failure->is_timeout && tried_s <= 0) {
		if (!last->words[0] || waits_for_name(exchange))
			return;
		failure->reach = last->reach;
		snprintf(words, HTTP_WORDS_BYTES, "%s", last->words);
	} else {
		last->reach = failure->reach;
		snprintf(last->words, sizeof last->words, "%s", words);
	}
}

static bool was_sent(const struct http_exchange *exchange)
{
	long bytes = 0; // 0 until the first of them has left, also through a proxy
	exchange->http->curl->curl_easy_getinfo(exchange->easy, CURLINFO_REQUEST_SIZE, &bytes);
	return bytes > 0;
}

static void finish(struct http_exchange *exchange, CURLcode code)
{
	char words[HTTP_WORDS_BYTES] = "";
	struct http_answer answer = {.body = buf_str(&exchange->body),
		.length = exchange->body.length,
		.is_cut = exchange->is_cut,
		.was_sent = was_sent(exchange),
		.warnings = buf_str(&exchange->warnings),
		.retry_after_ms = -1};
	if (code == CURLE_OK && !exchange->has_head)
		code = CURLE_PARTIAL_FILE;
	if (code == CURLE_OK || exchange->is_cut || exchange->is_stopped) {
		answer.reach = REACH_ANSWERED;
		answer_fill(exchange, &answer);
		if (exchange->http->failed_origins)
			failed_origin_of(exchange)->words[0] = '\0'; // that is over
	} else {
		struct http_failure failure = http_curl_explain(&(struct http_failed){
			.easy = exchange->easy,
			.code = code,
			.errors = exchange->errors,
			.is_tls = exchange->is_tls,
			.has_asked_for_name = waits_for_name(exchange),
			.timeout_ms = exchange->timeout_ms,
			.connect_timeout_ms = exchange->connect_timeout_ms,
			.words = words,
		});
		take_failure(exchange, &failure, words);
		answer.reach = failure.reach;
		answer.is_timeout = failure.is_timeout;
		answer.is_fleeting = failure.is_fleeting;
		answer.why = words;
	}
	exchange->done(exchange->context, &answer);
	exchange_free(exchange);
}

static void collect_finished(struct http *http)
{
	int left;
	CURLMsg *message;
	while ((message = http->curl->curl_multi_info_read(http->multi, &left))) {
		if (message->msg != CURLMSG_DONE)
			continue;
		struct http_exchange *exchange = NULL;
		CURLcode code = message->data.result;
		http->curl->curl_easy_getinfo(
			message->easy_handle, CURLINFO_PRIVATE, (char **)&exchange);
		finish(exchange, code);
	}
}

// An exchange that waits for the connection of another one is not ended at its time by libcurl
// 7.88, only with the other one.
static void plan_overdue(struct http *http);

static struct http_exchange *first_overdue(const struct http *http)
{
	struct http_exchange *exchange = http->exchanges;
	while (exchange &&
		(exchange->excuse.message[0] || exchange->overdue_ms > uv_now(http->loop)))
		exchange = exchange->next;
	return exchange;
}

static void on_overdue(uv_timer_t *timer)
{
	struct http *http = timer->data;
	struct http_exchange *exchange;
	while ((exchange = first_overdue(http))) // what is told may start and cancel others
		finish(exchange, CURLE_OPERATION_TIMEDOUT);
	plan_overdue(http);
}

static void plan_overdue(struct http *http)
{
	uint64_t due_ms = UINT64_MAX, now = uv_now(http->loop);
	const struct http_exchange *exchange = NULL;
	DL_FOREACH (http->exchanges, exchange)
		if (!exchange->excuse.message[0] && exchange->overdue_ms < due_ms)
			due_ms = exchange->overdue_ms;
	if (due_ms == UINT64_MAX)
		uv_timer_stop(&http->overdue);
	else
		uv_timer_start(&http->overdue, on_overdue, due_ms > now ? due_ms - now : 0, 0);
}

static struct http_exchange *first_excused(const struct http *http)
{
	struct http_exchange *exchange = http->exchanges;
	while (exchange && !exchange->excuse.message[0])
		exchange = exchange->next;
	return exchange;
}

static void tell_excused(struct http *http)
{
	struct http_exchange *exchange;
	while ((exchange = first_excused(http))) { // what is told may start and cancel others
		struct http_answer answer = {.reach = exchange->excuse_reach,
			.is_timeout = exchange->excuse_reach == REACH_SILENT,
			.is_fleeting = exchange->excuse_reach == REACH_SILENT,
			.was_sent = exchange->was_sent,
			.why = exchange->excuse.message,
			.body = "",
			.warnings = "",
			.retry_after_ms = -1};
		exchange->done(exchange->context, &answer);
		exchange_free(exchange);
	}
}

static CURLM *multi_new(struct http *http);

// Ending the transfers would end streams, and leave the connection for the next ones.
static void reset(struct http *http)
{
	CURLM *before = http->multi;
	struct http_exchange *exchange = NULL;
	DL_FOREACH (http->exchanges, exchange) {
		if (exchange->excuse.message[0])
			continue;
		exchange->was_sent = was_sent(exchange);
		http->curl->curl_multi_remove_handle(before, exchange->easy);
		http->curl->curl_easy_cleanup(exchange->easy);
		exchange->easy = NULL;
		err_set(&exchange->excuse, "%s", http->reset_why);
		exchange->excuse_reach = REACH_SILENT;
	}
	http->curl->curl_multi_cleanup(before);
	http->multi = multi_new(http);
	free(http->reset_why);
	http->reset_why = NULL;
}

static void on_excuse(uv_timer_t *timer)
{
	struct http *http = timer->data;
	if (http->reset_why)
		reset(http);
	tell_excused(http);
}

void http_reset(struct http *http, const char *why)
{
	free(http->reset_why);
	http->reset_why = memory_copy_text(why);
	uv_timer_start(&http->excuse, on_excuse, 0, 0);
}

// --- between curl and the loop ---------------------------------------------------------------------------------------

static void on_watch_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	struct watch *watch = poll->data;
	struct http *http = watch->http;
	int flags = 0, running;
	if (status < 0) {
		// libuv stops at an error. What was sent before it is still to be read, and curl
		// finds the error itself, in better words.
		flags = CURL_CSELECT_IN | CURL_CSELECT_OUT;
		uv_poll_start(poll, watch->events, on_ready);
	}
	if (events & UV_READABLE)
		flags |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		flags |= CURL_CSELECT_OUT;
	http->curl->curl_multi_socket_action(http->multi, watch->socket, flags, &running);
	collect_finished(http);
}

static int on_socket(
	CURL *easy, curl_socket_t socket, int what, void *context, void *socket_context)
{
	(void)easy;
	struct http *http = context;
	struct watch *watch = socket_context;
	if (what == CURL_POLL_REMOVE) {
		if (watch) {
			uv_poll_stop(&watch->poll);
			uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
			http->curl->curl_multi_assign(http->multi, socket, NULL);
		}
		return 0;
	}
	if (!watch) {
		watch = memory_zeroed(1, sizeof *watch);
		watch->http = http;
		watch->socket = socket;
		watch->poll.data = watch;
		if (uv_poll_init_socket(http->loop, &watch->poll, socket) != 0) {
			free(watch);
			return -1;
		}
		http->curl->curl_multi_assign(http->multi, socket, watch);
	}
	watch->events =
		(what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
	return uv_poll_start(&watch->poll, watch->events, on_ready) == 0 ? 0 : -1;
}

static void on_timer(uv_timer_t *timer)
{
	struct http *http = timer->data;
	int running;
	http->curl->curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect_finished(http);
}

static int on_wanted_time(CURLM *multi, long timeout_ms, void *context)
{
	(void)multi;
	struct http *http = context;
	if (timeout_ms < 0)
		uv_timer_stop(&http->timer);
	else
		uv_timer_start(&http->timer, on_timer, (uint64_t)timeout_ms, 0);
	return 0;
}

// --- the beginning of an exchange ----------------------------------------------------------------------------------------

struct http_exchange *http_start(struct http *http, const struct http_request *request)
{
	struct http_exchange *exchange = memory_zeroed(1, sizeof *exchange);
	exchange->http = http;
	exchange->max_body_bytes =
		request->max_body_bytes ? request->max_body_bytes : HTTP_BODY_BYTES;
	exchange->timeout_ms = request->timeout_ms ? request->timeout_ms : TIMEOUT_MS;
	exchange->is_tls = request->url && strncasecmp(request->url, "https:", 6) == 0;
	exchange->on_head = request->on_head;
	exchange->on_data = request->on_data;
	exchange->on_data_context = request->on_data_context;
	exchange->done = request->done;
	exchange->context = request->context;
	DL_PREPEND(http->exchanges, exchange);
	exchange->excuse_reach = REACH_PREVENTED;
	exchange->overdue_ms = uv_now(http->loop) + (uint64_t)exchange->timeout_ms + OVERDUE_MS;
	if (!http_exchange_begin(exchange, request))
		uv_timer_start(&http->excuse, on_excuse, 0, 0);
	plan_overdue(http);
	return exchange;
}

void http_cancel(struct http_exchange *exchange)
{
	exchange_free(exchange);
}

// --- the client ------------------------------------------------------------------------------------------------------

static CURLM *multi_new(struct http *http)
{
	const struct http_curl *curl = http->curl;
	CURLM *multi = curl->curl_multi_init();
	if (!multi)
		memory_exhausted();
	curl->curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl->curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, http);
	curl->curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_wanted_time);
	curl->curl_multi_setopt(multi, CURLMOPT_TIMERDATA, http);
	curl->curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, IDLE_CONNECTIONS);
	return multi;
}

struct http *http_new(uv_loop_t *loop, struct err *err)
{
	const struct http_curl *curl = http_curl_load(err);
	if (!curl)
		return NULL;
	struct http *http = memory_zeroed(1, sizeof *http);
	http->curl = curl;
	http->loop = loop;
	http->multi = multi_new(http);
	uv_timer_init(loop, &http->timer);
	uv_timer_init(loop, &http->excuse);
	uv_timer_init(loop, &http->overdue);
	http->timer.data = http->excuse.data = http->overdue.data = http;
	http->timers_open = 3;
	return http;
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct http *http = handle->data;
	if (--http->timers_open == 0)
		free(http);
}

void http_free(struct http *http)
{
	if (!http)
		return;
	for (struct http_exchange *exchange = http->exchanges, *next; exchange; exchange = next) {
		next = exchange->next;
		exchange_free(exchange);
	}
	http->curl->curl_multi_cleanup(http->multi);
	for (struct failed_origin *failed = http->failed_origins, *next; failed; failed = next) {
		next = failed->next;
		free(failed->origin);
		free(failed);
	}
	free(http->reset_why);
	uv_close((uv_handle_t *)&http->timer, on_timer_closed);
	uv_close((uv_handle_t *)&http->excuse, on_timer_closed);
	uv_close((uv_handle_t *)&http->overdue, on_timer_closed);
}
