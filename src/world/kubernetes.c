// SPDX-License-Identifier: Apache-2.0
#include "kubernetes_client.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
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
#include "relight/pin.h"
#include "relight/url_user.h"

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
	kubernetes_end_waiting(kubernetes);
	credential_plugin_free(kubernetes->plugin);
	kubernetes->plugin = NULL;
	kubeconfig_free(kubernetes->kubeconfig);
	kubernetes->kubeconfig = NULL;
	kubernetes->access = (struct kubeconfig_access){0};
	buf_clear(&kubernetes->endpoint);
	buf_clear(&kubernetes->ca);
	buf_clear(&kubernetes->cert);
	if (kubernetes->key.data)
		explicit_bzero(kubernetes->key.data, kubernetes->key.capacity);
	buf_clear(&kubernetes->key);
	kubernetes->ca_sha256[0] = kubernetes->serving_ca[0] = '\0';
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

static void base64_encode(const char *bytes, size_t length, struct buf *out)
{
	size_t before = out->length;

	buf_reserve(out, (length + 2) / 3 * 4 + 1);
	out->length = before + (size_t)EVP_EncodeBlock((unsigned char *)out->data + before,
				       (const unsigned char *)bytes, (int)length);
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

// --- credentials ---

void kubernetes_confide(struct kubernetes *kubernetes,
	void (*secret)(void *context, const char *name, const char *value), void *context)
{
	kubernetes->secret = secret;
	kubernetes->secret_context = context;
}

static void confide(struct kubernetes *kubernetes, const char *name, const char *value)
{
	if (kubernetes->secret && value)
		kubernetes->secret(kubernetes->secret_context, name, value);
}

// What a URL carries of that, of the server or of the proxy.
static void confide_in_url(struct kubernetes *kubernetes, const char *url)
{
	struct buf password = {0};

	if (url && url_password(url, &password))
		confide(kubernetes, "password", buf_str(&password));
	buf_wipe(&password);
}

static void on_secret(void *context, const char *name, const char *value)
{
	confide(context, name, value);
}

// Asking without the token that is wanted would be to ask as nobody.
static bool has_token(const struct kubeconfig_access *access, struct err *err)
{
	struct buf text = {0};
	bool is_read = kubernetes_read_token(access, &text, err);
	bool has_any = is_read && strcspn(buf_str(&text), " \t\r\n") > 0;

	if (is_read && !has_any)
		err_set(err, "%s: is empty", access->token_file);
	buf_wipe(&text);
	return has_any || err_prefix(err, "kubeconfig: tokenFile");
}

// What a plugin is told of the cluster (client.authentication.k8s.io, Cluster).
static void open_plugin(struct kubernetes *kubernetes)
{
	const struct kubeconfig_access *access = &kubernetes->access;
	cJSON *cluster = json_object();
	struct buf text = {0};

	json_add_text(cluster, "server", access->server);
	json_add_text(cluster, "tls-server-name", access->tls_server_name);
	if (access->is_insecure)
		json_add_bool(cluster, "insecure-skip-tls-verify", true);
	if (kubernetes->ca.length > 0) {
		struct buf encoded = {0};
		base64_encode(kubernetes->ca.data, kubernetes->ca.length, &encoded);
		json_add_text(cluster, "certificate-authority-data", buf_str(&encoded));
		buf_fini(&encoded);
	}
	json_add_text(cluster, "proxy-url", access->proxy);
	if (access->exec->config)
		json_add(cluster, "config",
			json_parse(access->exec->config, strlen(access->exec->config), NULL));
	json_write(&text, cluster);
	cJSON_Delete(cluster);
	kubernetes->plugin = credential_plugin_new(
		kubernetes->loop, access->exec, buf_str(&text), on_secret, kubernetes);
	buf_fini(&text);
}

// --- opening ---

// Where nobody has named a context, a pod's own access is used, as kubectl does.
static enum status read_kubeconfig(
	struct kubernetes *kubernetes, const char *paths, bool may_be_in_cluster, struct err *err)
{
	kubernetes->kubeconfig = kubeconfig_new();
	enum status status = kubeconfig_read(kubernetes->kubeconfig, paths, err);
	bool names_none = status == STATUS_MISSING ||
			  (status == STATUS_HEALTHY && !kubeconfig_current(kubernetes->kubeconfig));

	if (!names_none || !may_be_in_cluster || !kubeconfig_is_in_cluster())
		return status;
	kubeconfig_free(kubernetes->kubeconfig);
	kubernetes->kubeconfig = kubeconfig_new();
	return kubeconfig_add_in_cluster(kubernetes->kubeconfig) ? STATUS_HEALTHY : status;
}

static enum status load(struct kubernetes *kubernetes, const char *paths, const char *context,
	bool is_default, struct err *err)
{
	struct kubeconfig_access *access = &kubernetes->access;

	// Each stamp is older than what is read after it: a change in between is seen the next
	// time.
	buf_clear(&kubernetes->stamp);
	add_paths_stamp(&kubernetes->stamp, paths);
	enum status status = read_kubeconfig(kubernetes, paths, is_default && !context, err);
	if (status != STATUS_HEALTHY)
		return status;
	enum kubeconfig_answer answer =
		kubeconfig_look_up(kubernetes->kubeconfig, context, access, err);
	if (answer != KUBECONFIG_FOUND) {
		err_prefix(err, "kubeconfig: %s", paths);
		return answer == KUBECONFIG_NO_CONTEXT ? STATUS_MISSING : STATUS_UNKNOWN;
	}
	if (access->server)
		url_mask_user(access->server, &kubernetes->endpoint);
	add_access_stamp(&kubernetes->stamp, access);
	if (!read_source(&access->ca, &kubernetes->ca, err) ||
		!read_source(&access->cert, &kubernetes->cert, err) ||
		!read_source(&access->key, &kubernetes->key, err)) {
		err_prefix(err, "kubeconfig");
		return STATUS_UNKNOWN;
	}
	if (access->token_file && !access->token && !has_token(access, err))
		return STATUS_UNKNOWN;
	if (strstr(buf_str(&kubernetes->key), "ENCRYPTED")) {
		err_set(err, "kubeconfig: the client key is encrypted, and nobody can be asked for "
			     "its password here");
		return STATUS_UNKNOWN;
	}
	if (kubernetes->ca.length > 0 && !digest_ca(kubernetes, err))
		return STATUS_UNKNOWN;
	confide(kubernetes, "token", access->token);
	confide(kubernetes, "password", access->password);
	confide_in_url(kubernetes, access->server);
	confide_in_url(kubernetes, access->proxy);
	if (access->exec)
		open_plugin(kubernetes);
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

static void reload(struct kubernetes *kubernetes, const char *paths, const char *context,
	bool is_default, struct err *err)
{
	char *server = memory_copy_text(kubernetes->access.server);

	unload(kubernetes);
	kubernetes->generation++;
	kubernetes->breaks++;
	kubernetes->status = load(kubernetes, paths, context, is_default, err);
	free(kubernetes->context);
	kubernetes->context = memory_copy_text(context);
	kubernetes_resume_waiting(kubernetes);
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

	// Without a home there is no kubeconfig, and a pod needs none.
	if (!kubeconfig_paths(kubeconfig, &paths, err) && !kubeconfig_is_in_cluster())
		return STATUS_MISSING;
	if (!is_unchanged(kubernetes, buf_str(&paths), context))
		reload(kubernetes, buf_str(&paths), context, !kubeconfig, err);
	buf_fini(&paths);
	return kubernetes->status;
}

unsigned kubernetes_generation(const struct kubernetes *kubernetes)
{
	return kubernetes->generation;
}

const char *kubernetes_endpoint(const struct kubernetes *kubernetes)
{
	return kubernetes->access.server ? buf_str(&kubernetes->endpoint) : NULL;
}

const char *kubernetes_namespace(const struct kubernetes *kubernetes)
{
	return kubernetes->access.namespace ? kubernetes->access.namespace : "default";
}

// --- who it is ---

// A server that refuses is left alone for so long, however often it is connected to.
#define REFUSED_REST_MS 2000

int64_t kubernetes_identity_rest_ms(const struct kubernetes *kubernetes)
{
	uint64_t now = uv_now(kubernetes->loop);
	uint64_t until = kubernetes->unidentified_ms + REFUSED_REST_MS;

	return kubernetes->unidentified_ms > 0 && until > now ? (int64_t)(until - now) : 0;
}

bool kubernetes_is_doubtful(const struct kubernetes *kubernetes)
{
	return kubernetes->breaks != kubernetes->told_at;
}

bool kubernetes_identity_due(const struct kubernetes *kubernetes, int64_t age_ms)
{
	uint64_t now = uv_now(kubernetes->loop);
	bool is_doubtful =
		kubernetes->has_reconnected && now - kubernetes->unidentified_ms >= REFUSED_REST_MS;

	return !kubernetes->identifying &&
	       (kubernetes->identified_ms == 0 || is_doubtful ||
		       now - kubernetes->identified_ms >= (uint64_t)age_ms);
}

void kubernetes_identity_begin(struct kubernetes *kubernetes)
{
	// Of several at once the first one counts: what came since is in doubt for longer.
	if (!kubernetes->identifying)
		kubernetes->asked_at = kubernetes->breaks;
	kubernetes->identifying = true;
	kubernetes->has_reconnected = false;
	kubernetes->identified_generation = kubernetes->generation;
}

// The CA that signed the server's certificate; where that cannot be seen the kubeconfig's, which is
// the same wherever it names one that signs by itself.
static const char *authority(const struct kubernetes *kubernetes)
{
	return kubernetes->serving_ca[0] ? kubernetes->serving_ca : kubernetes->ca_sha256;
}

// What is told of who answers in one text, to see a change.
static bool fingerprint_changed(struct kubernetes *kubernetes)
{
	struct buf now = {0};

	buf_printf(&now, "%s %s %s %d %s", kubernetes->access.server, kubernetes->uid,
		authority(kubernetes), kubernetes->access.is_insecure,
		kubernetes_namespace(kubernetes));
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
	// One that keeps to itself who it is was asked all the same.
	if (answer && is_of_now && answer->reach == REACH_ANSWERED)
		kubernetes->told_at = kubernetes->asked_at;
	if (!answer || !is_of_now || answer->reach != REACH_ANSWERED ||
		(answer->status != 200 && answer->status != 403)) {
		kubernetes->unidentified_ms = uv_now(kubernetes->loop);
		return false;
	}
	kubernetes->identified_ms = uv_now(kubernetes->loop);
	// Where it may not be seen, a UID that was seen before still stands, but not for a server
	// that somebody else has signed.
	if (strcmp(kubernetes->identified_ca, authority(kubernetes)) != 0)
		kubernetes->uid[0] = '\0';
	snprintf(kubernetes->identified_ca, sizeof kubernetes->identified_ca, "%s",
		authority(kubernetes));
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
	if (*authority(kubernetes))
		json_add_text(fingerprint, "ca_sha256", authority(kubernetes));
	if (kubernetes->access.is_insecure)
		json_add_text(fingerprint, PIN_TLS, PIN_TLS_UNVERIFIED);
	return fingerprint;
}

bool kubernetes_was_reached(const struct kubernetes *kubernetes)
{
	return kubernetes->fingerprint != NULL;
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
	buf_fini(&kubernetes->endpoint);
	buf_fini(&kubernetes->ca);
	buf_fini(&kubernetes->cert);
	buf_fini(&kubernetes->key);
	free(kubernetes);
}
