// SPDX-License-Identifier: Apache-2.0
#include "relight/http.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utlist.h>

#include "http_curl.h"
#include "relight/buf.h"
#include "relight/file.h"
#include "relight/memory.h"

// libcurl's "multi socket" way: curl says which sockets and which time it waits for, libuv waits,
// curl acts.

#define CONNECT_TIMEOUT_MS 10000
#define TIMEOUT_MS         30000
#define HEADERS_MAX_BYTES  (256u << 10)
#define CA_MAX_BYTES       (8u << 20)
#define CA_CACHE_S         600L
#define IDLE_CONNECTIONS   32L

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
	uv_timer_t timer;  // when curl wants to be called
	uv_timer_t excuse; // exchanges that could not begin, and a reset
	char *reset_why;   // all connections are to be given up, for this reason; NULL: they stay
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
	int64_t timeout_ms;
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
	long status = 0;
	curl_off_t total_us = 0, retry_after_s = 0;
	char *type = NULL, *location = NULL;
	curl->curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
	curl->curl_easy_getinfo(exchange->easy, CURLINFO_TOTAL_TIME_T, &total_us);
	curl->curl_easy_getinfo(exchange->easy, CURLINFO_CONTENT_TYPE, &type);
	curl->curl_easy_getinfo(exchange->easy, CURLINFO_REDIRECT_URL, &location);
	curl->curl_easy_getinfo(exchange->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
	answer->status = (int)status;
	answer->latency_ms = (int64_t)total_us / 1000;
	answer->content_type = type;
	answer->location = location;
	answer->ca_sha256 = exchange->ca_sha256;
	answer->retry_after_ms = retry_after_s > 0 ? (int64_t)retry_after_s * 1000 : -1;
}

// The bytes of scheme, host and port.
static size_t origin_length(const char *url)
{
	const char *host = strstr(url, "://");
	host = host ? host + strlen("://") : url;
	return (size_t)(host - url) + strcspn(host, "/?#");
}

static struct failed_origin *failed_origin_of(struct http_exchange *exchange)
{
	struct http *http = exchange->http;
	struct failed_origin *failed = NULL;
	const char *url = "";
	http->curl->curl_easy_getinfo(exchange->easy, CURLINFO_EFFECTIVE_URL, &url);
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
		if (!last->words[0])
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
	} else {
		struct http_failure failure = http_curl_explain(&(struct http_failed){
			.easy = exchange->easy,
			.code = code,
			.errors = exchange->errors,
			.is_tls = exchange->is_tls,
			.has_asked_for_name = exchange->has_asked_for_name,
			.timeout_ms = exchange->timeout_ms,
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

// --- what arrives ----------------------------------------------------------------------------------------------------

// The body of a refusal is kept, because it says why.
static bool is_streamed(const struct http_exchange *exchange)
{
	long status = 0;
	if (exchange->on_data)
		exchange->http->curl->curl_easy_getinfo(
			exchange->easy, CURLINFO_RESPONSE_CODE, &status);
	return status >= 200 && status < 300;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
	struct http_exchange *exchange = context;
	size_t length = size * count, room = exchange->max_body_bytes - exchange->body_bytes;
	size_t taken = length < room ? length : room;
	exchange->body_bytes += taken;
	if (!is_streamed(exchange))
		buf_add(&exchange->body, bytes, taken);
	else if (!exchange->on_data(exchange->on_data_context, bytes, taken))
		exchange->is_stopped = true;
	if (taken < length)
		exchange->is_cut = true;
	return exchange->is_cut || exchange->is_stopped ? 0 : length;
}

// Of a head; the trailer of an answer in chunks has neither.
static bool is_first_line(const char *line, size_t length)
{
	return length > 5 && memcmp(line, "HTTP/", 5) == 0;
}

static bool is_last_line(const char *line, size_t length)
{
	return length == 2 && memcmp(line, "\r\n", 2) == 0;
}

static void tell_head(struct http_exchange *exchange)
{
	const struct http_curl *curl = exchange->http->curl;
	long status = 0, version = 0;
	curl->curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status);
	curl->curl_easy_getinfo(exchange->easy, CURLINFO_HTTP_VERSION, &version);
	if (status >= 200)
		exchange->on_head(
			exchange->on_data_context, (int)status, version >= CURL_HTTP_VERSION_2_0);
}

// "Warning: 299 - "policy/v1beta1 is deprecated"": the text, without the escapes of the quotes.
static void note_warning(struct http_exchange *exchange, const char *line, size_t length)
{
	static const char name[] = "warning: 299 ";
	const char *quote, *end = line + length;
	if (length < sizeof name || strncasecmp(line, name, sizeof name - 1) != 0 ||
		!(quote = memchr(line, '"', length)))
		return;
	for (const char *at = quote + 1; at < end && *at != '"'; at++) {
		if (*at == '\\' && at + 1 < end)
			at++;
		buf_byte(&exchange->warnings, *at);
	}
	buf_byte(&exchange->warnings, '\n');
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
	struct http_exchange *exchange = context;
	exchange->header_bytes += size * count;
	note_warning(exchange, bytes, size * count);
	if (is_first_line(bytes, size * count))
		exchange->has_head = false;
	if (!is_last_line(bytes, size * count))
		return exchange->header_bytes > HEADERS_MAX_BYTES ? 0 : size * count;
	exchange->has_head = true;
	if (exchange->is_tls)
		http_curl_anchor(exchange->easy, exchange->http->curl, exchange->ca_sha256);
	if (exchange->on_head)
		tell_head(exchange);
	return exchange->header_bytes > HEADERS_MAX_BYTES ? 0 : size * count;
}

// --- the beginning of an exchange ------------------------------------------------------------------------------------

static void add_header(struct http_exchange *exchange, const char *header)
{
	struct curl_slist *longer =
		exchange->http->curl->curl_slist_append(exchange->headers, header);
	if (!longer)
		memory_exhausted();
	exchange->headers = longer;
}

static bool set_blob(
	struct http_exchange *exchange, CURLoption option, const char *text, size_t length)
{
	struct curl_blob blob = {.data = (void *)text, .len = length, .flags = CURL_BLOB_COPY};
	return exchange->http->curl->curl_easy_setopt(exchange->easy, option, &blob) == CURLE_OK;
}

// An own CA goes in as a blob: curl caches one store of certificates for the system's file, which
// is the large one.
static bool set_trust(struct http_exchange *exchange, const struct http_request *request)
{
	CURL *easy = exchange->easy;
	const struct http_curl *curl = exchange->http->curl;
	bool is_good = true;
	curl->curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, request->is_insecure ? 0L : 1L);
	curl->curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, request->is_insecure ? 0L : 2L);
	curl->curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	if (request->ca) {
		is_good = set_blob(exchange, CURLOPT_CAINFO_BLOB, request->ca, strlen(request->ca));
	} else if (request->ca_file) {
		struct buf pem = {0};
		is_good = file_read(AT_FDCWD, request->ca_file, CA_MAX_BYTES, &pem,
				  &exchange->excuse) &&
			  set_blob(exchange, CURLOPT_CAINFO_BLOB, buf_str(&pem), pem.length);
		if (exchange->excuse.message[0])
			err_prefix(&exchange->excuse, "ca");
		buf_fini(&pem);
	}
	if (is_good && request->cert && request->key)
		is_good =
			set_blob(exchange, CURLOPT_SSLCERT_BLOB, request->cert,
				strlen(request->cert)) &&
			set_blob(exchange, CURLOPT_SSLKEY_BLOB, request->key, strlen(request->key));
	return is_good;
}

// curl's "HOST1:PORT1:HOST2:PORT2" with the first two empty: for whatever the URL says.
static void set_connect_to(struct http_exchange *exchange, const char *connect_to)
{
	struct buf entry = {0};
	bool is_bare_ipv6 =
		*connect_to != '[' && strchr(connect_to, ':') != strrchr(connect_to, ':');
	const char *host_end = *connect_to == '[' ? strchr(connect_to, ']') : connect_to;
	bool has_port = !is_bare_ipv6 && host_end && strchr(host_end, ':');
	buf_printf(&entry, is_bare_ipv6 ? "::[%s]" : "::%s", connect_to);
	if (!has_port)
		buf_byte(&entry, ':');
	exchange->connect_to = exchange->http->curl->curl_slist_append(NULL, entry.data);
	buf_fini(&entry);
	exchange->http->curl->curl_easy_setopt(
		exchange->easy, CURLOPT_CONNECT_TO, exchange->connect_to);
}

static void set_limits(struct http_exchange *exchange, const struct http_request *request)
{
	CURL *easy = exchange->easy;
	const struct http_curl *curl = exchange->http->curl;
	int64_t connect_ms =
		request->connect_timeout_ms ? request->connect_timeout_ms : CONNECT_TIMEOUT_MS;
	curl->curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)exchange->timeout_ms);
	curl->curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
		(long)(connect_ms < exchange->timeout_ms ? connect_ms : exchange->timeout_ms));
	curl->curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl->curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
#if LIBCURL_VERSION_NUM >= 0x075500
	curl->curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	curl->curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
	// Without this the whole loop waits for a resolver that does not answer.
	curl->curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl->curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, CA_CACHE_S);
#endif
	// Who signed the server's certificate is told in a whole handshake only.
	curl->curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	if (request->fresh) {
		curl->curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
		curl->curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
		curl->curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
	} else if (request->once) {
		curl->curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
		curl->curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	} else {
		curl->curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
		// Better wait for a connection that can be shared than open one for each exchange.
		curl->curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
	}
}

static void set_question(struct http_exchange *exchange, const struct http_request *request)
{
	CURL *easy = exchange->easy;
	const struct http_curl *curl = exchange->http->curl;
	curl->curl_easy_setopt(easy, CURLOPT_URL, request->url);
	curl->curl_easy_setopt(easy, CURLOPT_USERAGENT, "relight/" RELIGHT_VERSION);
	if (request->body) {
		curl->curl_easy_setopt(
			easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length);
		curl->curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, request->body);
		add_header(exchange, "Expect:"); // a body is small: nobody needs to be asked first
	}
	if (request->method && strcasecmp(request->method, "HEAD") == 0)
		curl->curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	else if (request->method)
		curl->curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
	for (const char *const *header = request->headers; header && *header; header++)
		add_header(exchange, *header);
	if (request->bearer) {
		struct buf header = {0};
		buf_printf(&header, "Authorization: Bearer %s", request->bearer);
		add_header(exchange, header.data);
		buf_fini(&header);
	}
	curl->curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->headers);
	if (request->user) {
		curl->curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		curl->curl_easy_setopt(easy, CURLOPT_USERNAME, request->user);
		curl->curl_easy_setopt(
			easy, CURLOPT_PASSWORD, request->password ? request->password : "");
	}
	if (request->proxy) {
		curl->curl_easy_setopt(easy, CURLOPT_PROXY, request->proxy);
		curl->curl_easy_setopt(easy, CURLOPT_NOPROXY, ""); // not the environment's
	}
	if (request->connect_to)
		set_connect_to(exchange, request->connect_to);
}

// curl 7.88 leaves its sockets to the processes that are started meanwhile.
static int on_socket_made(void *context, curl_socket_t socket, curlsocktype purpose)
{
	(void)context, (void)purpose;
	fcntl(socket, F_SETFD, FD_CLOEXEC);
	return CURL_SOCKOPT_OK;
}

static int on_resolving(void *resolver, void *reserved, void *context)
{
	struct http_exchange *exchange = context;
	(void)resolver, (void)reserved;
	exchange->has_asked_for_name = true;
	return 0;
}

static void set_callbacks(struct http_exchange *exchange)
{
	CURL *easy = exchange->easy;
	const struct http_curl *curl = exchange->http->curl;
	curl->curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange);
	curl->curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->errors);
	curl->curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl->curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
	curl->curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl->curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
	curl->curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket_made);
	curl->curl_easy_setopt(easy, CURLOPT_RESOLVER_START_FUNCTION, on_resolving);
	curl->curl_easy_setopt(easy, CURLOPT_RESOLVER_START_DATA, exchange);
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7F)
			return true;
	return false;
}

// Line feeds in what becomes a request line or a header would smuggle in headers of somebody else's
// choice.
static bool is_sound(const struct http_request *request, struct err *err)
{
	if (!request->url || !*request->url)
		return err_set(err, "there is no URL");
	if (has_control(request->url))
		return err_set(err, "the URL contains control characters");
	if (request->method && (has_control(request->method) || strchr(request->method, ' ')))
		return err_set(err, "the method contains control characters or spaces");
	if (request->proxy && has_control(request->proxy))
		return err_set(err, "the proxy's URL contains control characters");
	if (request->bearer && has_control(request->bearer))
		return err_set(err, "the bearer token contains control characters");
	for (const char *const *header = request->headers; header && *header; header++)
		if (has_control(*header))
			return err_set(err, "a header contains control characters");
	return true;
}

static bool begin(struct http_exchange *exchange, const struct http_request *request)
{
	const struct http_curl *curl = exchange->http->curl;
	struct err *excuse = &exchange->excuse;
	if (!is_sound(request, excuse))
		return false;
	exchange->easy = curl->curl_easy_init();
	if (!exchange->easy)
		memory_exhausted();
	set_callbacks(exchange);
	set_limits(exchange, request);
	set_question(exchange, request);
	if (!set_trust(exchange, request))
		return excuse->message[0] ? false
					  : err_set(excuse, "the certificates cannot be used");
	CURLMcode code = curl->curl_multi_add_handle(exchange->http->multi, exchange->easy);
	return code == CURLM_OK || err_set(excuse, "libcurl: error %d", (int)code);
}

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
	if (!begin(exchange, request))
		uv_timer_start(&http->excuse, on_excuse, 0, 0);
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
	http->timer.data = http->excuse.data = http;
	http->timers_open = 2;
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
}
