// SPDX-License-Identifier: Apache-2.0

#include "runbook_load.h"

// What checks and actions have in common: commands on other hosts, HTTP requests, targets.

static const char *const no_texts[] = {NULL};
const struct texts texts_none = {no_texts, 0};
const struct command command_none = {.argv = {no_texts, 0}, .target = -1};

// --- targets -----------------------------------------------------------------------------------------------------------

void load_target(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	int target = load_reference(loader, node, &loader->index->targets, "unknown-target");

	(void)key;
	if (target < 0)
		return;
	*(int *)field = target;
	mentions_add(loader, &loader->target_mentions[target]);
}

static void load_target_that_is(struct loader *loader, const struct key *key,
	const struct yaml_node *node, int *field, bool is_ssh)
{
	int target = -1;

	load_target(loader, key, node, &target);
	if (target < 0)
		return;
	*field = target;
	if (loader->runbook->targets[target].is_ssh != is_ssh)
		load_error(loader, node, "wrong-target", "target %s is no %s", node->text,
			is_ssh ? "host that ssh reaches" : "Kubernetes cluster");
}

void load_kubernetes_target(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	load_target_that_is(loader, key, node, field, false);
}

static void load_ssh_target(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	load_target_that_is(loader, key, node, field, true);
}

// --- ssh ---------------------------------------------------------------------------------------------------------------

void load_ssh(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	static const char *const forms[] = {"command", "shell", NULL};
	static const struct key keys[] = {
		{.name = "target",
			.load = load_ssh_target,
			.offset = offsetof(struct command, target),
			.is_required = true},
		{.name = "command", .load = load_argv, .offset = offsetof(struct command, argv)},
		{.name = "shell", .load = load_shell, .offset = offsetof(struct command, shell)},
		{0},
	};

	if (load_map(loader, key->name, node, keys, field))
		load_one_of(loader, node, forms, false);
}

// --- http --------------------------------------------------------------------------------------------------------------

static void load_method(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	static const char *const methods[] = {
		"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", NULL};
	struct key words = *key;

	words.detail = methods;
	load_word(loader, &words, node, field);
}

void load_http_request(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	static const struct key keys[] = {
		{.name = "url",
			.load = load_url,
			.offset = offsetof(struct http_request, http.url),
			.is_required = true},
		{.name = "method",
			.load = load_method,
			.offset = offsetof(struct http_request, http.method)},
		{.name = "headers",
			.load = load_headers,
			.offset = offsetof(struct http_request, http.headers)},
		{.name = "body",
			.load = load_string,
			.offset = offsetof(struct http_request, http.body)},
		{.name = "ca",
			.load = load_string,
			.offset = offsetof(struct http_request, http.ca)},
		{.name = "connect_to",
			.load = load_authority,
			.offset = offsetof(struct http_request, http.connect_to)},
		{.name = "expect",
			.load = load_http_expect,
			.offset = offsetof(struct http_request, expect)},
		{0},
	};

	load_map(loader, key->name, node, keys, field);
}
