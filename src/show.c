// SPDX-License-Identifier: Apache-2.0
#include "show.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "history.h"
#include "plain.h"
#include "relight/memory.h"
#include "relight/story.h"
#include "walk.h"

#define WHO_COLUMNS 8
#define BAD         "   BAD  "

struct showing {
	const struct runbook *runbook; // NULL: not known
	struct story story;
	struct buf out;
	bool is_jsonl, is_damaged;
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

static void show_line(void *context, struct walked *line)
{
	struct showing *showing = context;
	bool is_good = !line->damage.message[0];
	if (!is_good)
		complain(showing, line->damage.message);
	if (showing->is_jsonl && is_good) {
		buf_add(&showing->out, line->bytes, line->length);
		buf_byte(&showing->out, '\n');
	} else if (!showing->is_jsonl && line->event) {
		show_event(showing, line->event);
	} else if (!showing->is_jsonl && line->bytes && !line->is_torn) {
		char *text = memory_copy_bytes(line->bytes, line->length);
		buf_text(&showing->out, BAD);
		plain_add(&showing->out, text);
		buf_byte(&showing->out, '\n');
		free(text);
	}
	fwrite(buf_str(&showing->out), 1, showing->out.length, stdout);
	buf_clear(&showing->out);
}

bool show_timeline(const char *name, bool is_jsonl, bool *is_damaged, struct err *err)
{
	struct history history;
	struct showing showing = {.is_jsonl = is_jsonl};
	bool is_shown = history_open(&history, name, err);
	if (is_shown) {
		history_say_cover(&history, "timeline: ");
		showing.runbook = history.has_runbook ? history.runbook : NULL;
		is_shown = lseek(history.fd, 0, SEEK_SET) == 0
				   ? walk_lines(history.fd, history.path, show_line, &showing, err)
				   : err_errno(err, errno, "timeline: %s", history.path);
	}
	*is_damaged = showing.is_damaged;
	story_fini(&showing.story);
	buf_fini(&showing.out);
	history_fini(&history);
	return is_shown;
}
