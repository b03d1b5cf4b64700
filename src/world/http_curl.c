// SPDX-License-Identifier: Apache-2.0
#include "http_curl.h"

#include <dlfcn.h>
#include <errno.h>
#include <openssl/x509_vfy.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "relight/moment.h"

static struct http_curl loaded;
static void *library;

const struct http_curl *http_curl_load(struct err *err)
{
	if (library)
		return &loaded;
	void *opened = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
	if (!opened) {
		err_set(err, "libcurl: %s; install libcurl4", dlerror());
		return NULL;
	}
#define X(name)                                                                                    \
	if (!(loaded.name = (__typeof__(name) *)dlsym(opened, #name))) {                           \
		err_set(err, "libcurl: it has no %s", #name);                                      \
		return NULL;                                                                       \
	}
	HTTP_CURL_FUNCTIONS(X)
#undef X
	if (loaded.curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		err_set(err, "libcurl: it cannot be initialised");
		return NULL;
	}
	library = opened;
	return &loaded;
}

void *http_curl_symbol(const char *name)
{
	return dlsym(library, name);
}

// --- failures in words -----------------------------------------------------------------------------------------------

static struct http_failure say(const struct http_failed *failed, enum reach reach,
	const char *format, ...) __attribute__((format(printf, 3, 4)));

static struct http_failure say(
	const struct http_failed *failed, enum reach reach, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(failed->words, HTTP_WORDS_BYTES, format, arguments);
	va_end(arguments);
	return (struct http_failure){.reach = reach};
}

static struct http_failure say_curls_words(const struct http_failed *failed, enum reach reach)
{
	const char *words =
		*failed->errors ? failed->errors : loaded.curl_easy_strerror(failed->code);
	return say(failed, reach, "%s", words);
}

static bool has(const struct http_failed *failed, const char *part)
{
	return strstr(failed->errors, part) != NULL;
}

// "Could not resolve host: db.example.com": the name.
static const char *after_colon(const struct http_failed *failed)
{
	const char *colon = strstr(failed->errors, ": ");
	return colon ? colon + 2 : "the host";
}

static struct http_failure explain_connecting(const struct http_failed *failed)
{
	long error = 0;
	loaded.curl_easy_getinfo(failed->easy, CURLINFO_OS_ERRNO, &error);
	switch (error) {
	case ECONNREFUSED: return say(failed, REACH_SILENT, "connection refused");
	case ETIMEDOUT: return say(failed, REACH_SILENT, "timed out connecting");
	case EHOSTUNREACH: return say(failed, REACH_SILENT, "no route to host");
	case ECONNRESET: return say(failed, REACH_SILENT, "connection reset");
	case ENETUNREACH: return say(failed, REACH_PREVENTED, "network is unreachable");
	case 0: return say_curls_words(failed, REACH_PREVENTED);
	default: return say(failed, REACH_PREVENTED, "cannot connect: %s", strerror((int)error));
	}
}

static double seconds(const struct http_failed *failed, CURLINFO info)
{
	double value = 0;
	loaded.curl_easy_getinfo(failed->easy, info, &value);
	return value;
}

// Through a proxy it may be the proxy's name that nobody knows: "no address for" is true then too.
static struct http_failure say_no_address(const struct http_failed *failed, const char *limit)
{
	const char *text = NULL;
	char *host = NULL;
	CURLU *url = loaded.curl_url();
	loaded.curl_easy_getinfo(failed->easy, CURLINFO_EFFECTIVE_URL, &text);
	if (url && text && loaded.curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK)
		loaded.curl_url_get(url, CURLUPART_HOST, &host, 0);
	struct http_failure failure = say(failed, REACH_PREVENTED,
		"timed out: no address for %s within %s", host ? host : "the host", limit);
	loaded.curl_free(host);
	loaded.curl_url_cleanup(url);
	return failure;
}

static struct http_failure explain_timeout(const struct http_failed *failed)
{
	long status = 0, local_port = 0, made = 0;
	char limit[DURATION_TEXT_BYTES], connect_limit[DURATION_TEXT_BYTES];
	duration_format(failed->timeout_ms, limit);
	duration_format(failed->connect_timeout_ms, connect_limit);
	loaded.curl_easy_getinfo(failed->easy, CURLINFO_RESPONSE_CODE, &status);
	// The port is known from the moment the TCP connection is there; the time of connecting
	// includes TLS. A connection that was there before took no time for anything.
	loaded.curl_easy_getinfo(failed->easy, CURLINFO_LOCAL_PORT, &local_port);
	loaded.curl_easy_getinfo(failed->easy, CURLINFO_NUM_CONNECTS, &made);
	bool is_resolved = seconds(failed, CURLINFO_NAMELOOKUP_TIME) > 0;
	bool has_shaken_hands = made == 0 || seconds(failed, CURLINFO_APPCONNECT_TIME) > 0;
	struct http_failure failure;
	if (status)
		failure = say(failed, REACH_REFUSED,
			"timed out: HTTP %ld, but not all of the answer within %s", status, limit);
	else if (local_port == 0 && !is_resolved && failed->has_asked_for_name)
		failure = say_no_address(failed, connect_limit);
	else if (local_port == 0)
		failure = say(
			failed, REACH_SILENT, "timed out: no connection within %s", connect_limit);
	else if (failed->is_tls && !has_shaken_hands)
		failure = say(failed, REACH_REFUSED,
			"timed out: connected, but no TLS handshake within %s", connect_limit);
	else
		failure = say(failed, REACH_REFUSED,
			"timed out: connected, but no answer within %s", limit);
	failure.is_timeout = true;
	return failure;
}

static struct http_failure explain_certificate(const struct http_failed *failed)
{
	// curl compares the name itself, once the chain is good.
	const char *name = strstr(failed->errors, "target host name '");
	if (name) {
		name += strlen("target host name '");
		return say(failed, REACH_REFUSED, "the certificate is not for %.*s",
			(int)strcspn(name, "'"), name);
	}
	long result = X509_V_OK;
	loaded.curl_easy_getinfo(failed->easy, CURLINFO_SSL_VERIFYRESULT, &result);
	switch (result) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return say(failed, REACH_REFUSED, "the certificate has expired");
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return say(failed, REACH_REFUSED, "the certificate is not valid yet");
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		return say(failed, REACH_REFUSED, "the certificate is self-signed and not trusted");
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		return say(
			failed, REACH_REFUSED, "the certificate is signed by an unknown authority");
	default: return say_curls_words(failed, REACH_REFUSED);
	}
}

static bool is_broken_handshake(const struct http_failed *failed)
{
	return has(failed, "SSL_ERROR_SYSCALL") || has(failed, "unexpected eof") ||
	       has(failed, "reset by peer");
}

static struct http_failure explain_handshake(const struct http_failed *failed)
{
	if (has(failed, "wrong version number") || has(failed, "packet length too long") ||
		has(failed, "record layer failure") || has(failed, "http request"))
		return say(failed, REACH_REFUSED, "no TLS on this port: is it plain HTTP?");
	if (is_broken_handshake(failed))
		return say(failed, REACH_REFUSED,
			"the connection was closed during the TLS handshake");
	return say_curls_words(failed, REACH_REFUSED);
}

static struct http_failure explain(const struct http_failed *failed)
{
	switch ((int)failed->code) {
	case CURLE_UNSUPPORTED_PROTOCOL:
		if (has(failed, "HTTP/0.9"))
			return say(failed, REACH_REFUSED, "what answers does not speak HTTP");
		return say(failed, REACH_PREVENTED, "the URL is neither http nor https");
	case CURLE_URL_MALFORMAT: return say(failed, REACH_PREVENTED, "the URL is malformed");
	case CURLE_COULDNT_RESOLVE_PROXY:
		return say(failed, REACH_PREVENTED, "cannot resolve the proxy %s",
			after_colon(failed));
	case CURLE_COULDNT_RESOLVE_HOST:
		return say(failed, REACH_PREVENTED, "cannot resolve %s", after_colon(failed));
	case CURLE_COULDNT_CONNECT: return explain_connecting(failed);
	case CURLE_OPERATION_TIMEDOUT: return explain_timeout(failed);
	case CURLE_PEER_FAILED_VERIFICATION: return explain_certificate(failed);
	case CURLE_SSL_CONNECT_ERROR: return explain_handshake(failed);
	case CURLE_SSL_CERTPROBLEM:
		return say(failed, REACH_PREVENTED, "the client certificate cannot be used: %s",
			failed->errors);
	case CURLE_SSL_CACERT_BADFILE:
		return say(failed, REACH_PREVENTED, "the CA certificates cannot be used: %s",
			failed->errors);
	case CURLE_GOT_NOTHING:
		return say(failed, REACH_REFUSED, "the connection was closed without an answer");
	case CURLE_PARTIAL_FILE: return say(failed, REACH_REFUSED, "the answer broke off");
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		if (has(failed, "reset by peer"))
			return say(failed, REACH_REFUSED, "connection reset");
		return say_curls_words(failed, REACH_REFUSED);
	case CURLE_WEIRD_SERVER_REPLY:
		return say(failed, REACH_REFUSED, "what answers does not speak HTTP");
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM: return say_curls_words(failed, REACH_REFUSED);
	case CURLE_WRITE_ERROR:
		return say(failed, REACH_REFUSED, "the answer's headers are too long");
	default: return say_curls_words(failed, REACH_PREVENTED);
	}
}

// Whether the same may succeed another time without anything being mended. Names that cannot be
// resolved count as a mistake: who waits for them is told at once.
static bool is_fleeting(const struct http_failed *failed, const struct http_failure *failure)
{
	switch ((int)failed->code) {
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM: return failure->reach != REACH_PREVENTED;
	case CURLE_SSL_CONNECT_ERROR: return is_broken_handshake(failed);
	default: return false;
	}
}

struct http_failure http_curl_explain(const struct http_failed *failed)
{
	struct http_failure failure = explain(failed);

	failure.is_fleeting = is_fleeting(failed, &failure);
	return failure;
}
