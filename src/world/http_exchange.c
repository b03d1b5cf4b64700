// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <string.h>
#include <strings.h>

#include "http_parts.h"
#include "relight/file.h"
#include "relight/memory.h"

// What an exchange asks, and what arrives, until libcurl says that it is over.

#define CONNECT_TIMEOUT_MS 10000
#define HEADERS_MAX_BYTES  (256u << 10)
#define CA_MAX_BYTES       (8u << 20)
#define CA_CACHE_S         600L

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
	if (!exchange->connect_to) // without it the URL's own host would be asked
		memory_exhausted();
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
	exchange->connect_timeout_ms =
		connect_ms < exchange->timeout_ms ? connect_ms : exchange->timeout_ms;
	curl->curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)exchange->timeout_ms);
	curl->curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)exchange->connect_timeout_ms);
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

bool http_exchange_begin(struct http_exchange *exchange, const struct http_request *request)
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
