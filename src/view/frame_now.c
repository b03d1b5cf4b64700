// SPDX-License-Identifier: Apache-2.0
#include "frame_panes.h"

#include <string.h>

#include "frame_sheet.h"

// "NOW 1 of 3 that need you", and on the right what else does.
void now_rule(struct area area, int row, const struct scene *scene)
{
	size_t needing = concerns_needing(scene);
	struct buf title = {0};
	struct buf others = {0};
	buf_text(&title, "NOW");
	if (needing > 1)
		buf_printf(&title, " 1 of %zu that need you", needing);
	if (needing > 1 && area.columns < 120)
		buf_printf(&others, "Tab for %zu", needing - 1);
	else if (needing > 1)
		for (size_t i = 1; i < needing && i < 4; i++) {
			buf_text(&others, i == 1 ? "Tab: " : "; ");
			concern_name(scene, &scene->concerns[i], &others);
		}
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
