// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "relight/memory.h"
#include "relight/pattern.h"
#include "runbook_load.h"

// Loaders of single values and of lists of them, for the tables of keys.

// A hundred thousand patterns of 30 characters, or 25 of the largest: about a second.
#define MAX_PATTERN_COST 100000000

// --- texts -----------------------------------------------------------------------------------------------------------

static bool is_scalar(const struct yaml_node *node)
{
	return node->text && node->type != YAML_NULL;
}

void load_plain(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	if (load_is(loader, key->name, node, YAML_STRING))
		*(const char **)field = node->text;
}

void load_string(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	if (!load_is(loader, key->name, node, YAML_STRING))
		return;
	template_check(loader, node);
	*(const char **)field = node->text;
}

void load_scalar(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	if (!is_scalar(node)) {
		load_wrong_type(loader, key->name, node, "a text");
		return;
	}
	template_check(loader, node);
	*(const char **)field = node->text;
}

void load_word(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	const char *const *words = key->detail;
	int index = load_word_index(loader, key->name, node, words);

	if (index >= 0)
		*(const char **)field = words[index];
}

void load_shell(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	if (!load_is(loader, key->name, node, YAML_STRING))
		return;
	if (node->text[strspn(node->text, " \t\n")] == '\0') {
		load_error(loader, node, "empty", "%s: the text is empty", key->name);
		return;
	}
	template_check_shell(loader, node);
	*(const char **)field = node->text;
}

// Compiling takes time quadratic in a pattern's size, so all of them together have a limit too.
static bool pattern_affordable(struct loader *loader, const struct yaml_node *node)
{
	int size = pattern_size(node->text, NULL);

	if (size > 0)
		loader->pattern_cost += (int64_t)size * size;
	if (loader->pattern_cost <= MAX_PATTERN_COST)
		return true;
	load_error(loader, node, "limit", "the patterns of this runbook are too large together");
	return false;
}

void load_pattern(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	struct err err = {0};

	if (!load_is(loader, key->name, node, YAML_STRING))
		return;
	template_check(loader, node);
	*(const char **)field = node->text;
	// What a variable puts in is known only later.
	if (strstr(node->text, "${") || !pattern_affordable(loader, node))
		return;
	if (!pattern_check(node->text, &err))
		load_error(loader, node, "bad-pattern", "%s: the pattern does not compile: %s",
			key->name, err.message);
}

void load_jq(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	struct jq_text *jq = field;

	if (!load_is(loader, key->name, node, YAML_STRING))
		return;
	*jq = (struct jq_text){node->text, {node->line, node->column}};
	loader->programs = memory_grow(loader->programs, loader->program_count,
		&loader->program_capacity, sizeof *loader->programs);
	loader->programs[loader->program_count++] = *jq;
}

// --- numbers and truth -----------------------------------------------------------------------------------------------

void load_flag(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	if (load_is(loader, key->name, node, YAML_BOOL))
		*(bool *)field = node->boolean;
}

void load_int(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	const struct bounds *bounds = key->detail;

	if (!load_is(loader, key->name, node, YAML_INT))
		return;
	if (node->integer < bounds->least || node->integer > bounds->most)
		load_error(loader, node, "out-of-range", "%s: %s is not from %lld to %lld",
			key->name, node->text, (long long)bounds->least, (long long)bounds->most);
	else
		*(int *)field = (int)node->integer;
}

void load_level(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	static const char *const levels[] = {"L0", "L1", "L2", "L3", "L4", "L5", NULL};
	int level = load_word_index(loader, key->name, node, levels);

	if (level >= 0)
		*(int *)field = level;
}

void load_duration(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	bool must_last = key->detail;
	int64_t ms;

	if (!is_scalar(node)) {
		load_wrong_type(loader, key->name, node, "a duration");
	} else if (node->text[0] == '-' && node->text[1]) {
		load_error(loader, node, "bad-duration", "%s: a duration cannot be negative: %s",
			key->name, node->text);
	} else if (!duration_parse(node->text, &ms)) {
		load_error(loader, node, "bad-duration",
			"%s: not a duration such as 90s, 15m, 1h30m or 7d: %s", key->name,
			node->text);
	} else if (must_last && ms == 0) {
		load_error(
			loader, node, "bad-duration", "%s: must be longer than nothing", key->name);
	} else {
		*(int64_t *)field = ms;
	}
}

// --- hosts -----------------------------------------------------------------------------------------------------------

static bool is_port(const char *digits, size_t length)
{
	long port = 0;

	if (length == 0 || length > 5 || strspn(digits, "0123456789") < length)
		return false;
	for (size_t i = 0; i < length; i++)
		port = port * 10 + (digits[i] - '0');
	return port >= 1 && port <= 65535;
}

void load_port(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	load_scalar(loader, key, node, field);
	if (is_scalar(node) && !strstr(node->text, "${") &&
		!is_port(node->text, strlen(node->text)))
		load_error(loader, node, "bad-port", "%s: %s is no port from 1 to 65535", key->name,
			node->text);
}

// Checks HOST[:PORT] of `length` bytes, where HOST may be [an IPv6 address]. What holds a variable
// is left alone.
static void check_authority(struct loader *loader, const char *name, const struct yaml_node *node,
	const char *text, size_t length)
{
	struct buf authority = {0};

	buf_add(&authority, text, length);
	const char *host = buf_str(&authority);
	if (!strstr(host, "${")) {
		const char *bracket = *host == '[' ? strchr(host, ']') : NULL;
		const char *colon = strchr(bracket ? bracket : host, ':');
		size_t host_bytes = colon ? (size_t)(colon - host) : strlen(host);
		if (host_bytes == 0 || (*host == '[' && !bracket))
			load_error(loader, node, "bad-url", "%s: no host in %s", name, node->text);
		else if (colon && !is_port(colon + 1, strlen(colon + 1)))
			load_error(loader, node, "bad-port", "%s: %s is no port from 1 to 65535",
				name, colon + 1);
	}
	buf_fini(&authority);
}

void load_authority(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	load_string(loader, key, node, field);
	if (node->type == YAML_STRING)
		check_authority(loader, key->name, node, node->text, strlen(node->text));
}

void load_url(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	load_string(loader, key, node, field);
	if (node->type != YAML_STRING || strncmp(node->text, "${", 2) == 0)
		return;
	for (const char *at = node->text; *at; at++) {
		if ((unsigned char)*at > ' ' && *at != 0x7f)
			continue;
		load_error(loader, node, "bad-url",
			"%s: a URL holds no blanks or control characters", key->name);
		return;
	}
	size_t scheme = strncmp(node->text, "https://", 8) == 0  ? 8
			: strncmp(node->text, "http://", 7) == 0 ? 7
								 : 0;
	if (!scheme) {
		load_error(loader, node, "bad-url", "%s: not an http:// or https:// URL: %s",
			key->name, node->text);
		return;
	}
	const char *host = node->text + scheme;
	const char *end = host + strcspn(host, "/?#");
	const char *at_sign = memchr(host, '@', (size_t)(end - host));
	if (at_sign) {
		if (memchr(host, ':', (size_t)(at_sign - host)) &&
			!memchr(host, '$', (size_t)(at_sign - host)))
			load_warning(loader, node, "url-credentials",
				"%s: a password does not belong in a file", key->name);
		host = at_sign + 1;
	}
	check_authority(loader, key->name, node, host, (size_t)(end - host));
}
