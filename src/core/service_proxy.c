// SPDX-License-Identifier: Apache-2.0
#include "relight/service_proxy.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "relight/json.h"
#include "relight/kubeapi.h"

#define NAME_CHARACTERS  "abcdefghijklmnopqrstuvwxyz0123456789-"
#define STATUS_MAX_BYTES (64u << 10) // the API server's own words are short

// --- the path ---

const char *service_name(const char *service)
{
	if (strncmp(service, "https:", 6) == 0)
		return service + 6;
	return strncmp(service, "http:", 5) == 0 ? service + 5 : service;
}

static bool is_name(const char *what, const char *text, const char *more, struct err *err)
{
	size_t length = strlen(text), good = 0;

	while (good < length && (strchr(NAME_CHARACTERS, text[good]) || strchr(more, text[good])))
		good++;
	return (length > 0 && good == length) ||
	       err_set(err, "kubernetes: %s %s: is no name of one", what, text);
}

// Whether a segment is "." or "..", however it is written: clients and servers resolve those, and
// they would lead out of the service.
static bool is_step(const char *segment, size_t length)
{
	size_t dots = 0, at = 0;

	while (at < length) {
		bool is_encoded = length - at >= 3 && strncasecmp(segment + at, "%2e", 3) == 0;

		if (segment[at] != '.' && !is_encoded)
			return false;
		at += is_encoded ? 3 : 1;
		dots++;
	}
	return dots == 1 || dots == 2;
}

static bool stays_inside(const char *path, struct err *err)
{
	const char *end = path + strcspn(path, "?");

	for (const char *at = path; at <= end;) {
		size_t length = strcspn(at, "/?");
		if (is_step(at, length))
			return err_set(err, "kubernetes: path %s: leads out of the service", path);
		at += length + 1;
	}
	return true;
}

// What cannot stand in a URL as it is, and what would end the path early.
static void add_path(struct buf *out, const char *path)
{
	for (; *path; path++)
		if (isalnum((unsigned char)*path) || strchr("-._~/?&=%:@!$'()*+,;", *path))
			buf_byte(out, *path);
		else
			buf_printf(out, "%%%02X", (unsigned char)*path);
}

bool service_proxy_path(struct buf *out, const char *namespace, const char *service,
	const char *port, const char *path, struct err *err)
{
	const char *inner = path ? path : "";

	if (!is_name("namespace", namespace, "", err) ||
		!is_name("service", service_name(service), ".", err) ||
		!is_name("port", port, "", err) || !stays_inside(inner, err))
		return false;
	buf_printf(out, "/api/v1/namespaces/%s/services/%s:%s/proxy", namespace, service, port);
	if (*inner != '/')
		buf_byte(out, '/');
	add_path(out, inner);
	return true;
}

// --- the answer ---

static bool begins(const char *text, const char *with)
{
	return strncasecmp(text, with, strlen(with)) == 0;
}

// The words of the API server's proxy where the service has nobody who answers. There is no code
// for them: what cannot be reached is a 503, or a 500 (Kubernetes 1.20).
static bool is_unreachable(const char *message)
{
	static const char *const words[] = {"no endpoints available for service", "no service port",
		"error trying to reach service", NULL};

	for (size_t i = 0; words[i]; i++)
		if (begins(message, words[i]))
			return true;
	return false;
}

// Whether a Status is about this service; its name there is as in the path, "https:web:443".
static bool is_about(const cJSON *status, const char *service)
{
	const char *kind = json_path_text(status, "details.kind");
	const char *name = json_path_text(status, "details.name");
	const char *wanted = service_name(service);

	if (!kind || strcmp(kind, "services") != 0 || !name)
		return false;
	size_t length = strcspn(service_name(name), ":");
	return strlen(wanted) == length && strncmp(service_name(name), wanted, length) == 0;
}

static enum service_answerer whose(int http_status, const cJSON *status, const char *service)
{
	const char *message = json_text(status, "message");

	if (http_status >= 500 && message && is_unreachable(message))
		return SERVICE_UNREACHABLE;
	if (http_status == 404)
		return is_about(status, service) ? SERVICE_ABSENT : SERVICE_ANSWERED;
	if (http_status == 403)
		return is_about(status, service) ? SERVICE_REFUSED : SERVICE_ANSWERED;
	return SERVICE_REFUSED;
}

enum service_answerer service_answerer(int http_status, const char *body, size_t length_bytes,
	const char *service, struct buf *words)
{
	bool may_be_status = http_status >= 400 && length_bytes > 0 && body[0] == '{' &&
			     length_bytes <= STATUS_MAX_BYTES;
	cJSON *status = may_be_status ? json_parse(body, length_bytes, NULL) : NULL;
	const char *kind = json_text(status, "kind"), *message = json_text(status, "message");
	enum service_answerer answerer = SERVICE_ANSWERED;

	if (kind && strcmp(kind, "Status") == 0 && json_int(status, "code", 0) == http_status)
		answerer = whose(http_status, status, service);
	else if (http_status >= 500 && length_bytes > 0 && is_unreachable(body)) // before 1.20
		answerer = SERVICE_UNREACHABLE;
	if (answerer == SERVICE_REFUSED)
		kubeapi_refusal(http_status, body, length_bytes, NULL, words);
	else if (answerer != SERVICE_ANSWERED && message)
		buf_text(words, message);
	else if (answerer != SERVICE_ANSWERED)
		buf_add(words, body, strcspn(body, "\r\n"));
	cJSON_Delete(status);
	return answerer;
}
