// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <string.h>

#include "relight/kubeapi.h"
#include "runbook_load.h"

// The words by which objects are meant in a cluster: what no API server can know is told when the
// runbook is checked, not when the disaster is there. What holds a variable is left alone.

static bool is_settled(const struct yaml_node *node)
{
	return node->type != YAML_LIST && node->type != YAML_MAP && node->text &&
	       !strstr(node->text, "${");
}

void load_resource(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	struct kubeapi_name name;
	struct err err = {0};

	load_string(loader, key, node, field);
	if (node->type == YAML_STRING && is_settled(node) &&
		!kubeapi_name_parse(node->text, &name, &err))
		load_error(loader, node, "bad-value", "%s: %s", key->name, err.message);
}

// A name is a segment of a path (Kubernetes' IsValidPathSegmentName).
void load_object_name(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	load_scalar(loader, key, node, field);
	if (!is_settled(node))
		return;
	if (!*node->text || strpbrk(node->text, "/% \t\n") || strcmp(node->text, ".") == 0 ||
		strcmp(node->text, "..") == 0)
		load_error(loader, node, "bad-value", "%s: %s is no name of an object", key->name,
			*node->text ? node->text : "\"\"");
}

// An RFC 1123 label of at most 63 characters, or "*" for all of them.
void load_namespace_name(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	load_scalar(loader, key, node, field);
	if (!is_settled(node) || strcmp(node->text, "*") == 0)
		return;
	size_t length = strlen(node->text);
	if (length == 0 || length > 63 || node->text[0] == '-' || node->text[length - 1] == '-' ||
		strspn(node->text, "abcdefghijklmnopqrstuvwxyz0123456789-") < length)
		load_error(loader, node, "bad-value",
			"%s: %s is no name of a namespace: small letters, digits and dashes",
			key->name, length ? node->text : "\"\"");
}

// The requirement that begins at `text`, up to a comma outside of brackets: where it ends, or NULL
// where it is none.
static const char *requirement_end(const char *text)
{
	const char *first = text + strspn(text, " \t"), *at = first;
	bool is_open = false;

	for (; *at && (is_open || *at != ','); at++) {
		if (*at == (is_open ? '(' : ')'))
			return NULL;
		is_open = *at == '(' || (is_open && *at != ')');
	}
	return at == first || is_open || !(isalnum((unsigned char)*first) || *first == '!') ? NULL
											    : at;
}

// By its shape: the API server knows the rest (kubernetes.io: "Labels and Selectors").
void load_selector(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	load_string(loader, key, node, field);
	if (node->type != YAML_STRING || !is_settled(node) || !*node->text)
		return;
	const char *at = requirement_end(node->text);
	while (at && *at)
		at = requirement_end(at + 1);
	if (!at)
		load_error(loader, node, "bad-value",
			"%s: %s is no label selector, such as app=shop,tier in (web, api)",
			key->name, node->text);
}

// A number, or the name of a port of the service (an RFC 1123 label).
void load_service_port(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	if (!is_settled(node) || node->text[strspn(node->text, "0123456789")] == '\0') {
		load_port(loader, key, node, field);
		return;
	}
	load_scalar(loader, key, node, field);
	if (strlen(node->text) > 63 ||
		node->text[strspn(node->text, "abcdefghijklmnopqrstuvwxyz0123456789-")])
		load_error(loader, node, "bad-port", "%s: %s is neither a number nor a port's name",
			key->name, node->text);
}
