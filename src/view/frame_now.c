// SPDX-License-Identifier: Apache-2.0
#include "frame_panes.h"

#include <string.h>

#include "frame_sheet.h"

// --- what it says ---

// How many quiet lines leave room for what goes on and for what can be done next. One there always
// is.
static size_t quiet_lines(const struct scene *scene)
{
	bool is_told_to_look_on = !scene->can_act && !scene_is_over(scene);
	bool is_beside = scene->running >= 0 && scene->ready_count > 0;
	int left = CONCERN_LINES - 1 - is_told_to_look_on - is_beside;
	return left > 1 ? (size_t)left : 1;
}

// Puts one line above the others; the last of them is lost.
static void put_above(struct concern_words *words, size_t line, struct buf *text)
{
	buf_fini(&words->lines[CONCERN_LINES - 1]);
	memmove(&words->lines[line + 1], &words->lines[line],
		(CONCERN_LINES - 1 - line) * sizeof(words->lines[0]));
	words->lines[line] = *text;
}

static void put_quiet(const struct scene *scene, struct concern_words *words)
{
	size_t put = 0, most = quiet_lines(scene);
	for (size_t i = 0; i < scene->concern_count && put < most; i++) {
		const struct concern *concern = &scene->concerns[i];
		struct concern_words quiet;
		if (!concern_is_quiet(concern))
			continue;
		concern_say_itself(scene, concern, &quiet);
		put_above(words, put, &quiet.lines[0]);
		if (put++ == 0)
			words->role = quiet.role;
	}
}

void now_say(const struct scene *scene, struct concern_words *words)
{
	size_t count = scene->concern_count;
	if (concerns_needing(scene) > 0) {
		concern_say(scene, &scene->concerns[0], words);
		return;
	}
	if (count > 0 && scene->concerns[count - 1].kind == CONCERN_READY)
		concern_say(scene, &scene->concerns[count - 1], words);
	else
		calm_say(scene, words);
	put_quiet(scene, words);
}

// --- how it looks ---

// What is quiet, and has no line of its own.
static void name_quiet(const struct scene *scene, size_t from, struct buf *out)
{
	for (size_t i = from; i < scene->concern_count; i++) {
		if (!concern_is_quiet(&scene->concerns[i]))
			continue;
		buf_text(out, out->length ? "; " : "");
		concern_name(scene, &scene->concerns[i], out);
	}
}

// "NOW 1 of 3 that need you", and on the right what else does.
void now_rule(struct area area, int row, const struct scene *scene)
{
	size_t needing = concerns_needing(scene);
	struct buf title = {0};
	struct buf others = {0};
	buf_text(&title, "NOW");
	if (needing > 1)
		buf_printf(&title, " 1 of %zu that need %s", needing,
			ui_has_incident(scene->ui) ? "you" : "a person");
	if (needing > 1 && area.columns < 120)
		buf_printf(&others, "Tab for %zu", needing - 1);
	else
		for (size_t i = 1; i < needing && i < 4; i++) {
			buf_text(&others, i == 1 ? "Tab: " : "; ");
			concern_name(scene, &scene->concerns[i], &others);
		}
	name_quiet(scene, needing > 0 ? needing : quiet_lines(scene), &others);
	bool is_bad = needing > 0 && scene->concerns[0].kind <= CONCERN_GIVEN;
	rule_draw(area, row, is_bad ? ROLE_BAD : ROLE_TITLE, buf_str(&title), buf_str(&others));
	buf_fini(&title);
	buf_fini(&others);
}

// A line that is too long for one row goes on in the next one where that is free.
static int draw_wrapped(struct area area, int row, int rows, enum role role, const char *text)
{
	size_t length = strlen(text);
	size_t at = 0;
	int used = 0;
	int width = area.columns - 2;
	while (at < length && used < rows) {
		size_t piece = wrap_piece(
			text + at, length - at, width < 1 ? 1 : width, area.grid->is_utf8);
		bool is_last = used + 1 == rows;
		piece_draw(area, row + used, 1, role, text + at, is_last ? length - at : piece);
		at += piece;
		used++;
	}
	return used;
}

void now_draw(struct area area, const struct scene *scene, const struct concern_words *words)
{
	(void)scene;
	int row = 0;
	int filled = 0;
	for (int i = 0; i < CONCERN_LINES; i++)
		filled += words->lines[i].length > 0;
	for (int i = 0; i < CONCERN_LINES && row < area.rows; i++) {
		if (words->lines[i].length == 0)
			continue;
		filled--;
		// On a tiny screen the first line is worth more than the others.
		int rows = area.rows - row - (area.columns < 60 ? 0 : filled);
		row += draw_wrapped(area, row, rows < 1 ? 1 : rows,
			i == 0 ? words->role : ROLE_NORMAL, buf_str(&words->lines[i]));
	}
}
