// SPDX-License-Identifier: Apache-2.0

#include "runbook_load.h"

// What an answer must look like. Each kind of check has a table of its own, because each knows
// other expectations.

static const struct bounds exit_bounds = {0, 255};
static const struct bounds status_bounds = {100, 599};
static const int must_last = 1;

#define ROW(key_name, member, loader, ...)                                                         \
	{                                                                                          \
		.name = key_name, .load = loader, .offset = offsetof(struct expectation, member),  \
		##__VA_ARGS__                                                                      \
	}
// What may stand beside each other wherever the answer is a JSON value.
#define JQ_ROWS                                                                                    \
	ROW("jq", jq, load_jq), ROW("message", message, load_jq),                                  \
		ROW("progress", progress, load_jq), ROW("expires", expires, load_jq)

static const struct key command_expect_keys[] = {
	ROW("exit", exit, load_int, .detail = &exit_bounds),
	ROW("contains", contains, load_scalar),
	ROW("matches", matches, load_pattern),
	JQ_ROWS,
	{0},
};
static const struct key http_expect_keys[] = {
	ROW("status", status, load_int, .detail = &status_bounds),
	ROW("contains", contains, load_scalar),
	ROW("matches", matches, load_pattern),
	JQ_ROWS,
	ROW("within", within_ms, load_duration, .detail = &must_last),
	ROW("unreachable", unreachable, load_flag),
	{0},
};
static const struct key tcp_expect_keys[] = {
	ROW("banner", banner, load_string),
	ROW("unreachable", unreachable, load_flag),
	{0},
};
static const struct key object_expect_keys[] = {JQ_ROWS, {0}};

const struct expectation expectation_none = {.within_ms = ABSENT_MS};

static void load_expect(struct loader *loader, const struct key *key, const struct yaml_node *node,
	struct expectation *expect, const struct key *keys)
{
	*expect = expectation_none;
	expect->given = true;
	if (!load_map(loader, key->name, node, keys, expect))
		return;
	// These three describe or time what jq found, and mean nothing without it.
	static const char *const beside_jq[] = {"message", "progress", "expires", NULL};
	for (int i = 0; !expect->jq.text && beside_jq[i]; i++)
		if (yaml_get(node, beside_jq[i]) && !yaml_get(node, "jq"))
			load_error(loader, node, "missing-key",
				"%s: %s stands beside jq, which is missing", key->name,
				beside_jq[i]);
	if (expect->unreachable && node->count > 1)
		load_error(loader, node, "exclusive-keys",
			"%s: unreachable excludes all other expectations", key->name);
}

void load_command_expect(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	load_expect(loader, key, node, field, command_expect_keys);
}

void load_http_expect(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	load_expect(loader, key, node, field, http_expect_keys);
}

void load_tcp_expect(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	load_expect(loader, key, node, field, tcp_expect_keys);
}

void load_object_expect(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	static const char *const words[] = {[EXPECT_HEALTHY] = "healthy",
		[EXPECT_EXISTS] = "exists",
		[EXPECT_ABSENT] = "absent",
		NULL};
	struct expectation *expect = field;

	if (node->type == YAML_MAP) {
		load_expect(loader, key, node, expect, object_expect_keys);
		expect->object = EXPECT_JQ;
		if (!yaml_get(node, "jq"))
			load_error(loader, node, "missing-key", "%s: key jq is missing", key->name);
		return;
	}
	int word = load_word_index(loader, key->name, node, words);
	if (word >= 0) {
		expect->given = true;
		expect->object = (enum expect_object)word;
	}
}
