// SPDX-License-Identifier: Apache-2.0
//
// The report as JSON. What the fold knows is taken from it, so that a reviewer reads what the
// operator saw; what only the way there shows (attempts, waiting) comes from report_walk.c.
#include "report_parts.h"

#include <stdlib.h>
#include <string.h>

#include "relight/json.h"
#include "relight/memory.h"
#include "relight/story.h"

// --- members ---

void report_add_text(cJSON *object, const char *key, const char *text)
{
	json_add(object, key, text ? cJSON_CreateString(text) : cJSON_CreateNull());
}

void report_add_wall(cJSON *object, const char *key, struct wall at)
{
	char text[WALL_TEXT_BYTES];
	wall_format(at, text);
	report_add_text(object, key, text[0] ? text : NULL);
}

void report_add_seconds(cJSON *object, const char *key, int64_t ms)
{
	json_add(object, key,
		ms < 0 ? cJSON_CreateNull() : cJSON_CreateNumber((double)ms / MS_PER_S));
}

void report_add_met(cJSON *object, const char *key, int is_met)
{
	json_add(object, key, is_met < 0 ? cJSON_CreateNull() : cJSON_CreateBool(is_met > 0));
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

void report_add_rests(cJSON *object, const char *key, const int64_t *seqs, size_t count)
{
	cJSON *list = cJSON_AddArrayToObject(object, key);
	int64_t *sorted = memory_zeroed(count + 1, sizeof *sorted);
	memcpy(sorted, seqs, count * sizeof *sorted);
	qsort(sorted, count, sizeof *sorted, by_number);
	for (size_t i = 0; i < count; i++)
		if (sorted[i] >= 0 && (i == 0 || sorted[i] != sorted[i - 1]))
			cJSON_AddItemToArray(list, cJSON_CreateNumber((double)sorted[i]));
	free(sorted);
}

// --- the whole ---

static void add_head(
	cJSON *report, const struct report_source *source, const struct report_walk *walk)
{
	const struct runbook *runbook = source->runbook;
	const struct state *state = source->state;
	report_add_text(report, "runbook", source->has_runbook ? runbook->name : NULL);
	report_add_text(report, "title", source->has_runbook ? runbook->title : NULL);
	report_add_text(report, "version", source->has_runbook ? runbook->version : NULL);
	report_add_text(report, "runbook_sha256", source->has_runbook ? runbook->sha256 : NULL);
	report_add_text(report, "incident", state->incident);
	report_add_text(report, "mode", source->event_count ? event_mode_word(state->mode) : NULL);
	report_add_wall(report, "opened", state->declared.wall);
	report_add_rests(report, "opened_rests_on", &walk->declared_seq, 1);
	report_add_text(report, "opened_by", state->declared_by);
	report_add_wall(report, "impact_at", state->impact_at);
	if (wall_known(state->declared.wall))
		report_add_text(report, "counts_from", state_origin_word(state));
	report_add_wall(report, "detected_at", state->detected_at);
	report_add_wall(report, "recovered", state->recovered.wall);
	report_add_rests(report, "recovered_rests_on", &walk->recovered_seq, 1);
	report_add_text(report, "recovered_by", state->recovered_by);
	report_add_text(report, "recovered_why", state->recovered_why);
	report_add_wall(report, "closed", state->closed.wall);
	report_add_text(report, "result", state->closed_result);
	report_add_rests(report, "closed_rests_on", &walk->closed_seq, 1);
	if (state->was_aborted) {
		report_add_wall(report, "aborted", state->aborted.wall);
		report_add_text(report, "aborted_why", state->abort_why);
		report_add_rests(report, "aborted_rests_on", &walk->abort_seq, 1);
	}
}

static void add_integrity(cJSON *report, const struct report_source *source)
{
	cJSON *integrity = cJSON_AddObjectToObject(report, "integrity");
	json_add_bool(integrity, "ok", source->problem_count == 0);
	json_add_int(integrity, "events", source->lines);
	report_add_text(integrity, "head", source->head);
	cJSON *problems = cJSON_AddArrayToObject(integrity, "problems");
	for (size_t i = 0; i < source->problem_count; i++)
		json_append_text(problems, source->problems[i]);
}

static void add_waiting(cJSON *report, const struct report_source *source, struct report_walk *walk)
{
	bool is_known = source->has_runbook && wall_known(source->state->declared.wall);
	cJSON *rests = cJSON_CreateArray();
	json_each (wait, walk->waits) {
		cJSON_AddItemToArray(rests, cJSON_CreateNumber((double)json_int(wait, "from", 0)));
		cJSON_AddItemToArray(rests, cJSON_CreateNumber((double)json_int(wait, "to", 0)));
	}
	report_add_seconds(
		report, "waiting_on_people_seconds", is_known ? walk->waited_us / US_PER_MS : -1);
	json_add(report, "waiting_on_people_rests_on", rests);
	json_add(report, "waiting_on_people", walk->waits);
	walk->waits = NULL;
	report_add_seconds(
		report, "unwatched_seconds", is_known ? walk->unwatched_us / US_PER_MS : -1);
	json_add(report, "unwatched", walk->unwatched);
	walk->unwatched = NULL;
	json_add(report, "not_known", walk->gaps);
	walk->gaps = NULL;
}

static void add_people(cJSON *report, const struct report_source *source)
{
	cJSON *roles = cJSON_AddArrayToObject(report, "roles");
	for (size_t r = 0; r < source->state->role_count; r++) {
		cJSON *role = json_object();
		json_add_text(role, "role", source->state->roles[r].role);
		json_add_text(role, "who", source->state->roles[r].who);
		cJSON_AddItemToArray(roles, role);
	}
	json_add_int(report, "sessions", source->state->session_count);
}

static void add_timeline(cJSON *report, const struct report_source *source)
{
	static const char *const tones[] = {
		[TONE_PLAIN] = "plain",
		[TONE_DIM] = "dim",
		[TONE_PERSON] = "person",
		[TONE_GOOD] = "good",
		[TONE_WARN] = "warn",
		[TONE_BAD] = "bad",
	};
	const struct runbook *runbook = source->has_runbook ? source->runbook : NULL;
	cJSON *timeline = cJSON_AddArrayToObject(report, "timeline");
	struct story story = {0};
	for (size_t i = 0; i < source->event_count; i++) {
		cJSON *line = json_object();
		story_tell(runbook, source->events[i], &story);
		json_add_int(line, "seq", source->events[i]->seq);
		report_add_wall(line, "ts", source->events[i]->ts);
		json_add_text(line, "who", story.who);
		json_add_text(line, "text", buf_str(&story.text));
		json_add_text(line, "tone", tones[story.tone]);
		cJSON_AddItemToArray(timeline, line);
	}
	story_fini(&story);
}

cJSON *report_json(const struct report_source *source)
{
	struct report_walk walk;
	cJSON *report = json_object();
	report_walk_init(&walk, source);
	add_head(report, source, &walk);
	report_add_objectives(report, source, &walk);
	report_add_steps(report, source, &walk);
	report_add_events(report, source);
	report_add_updates(report, source);
	add_waiting(report, source, &walk);
	add_people(report, source);
	add_integrity(report, source);
	add_timeline(report, source);
	report_walk_fini(&walk, source);
	return report;
}
