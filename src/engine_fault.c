// SPDX-License-Identifier: Apache-2.0
//
// When the disk takes the record no more: it is said once in the record itself, which is written as
// soon as there is room, and what is still pending at the end is put somewhere else.
#include "engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relight/file.h"
#include "relight/json.h"
#include "relight/memory.h"

static void record_fault(struct engine *engine, const char *what, const char *error)
{
	struct event *event = event_new(EVENT_FAULT);
	json_add_text(event->data, "what", what);
	json_add_text(event->data, "error", error);
	engine_record(engine, event);
}

void engine_look_at_record(struct engine *engine)
{
	struct err why = {0};
	bool has_fault = engine_fault(engine, &why);
	if (has_fault && !engine->had_fault)
		record_fault(engine, "the record cannot be written", why.message);
	if (!has_fault && engine->had_fault)
		engine->is_unrecorded = engine->state->is_unrecorded = false;
	engine->had_fault = has_fault;
}

void engine_continue_unrecorded(struct engine *engine)
{
	engine->is_unrecorded = engine->state->is_unrecorded = true;
	record_fault(engine, "goes on unrecorded", NULL);
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

void engine_save_pending(struct engine *engine)
{
	const char *const places[] = {
		getenv("XDG_RUNTIME_DIR"), getenv("TMPDIR"), "/tmp", getenv("HOME"), "/dev/shm"};
	struct buf lines = {0};
	char *path = NULL;
	size_t count = 0;
	if (!engine_fault(engine, NULL))
		return;
	timeline_pending(engine->record.timeline, &lines);
	for (size_t i = 0; i < lines.length; i++)
		count += lines.data[i] == '\n';
	for (size_t i = 0; count > 0 && !path && i < sizeof places / sizeof *places; i++)
		path = save_in(places[i], engine->state->incident, &lines);
	if (path)
		fprintf(stderr,
			"relight: record: %s/timeline.jsonl: %zu events could not be written; once "
			"there is room: cat %s >>%s/timeline.jsonl\n",
			engine->directory, count, path, engine->directory);
	else if (count > 0)
		fprintf(stderr,
			"relight: record: %s/timeline.jsonl: %zu events could be written nowhere; "
			"keep them:\n%s",
			engine->directory, count, buf_str(&lines));
	free(path);
	buf_fini(&lines);
}
