// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "relight/json.h"
#include "relight/memory.h"
#include "relight/state.h"

// What a target is known by, and which targets are one and the same.

char *pin_text(const cJSON *fingerprint)
{
	struct buf text = {0};
	json_each (part, fingerprint)
		if (cJSON_IsString(part) && part->string)
			buf_printf(&text, "%s%s %s", text.length ? " " : "", part->string,
				part->valuestring);
	return buf_take(&text);
}

// Both ends of a long value: enough to tell two of them apart, and to find one elsewhere.
#define VALUE_WHOLE_BYTES 12
#define VALUE_END_BYTES   4

static void value_say(const char *value, struct buf *out)
{
	size_t length = strlen(value);
	if (length <= VALUE_WHOLE_BYTES)
		buf_text(out, value);
	else
		buf_printf(
			out, "%.*s..%s", VALUE_END_BYTES, value, value + length - VALUE_END_BYTES);
}

void pin_say(const char *pin, struct buf *out)
{
	char *words = memory_copy_text(pin), *rest = NULL;
	const char *gap = "";
	for (char *name = strtok_r(words, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
		const char *value = strtok_r(NULL, " ", &rest);
		buf_printf(out, "%s%s ", gap, strcmp(name, "ca_sha256") == 0 ? "ca" : name);
		value_say(value ? value : "?", out);
		gap = " ";
	}
	free(words);
}

bool pin_agrees(const char *pinned, const cJSON *fingerprint)
{
	char *words = memory_copy_text(pinned), *rest = NULL;
	bool agrees = true;
	for (char *name = strtok_r(words, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
		const char *value = strtok_r(NULL, " ", &rest), *now = json_text(fingerprint, name);
		agrees &= !now || !value || strcmp(now, value) == 0;
	}
	free(words);
	return agrees;
}

char *pin_value(const char *pin, const char *part)
{
	char *words = memory_copy_text(pin), *rest = NULL, *found = NULL;
	for (char *name = strtok_r(words, " ", &rest); name && !found;
		name = strtok_r(NULL, " ", &rest)) {
		const char *value = strtok_r(NULL, " ", &rest);
		if (value && strcmp(name, part) == 0)
			found = memory_copy_text(value);
	}
	free(words);
	return found;
}

static bool same_pin(const char *a, const char *b)
{
	static const char *const parts[] = {"uid", "ca_sha256", "host_key"};
	bool is_same = false, is_other = false;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		char *of_a = pin_value(a, parts[i]), *of_b = pin_value(b, parts[i]);
		if (of_a && of_b) {
			is_same |= strcmp(of_a, of_b) == 0;
			is_other |= strcmp(of_a, of_b) != 0;
		}
		free(of_a);
		free(of_b);
	}
	return is_same && !is_other;
}

int state_twin(const struct state *state, int target)
{
	enum target_role role = state->runbook->targets[target].role;
	if (role == TARGET_SHARED || !state->pins[target].is_pinned)
		return -1;
	enum target_role opposite = role == TARGET_SOURCE ? TARGET_RECOVERY : TARGET_SOURCE;
	for (size_t t = 0; t < state->runbook->target_count; t++)
		if (state->runbook->targets[t].role == opposite && state->pins[t].is_pinned &&
			same_pin(state->pins[target].fingerprint, state->pins[t].fingerprint))
			return (int)t;
	return -1;
}
