// SPDX-License-Identifier: Apache-2.0
//
// Going on with a record that is damaged, because an operator insists (`resume --past-damage`). The
// damaged file stays as it is, for those who look into it; what comes is written to a segment of
// its own. A line behind the damage counts when its digest is that of its bytes: that a step was
// run must not be forgotten because an earlier line was lost.
#include "engine.h"

#include <string.h>

#include "relight/incident_files.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "walk.h"

void damage_see(struct damage *damage, const struct walked *line)
{
	if (line->damage.message[0]) {
		if (damage->lines++ == 0)
			damage->first_line = line->number;
		damage->is_new = true;
	}
	// It need not follow from the bad one, which may have the number of an earlier line.
	if (walked_is_as_written(line) && line->event->kind == EVENT_LOG_SEGMENT &&
		json_get(line->event->data, "first_bad_line")) {
		damage->known_line = line->number;
		damage->is_new = false;
	}
}

struct reading {
	struct past_damage *past;
	struct timeline_tail *tail;
};

// Behind a bad line the chain goes on from what that line says of itself (walk.h).
static void follow(struct chain *chain, const struct walked *line)
{
	chain->lines++;
	chain->next_seq = line->event ? line->event->seq + 1 : chain->next_seq + 1;
	if (line->length > EVENT_TAIL_BYTES)
		memcpy(chain->head, line->bytes + line->length - EVENT_DIGEST_CHARS - 2,
			EVENT_DIGEST_CHARS);
}

static void read_line(void *context, struct walked *line)
{
	const struct reading *reading = context;
	struct damage *damage = reading->past->damage;
	struct err err = {0};
	if (line->is_torn) {
		damage->is_torn = true;
		reading->tail->torn_bytes = line->length;
		return;
	}
	damage_see(damage, line);
	// A line that is there twice is not folded twice.
	if (walked_is_as_written(line) && line->event->seq >= reading->past->engine->state->events)
		engine_fold_line(reading->past->engine, line->bytes, line->length, &err);
	follow(&reading->tail->chain, line);
}

bool engine_read_damaged(void *context, int fd, struct timeline_tail *tail, struct err *err)
{
	struct past_damage *past = context;
	struct reading reading = {past, tail};
	struct chain *chain = &tail->chain;
	if (!walk_lines(fd, past->engine->directory, read_line, &reading, err))
		return false;
	if (past->damage->lines == 0)
		return err_set(err,
			"%s/" TIMELINE_NAME ": is not damaged; resume it without --past-damage",
			past->engine->directory);
	if (past->engine->state->events == 0)
		return err_set(err, "%s/" TIMELINE_NAME ": no line in it is what was written",
			past->engine->directory);
	// No number is given twice.
	if (chain->next_seq < past->engine->state->events)
		chain->next_seq = past->engine->state->events;
	tail->is_ended = past->damage->is_new;
	// What is chained has the form of a digest, whatever a damaged line has in its place.
	if (!event_is_digest(chain->head))
		memcpy(chain->head, CHAIN_START, sizeof CHAIN_START);
	return true;
}

void engine_record_damage(
	struct engine *engine, const struct damage *damage, const struct timeline_tail *tail)
{
	if (!damage->is_new)
		return;
	struct event *event = event_new(EVENT_LOG_SEGMENT);
	struct buf path = {0};
	buf_printf(&path, "%s/%s", engine->directory, tail->segment);
	json_add_text(event->data, "path", buf_str(&path));
	json_add_text(event->data, "head", tail->chain.head);
	json_add_int(event->data, "bad_lines", damage->lines);
	json_add_int(event->data, "first_bad_line", damage->first_line);
	if (damage->is_torn)
		json_add_bool(event->data, "torn", true);
	engine_record(engine, event);
	buf_fini(&path);
}
