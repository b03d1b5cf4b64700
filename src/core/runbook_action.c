// SPDX-License-Identifier: Apache-2.0

#include "runbook_load.h"

// Actions: what a step, a rollback or a renewal does. The same shape as runbook_check.c.

#define ACTION_ROW(key_name, member, loader, ...)                                                  \
	{                                                                                          \
		.name = key_name, .load = loader, .offset = offsetof(struct action, member),       \
		##__VA_ARGS__                                                                      \
	}

// --- the others ----------------------------------------------------------------------------------------------------------

static void load_argv_action(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *object)
{
	load_argv(loader, key, node, &((struct action *)object)->command.argv);
}

static void load_shell_action(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *object)
{
	load_shell(loader, key, node, &((struct action *)object)->command.shell);
}

static void load_ssh_action(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *object)
{
	load_ssh(loader, key, node, &((struct action *)object)->command);
}

static void load_http(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *object)
{
	struct http_request request = {.expect = expectation_none};
	struct action *action = object;

	load_http_request(loader, key, node, &request);
	action->http = request.http;
	action->expect = request.expect;
}

static void load_use(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *object)
{
	load_plain(loader, key, node, &((struct action *)object)->use.name);
}

// --- all kinds -----------------------------------------------------------------------------------------------------------

// The index of a row is the kind; ACTION_NONE has none.
static const struct key kind_keys[] = {
	[ACTION_NONE] = {.name = "none"},
	[ACTION_COMMAND] = {.name = "command", .load = load_argv_action},
	[ACTION_SHELL] = {.name = "shell", .load = load_shell_action},
	[ACTION_SSH] = {.name = "ssh", .load = load_ssh_action},
	[ACTION_HTTP] = {.name = "http", .load = load_http},
	[ACTION_KUBERNETES] = {.name = "kubernetes", .load = load_kubernetes_action},
	[ACTION_USE] = {.name = "use", .load = load_use},
};

const char *action_kind_word(enum action_kind kind)
{
	return kind_keys[kind].name;
}

static void load_beside(struct loader *loader, const struct yaml_node *node, struct action *action)
{
	static const struct key beside[] = {
		ACTION_ROW("dir", command.dir, load_string),
		ACTION_ROW("env", command.env, load_env),
		ACTION_ROW("with", use.with, load_pairs),
	};
	enum action_kind kind = action->kind;

	for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
		const struct key *key = &beside[i];
		const struct yaml_node *value = yaml_get(node, key->name);
		bool is_with = key->load == load_pairs;
		bool is_command =
			kind == ACTION_COMMAND || kind == ACTION_SHELL || kind == ACTION_SSH;
		if (!value)
			continue;
		if (is_with ? kind == ACTION_USE : is_command)
			key->load(loader, key, value, (char *)action + key->offset);
		else
			load_error(loader, node, "exclusive-keys", "%s does not stand beside %s",
				key->name, action_kind_word(kind));
	}
}

void load_action(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	static const struct key keys[] = {{.name = "command"}, {.name = "shell"}, {.name = "ssh"},
		{.name = "http"}, {.name = "kubernetes"}, {.name = "use"}, {.name = "dir"},
		{.name = "env"}, {.name = "with"}, {0}};
	const char *kinds[ACTION_KINDS] = {0};
	struct action *action = field;

	*action = (struct action){.place = {node->line, node->column}, .expect = expectation_none};
	if (!load_map(loader, key->name, node, keys, NULL))
		return;
	for (int i = 1; i < ACTION_KINDS; i++)
		kinds[i - 1] = kind_keys[i].name;
	int kind = load_one_of(loader, node, kinds, false) + 1;
	action->kind = (enum action_kind)kind;
	if (kind == ACTION_NONE)
		return;
	if (kind == ACTION_COMMAND || kind == ACTION_SHELL || kind == ACTION_SSH)
		action->command = command_none;
	kind_keys[kind].load(
		loader, &kind_keys[kind], yaml_get(node, kind_keys[kind].name), action);
	load_beside(loader, node, action);
}
