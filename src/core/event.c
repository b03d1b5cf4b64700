// SPDX-License-Identifier: Apache-2.0
#include "relight/event.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "relight/chain.h"
#include "relight/json.h"
#include "relight/memory.h"

static const char *const kind_words[EVENT_KIND_COUNT] = {
#define X(name, word) [EVENT_##name] = word,
	EVENT_KINDS(X)
#undef X
};

static const char *const mode_words[] = {
	[EVENT_LIVE] = "live",
	[EVENT_DRILL] = "drill",
	[EVENT_REHEARSAL] = "rehearsal",
};

const char *event_kind_word(enum event_kind kind)
{
	return kind < EVENT_KIND_COUNT ? kind_words[kind] : NULL;
}

enum event_kind event_kind_parse(const char *word)
{
	static const size_t lengths[EVENT_KIND_COUNT] = {
#define X(name, text) [EVENT_##name] = sizeof text - 1,
		EVENT_KINDS(X)
#undef X
	};
	size_t length = strlen(word);

	for (size_t i = 0; i < EVENT_KIND_COUNT; i++) {
		if (lengths[i] == length && !memcmp(word, kind_words[i], length))
			return (enum event_kind)i;
	}
	return EVENT_OTHER;
}

const char *event_mode_word(enum event_mode mode)
{
	assert(mode <= EVENT_REHEARSAL);
	return mode_words[mode];
}

static bool mode_parse(const char *word, enum event_mode *mode)
{
	for (size_t i = 0; word && i < sizeof mode_words / sizeof *mode_words; i++) {
		if (!strcmp(word, mode_words[i])) {
			*mode = (enum event_mode)i;
			return true;
		}
	}
	return false;
}

struct event *event_new(enum event_kind kind)
{
	struct event *event = memory_zeroed(1, sizeof *event);

	event->seq = -1;
	event->ts = WALL_NONE;
	event->mono = MONO_NONE;
	event->at = WALL_NONE;
	event->kind = kind;
	event->kind_word = memory_copy_text(kind < EVENT_KIND_COUNT ? kind_words[kind] : "");
	event->cause = -1;
	event->data = json_object();
	return event;
}

void event_free(struct event *event)
{
	if (!event)
		return;
	free(event->by);
	free(event->kind_word);
	free(event->step);
	free(event->dependency);
	cJSON_Delete(event->data);
	free(event);
}

void event_set_by(struct event *event, const char *by)
{
	free(event->by);
	event->by = memory_copy_text(by);
}

void event_set_step(struct event *event, const char *step)
{
	free(event->step);
	event->step = memory_copy_text(step);
}

void event_set_dependency(struct event *event, const char *dependency)
{
	free(event->dependency);
	event->dependency = memory_copy_text(dependency);
}

const char *event_role_word(bool is_rollback)
{
	return is_rollback ? "rollback" : "run";
}

bool event_is_rollback(const struct event *intent)
{
	const char *role = json_text(intent->data, "role");
	return role && strcmp(role, event_role_word(true)) == 0;
}

#define SPEED_MOST 10000.0 // as --speed takes it

double event_speed(const struct event *event)
{
	const cJSON *speed = json_get(event->data, "speed");
	bool is_good = cJSON_IsNumber(speed) && speed->valuedouble >= 1 / SPEED_MOST &&
		       speed->valuedouble <= SPEED_MOST;

	return is_good ? speed->valuedouble : 1;
}

// --- writing
// ---------------------------------------------------------------------------------------------------------

static void write_text(struct buf *line, const char *key, const char *text)
{
	if (!text)
		return;
	buf_printf(line, ",\"%s\":", key);
	json_write_text(line, text);
}

static void write_wall(struct buf *line, const char *key, struct wall at)
{
	char text[WALL_TEXT_BYTES];

	wall_format(at, text);
	buf_printf(line, ",\"%s\":\"%s\"", key, text);
}

bool event_encode(struct event *event, const char prev[65], struct buf *line, struct err *err)
{
	const size_t start = line->length;

	assert(event->seq >= 0 && wall_known(event->ts) && mono_known(event->mono));
	buf_printf(line, "{\"v\":1,\"seq\":%lld", (long long)event->seq);
	write_wall(line, "ts", event->ts);
	buf_printf(line, ",\"mono_us\":%lld", (long long)event->mono.us);
	write_text(line, "boot", event->boot);
	if (wall_known(event->at))
		write_wall(line, "at", event->at);
	write_text(line, "sid", event->sid);
	write_text(line, "by", event->by ? event->by : "relight");
	write_text(line, "mode", event_mode_word(event->mode));
	write_text(line, "kind", event->kind_word);
	write_text(line, "step", event->step);
	if (event->attempt > 0)
		buf_printf(line, ",\"attempt\":%d", event->attempt);
	write_text(line, "dependency", event->dependency);
	if (event->cause >= 0)
		buf_printf(line, ",\"cause\":%lld", (long long)event->cause);
	buf_text(line, ",\"data\":");
	json_write(line, event->data);
	buf_printf(line, ",\"prev\":\"%s\"", prev);

	size_t length = line->length - start + EVENT_TAIL_BYTES;

	if (length > EVENT_MAX_BYTES) {
		line->length = start;
		line->data[start] = '\0';
		return err_set(err, "event %s: %zu bytes: a line may have %u", event->kind_word,
			length, EVENT_MAX_BYTES);
	}
	memcpy(event->prev, prev, sizeof event->prev);
	sha256_hex(line->data + start, line->length - start, event->h);
	buf_printf(line, ",\"h\":\"%s\"}", event->h);
	return true;
}

// --- reading
// ---------------------------------------------------------------------------------------------------------

static bool read_wall(const cJSON *line, const char *key, struct wall *at, struct err *err)
{
	if (!wall_parse(json_text(line, key), at))
		return err_set(err, "%s is no time", key);
	return true;
}

static bool read_into(
	const cJSON *line, const char *key, char *text, size_t size_bytes, struct err *err)
{
	const char *found = json_text(line, key);

	if (!found)
		return err_set(err, "%s is missing or no text", key);
	if (strlen(found) >= size_bytes)
		return err_set(err, "%s is longer than %zu bytes", key, size_bytes - 1);
	memcpy(text, found, strlen(found) + 1);
	return true;
}

bool event_is_digest(const char *text)
{
	return text && strlen(text) == EVENT_DIGEST_CHARS &&
	       strspn(text, "0123456789abcdef") == EVENT_DIGEST_CHARS;
}

static bool read_digest(const cJSON *line, const char *key, char digest[65], struct err *err)
{
	if (!read_into(line, key, digest, EVENT_DIGEST_CHARS + 1, err))
		return false;
	if (!event_is_digest(digest))
		return err_set(err, "%s is no SHA-256 digest", key);
	return true;
}

// A text that may be absent, but not of another type.
static bool read_optional(const cJSON *line, const char *key, char **text, struct err *err)
{
	*text = memory_copy_text(json_text(line, key));
	if (json_get(line, key) && !*text)
		return err_set(err, "%s is no text", key);
	return true;
}

static bool read_number(const cJSON *line, const char *key, int64_t least, int64_t most,
	int64_t absent, int64_t *number, struct err *err)
{
	*number = json_get(line, key) ? json_int(line, key, INT64_MIN) : absent;
	if (*number != absent && (*number < least || *number > most))
		return err_set(err, "%s is no whole number in its range", key);
	return true;
}

static bool read_when(struct event *event, const cJSON *line, struct err *err)
{
	return read_number(line, "seq", 0, INT64_MAX, -1, &event->seq, err) &&
	       (event->seq >= 0 || err_set(err, "seq is missing")) &&
	       read_wall(line, "ts", &event->ts, err) &&
	       read_number(line, "mono_us", 0, INT64_MAX, INT64_MIN, &event->mono.us, err) &&
	       (mono_known(event->mono) || err_set(err, "mono_us is missing")) &&
	       read_into(line, "boot", event->boot, sizeof event->boot, err) &&
	       (!json_get(line, "at") || read_wall(line, "at", &event->at, err));
}

static bool read_who(struct event *event, const cJSON *line, struct err *err)
{
	if (!read_into(line, "sid", event->sid, sizeof event->sid, err) ||
		!read_optional(line, "by", &event->by, err))
		return false;
	if (!event->by)
		return err_set(err, "by is missing");
	if (!mode_parse(json_text(line, "mode"), &event->mode))
		return err_set(err, "mode is none of live, drill, rehearsal");
	return true;
}

static bool read_what(struct event *event, const cJSON *line, struct err *err)
{
	int64_t attempt;

	if (!read_optional(line, "kind", &event->kind_word, err))
		return false;
	if (!event->kind_word)
		return err_set(err, "kind is missing");
	event->kind = event_kind_parse(event->kind_word);
	if (!read_optional(line, "step", &event->step, err) ||
		!read_optional(line, "dependency", &event->dependency, err) ||
		!read_number(line, "attempt", 1, INT32_MAX, 0, &attempt, err) ||
		!read_number(line, "cause", 0, INT64_MAX, -1, &event->cause, err))
		return false;
	event->attempt = (int)attempt;
	return true;
}

#define KIND_KEY ",\"kind\":\""

enum event_kind event_peek(const char *line, size_t length_bytes)
{
	// In a text the quotes would be escaped, and what comes before it has no such key.
	const char *key = memmem(line, length_bytes, KIND_KEY, sizeof KIND_KEY - 1);
	const char *word = key ? key + sizeof KIND_KEY - 1 : NULL;
	const char *end = word ? memchr(word, '"', length_bytes - (size_t)(word - line)) : NULL;
	char kind[64];

	if (!end || (size_t)(end - word) >= sizeof kind)
		return EVENT_OTHER;
	memcpy(kind, word, (size_t)(end - word));
	kind[end - word] = '\0';
	return event_kind_parse(kind);
}

struct event *event_decode(const char *line, size_t length_bytes, struct err *err)
{
	if (length_bytes > EVENT_MAX_BYTES) {
		err_set(err, "an event of %zu bytes: a line may have %u", length_bytes,
			EVENT_MAX_BYTES);
		return NULL;
	}

	cJSON *value = json_parse(line, length_bytes, err);
	struct event *event = memory_zeroed(1, sizeof *event);

	event->at = WALL_NONE;
	if (!value)
		goto refuse;
	if (json_int(value, "v", 0) != 1) {
		err_set(err, "not an event of version 1");
		goto refuse;
	}
	if (!read_when(event, value, err) || !read_who(event, value, err) ||
		!read_what(event, value, err) || !read_digest(value, "prev", event->prev, err) ||
		!read_digest(value, "h", event->h, err))
		goto refuse;
	event->data = cJSON_DetachItemFromObjectCaseSensitive(value, "data");
	if (!cJSON_IsObject(event->data)) {
		err_set(err, "data is missing or no object");
		goto refuse;
	}
	cJSON_Delete(value);
	return event;

refuse:
	cJSON_Delete(value);
	event_free(event);
	return NULL;
}
