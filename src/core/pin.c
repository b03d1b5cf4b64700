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
	// Who was verified, and is only believed now, may be anybody.
	return agrees && (!json_text(fingerprint, PIN_TLS) || pin_is_unverified(pinned));
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
