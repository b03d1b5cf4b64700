// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utlist.h>

#include "kubernetes_client.h"
#include "relight/clock.h"
#include "relight/file.h"
#include "relight/kubeconfig_files.h"
#include "relight/memory.h"
#include "relight/no_proxy.h"
#include "relight/url_user.h"

// Asking with a context's credentials.

#define CONNECT_TIMEOUT_MS 5000

struct kubernetes_exchange {
	struct kubernetes_exchange *next, *prev; // of those that wait for credentials
	struct kubernetes *kubernetes;
	struct kubernetes_request request; // its texts are owned
	uint64_t deadline_ms;
	struct http_exchange *http;   // at most one of these is set
	unsigned generation;          // of the context that was asked
	struct credential_wait *wait; // where both are not, it waits for a context
	bool has_asked_again;         // the server had refused the credentials
};

bool kubernetes_read_token(
	const struct kubeconfig_access *access, struct buf *text, struct err *err)
{
	return file_read(AT_FDCWD, access->token_file, KUBECONFIG_FILE_BYTES, text, err) ||
	       (access->token_file_here && file_read(AT_FDCWD, access->token_file_here,
						   KUBECONFIG_FILE_BYTES, text, NULL));
}

// A token file rotates, so it is read for every request; an unreadable or empty one leaves the
// token, as for kubectl.
const char *kubernetes_token(const struct kubernetes *kubernetes, struct buf *text)
{
	const struct kubeconfig_access *access = &kubernetes->access;
	const struct credentials *credentials =
		kubernetes->plugin ? credential_plugin_current(kubernetes->plugin) : NULL;

	if (credentials)
		return credentials->token;
	if (!access->token_file || !kubernetes_read_token(access, text, NULL))
		return access->token;
	size_t length = strcspn(buf_str(text), " \t\r\n");
	if (length == 0)
		return access->token;
	text->data[length] = '\0';
	return text->data;
}

// Of what stands before the host ("ana:password@").
static size_t user_length(const char *server, size_t authority)
{
	const char *end = memrchr(server, '@', authority);

	return end ? (size_t)(end + 1 - server) : 0;
}

// Where a server name is given, the certificate is checked against that name, while the connection
// goes to the server: the name stands in the URL, and the server in connect_to.
static void add_url(const struct kubernetes *kubernetes, const char *path, struct buf *url,
	struct buf *connect_to)
{
	const char *whole = kubernetes->access.server ? kubernetes->access.server : "https://";
	const char *server = strstr(whole, "://") + strlen("://");
	int scheme = (int)(server - whole);
	const char *name = kubernetes->access.tls_server_name;
	size_t authority = strcspn(server, "/"), base = strlen(server);

	while (base > authority && server[base - 1] == '/')
		base--;
	if (name) {
		size_t user = user_length(server, authority);
		const char *colon = memrchr(server + user, ':', authority - user);
		const char *bracket = memchr(server + user, ']', authority - user);
		bool has_port = colon && (!bracket || colon > bracket);

		buf_add(connect_to, server + user, authority - user);
		buf_printf(connect_to, "%s", has_port ? "" : ":443");
		buf_printf(url, "%.*s%.*s%s%.*s", scheme, whole, (int)user, server, name,
			has_port ? (int)(server + authority - colon) : 0, has_port ? colon : "");
		buf_add(url, server + authority, base - authority);
	} else {
		buf_printf(url, "%.*s", scheme, whole);
		buf_add(url, server, base);
	}
	buf_text(url, path);
}

// --- the proxy ---

static const char *either(const char *upper, const char *lower)
{
	const char *value = getenv(upper);

	return value && *value ? value : getenv(lower);
}

// As kubectl's net/http reads the environment, which is not as curl does: names in either case, and
// never for this machine itself. "" is none.
static const char *proxy_of(const struct kubeconfig_access *access)
{
	const char *server = access->server;
	const char *proxy;

	if (access->proxy)
		return access->proxy;
	if (!server || no_proxy_covers(either("NO_PROXY", "no_proxy"), server))
		return "";
	proxy = strncasecmp(server, "https:", 6) == 0 ? either("HTTPS_PROXY", "https_proxy")
						      : either("HTTP_PROXY", "http_proxy");
	return proxy ? proxy : "";
}

// --- an exchange ---

static void ask(struct kubernetes_exchange *exchange);

static void exchange_free(struct kubernetes_exchange *exchange)
{
	free((char *)exchange->request.method);
	free((char *)exchange->request.path);
	free((char *)exchange->request.accept);
	free((char *)exchange->request.content_type);
	free((char *)exchange->request.body);
	free(exchange);
}

static void end(struct kubernetes_exchange *exchange, const struct http_answer *answer)
{
	void (*done)(void *, const struct http_answer *) = exchange->request.done;
	void *context = exchange->request.context;

	exchange_free(exchange);
	done(context, answer);
}

// Who signed the server is seen in every answer, and told with the next one about who it is; that
// is due where the connection is new, for another one behind the same name takes new ones.
static void note_authority(
	const struct kubernetes_exchange *exchange, const struct http_answer *answer)
{
	struct kubernetes *kubernetes = exchange->kubernetes;

	if (exchange->generation != kubernetes->generation)
		return;
	if (answer->reach != REACH_ANSWERED) {
		kubernetes->breaks++;
		return;
	}
	kubernetes->is_silent = false;
	if (answer->is_first && strcmp(exchange->request.path, KUBERNETES_IDENTITY_PATH) != 0) {
		kubernetes->has_reconnected = true;
		kubernetes->breaks++;
	}
	if (answer->ca_sha256)
		snprintf(kubernetes->serving_ca, sizeof kubernetes->serving_ca, "%s",
			answer->ca_sha256);
}

static void answered(void *context, const struct http_answer *answer)
{
	struct kubernetes_exchange *exchange = context;
	struct credential_plugin *plugin = exchange->kubernetes->plugin;

	exchange->http = NULL;
	note_authority(exchange, answer);
	if (plugin && answer->reach == REACH_ANSWERED && answer->status == 401 &&
		!exchange->has_asked_again) {
		exchange->has_asked_again = true;
		credential_plugin_refuse(plugin);
		ask(exchange);
	} else {
		end(exchange, answer);
	}
}

static int64_t time_left_ms(const struct kubernetes_exchange *exchange)
{
	uint64_t now_ms = uv_now(exchange->kubernetes->loop);

	return exchange->deadline_ms > now_ms ? (int64_t)(exchange->deadline_ms - now_ms) : 1;
}

// "Name: value" for each, in one allocation each; ended by NULL.
static char **headers_of(const struct kubernetes_exchange *exchange)
{
	const struct kubernetes_request *request = &exchange->request;
	const struct kubeconfig_access *access = &exchange->kubernetes->access;
	char **headers = memory_zeroed(access->as_count + 5, sizeof *headers);
	size_t count = 0;
	struct buf header = {0};

	buf_printf(&header, "Accept: %s", request->accept ? request->accept : "application/json");
	headers[count++] = buf_take(&header);
	headers[count++] = memory_copy_text("User-Agent: relight/" RELIGHT_VERSION);
	if (request->body) {
		buf_printf(&header, "Content-Type: %s",
			request->content_type ? request->content_type : "application/json");
		headers[count++] = buf_take(&header);
	}
	// The URL has another name in it (add_url).
	if (access->tls_server_name && access->server) {
		const char *server = strstr(access->server, "://") + strlen("://");
		size_t length = strcspn(server, "/"), user = user_length(server, length);
		buf_printf(&header, "Host: %.*s", (int)(length - user), server + user);
		headers[count++] = buf_take(&header);
	}
	for (size_t i = 0; i < access->as_count; i++) {
		buf_printf(&header, "Impersonate-%s: %s", access->as[i].name, access->as[i].value);
		headers[count++] = buf_take(&header);
	}
	return headers;
}

static void free_headers(char **headers)
{
	for (size_t i = 0; headers[i]; i++)
		free(headers[i]);
	free(headers);
}

// What a credential plugin gave, else what the kubeconfig names; NULL: neither is there.
static const char *given_or(const char *given, const struct buf *named)
{
	return given ? given : named->length > 0 ? buf_str(named) : NULL;
}

static void send_request(struct kubernetes_exchange *exchange)
{
	struct kubernetes *kubernetes = exchange->kubernetes;
	const struct kubernetes_request *request = &exchange->request;
	const struct kubeconfig_access *access = &kubernetes->access;
	const struct credentials *credentials =
		kubernetes->plugin ? credential_plugin_current(kubernetes->plugin) : NULL;
	bool is_tls = access->server && strncasecmp(access->server, "https:", 6) == 0;
	const char *cert = given_or(credentials ? credentials->cert : NULL, &kubernetes->cert);
	const char *key = given_or(credentials ? credentials->key : NULL, &kubernetes->key);
	struct buf url = {0}, connect_to = {0}, token = {0};
	char **headers = headers_of(exchange);
	int64_t left_ms = time_left_ms(exchange);
	const char *proxy = proxy_of(access);

	add_url(kubernetes, request->path, &url, &connect_to);
	exchange->generation = kubernetes->generation;
	exchange->http = http_start(kubernetes->http,
		&(struct http_request){
			.method = request->method,
			.url = buf_str(&url),
			.headers = (const char *const *)headers,
			.body = request->body,
			.body_length = request->body_length,
			.bearer = kubernetes_token(kubernetes, &token),
			.user = access->user,
			.password = access->password,
			.proxy = proxy,
			.is_insecure = access->is_insecure,
			.connect_to = connect_to.length > 0 ? buf_str(&connect_to) : NULL,
			.ca = kubernetes->ca.length > 0 ? buf_str(&kubernetes->ca) : NULL,
			.cert = is_tls ? cert : NULL,
			.key = is_tls ? key : NULL,
			.connect_timeout_ms =
				left_ms < CONNECT_TIMEOUT_MS ? left_ms : CONNECT_TIMEOUT_MS,
			.timeout_ms = left_ms,
			.max_body_bytes = request->max_body_bytes,
			.once = request->once,
			.on_head = request->on_head,
			.on_data = request->on_data,
			.on_data_context = request->context,
			.done = answered,
			.context = exchange,
		});
	if (token.data)
		explicit_bzero(token.data, token.capacity);
	free_headers(headers);
	buf_fini(&url);
	buf_fini(&connect_to);
	buf_fini(&token);
}

static void on_credentials(void *context, const struct credentials *credentials, const char *words)
{
	struct kubernetes_exchange *exchange = context;

	exchange->wait = NULL;
	DL_DELETE(exchange->kubernetes->exchanges, exchange);
	if (credentials)
		send_request(exchange);
	else
		end(exchange, &(struct http_answer){.reach = REACH_PREVENTED,
				      .why = words,
				      .body = "",
				      .warnings = "",
				      .retry_after_ms = -1});
}

static void ask(struct kubernetes_exchange *exchange)
{
	struct kubernetes *kubernetes = exchange->kubernetes;

	if (!kubernetes->plugin || credential_plugin_current(kubernetes->plugin)) {
		send_request(exchange);
		return;
	}
	DL_APPEND(kubernetes->exchanges, exchange);
	exchange->wait = credential_plugin_wait(
		kubernetes->plugin, time_left_ms(exchange), on_credentials, exchange);
}

// The context is read anew, and its plugin with it: what waits is asked again once that is done.
void kubernetes_end_waiting(struct kubernetes *kubernetes)
{
	struct kubernetes_exchange *exchange = NULL;

	DL_FOREACH (kubernetes->exchanges, exchange) {
		if (exchange->wait)
			credential_plugin_cancel(exchange->wait);
		exchange->wait = NULL;
	}
}

void kubernetes_resume_waiting(struct kubernetes *kubernetes)
{
	struct kubernetes_exchange *waiting = kubernetes->exchanges, *exchange;

	kubernetes->exchanges = NULL;
	while ((exchange = waiting)) {
		DL_DELETE(waiting, exchange);
		ask(exchange);
	}
}

struct kubernetes_exchange *kubernetes_ask(
	struct kubernetes *kubernetes, const struct kubernetes_request *request)
{
	struct kubernetes_exchange *exchange = memory_zeroed(1, sizeof *exchange);

	exchange->kubernetes = kubernetes;
	exchange->request = *request;
	exchange->request.method = memory_copy_text(request->method);
	exchange->request.path = memory_copy_text(request->path);
	exchange->request.accept = memory_copy_text(request->accept);
	exchange->request.content_type = memory_copy_text(request->content_type);
	exchange->request.body =
		request->body ? memory_copy_bytes(request->body, request->body_length) : NULL;
	exchange->deadline_ms = uv_now(kubernetes->loop) + (uint64_t)request->timeout_ms;
	ask(exchange);
	return exchange;
}

void kubernetes_cancel(struct kubernetes_exchange *exchange)
{
	if (exchange->http) {
		http_cancel(exchange->http);
	} else {
		if (exchange->wait)
			credential_plugin_cancel(exchange->wait);
		DL_DELETE(exchange->kubernetes->exchanges, exchange);
	}
	exchange_free(exchange);
}

void kubernetes_reset(struct kubernetes *kubernetes, const char *why)
{
	kubernetes->is_silent = true;
	http_reset(kubernetes->http, why);
}

bool kubernetes_is_silent(const struct kubernetes *kubernetes)
{
	return kubernetes->is_silent;
}

static void say_expired(const struct kubernetes *kubernetes, struct buf *words)
{
	bool renews;
	struct wall expires = kubernetes_expiry(kubernetes, &renews);
	char text[WALL_TEXT_BYTES];

	if (!wall_known(expires) || expires.us > clock_wall().us)
		return;
	wall_format(expires, text);
	buf_printf(words, "; they expired at %s", text);
}

// An API server that sends elsewhere is most often none: a portal that wants people to sign in. Its
// address is told without what may be a credential.
static void say_where_to(const char *location, struct buf *words)
{
	struct buf address = {0};

	url_mask_user(location, &address);
	buf_printf(words, "; it sends elsewhere, which is not followed: %.*s",
		(int)strcspn(buf_str(&address), "?#"), buf_str(&address));
	buf_fini(&address);
}

enum status kubernetes_refusal(const struct kubernetes *kubernetes,
	const struct http_answer *answer, const char *object, struct buf *words)
{
	enum status status = STATUS_UNKNOWN;

	if (answer->reach == REACH_ANSWERED)
		status = kubeapi_refusal(
			answer->status, answer->body, answer->length, object, words);
	else
		buf_text(words, answer->why ? answer->why : "it could not be asked");
	if (answer->reach == REACH_ANSWERED && answer->status == 401)
		say_expired(kubernetes, words);
	if (answer->reach == REACH_ANSWERED && answer->status / 100 == 3 && answer->location)
		say_where_to(answer->location, words);
	return status;
}
