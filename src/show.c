// SPDX-License-Identifier: Apache-2.0
#include "show.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "history.h"
#include "plain.h"
#include "relight/memory.h"
#include "relight/story.h"
#include "relight/timeline.h"

#define CHUNK_BYTES (64u << 10)
#define WHO_COLUMNS 8
#define BAD         "   BAD  "

struct showing {
	const struct runbook *runbook; // NULL: not known
	struct chain chain;
	struct story story;
	struct buf out;
	bool is_jsonl, is_damaged;
	bool is_skipping; // in the rest of a line that is too long
};

static void complain(struct showing *showing, const char *what)
{
	showing->is_damaged = true;
	if (showing->is_jsonl) {
		fprintf(stderr, "relight: timeline: %s\n", what);
		return;
	}
	buf_text(&showing->out, BAD);
	plain_add(&showing->out, what);
	buf_byte(&showing->out, '\n');
}

static void show_event(struct showing *showing, const struct event *event)
{
	char time[WALL_TEXT_BYTES];
	struct buf who = {0};
	story_tell(showing->runbook, event, &showing->story);
	wall_format(event->ts, time);
	time[10] = ' '; // a day and a time of day: "2026-07-03 03:05:42"
	time[19] = '\0';
	plain_add(&who, showing->story.who);
	buf_printf(&showing->out, "%6lld  %s  %-*s  ", (long long)event->seq, time, WHO_COLUMNS,
		buf_str(&who));
	plain_add(&showing->out, buf_str(&showing->story.text));
	buf_byte(&showing->out, '\n');
	buf_fini(&who);
}

// NULL when it is no event; what is wrong with it is left in `damage`. Behind a bad line the chain
// goes on from what that line says of itself.
static struct event *judge(
	struct showing *showing, const char *line, size_t length, struct err *damage)
{
	struct err unreadable = {0};
	struct event *event = event_decode(line, length, &unreadable);
	struct chain *chain = &showing->chain;
	if (!chain_link(chain, line, length, damage)) {
		chain->lines++;
		if (event) {
			chain->next_seq = event->seq + 1;
			memcpy(chain->head, event->h, sizeof chain->head);
		}
	} else if (!event) {
		err_set(damage, "line %lld: no event: %s", (long long)chain->lines,
			unreadable.message);
	}
	return event;
}

static void take_line(struct showing *showing, const char *line, size_t length)
{
	struct err damage = {0};
	struct event *event = judge(showing, line, length, &damage);
	if (damage.message[0])
		complain(showing, damage.message);
	if (showing->is_jsonl) {
		if (!damage.message[0]) {
			buf_add(&showing->out, line, length);
			buf_byte(&showing->out, '\n');
		}
	} else if (event) {
		show_event(showing, event);
	} else {
		char *text = memory_copy_bytes(line, length);
		buf_text(&showing->out, BAD);
		plain_add(&showing->out, text);
		buf_byte(&showing->out, '\n');
		free(text);
	}
	event_free(event);
}

static void complain_of_line(struct showing *showing, const char *what)
{
	char text[128];
	snprintf(text, sizeof text, "line %lld: %s", (long long)showing->chain.lines + 1, what);
	complain(showing, text);
}

// The whole lines at the beginning of `room`, which are dropped from it.
static void take_lines(struct showing *showing, struct buf *room)
{
	size_t used = 0;
	char *end;
	while (used < room->length &&
		(end = memchr(room->data + used, '\n', room->length - used))) {
		size_t length = (size_t)(end - room->data) - used;
		if (showing->is_skipping)
			showing->chain.lines++;
		else
			take_line(showing, room->data + used, length);
		showing->is_skipping = false;
		used += length + 1;
	}
	buf_drop(room, used);
	if (room->length > EVENT_MAX_BYTES || showing->is_skipping) {
		if (!showing->is_skipping)
			complain_of_line(showing, "longer than a line may be");
		showing->is_skipping = true;
		buf_clear(room);
	}
}

static bool read_lines(struct showing *showing, int fd, const char *path, struct err *err)
{
	char *chunk = memory_alloc(CHUNK_BYTES);
	struct buf room = {0};
	ssize_t got;
	while ((got = read(fd, chunk, CHUNK_BYTES)) > 0 || (got < 0 && errno == EINTR)) {
		if (got < 0)
			continue;
		buf_add(&room, chunk, (size_t)got);
		take_lines(showing, &room);
		fwrite(buf_str(&showing->out), 1, showing->out.length, stdout);
		buf_clear(&showing->out);
	}
	if (got < 0)
		err_errno(err, errno, "timeline: %s", path);
	if (room.length > 0) {
		complain_of_line(showing, "torn: it has no end of line");
		fwrite(buf_str(&showing->out), 1, showing->out.length, stdout);
	}
	buf_fini(&room);
	free(chunk);
	return got == 0;
}

bool show_timeline(const char *name, bool is_jsonl, bool *is_damaged, struct err *err)
{
	struct history history;
	struct showing showing = {.is_jsonl = is_jsonl};
	bool is_shown = history_open(&history, name, err);
	chain_init(&showing.chain);
	if (is_shown) {
		int fd = timeline_open_file(history.path, err);
		showing.runbook = history.has_runbook ? history.runbook : NULL;
		is_shown = fd >= 0 && read_lines(&showing, fd, history.path, err);
		if (fd >= 0)
			close(fd);
	}
	*is_damaged = showing.is_damaged;
	story_fini(&showing.story);
	buf_fini(&showing.out);
	history_fini(&history);
	return is_shown;
}
