// SPDX-License-Identifier: Apache-2.0
//
// What the sensor says between two changes is in no record. It is left as text for those who look
// on: they see how old it is, and the newest words. Nothing is decided by it.
#include "relight/sensed.h"

#include <stdio.h>
#include <string.h>

#include "relight/incident_files.h"
#include "relight/json.h"

static int64_t since_ms(struct mono now, struct mono from)
{
	return now.us > from.us ? (now.us - from.us) / US_PER_MS : 0;
}

static void add_line(cJSON *line, const struct mask *mask, struct buf *out)
{
	mask_json(mask, line);
	json_write(out, line);
	buf_byte(out, '\n');
	cJSON_Delete(line);
}

// --- leaving it ---

static cJSON *first_line(const struct sensed *sensed, const struct sensed_left *left)
{
	cJSON *line = json_object();
	json_add_text(line, "type", "sensed");
	json_add_wall(line, "ts", left->wall);
	json_add_int(line, "mono_us", left->real.us);
	json_add_text(line, "boot", left->boot);
	json_add_int(line, "session", left->session);
	json_add_bool(line, "up", sensed->is_up);
	json_add_text(line, "why", sensed->why_down);
	if (left->silence_ms >= 0)
		json_add_int(line, "silence_ms", left->silence_ms);
	return line;
}

// As the sensor said it: by its own clock, as the time of the observation is.
static struct wall asked_at(const struct sensed_dependency *one)
{
	if (!wall_known(one->observed_at))
		return WALL_NONE;
	return (struct wall){one->observed_at.us - (one->heard.us - one->asked.us)};
}

// The newest that was not unknown.
static cJSON *known(const struct sensed_dependency *one, struct mono now)
{
	cJSON *out = json_object();
	json_add_text(out, "status", status_word(one->known));
	cJSON_AddNumberToObject(out, "done", one->known_done);
	cJSON_AddNumberToObject(out, "total", one->known_total);
	json_add_int(out, "age_ms", since_ms(now, one->known_at));
	return out;
}

static cJSON *observation(const struct sensed_dependency *one, const char *id, struct mono now)
{
	cJSON *line = json_object();
	json_add_text(line, "type", "observation");
	json_add_text(line, "dependency", id);
	json_add_wall(line, "ts", one->observed_at);
	json_add_wall(line, "asked", asked_at(one));
	json_add_text(line, "status", status_word(one->status));
	json_add_text(line, "message", one->message);
	json_add_text(line, "check", one->check);
	if (one->latency_ms >= 0)
		json_add_int(line, "latency_ms", one->latency_ms);
	if (one->total > 0) {
		cJSON *progress = cJSON_AddObjectToObject(line, "progress");
		cJSON_AddNumberToObject(progress, "done", one->done);
		cJSON_AddNumberToObject(progress, "total", one->total);
		json_add_text(progress, "unit", one->unit);
	}
	json_add_wall(line, "expires", one->expires);
	if (one->renews)
		json_add_bool(line, "renews", true);
	json_add_int(line, "age_ms", since_ms(now, one->heard));
	if (mono_known(one->moved)) {
		json_add_int(line, "moved_ms", since_ms(now, one->moved));
		json_add_bool(line, "knows_moved", one->knows_moved);
		json_add_bool(line, "tells_moved", one->tells_moved);
	}
	if (mono_known(one->known_at))
		json_add(line, "known", known(one, now));
	return line;
}

void sensed_leave_first(const struct sensed *sensed, const struct runbook *runbook,
	const struct sensed_left *left, const struct mask *mask, struct buf *out)
{
	add_line(first_line(sensed, left), mask, out);
	for (size_t t = 0; t < sensed->target_count; t++) {
		cJSON *line = json_object();
		json_add_text(line, "type", "target");
		json_add_text(line, "target", runbook->targets[t].id);
		json_add_text(line, "namespace", sensed->targets[t].namespace);
		add_line(line, mask, out);
	}
}

size_t sensed_leave(const struct sensed *sensed, const struct runbook *runbook, size_t from,
	size_t most, const struct mask *mask, struct mono now, struct buf *out)
{
	size_t d = from;
	for (; d < sensed->count && d - from < most; d++)
		if (sensed->dependencies[d].is_seen)
			add_line(observation(&sensed->dependencies[d], runbook->dependencies[d].id,
					 now),
				mask, out);
	return d;
}

// --- taking it over ---

// The next line as JSON, to be freed; NULL at the end, or with `err` where it is none.
static cJSON *next_line(const char **at, const char *end, struct err *err)
{
	const char *line = *at, *stop = memchr(line, '\n', (size_t)(end - line));
	if (line == end)
		return NULL;
	if (!stop)
		return err_set(err, SENSED_LEFT_NAME ": its last line has no end"), NULL;
	*at = stop + 1;
	cJSON *value = json_parse(line, (size_t)(stop - line), err);
	if (!value)
		err_prefix(err, SENSED_LEFT_NAME);
	return value;
}

static bool take_first(
	struct sensed *sensed, const cJSON *line, struct sensed_left *left, struct err *err)
{
	const char *type = json_text(line, "type"), *boot = json_text(line, "boot");
	int64_t real_us = json_int(line, "mono_us", -1);
	*left = (struct sensed_left){.real = {real_us},
		.wall = WALL_NONE,
		.session = json_int(line, "session", -1),
		.silence_ms = json_int(line, "silence_ms", -1)};
	if (!type || strcmp(type, "sensed") != 0 || !boot || real_us < 0 ||
		!wall_parse(json_text(line, "ts"), &left->wall))
		return err_set(
			err, SENSED_LEFT_NAME ": its first line does not say when it was left");
	snprintf(left->boot, sizeof left->boot, "%s", boot);
	sensed_set_up(sensed, json_bool(line, "up", false), json_text(line, "why"));
	return true;
}

static struct mono before(struct mono now, int64_t age_ms)
{
	// Of what is hostile: no age is longer than the clock has run.
	int64_t most_ms = now.us / US_PER_MS;
	age_ms = age_ms < 0 ? 0 : age_ms > most_ms ? most_ms : age_ms;
	return (struct mono){now.us - age_ms * US_PER_MS};
}

static double number(const cJSON *object, const char *key)
{
	const cJSON *value = json_get(object, key);
	return cJSON_IsNumber(value) ? value->valuedouble : 0;
}

// What is unknown now may have been known before the reader came.
static void take_known(struct sensed_dependency *one, const cJSON *known, struct mono written)
{
	const char *word = json_text(known, "status");
	enum status status;
	if (!word || !status_parse(word, &status))
		return;
	one->known = status;
	one->known_done = number(known, "done");
	one->known_total = number(known, "total");
	one->known_at = before(written, json_int(known, "age_ms", 0));
}

// What this runbook does not know is left out: the file is no record.
static void take_line(
	struct sensed *sensed, const struct state *state, const cJSON *line, struct mono written)
{
	struct mono heard = before(written, json_int(line, "age_ms", 0));
	if (json_get(line, "target")) {
		sensed_take_target(sensed, state->runbook, line);
		return;
	}
	int dependency = sensed_observe(sensed, state, line, heard, NULL);
	if (dependency < 0)
		return;
	struct sensed_dependency *one = &sensed->dependencies[dependency];
	take_known(one, json_get(line, "known"), written);
	if (!json_get(line, "moved_ms"))
		return;
	one->moved = before(written, json_int(line, "moved_ms", 0));
	one->knows_moved = json_bool(line, "knows_moved", false);
	one->tells_moved = json_bool(line, "tells_moved", false);
}

bool sensed_take_first(struct sensed *sensed, const char *text, size_t length,
	struct sensed_left *left, struct err *err)
{
	const char *at = text;
	cJSON *line = next_line(&at, text + length, err);
	if (!line)
		return length > 0 ? false : err_set(err, SENSED_LEFT_NAME ": it is empty");
	bool is_taken = take_first(sensed, line, left, err);
	cJSON_Delete(line);
	return is_taken;
}

bool sensed_take_over(struct sensed *sensed, const struct state *state, const char *text,
	size_t length, struct mono written, struct err *err)
{
	const char *at = memchr(text, '\n', length), *end = text + length;
	struct err why = {0};
	cJSON *line;
	if (!at)
		return err_set(err, SENSED_LEFT_NAME ": it is empty");
	at++;
	while ((line = next_line(&at, end, &why))) {
		take_line(sensed, state, line, written);
		cJSON_Delete(line);
	}
	if (why.message[0] && err)
		*err = why;
	return !why.message[0];
}
