// SPDX-License-Identifier: Apache-2.0
#include "relight/kubeapi.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "relight/json.h"

// --- names ---

// "v1", "v2beta1": what tells a version from the beginning of a group.
static bool is_version(const char *text, size_t length)
{
	size_t i = 1;

	if (length < 2 || text[0] != 'v' || !isdigit((unsigned char)text[1]))
		return false;
	while (i < length && isdigit((unsigned char)text[i]))
		i++;
	if (i == length)
		return true;
	size_t stage = strncmp(text + i, "alpha", 5) == 0  ? 5
		       : strncmp(text + i, "beta", 4) == 0 ? 4
							   : 0;
	if (stage == 0 || i + stage >= length)
		return false;
	for (i += stage; i < length; i++)
		if (!isdigit((unsigned char)text[i]))
			return false;
	return true;
}

bool kubeapi_name_parse(const char *text, struct kubeapi_name *name, struct err *err)
{
	size_t length = strcspn(text, "."), rest;

	memset(name, 0, sizeof *name);
	if (length == 0 || length >= sizeof name->resource ||
		strspn(text, "abcdefghijklmnopqrstuvwxyz"
			     "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") != strlen(text))
		return err_set(err,
			"%s: is no resource; write it as for kubectl, e.g. deployments or "
			"certificates.cert-manager.io",
			text);
	memcpy(name->resource, text, length);
	text += length + (text[length] == '.');
	rest = strcspn(text, ".");
	if (is_version(text, rest) && rest < sizeof name->version) {
		memcpy(name->version, text, rest);
		text += rest + (text[rest] == '.');
	}
	if (strlen(text) >= sizeof name->group)
		return err_set(err, "%s: is too long for an API group", text);
	memcpy(name->group, text, strlen(text));
	return true;
}

void kubeapi_name_kind(const struct kubeapi_type *type, cJSON *object)
{
	struct buf version = {0};

	cJSON_DeleteItemFromObjectCaseSensitive(object, "kind");
	cJSON_DeleteItemFromObjectCaseSensitive(object, "apiVersion");
	buf_printf(&version, "%s%s%s", type->group, type->group[0] ? "/" : "", type->version);
	json_add_text(object, "kind", type->kind);
	json_add_text(object, "apiVersion", buf_str(&version));
	buf_fini(&version);
}

bool kubeapi_is_kind(const struct kubeapi_type *type, const cJSON *object, struct err *err)
{
	const char *kind = json_text(object, "kind");

	if (!kind || strcmp(kind, type->kind) == 0 || strcmp(kind, "PartialObjectMetadata") == 0)
		return true;
	return err_set(err, "it holds a %.63s where %s were asked for", kind, type->plural);
}

bool kubeapi_is_of(const cJSON *object, const char *namespace, const char *name)
{
	const char *own_name = json_path_text(object, "metadata.name");
	const char *own_namespace = json_path_text(object, "metadata.namespace");

	if (name && (!own_name || strcmp(own_name, name) != 0))
		return false;
	return !namespace || !own_namespace || strcmp(own_namespace, namespace) == 0;
}

bool kubeapi_is_secret(const struct kubeapi_type *type)
{
	return type->group[0] == '\0' && strcmp(type->plural, "secrets") == 0;
}

// Source: "kubectl api-resources --namespaced=false".
bool kubeapi_is_cluster_wide(const char *resource)
{
	static const struct {
		const char *plural, *singular, *abbreviation, *group;
	} types[] = {
		{"apiservices", "apiservice", "", "apiregistration.k8s.io"},
		{"certificatesigningrequests", "certificatesigningrequest", "csr",
			"certificates.k8s.io"},
		{"clusterrolebindings", "clusterrolebinding", "", "rbac.authorization.k8s.io"},
		{"clusterroles", "clusterrole", "", "rbac.authorization.k8s.io"},
		{"csidrivers", "csidriver", "", "storage.k8s.io"},
		{"csinodes", "csinode", "", "storage.k8s.io"},
		{"customresourcedefinitions", "customresourcedefinition", "crd",
			"apiextensions.k8s.io"},
		{"customresourcedefinitions", "customresourcedefinition", "crds",
			"apiextensions.k8s.io"},
		{"ingressclasses", "ingressclass", "", "networking.k8s.io"},
		{"mutatingwebhookconfigurations", "mutatingwebhookconfiguration", "",
			"admissionregistration.k8s.io"},
		{"namespaces", "namespace", "ns", ""},
		{"nodes", "node", "no", ""},
		{"persistentvolumes", "persistentvolume", "pv", ""},
		{"priorityclasses", "priorityclass", "pc", "scheduling.k8s.io"},
		{"runtimeclasses", "runtimeclass", "", "node.k8s.io"},
		{"storageclasses", "storageclass", "sc", "storage.k8s.io"},
		{"validatingwebhookconfigurations", "validatingwebhookconfiguration", "",
			"admissionregistration.k8s.io"},
		{"volumeattachments", "volumeattachment", "", "storage.k8s.io"},
		{"volumesnapshotclasses", "volumesnapshotclass", "", "snapshot.storage.k8s.io"},
		{"volumesnapshotcontents", "volumesnapshotcontent", "", "snapshot.storage.k8s.io"},
	};
	struct kubeapi_name name;
	struct err ignored;

	if (!kubeapi_name_parse(resource, &name, &ignored))
		return false;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if ((strcasecmp(name.resource, types[i].plural) == 0 ||
			    strcasecmp(name.resource, types[i].singular) == 0 ||
			    strcasecmp(name.resource, types[i].abbreviation) == 0) &&
			kubeapi_may_hold(&name, types[i].group, name.version))
			return true;
	return false;
}

bool kubeapi_may_hold(const struct kubeapi_name *name, const char *group, const char *version)
{
	return strncmp(group, name->group, strlen(name->group)) == 0 &&
	       (!name->version[0] || strcmp(version, name->version) == 0);
}

static bool is_called(const cJSON *resource, const char *wanted)
{
	static const char *const keys[] = {"name", "singularName", "kind", NULL};

	for (size_t i = 0; keys[i]; i++) {
		const char *own = json_text(resource, keys[i]);
		if (own && strcasecmp(own, wanted) == 0)
			return true;
	}
	json_each (name, json_get(resource, "shortNames"))
		if (cJSON_IsString(name) && strcasecmp(name->valuestring, wanted) == 0)
			return true;
	return false;
}

static bool is_of_kind(const cJSON *resource, const char *kind)
{
	return strcmp(json_text(resource, "kind"), kind) == 0;
}

static bool type_find(const cJSON *list,
	bool (*is_wanted)(const cJSON *resource, const char *wanted), const char *wanted,
	struct kubeapi_type *type)
{
	const char *version = json_text(list, "groupVersion");
	const char *slash = version ? strchr(version, '/') : NULL;

	if (!version)
		return false;
	json_each (resource, json_get(list, "resources")) {
		const char *plural = json_text(resource, "name"),
			   *kind = json_text(resource, "kind");

		if (!plural || !kind || strchr(plural, '/') || !is_wanted(resource, wanted))
			continue;
		snprintf(type->group, sizeof type->group, "%.*s",
			slash ? (int)(slash - version) : 0, version);
		snprintf(type->version, sizeof type->version, "%s", slash ? slash + 1 : version);
		snprintf(type->plural, sizeof type->plural, "%s", plural);
		snprintf(type->kind, sizeof type->kind, "%s", kind);
		type->is_namespaced = json_bool(resource, "namespaced", false);
		return true;
	}
	return false;
}

bool kubeapi_type_find(
	const cJSON *list, const struct kubeapi_name *name, struct kubeapi_type *type)
{
	return type_find(list, is_called, name->resource, type);
}

bool kubeapi_kind_find(const cJSON *list, const char *kind, struct kubeapi_type *type)
{
	return type_find(list, is_of_kind, kind, type);
}

// --- paths ---

void kubeapi_encode(struct buf *out, const char *text)
{
	for (; *text; text++)
		if (isalnum((unsigned char)*text) || strchr("-._~", *text))
			buf_byte(out, *text);
		else
			buf_printf(out, "%%%02X", (unsigned char)*text);
}

void kubeapi_path(
	struct buf *out, const struct kubeapi_type *type, const char *namespace, const char *object)
{
	buf_text(out, type->group[0] ? "/apis/" : "/api/");
	if (type->group[0]) {
		kubeapi_encode(out, type->group);
		buf_byte(out, '/');
	}
	kubeapi_encode(out, type->version);
	if (namespace && type->is_namespaced) {
		buf_text(out, "/namespaces/");
		kubeapi_encode(out, namespace);
	}
	buf_byte(out, '/');
	kubeapi_encode(out, type->plural);
	if (object) {
		buf_byte(out, '/');
		kubeapi_encode(out, object);
	}
}

void kubeapi_pods(struct buf *out, const cJSON *object)
{
	const cJSON *selector = json_path(object, "spec.selector");
	const cJSON *labels = json_get(selector, "matchLabels");

	if (!json_path(object, "spec.template") || json_get(selector, "matchExpressions") ||
		!cJSON_IsObject(labels))
		return;
	json_each (label, labels)
		if (cJSON_IsString(label))
			buf_printf(out, "%s%s=%s", label == labels->child ? "" : ",", label->string,
				label->valuestring);
}

// --- answers ---

// The first line of a text answer, at most so long: proxies answer with whole pages.
static void add_first_line(struct buf *words, const char *body, size_t length)
{
	size_t line = 0;

	while (line < length && line < 160 && body[line] && body[line] != '\n' &&
		body[line] != '\r' && body[line] != '<')
		line++;
	if (line > 0) {
		buf_text(words, ": ");
		buf_add(words, body, line);
	}
}

static const char *status_meaning(int http_status)
{
	switch (http_status) {
	case 401: return "the credentials were refused";
	case 403: return "not allowed";
	case 404: return "the server does not have this resource";
	case 410: return "the list has expired";
	case 429: return "the server asks to slow down";
	case 503: return "the server is not available";
	default: return NULL;
	}
}

enum status kubeapi_refusal(int http_status, const char *body, size_t length_bytes,
	const char *object, struct buf *words)
{
	const char *meaning = status_meaning(http_status);
	cJSON *answer =
		length_bytes > 0 && body[0] == '{' ? json_parse(body, length_bytes, NULL) : NULL;
	const char *message = json_text(answer, "message"), *reason = json_text(answer, "reason");
	const char *about = json_path_text(answer, "details.name");
	bool is_missing = http_status == 404 && object && reason && about &&
			  strcmp(reason, "NotFound") == 0 && strcmp(about, object) == 0;

	if (is_missing) {
		buf_text(words, message ? message : "not found");
	} else {
		buf_printf(words, "HTTP %d%s%s", http_status, meaning ? ", " : "",
			meaning ? meaning : "");
		if (message)
			buf_printf(words, ": %s", message);
		else if (!answer)
			add_first_line(words, body, length_bytes);
	}
	cJSON_Delete(answer);
	return is_missing ? STATUS_MISSING : STATUS_UNKNOWN;
}

// "[-]etcd failed: reason withheld", one line a check, "[+]" for those that pass.
static void add_failed_checks(struct buf *words, const char *body)
{
	const char *separator = "not ready: ";

	for (const char *line = body; line && *line;
		line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (strncmp(line, "[-]", 3) == 0) {
			buf_text(words, separator);
			buf_add(words, line + 3, strcspn(line + 3, " \n"));
			separator = ", ";
		}
}

enum status kubeapi_readiness(int http_status, const char *body, struct buf *words)
{
	if (http_status == 200) {
		buf_text(words, "ready");
		return STATUS_HEALTHY;
	}
	if (http_status < 500)
		return kubeapi_refusal(http_status, body, strlen(body), NULL, words);
	add_failed_checks(words, body);
	if (words->length == 0) {
		buf_printf(words, "not ready: HTTP %d", http_status);
		if (body[0] != '{')
			add_first_line(words, body, strlen(body));
	}
	return STATUS_DEGRADED;
}
