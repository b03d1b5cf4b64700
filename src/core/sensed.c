// SPDX-License-Identifier: Apache-2.0
#include "relight/sensed.h"

#include <stdlib.h>
#include <string.h>

#include "relight/json.h"
#include "relight/memory.h"

struct sensed *sensed_new(size_t dependency_count)
{
	struct sensed *sensed = memory_zeroed(1, sizeof *sensed);
	sensed->dependencies = memory_zeroed(dependency_count + 1, sizeof *sensed->dependencies);
	sensed->count = dependency_count;
	sensed->last_heard = MONO_NONE;
	for (size_t d = 0; d < dependency_count; d++) {
		struct sensed_dependency *one = &sensed->dependencies[d];
		one->status = STATUS_UNKNOWN;
		one->latency_ms = -1;
		one->known = STATUS_UNKNOWN;
		one->known_at = MONO_NONE;
		one->healthy_from = one->heard = one->asked = one->token_heard = one->changed =
			one->moved = MONO_NONE;
		one->observed_at = one->expires = WALL_NONE;
	}
	return sensed;
}

void sensed_free(struct sensed *sensed)
{
	if (!sensed)
		return;
	for (size_t d = 0; d < sensed->count; d++) {
		free(sensed->dependencies[d].message);
		free(sensed->dependencies[d].check);
		free(sensed->dependencies[d].unit);
	}
	for (size_t t = 0; t < sensed->target_count; t++)
		free(sensed->targets[t].namespace);
	free(sensed->targets);
	free(sensed->dependencies);
	free(sensed->why_down);
	free(sensed);
}

static void text_replace(char **text, const char *with)
{
	if (*text && with && strcmp(*text, with) == 0)
		return;
	free(*text);
	*text = memory_copy_text(with);
}

void sensed_set_up(struct sensed *sensed, bool is_up, const char *why)
{
	sensed->is_up = is_up;
	text_replace(&sensed->why_down, is_up ? NULL : why ? why : "it has fallen silent");
}

static void take_health(struct sensed_dependency *one, enum status status, struct mono now)
{
	if (status != STATUS_HEALTHY)
		one->healthy_from = MONO_NONE;
	else if (!mono_known(one->healthy_from))
		one->healthy_from = now;
	one->bad_streak = status_is_bad(status) ? one->bad_streak + 1 : 0;
	if (one->status != status) {
		one->changes++;
		one->changed = now;
	}
	one->status = status;
}

static void take_progress(struct sensed_dependency *one, const cJSON *progress)
{
	const cJSON *done = json_get(progress, "done"), *total = json_get(progress, "total");
	bool is_given = cJSON_IsNumber(done) && cJSON_IsNumber(total);
	one->done = is_given ? done->valuedouble : 0;
	one->total = is_given ? total->valuedouble : 0;
	text_replace(&one->unit, json_text(progress, "unit"));
}

int64_t sensed_progressed_ms(const cJSON *observation)
{
	struct wall progressed, observed;
	if (!wall_parse(json_path_text(observation, "evidence.progressed"), &progressed) ||
		!wall_parse(json_text(observation, "ts"), &observed))
		return -1;
	return observed.us > progressed.us ? (observed.us - progressed.us) / US_PER_MS : 0;
}

// When it was asked, by the difference of two times of the sensor's clock.
static void take_asked(struct sensed_dependency *one, const cJSON *observation, struct mono now)
{
	struct wall asked;
	one->asked = now;
	if (wall_parse(json_text(observation, "asked"), &asked) && wall_known(one->observed_at) &&
		asked.us < one->observed_at.us)
		one->asked.us -= one->observed_at.us - asked.us;
}

// Losing sight of it is no progress, and neither is to see it again as it was.
static bool has_moved(struct sensed_dependency *one)
{
	bool has_moved = one->known != one->status || one->known_done != one->done ||
			 one->known_total != one->total;
	if (one->status == STATUS_UNKNOWN)
		return false;
	one->known = one->status;
	one->known_done = one->done;
	one->known_total = one->total;
	one->known_at = one->asked;
	return has_moved;
}

static void take_moved(struct sensed_dependency *one, const cJSON *observation, struct mono now)
{
	int64_t ago_ms = sensed_progressed_ms(observation);
	bool has_changed = has_moved(one);
	one->tells_moved = ago_ms >= 0;
	if (one->tells_moved) {
		one->knows_moved = true;
		one->moved.us = now.us - ago_ms * US_PER_MS;
	} else if (has_changed) {
		one->knows_moved = mono_known(one->moved);
		one->moved = now;
	}
}

static void take_token(struct sensed_dependency *one, int64_t token, struct mono now)
{
	if (token <= one->token)
		return;
	one->token = token;
	one->token_heard = now;
}

// False where the words stay as they were seen.
static bool doubt(struct sensed *sensed, const struct state *state, int dependency, struct mono now)
{
	struct buf why = {0};
	bool is_doubted = state_doubts(state, dependency, &why);
	if (is_doubted) {
		take_health(&sensed->dependencies[dependency], STATUS_UNKNOWN, now);
		text_replace(&sensed->dependencies[dependency].message, buf_str(&why));
	}
	buf_fini(&why);
	return is_doubted;
}

void sensed_doubt(struct sensed *sensed, const struct state *state, struct mono now)
{
	for (size_t d = 0; d < sensed->count; d++)
		if (sensed->dependencies[d].is_seen)
			doubt(sensed, state, (int)d, now);
}

static enum status status_of(
	const struct state *state, const cJSON *observation, enum status as_told)
{
	const char *id = json_path_text(observation, "evidence." PIN_UNREACHED);
	int target = id ? runbook_target(state->runbook, id) : -1;
	return target < 0 ? as_told : state_unreached(state, target);
}

int sensed_observe(struct sensed *sensed, const struct state *state, const cJSON *observation,
	struct mono now, struct err *err)
{
	const char *id = json_text(observation, "dependency");
	const char *word = json_text(observation, "status");
	enum status status;
	if (!id || !word || !status_parse(word, &status)) {
		err_set(err, "sensor: an observation without a dependency or a status word");
		return -1;
	}
	int dependency = runbook_dependency(state->runbook, id);
	if (dependency < 0) {
		err_set(err, "sensor: an observation of %s, which the runbook does not know", id);
		return -1;
	}
	struct sensed_dependency *one = &sensed->dependencies[dependency];
	const char *message = json_text(observation, "message");
	// A run of healthy observations ends where nobody looked for too long.
	if (sensed_is_stale(sensed, state->runbook, dependency, now))
		one->healthy_from = MONO_NONE;
	one->is_seen = true;
	one->heard = now;
	one->latency_ms = (int)json_int(observation, "latency_ms", -1);
	one->observed_at = one->expires = WALL_NONE;
	wall_parse(json_text(observation, "ts"), &one->observed_at);
	wall_parse(json_text(observation, "expires"), &one->expires);
	one->renews = json_bool(observation, "renews", false);
	text_replace(&one->check, json_text(observation, "check"));
	take_progress(one, json_get(observation, "progress"));
	if (!doubt(sensed, state, dependency, now)) {
		text_replace(&one->message, message ? message : "");
		take_health(one, status_of(state, observation, status), now);
	}
	take_asked(one, observation, now);
	take_moved(one, observation, now);
	take_token(one, json_int(observation, "token", 0), now);
	return dependency;
}

void sensed_take_target(struct sensed *sensed, const struct runbook *runbook, const cJSON *line)
{
	const char *id = json_text(line, "target");
	int target = id ? runbook_target(runbook, id) : -1;
	if (target < 0)
		return;
	if (!sensed->targets) {
		sensed->targets = memory_zeroed(runbook->target_count, sizeof *sensed->targets);
		sensed->target_count = runbook->target_count;
	}
	text_replace(&sensed->targets[target].namespace, json_text(line, "namespace"));
}

const char *sensed_namespace(const struct sensed *sensed, int target)
{
	bool is_told = sensed && target >= 0 && (size_t)target < sensed->target_count;
	return is_told ? sensed->targets[target].namespace : NULL;
}

bool sensed_is_stale(
	const struct sensed *sensed, const struct runbook *runbook, int dependency, struct mono now)
{
	const struct sensed_dependency *one = &sensed->dependencies[dependency];
	const struct dependency *of = &runbook->dependencies[dependency];
	int64_t limit_us = (2 * of->every_ms + of->timeout_ms) * US_PER_MS;
	if (limit_us < sensed->least_stale_us)
		limit_us = sensed->least_stale_us;
	return !one->is_seen || now.us - one->heard.us > limit_us;
}

int64_t sensed_still_ms(
	const struct sensed *sensed, const struct runbook *runbook, int dependency, struct mono now)
{
	const struct sensed_dependency *one = &sensed->dependencies[dependency];
	bool is_under_way = one->status == STATUS_PROGRESSING ||
			    (one->status == STATUS_DEGRADED && one->tells_moved);
	if (!is_under_way || sensed_is_stale(sensed, runbook, dependency, now))
		return -1;
	int64_t still_ms = now.us > one->moved.us ? (now.us - one->moved.us) / US_PER_MS : 0;
	return one->knows_moved || still_ms >= SENSED_STILL_MS ? still_ms : -1;
}
