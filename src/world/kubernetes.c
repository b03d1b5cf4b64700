// SPDX-License-Identifier: Apache-2.0
#include "kubernetes_client.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "relight/chain.h"
#include "relight/file.h"
#include "relight/json.h"
#include "relight/kubeconfig_files.h"
#include "relight/memory.h"

#define CONNECT_TIMEOUT_MS 5000

// --- files ---

// Appends what changes when the file does: enough to notice a rewrite, a rename over it, and its
// coming and going.
static void add_stamp(struct buf *stamp, const char *path)
{
	struct stat info;

	if (stat(path, &info) != 0)
		buf_printf(stamp, "%s: -\n", path);
	else
		buf_printf(stamp, "%s: %ju %ju %jd %jd.%09ld\n", path, (uintmax_t)info.st_dev,
			(uintmax_t)info.st_ino, (intmax_t)info.st_size,
			(intmax_t)info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
}

static void add_source_stamp(struct buf *stamp, const struct kubeconfig_source *source)
{
	if (source->path)
		add_stamp(stamp, source->path);
}

static void add_paths_stamp(struct buf *stamp, const char *paths)
{
	char *copy = memory_copy_text(paths), *rest = NULL;

	for (char *path = strtok_r(copy, ":", &rest); path; path = strtok_r(NULL, ":", &rest))
		add_stamp(stamp, path);
	free(copy);
}

static void add_access_stamp(struct buf *stamp, const struct kubeconfig_access *access)
{
	add_source_stamp(stamp, &access->ca);
	add_source_stamp(stamp, &access->cert);
	add_source_stamp(stamp, &access->key);
}

// --- reading a kubeconfig ---

static void unload(struct kubernetes *kubernetes)
{
	kubeconfig_free(kubernetes->kubeconfig);
	kubernetes->kubeconfig = NULL;
	kubernetes->access = (struct kubeconfig_access){0};
	buf_clear(&kubernetes->ca);
	buf_clear(&kubernetes->cert);
	if (kubernetes->key.data)
		explicit_bzero(kubernetes->key.data, kubernetes->key.capacity);
	buf_clear(&kubernetes->key);
	kubernetes->ca_sha256[0] = '\0';
	kubernetes->identified_ms = 0;
}

static bool read_source(const struct kubeconfig_source *source, struct buf *out, struct err *err)
{
	if (source->inline_text)
		buf_text(out, source->inline_text);
	else if (source->path)
		return file_read(AT_FDCWD, source->path, KUBECONFIG_FILE_BYTES, out, err);
	return true;
}

static int no_password(char *text, int size, int is_writing, void *context)
{
	(void)text, (void)size, (void)is_writing, (void)context;
	return 0; // the default would ask on the terminal
}

// SHA-256 over the CA's certificates in DER, so that white space and comments in the file do not
// count: of a single one, what `openssl x509 -fingerprint -sha256` prints.
static bool digest_ca(struct kubernetes *kubernetes, struct err *err)
{
	BIO *bio = BIO_new_mem_buf(buf_str(&kubernetes->ca), (int)kubernetes->ca.length);
	struct buf der = {0};
	X509 *certificate;

	while (bio && (certificate = PEM_read_bio_X509(bio, NULL, no_password, NULL))) {
		unsigned char *bytes = NULL;
		int length = i2d_X509(certificate, &bytes);

		if (length > 0)
			buf_add(&der, bytes, (size_t)length);
		OPENSSL_free(bytes);
		X509_free(certificate);
	}
	ERR_clear_error(); // the end of the text is an error to the reader
	BIO_free(bio);
	bool good = der.length > 0;
	if (good)
		sha256_hex(der.data, der.length, kubernetes->ca_sha256);
	buf_fini(&der);
	return good || err_set(err, "kubeconfig: the certificate-authority holds no certificate");
}

static enum status load(
	struct kubernetes *kubernetes, const char *paths, const char *context, struct err *err)
{
	struct kubeconfig_access *access = &kubernetes->access;

	// Each stamp is older than what is read after it: a change in between is seen the next
	// time.
	buf_clear(&kubernetes->stamp);
	add_paths_stamp(&kubernetes->stamp, paths);
	kubernetes->kubeconfig = kubeconfig_new();
	enum status status = kubeconfig_read(kubernetes->kubeconfig, paths, err);
	if (status != STATUS_HEALTHY)
		return status;
	enum kubeconfig_answer answer =
		kubeconfig_look_up(kubernetes->kubeconfig, context, access, err);
	if (answer != KUBECONFIG_FOUND) {
		err_prefix(err, "kubeconfig: %s", paths);
		return answer == KUBECONFIG_NO_CONTEXT ? STATUS_MISSING : STATUS_UNKNOWN;
	}
	add_access_stamp(&kubernetes->stamp, access);
	if (!read_source(&access->ca, &kubernetes->ca, err) ||
		!read_source(&access->cert, &kubernetes->cert, err) ||
		!read_source(&access->key, &kubernetes->key, err)) {
		err_prefix(err, "kubeconfig");
		return STATUS_UNKNOWN;
	}
	if (strstr(buf_str(&kubernetes->key), "ENCRYPTED")) {
		err_set(err, "kubeconfig: the client key is encrypted, and nobody can be asked for "
			     "its password here");
		return STATUS_UNKNOWN;
	}
	if (kubernetes->ca.length > 0 && !digest_ca(kubernetes, err))
		return STATUS_UNKNOWN;
	return STATUS_HEALTHY;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool is_unchanged(
	const struct kubernetes *kubernetes, const char *paths, const char *context)
{
	struct buf stamp = {0};

	if (kubernetes->status != STATUS_HEALTHY || !same_text(kubernetes->context, context))
		return false;
	add_paths_stamp(&stamp, paths);
	add_access_stamp(&stamp, &kubernetes->access);
	bool is_same = strcmp(buf_str(&kubernetes->stamp), buf_str(&stamp)) == 0;
	buf_fini(&stamp);
	return is_same;
}

static void reload(
	struct kubernetes *kubernetes, const char *paths, const char *context, struct err *err)
{
	char *server = memory_copy_text(kubernetes->access.server);

	unload(kubernetes);
	kubernetes->generation++;
	kubernetes->status = load(kubernetes, paths, context, err);
	free(kubernetes->context);
	kubernetes->context = memory_copy_text(context);
	if (!same_text(server, kubernetes->access.server)) {
		kubernetes->uid[0] = '\0';
		kubernetes_end_searches(kubernetes, "the kubeconfig has changed meanwhile");
	}
	free(server);
}

enum status kubernetes_open(
	struct kubernetes *kubernetes, const char *kubeconfig, const char *context, struct err *err)
{
	struct buf paths = {0};

	if (!kubeconfig_paths(kubeconfig, &paths, err))
		return STATUS_MISSING;
	if (!is_unchanged(kubernetes, buf_str(&paths), context))
		reload(kubernetes, buf_str(&paths), context, err);
	buf_fini(&paths);
	return kubernetes->status;
}

unsigned kubernetes_generation(const struct kubernetes *kubernetes)
{
	return kubernetes->generation;
}

const char *kubernetes_endpoint(const struct kubernetes *kubernetes)
{
	return kubernetes->access.server;
}

const char *kubernetes_namespace(const struct kubernetes *kubernetes)
{
	return kubernetes->access.namespace ? kubernetes->access.namespace : "default";
}

// --- asking ---

// A token file rotates, so it is read for every request; an unreadable or empty one leaves the
// token, as for kubectl.
const char *kubernetes_token(const struct kubernetes *kubernetes, struct buf *text)
{
	const struct kubeconfig_access *access = &kubernetes->access;

	if (!access->token_file ||
		!file_read(AT_FDCWD, access->token_file, KUBECONFIG_FILE_BYTES, text, NULL))
		return access->token;
	size_t length = strcspn(buf_str(text), " \t\r\n");
	if (length == 0)
		return access->token;
	text->data[length] = '\0';
	return text->data;
}

// Where a server name is given, the certificate is checked against that name, while the connection
// goes to the server: the name stands in the URL, and the server in connect_to.
static void add_url(const struct kubernetes *kubernetes, const char *path, struct buf *url,
	struct buf *connect_to)
{
	const char *server =
		kubernetes->access.server ? kubernetes->access.server + strlen("https://") : "";
	const char *name = kubernetes->access.tls_server_name;
	size_t authority = strcspn(server, "/"), base = strlen(server);

	while (base > authority && server[base - 1] == '/')
		base--;
	if (name) {
		const char *colon = memrchr(server, ':', authority);
		const char *bracket = memchr(server, ']', authority);
		bool has_port = colon && (!bracket || colon > bracket);

		buf_add(connect_to, server, authority);
		buf_printf(connect_to, "%s", has_port ? "" : ":443");
		buf_printf(url, "https://%s%.*s", name,
			has_port ? (int)(server + authority - colon) : 0, has_port ? colon : "");
		buf_add(url, server + authority, base - authority);
	} else {
		buf_text(url, "https://");
		buf_add(url, server, base);
	}
	buf_text(url, path);
}

struct kubernetes_exchange {
	struct http_exchange *http;
	void (*done)(void *context, const struct http_answer *answer);
	void *context;
};

static void answered(void *context, const struct http_answer *answer)
{
	struct kubernetes_exchange *exchange = context;
	void (*done)(void *, const struct http_answer *) = exchange->done;
	void *done_context = exchange->context;

	free(exchange);
	done(done_context, answer);
}

struct kubernetes_exchange *kubernetes_ask(
	struct kubernetes *kubernetes, const struct kubernetes_request *request)
{
	struct buf url = {0}, connect_to = {0}, accept = {0}, type = {0}, token = {0};
	struct kubernetes_exchange *exchange = memory_zeroed(1, sizeof *exchange);

	exchange->done = request->done;
	exchange->context = request->context;
	add_url(kubernetes, request->path, &url, &connect_to);
	buf_printf(&accept, "Accept: %s", request->accept ? request->accept : "application/json");
	buf_printf(&type, "Content-Type: %s",
		request->content_type ? request->content_type : "application/json");
	exchange->http = http_start(kubernetes->http,
		&(struct http_request){
			.method = request->method,
			.url = buf_str(&url),
			.headers = (const char *const[]){buf_str(&accept),
				"User-Agent: relight/" RELIGHT_VERSION,
				request->body ? buf_str(&type) : NULL, NULL},
			.body = request->body,
			.body_length = request->body_length,
			.bearer = kubernetes_token(kubernetes, &token),
			.connect_to = connect_to.length > 0 ? buf_str(&connect_to) : NULL,
			.ca = kubernetes->ca.length > 0 ? buf_str(&kubernetes->ca) : NULL,
			.cert = kubernetes->cert.length > 0 ? buf_str(&kubernetes->cert) : NULL,
			.key = kubernetes->key.length > 0 ? buf_str(&kubernetes->key) : NULL,
			.connect_timeout_ms = request->timeout_ms < CONNECT_TIMEOUT_MS
						      ? request->timeout_ms
						      : CONNECT_TIMEOUT_MS,
			.timeout_ms = request->timeout_ms,
			.max_body_bytes = request->max_body_bytes,
			.on_head = request->on_head,
			.on_data = request->on_data,
			.on_data_context = request->context,
			.done = answered,
			.context = exchange,
		});
	if (token.data)
		explicit_bzero(token.data, token.capacity);
	buf_fini(&url);
	buf_fini(&connect_to);
	buf_fini(&accept);
	buf_fini(&type);
	buf_fini(&token);
	return exchange;
}

void kubernetes_cancel(struct kubernetes_exchange *exchange)
{
	http_cancel(exchange->http);
	free(exchange);
}

void kubernetes_reset(struct kubernetes *kubernetes, const char *why)
{
	http_reset(kubernetes->http, why);
}

enum status kubernetes_refusal(
	const struct http_answer *answer, const char *object, struct buf *words)
{
	if (answer->reach == REACH_ANSWERED)
		return kubeapi_refusal(answer->status, answer->body, answer->length, object, words);
	buf_text(words, answer->why ? answer->why : "it could not be asked");
	return STATUS_UNKNOWN;
}

// --- who it is ---

bool kubernetes_identity_due(const struct kubernetes *kubernetes, int64_t age_ms)
{
	uint64_t now = uv_now(kubernetes->loop);

	return !kubernetes->identifying &&
	       (kubernetes->identified_ms == 0 ||
		       now - kubernetes->identified_ms >= (uint64_t)age_ms);
}

void kubernetes_identity_begin(struct kubernetes *kubernetes)
{
	kubernetes->identifying = true;
	kubernetes->identified_generation = kubernetes->generation;
}

// The fingerprint in one text, to see a change.
static bool fingerprint_changed(struct kubernetes *kubernetes)
{
	struct buf now = {0};

	buf_printf(&now, "%s %s %s", kubernetes->access.server, kubernetes->uid,
		kubernetes->ca_sha256);
	bool is_new =
		!kubernetes->fingerprint || strcmp(kubernetes->fingerprint, buf_str(&now)) != 0;
	free(kubernetes->fingerprint);
	kubernetes->fingerprint = buf_take(&now);
	return is_new;
}

bool kubernetes_identity_end(struct kubernetes *kubernetes, const struct http_answer *answer)
{
	kubernetes->identifying = false;
	bool is_of_now = kubernetes->identified_generation == kubernetes->generation;
	if (!answer || !is_of_now || answer->reach != REACH_ANSWERED ||
		(answer->status != 200 && answer->status != 403))
		return false;
	kubernetes->identified_ms = uv_now(kubernetes->loop);
	// Where it may not be seen, a UID that was seen before still stands.
	if (answer->status == 200) {
		cJSON *namespace = json_parse(answer->body, answer->length, NULL);
		const char *uid = json_path_text(namespace, "metadata.uid");

		snprintf(kubernetes->uid, sizeof kubernetes->uid, "%s", uid ? uid : "");
		cJSON_Delete(namespace);
	}
	return fingerprint_changed(kubernetes);
}

cJSON *kubernetes_fingerprint(const struct kubernetes *kubernetes)
{
	cJSON *fingerprint = json_object();

	json_add_text(fingerprint, "uid", kubernetes_uid(kubernetes));
	if (kubernetes->ca_sha256[0])
		json_add_text(fingerprint, "ca_sha256", kubernetes->ca_sha256);
	return fingerprint;
}

const char *kubernetes_uid(const struct kubernetes *kubernetes)
{
	return kubernetes->uid[0] ? kubernetes->uid : NULL;
}

// --- its life ---

struct kubernetes *kubernetes_new(uv_loop_t *loop, struct http *http)
{
	struct kubernetes *kubernetes = memory_zeroed(1, sizeof *kubernetes);

	kubernetes->loop = loop;
	kubernetes->http = http;
	kubernetes->status = STATUS_MISSING;
	return kubernetes;
}

void kubernetes_free(struct kubernetes *kubernetes)
{
	if (!kubernetes)
		return;
	kubernetes_end_searches(kubernetes, NULL);
	unload(kubernetes);
	free(kubernetes->context);
	free(kubernetes->fingerprint);
	buf_fini(&kubernetes->stamp);
	buf_fini(&kubernetes->ca);
	buf_fini(&kubernetes->cert);
	buf_fini(&kubernetes->key);
	free(kubernetes);
}
