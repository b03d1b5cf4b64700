// SPDX-License-Identifier: Apache-2.0
#include "relight/pin.h"

#include <stdlib.h>
#include <string.h>

#include "relight/json.h"
#include "relight/memory.h"

char *pin_text(const cJSON *fingerprint)
{
	struct buf text = {0};
	json_each (part, fingerprint)
		if (cJSON_IsString(part) && part->string)
			buf_printf(&text, "%s%s %s", text.length ? " " : "", part->string,
				part->valuestring);
	return buf_take(&text);
}

// Both ends of a value that is longer: enough to tell two of them apart, and to find one elsewhere.
struct shortening {
	size_t whole_bytes;
	int begin_bytes, end_bytes;
};
static const struct shortening shortest = {12, 4, 4}, whole_uid = {36, 16, 8};

static void value_say(const char *value, const struct shortening *to, struct buf *out)
{
	size_t length = strlen(value);
	if (length <= to->whole_bytes)
		buf_text(out, value);
	else
		buf_printf(out, "%.*s..%s", to->begin_bytes, value, value + length - to->end_bytes);
}

static void say(const char *pin, const struct shortening *to, struct buf *out)
{
	char *words = memory_copy_text(pin), *rest = NULL;
	const char *gap = "";
	for (char *name = strtok_r(words, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
		const char *value = strtok_r(NULL, " ", &rest);
		buf_printf(out, "%s%s ", gap, strcmp(name, "ca_sha256") == 0 ? "ca" : name);
		value_say(value ? value : "?", to, out);
		gap = " ";
	}
	free(words);
}

void pin_say(const char *pin, struct buf *out)
{
	say(pin, &shortest, out);
}

void pin_say_much(const char *pin, struct buf *out)
{
	say(pin, &whole_uid, out);
}

// The parts that say who it is; the others say how it was asked.
static const char *const identity_parts[] = {"uid", "ca_sha256", "host_key", NULL};

static bool is_identity(const char *part)
{
	for (size_t i = 0; identity_parts[i]; i++)
		if (strcmp(part, identity_parts[i]) == 0)
			return true;
	return false;
}

bool pin_identifies(const cJSON *fingerprint)
{
	json_each (part, fingerprint)
		if (cJSON_IsString(part) && part->string && is_identity(part->string))
			return true;
	return false;
}

bool pin_agrees(const char *pinned, const cJSON *fingerprint)
{
	char *words = memory_copy_text(pinned), *rest = NULL;
	bool agrees = true, has_common = false;
	for (char *name = strtok_r(words, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
		const char *value = strtok_r(NULL, " ", &rest), *now = json_text(fingerprint, name);
		if (!now || !value)
			continue;
		agrees &= strcmp(now, value) == 0;
		has_common |= is_identity(name);
	}
	free(words);
	// Who was verified, and is only believed now, may be anybody.
	return agrees && has_common &&
	       (!json_text(fingerprint, PIN_TLS) || pin_is_unverified(pinned));
}

bool pin_is_same(const char *a, const char *b)
{
	bool is_same = false, is_other = false;
	for (size_t i = 0; identity_parts[i]; i++) {
		char *of_a = pin_value(a, identity_parts[i]),
		     *of_b = pin_value(b, identity_parts[i]);
		if (of_a && of_b) {
			is_same |= strcmp(of_a, of_b) == 0;
			is_other |= strcmp(of_a, of_b) != 0;
		}
		free(of_a);
		free(of_b);
	}
	return is_same && !is_other;
}

static bool has_part(const char *pin, const char *part)
{
	char *value = pin_value(pin, part);
	free(value);
	return value != NULL;
}

bool pin_adds(const char *pinned, const cJSON *fingerprint)
{
	json_each (part, fingerprint)
		if (cJSON_IsString(part) && part->string && !has_part(pinned, part->string))
			return true;
	return pin_is_unverified(pinned) && !json_text(fingerprint, PIN_TLS);
}

cJSON *pin_merged(const char *pinned, const cJSON *fingerprint)
{
	cJSON *merged = cJSON_Duplicate(fingerprint, true);
	char *words = memory_copy_text(pinned), *rest = NULL;
	for (char *name = strtok_r(words, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
		const char *value = strtok_r(NULL, " ", &rest);
		if (value && is_identity(name) && !json_text(fingerprint, name))
			json_add_text(merged, name, value);
	}
	free(words);
	return merged;
}

bool pin_is_unverified(const char *pin)
{
	char *tls = pin ? pin_value(pin, PIN_TLS) : NULL;
	bool is_unverified = tls && strcmp(tls, PIN_TLS_UNVERIFIED) == 0;
	free(tls);
	return is_unverified;
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

static bool has_same(const char *pin, const char *other, const char *part)
{
	char *value = pin_value(pin, part), *its = pin_value(other, part);
	bool is_same = value && its && strcmp(value, its) == 0;
	free(value);
	free(its);
	return is_same;
}

enum pin_change pin_change(const char *pinned, const char *now)
{
	if (!pinned || !now)
		return PIN_ANOTHER;
	if (strcmp(pinned, now) == 0)
		return PIN_AGAIN;
	if (!has_same(pinned, now, "uid"))
		return PIN_ANOTHER;
	if (pin_is_unverified(now) && !pin_is_unverified(pinned))
		return PIN_UNVERIFIED;
	return PIN_OTHER_CA;
}

const struct pin_change_words pin_changes[PIN_CHANGES] = {
	[PIN_ANOTHER] = {"is another one now", "IS ANOTHER ONE NOW", "ANOTHER ONE NOW", "",
		"why is it another one"},
	[PIN_AGAIN] = {"was another one in between", "IS THE PINNED ONE AGAIN", "BACK, RE-PIN IT",
		"Another one has answered in between.", "why was it another one"},
	[PIN_UNVERIFIED] = {"is not verified any more", "IS NOT VERIFIED ANY MORE",
		"NOT VERIFIED NOW", "Any certificate is believed.", "why is it not verified"},
	[PIN_OTHER_CA] = {"has another certificate authority now",
		"HAS ANOTHER CERTIFICATE AUTHORITY NOW", "ANOTHER CA NOW", "It has the same UID.",
		"why has it another authority"},
};
