// SPDX-License-Identifier: Apache-2.0
//
// When the disk takes the record no more: it is said once in the record itself, which goes on where
// it can (timeline.h), and what is still pending at the end is put somewhere else.
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "command.h"
#include "relight/file.h"
#include "relight/json.h"

void engine_record_fault(struct engine *engine, const char *what, const char *error)
{
	struct event *event = event_new(EVENT_FAULT);
	json_add_text(event->data, "what", what);
	json_add_text(event->data, "error", error);
	engine_record(engine, event);
}

// Where the record goes on: of a mirror whoever resumes must know, too.
static void record_segments(struct engine *engine)
{
	enum timeline_place place;
	struct buf path = {0};
	char head[65];
	while (timeline_segment(engine->record.timeline, &place, &path, head)) {
		struct event *event = event_new(EVENT_LOG_SEGMENT);
		event_set_by(event, "relight");
		json_add_text(event->data, "path", buf_str(&path));
		json_add_text(event->data, "head", head);
		if (place == TIMELINE_MIRROR)
			json_add_bool(event->data, "mirror", true);
		engine_record(engine, event);
		buf_clear(&path);
	}
	buf_fini(&path);
}

static void look_at_mirror(struct engine *engine)
{
	struct err why = {0};
	bool has_fault = timeline_mirror_fault(engine->record.timeline, &why);
	if (has_fault && !engine->had_mirror_fault)
		engine_record_fault(engine, "the mirror cannot be written", why.message);
	engine->had_mirror_fault = has_fault;
}

void engine_look_at_record(struct engine *engine)
{
	struct err why = {0};
	struct buf path = {0};
	timeline_tend(engine->record.timeline);
	record_segments(engine);
	look_at_mirror(engine);
	bool has_fault = engine_fault(engine, &why);
	bool is_away = timeline_is_elsewhere(engine->record.timeline, &path, &why);
	if (has_fault && !engine->had_fault)
		engine_record_fault(engine, "the record cannot be written", why.message);
	if (is_away && !engine->was_away)
		engine_record_fault(engine, "the record cannot be written at home", why.message);
	if (!has_fault && engine->had_fault)
		engine->is_unrecorded = false;
	engine->had_fault = has_fault;
	engine->was_away = is_away;
	buf_fini(&path);
}

void engine_continue_unrecorded(struct engine *engine)
{
	engine->is_unrecorded = true;
	engine_record_fault(engine, "goes on unrecorded", NULL);
	engine_wake(engine);
}

// --- a second path ---

// A new file in the directory; NULL when it takes nothing either.
static char *save_in(const char *directory, const char *id, const struct buf *lines)
{
	struct buf path = {0};
	if (!directory || directory[0] != '/')
		return NULL;
	buf_printf(&path, "%s/relight-%s-pending-XXXXXX", directory, id);
	char *name = buf_take(&path);
	int fd = mkstemp(name);
	bool is_saved =
		fd >= 0 && file_write(fd, lines->data, lines->length, NULL) && fsync(fd) == 0;
	if (fd >= 0) {
		close(fd);
		if (!is_saved)
			unlink(name);
	}
	if (is_saved)
		return name;
	free(name);
	return NULL;
}

// What to do with them. Once somebody else goes on, the record has other events by their numbers.
static void add_advice(const struct engine *engine, size_t count, const char *segment,
	const struct buf *lines, struct buf *words)
{
	const char *path = engine->saved_path;
	buf_printf(words, "relight: record: %s: %zu events could not be written", engine->directory,
		count);
	if (engine->taker.words)
		buf_printf(words,
			", and whoever goes on does not know of them: tell them; they are in %s\n",
			path ? path : "no file:");
	else if (path)
		buf_printf(words, "; before it is resumed, once there is room: cp %s %s/%s\n", path,
			engine->directory, segment);
	else
		buf_printf(words, " anywhere; keep them, as %s there:\n", segment);
	if (!path)
		buf_text(words, buf_str(lines));
}

void engine_save_pending(struct engine *engine)
{
	const char *const places[] = {getenv("TMPDIR"), "/tmp", getenv("HOME"), "/dev/shm"};
	struct buf lines = {0}, words = {0};
	char segment[32];
	size_t count = 0;
	if (!engine_fault(engine, NULL))
		return;
	timeline_pending(engine->record.timeline, &lines, segment);
	for (size_t i = 0; i < lines.length; i++)
		count += lines.data[i] == '\n';
	for (size_t i = 0; count > 0 && !engine->saved_path && i < sizeof places / sizeof *places;
		i++)
		engine->saved_path = save_in(places[i], engine->state->incident, &lines);
	if (count > 0)
		add_advice(engine, count, segment, &lines, &words);
	command_say(STDERR_FILENO, buf_str(&words));
	buf_fini(&words);
	buf_fini(&lines);
}
