// SPDX-License-Identifier: Apache-2.0
//
// Taking an incident up again: what its record and its frozen files say counts, not what the
// command line would.
#include "opening.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frozen.h"
#include "relight/chain.h"
#include "relight/incident_files.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "relight/timeline.h"
#include "walk.h"

#define BEGINNING_LOOKS   1000
#define BEGINNING_LOOK_MS 10

static bool see_runbook(void *context, const char *line, size_t length, struct err *err)
{
	bool *is_there = context;
	(void)err;
	*is_there |= event_peek(line, length) == EVENT_RUNBOOK_LOADED;
	return !*is_there;
}

void opening_await(const char *directory)
{
	bool is_there = false;
	for (int i = 0; i < BEGINNING_LOOKS; i++) {
		struct chain chain;
		struct err ignored;
		timeline_read(directory, see_runbook, &is_there, &chain, NULL, &ignored);
		if (is_there || !timeline_is_held(directory))
			return;
		uv_sleep(BEGINNING_LOOK_MS);
	}
}

struct recalled {
	char *base, *sha256, *mirror;
	bool has_lines; // of a damaged one: something was recorded
	double speed;
	enum event_mode mode;
};

// Of "…/timeline.jsonl" its directory.
static void recall_mirror(struct recalled *recalled, const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	free(recalled->mirror);
	recalled->mirror = slash ? memory_copy_bytes(path, (size_t)(slash - path)) : NULL;
}

// What is wrong with a line is seen when all of them are read.
static bool recall_line(void *context, const char *line, size_t length, struct err *err)
{
	struct recalled *recalled = context;
	enum event_kind kind = event_peek(line, length);
	if (kind != EVENT_RUNBOOK_LOADED && kind != EVENT_LOG_SEGMENT &&
		kind != EVENT_SESSION_OPEN && kind != EVENT_SESSION_RESUMED)
		return true;
	struct event *event = event_decode(line, length, err);
	if (!event)
		return false;
	recalled->mode = event->mode;
	if (event->kind == EVENT_RUNBOOK_LOADED) {
		free(recalled->base);
		free(recalled->sha256);
		recalled->base = memory_copy_text(json_text(event->data, "base"));
		recalled->sha256 = memory_copy_text(json_text(event->data, "sha256"));
	}
	if (event->kind == EVENT_LOG_SEGMENT && cJSON_IsTrue(json_get(event->data, "mirror")))
		recall_mirror(recalled, json_text(event->data, "path"));
	if (event->kind == EVENT_SESSION_OPEN || event->kind == EVENT_SESSION_RESUMED)
		recalled->speed = event_speed(event);
	event_free(event);
	return true;
}

struct damaged {
	struct recalled *recalled;
	struct damage damage;
};

static void recall_walked(void *context, struct walked *line)
{
	struct damaged *damaged = context;
	struct err ignored;
	damaged->recalled->has_lines |= line->number > 0;
	if (!line->is_torn)
		damage_see(&damaged->damage, line);
	if (line->event)
		recall_line(damaged->recalled, line->bytes, line->length, &ignored);
}

// What can be read of one that is damaged; it is checked by the digests of what is frozen. Whoever
// insisted on going on with it once need not do so again.
static bool recall_past_damage(
	struct opening *opening, const char *directory, struct recalled *recalled, struct err *err)
{
	struct damaged damaged = {.recalled = recalled};
	struct err unread = {0};
	int fd = timeline_open_file(directory, &unread);
	bool is_read = fd >= 0 && walk_lines(fd, directory, recall_walked, &damaged, &unread);
	if (fd >= 0)
		close(fd);
	if (!is_read || damaged.damage.lines == 0)
		return false;
	opening->goes_past_damage |= !damaged.damage.is_new;
	if (!opening->goes_past_damage) {
		timeline_is_one(directory, err); // says better what it is
		struct err what = *err;
		return err_set(err,
			"%s; 'relight timeline show %s' shows what is left of it, 'relight resume "
			"--past-damage %s' goes on behind it",
			what.message, directory, directory);
	}
	return true;
}

// The frozen runbook judges; one that was altered since does not.
static bool load_frozen_runbook(
	struct opening *opening, const char *directory, const struct recalled *recalled)
{
	struct engine_setup *setup = &opening->setup;
	struct diags diags = {0};
	struct err err = {0};
	bool is_altered = false;
	if (!recalled->sha256) {
		if (recalled->has_lines)
			err_set(&err,
				"resume: %s: the line that says which runbook it was is damaged; "
				"'relight timeline show %s' shows what was done: run the runbook "
				"again in another directory",
				directory, directory);
		else
			err_set(&err,
				"resume: %s: was never opened to its end, and nothing was done: "
				"remove it and run the runbook again",
				directory);
		return opening_say(&err);
	}
	setup->runbook = frozen_runbook(directory, recalled->sha256, recalled->base,
		&setup->runbook_text, &is_altered, &diags, &err);
	if (is_altered) {
		runbook_free(setup->runbook);
		setup->runbook = NULL;
		err_set(&err,
			"%s/" INCIDENT_FROZEN "/" FROZEN_RUNBOOK
			": it was altered since the incident opened; put the "
			"original back",
			directory);
	}
	bool is_loaded = setup->runbook != NULL;
	if (err.message[0]) {
		err_prefix(&err, "resume");
		opening_say(&err);
	} else if (!is_loaded) {
		opening_say_diags(&diags, "runbook");
	}
	diags_fini(&diags);
	return is_loaded;
}

bool opening_recall(struct opening *opening, const char *directory)
{
	struct engine_setup *setup = &opening->setup;
	struct recalled recalled = {.speed = 1};
	opening->is_recalled = true;
	struct chain chain;
	struct err err = {0};
	bool is_loaded = true;
	if (!timeline_read(directory, recall_line, &recalled, &chain, NULL, &err) &&
		!recall_past_damage(opening, directory, &recalled, &err)) {
		err_prefix(&err, "resume");
		is_loaded = opening_say(&err);
	}
	is_loaded = is_loaded && load_frozen_runbook(opening, directory, &recalled);
	if (is_loaded && recalled.mode == EVENT_REHEARSAL) {
		is_loaded = frozen_read(directory, FROZEN_SCENARIO, &setup->scenario_text, &err) ||
			    opening_say(&err);
		opening->scenario_path = INCIDENT_FROZEN "/" FROZEN_SCENARIO;
		is_loaded = is_loaded && opening_load_scenario(opening, opening->scenario_path);
	}
	setup->mode = recalled.mode;
	setup->speed = opening->speed > 0 ? opening->speed : recalled.speed;
	setup->mirror = recalled.mirror;
	setup->is_mirror_itself = true;
	free(recalled.base);
	free(recalled.sha256);
	if (!is_loaded)
		return false;
	if (opening->is_headless && !opening->answers_path)
		opening->answers = answers_none(setup->runbook);
	return opening_finish(opening);
}
