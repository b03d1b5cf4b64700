// SPDX-License-Identifier: Apache-2.0
#include "frame_panes.h"

#include <string.h>

#include "relight/arena.h"
#include "frame_expiry.h"
#include "frame_sheet.h"
#include "frame_words.h"

// Dependencies by what is expected of them, worst first.
enum group { GROUP_LOST, GROUP_DUE, GROUP_HELD, GROUP_GIVEN, GROUP_AWAITED, GROUP_WAIVED, GROUPS };
static const char *const group_words[GROUPS] = {
	[GROUP_LOST] = "LOST",
	[GROUP_DUE] = "DUE",
	[GROUP_HELD] = "HELD",
	[GROUP_GIVEN] = "GIVEN",
	[GROUP_AWAITED] = "AWAITED",
	[GROUP_WAIVED] = "WAIVED",
};

static enum group group_of(const struct state *state, struct wall now, int dependency)
{
	static const enum group groups[EXPECTATION_WORDS] = {
		[AWAITED] = GROUP_AWAITED,
		[DUE] = GROUP_DUE,
		[HELD] = GROUP_HELD,
		[LOST] = GROUP_LOST,
		[GIVEN] = GROUP_GIVEN,
	};
	if (state_waiver(state, -1, dependency, now))
		return GROUP_WAIVED;
	return groups[state_expectation(state, dependency)];
}

// --- one line ---

#define AGE_COLUMNS 5 // with the blank before it
struct columns {
	int word, mark, name, status, message, age, via, end;
};

// What brings it back: a step, or somebody else.
static const char *via_of(const struct scene *scene, int dependency)
{
	const struct refs *by = &scene->runbook->dependencies[dependency].restored_by;
	return by->count > 0 ? scene->runbook->steps[by->items[0]].id : "outside";
}

static int at_most(int columns, int most)
{
	return columns < most ? columns : most;
}

// Ids get as much as the longest of this runbook needs, so that nothing moves while the incident
// goes on; the rest is for the words, to which the last column gives way.
#define MESSAGE_LEAST 28
#define VIA_LEAST     9
static struct columns columns_of(const struct scene *scene, int width)
{
	struct columns at = {.word = 1, .end = width - 1};
	int name = 0, via = 0;
	for (int i = 0; i < (int)scene->runbook->dependency_count; i++) {
		int own = safe_columns(scene->runbook->dependencies[i].id, scene->is_utf8);
		int own_via = safe_columns(via_of(scene, i), scene->is_utf8);
		name = own > name ? own : name;
		via = own_via > via ? own_via : via;
	}
	name = at_most(name, width >= 90 ? 24 : width >= 56 ? 17 : 13);
	at.mark = at.word + 8;
	at.name = width >= 50 ? at.mark + 3 : at.mark;
	at.status = at.name + name + 1;
	at.message = at.status + 12;
	via = at_most(via, width >= 90 ? 16 : 12);
	int least = at_most(via, VIA_LEAST); // of a name, to be told from others
	via = at_most(via, at.end - at.message - MESSAGE_LEAST - AGE_COLUMNS - 1);
	at.via = at.end - (via < least ? 0 : via);
	at.age = at.via - (at.via < at.end ? 1 : 0); // exclusive end
	return at;
}

static enum role status_role(enum group group, enum status status)
{
	if (status == STATUS_HEALTHY)
		return group == GROUP_AWAITED ? ROLE_DIM : ROLE_GOOD;
	switch (group) {
	case GROUP_LOST: return ROLE_BAD;
	case GROUP_GIVEN: return status_is_bad(status) ? ROLE_BAD : ROLE_WARN;
	case GROUP_DUE:
	case GROUP_HELD: return ROLE_WARN;
	case GROUP_WAIVED: return ROLE_PERSON;
	default: return ROLE_DIM;
	}
}

// Bytes in a unit that leaves few digits: "1.2/4.0 GiB".
static void say_bytes(double done, double total, struct buf *out)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
	size_t unit = 0;
	for (; unit + 1 < sizeof units / sizeof *units && total >= 1024; unit++) {
		done /= 1024;
		total /= 1024;
	}
	buf_printf(out, unit ? " %.1f/%.1f %s" : " %.0f/%.0f %s", done, total, units[unit]);
}

// How far it is, while it is not there, and where its words do not say so already ("1/3 ready").
static void say_progress(const struct sensed_dependency *sensed, struct buf *out)
{
	struct buf count = {0};
	if (!sensed->is_seen || sensed->total <= 0 || sensed->done >= sensed->total)
		return;
	if (sensed->unit && strcmp(sensed->unit, "bytes") == 0) {
		say_bytes(sensed->done, sensed->total, out);
		return;
	}
	buf_printf(&count, " %.0f/%.0f", sensed->done, sensed->total);
	if (!strstr(buf_str(out), buf_str(&count) + 1))
		buf_printf(out, "%s %s", buf_str(&count), sensed->unit ? sensed->unit : "");
	buf_fini(&count);
}

static void say_message(
	const struct scene *scene, int dependency, enum group group, bool is_roomy, struct buf *out)
{
	const struct sensed_dependency *sensed = &scene->sensed->dependencies[dependency];
	const struct waiver *waiver = state_waiver(scene->state, -1, dependency, scene->now.wall);
	if (group == GROUP_WAIVED && waiver) {
		char until[16] = "";
		if (wall_known(waiver->until))
			wall_clock(waiver->until, false, until);
		buf_printf(out, "%s%s%s: %s", waiver->by ? waiver->by : "",
			until[0] ? " until " : "", until, waiver->why ? waiver->why : "");
		return;
	}
	int64_t left_ms;
	enum expiry expiry = expiry_of(scene, dependency, &left_ms);
	if (expiry >= EXPIRY_NEAR) {
		expiry_words(left_ms, out);
		if (scene_status(scene, dependency) == STATUS_HEALTHY)
			return;
		buf_text(out, ", ");
	}
	int under = state_folded_under(scene->state, dependency);
	if (under >= 0 && scene_dependency_root(scene, dependency) < 0)
		buf_printf(out, "under %s: ", scene->runbook->dependencies[under].id);
	buf_text(out, scene_message(scene, dependency));
	say_progress(sensed, out);
	if (sensed->is_seen && sensed->latency_ms >= 0 && is_roomy)
		buf_printf(out, "%s%dms", out->length ? ", " : "", sensed->latency_ms);
}

// Why it is so, and how long it has not moved or not been known: the words give way to that.
#define WORDS_LEAST 8
static void draw_words(struct area area, int row, const struct columns *at,
	const struct scene *scene, enum group group, int dependency)
{
	enum role role = group == GROUP_AWAITED ? ROLE_DIM : ROLE_NORMAL;
	int width = at->age - AGE_COLUMNS - at->message, own = 0;
	int64_t still_ms = group == GROUP_WAIVED ? -1 : scene_still_ms(scene, dependency);
	struct buf words = {0}, still = {0};
	say_message(scene, dependency, group, width >= 36, &words);
	int64_t unknown_ms = scene_is_stale(scene, dependency) || group == GROUP_WAIVED
				     ? -1
				     : scene_unknown_ms(scene, dependency);
	still_words(still_ms, true, &still);
	if (unknown_ms >= 0) {
		buf_text(&still, "for ");
		duration_words(unknown_ms, &still);
	}
	if (still.length > 0)
		own = (int)still.length + 2;
	int least = still_ms >= SENSED_STILL_MS || unknown_ms >= 0
			    ? WORDS_LEAST
			    : safe_columns(buf_str(&words), scene->is_utf8);
	if (width - own < least)
		own = 0;
	int used = area_text(area, row, at->message, width - own, role, buf_str(&words));
	if (own > 0)
		area_printf(area, row, at->message + used, own, role, ", %s", buf_str(&still));
	buf_fini(&words);
	buf_fini(&still);
}

static void draw_dependency(struct area area, int row, const struct columns *at,
	const struct scene *scene, enum group group, int dependency)
{
	enum status status = scene_status(scene, dependency);
	enum role role = status_role(group, status);
	bool is_stale = scene_is_stale(scene, dependency);
	bool is_dim = group == GROUP_AWAITED;
	struct buf text = {0};
	char mark[3];
	scene_mark(scene, scene_dependency_root(scene, dependency), mark);
	area_text(area, row, at->mark, 2, ROLE_MARK, mark);
	area_text(area, row, at->name, at->status - at->name - 1, is_dim ? ROLE_DIM : ROLE_NORMAL,
		scene->runbook->dependencies[dependency].id);
	area_text(area, row, at->status, 11, is_stale ? ROLE_WARN : role,
		is_stale ? "stale" : status_word(status));
	draw_words(area, row, at, scene, group, dependency);
	age_words(scene_seen_ms(scene, dependency), &text);
	area_right(area, row, at->age, 4, is_stale ? ROLE_WARN : ROLE_DIM, buf_str(&text));
	area_text(area, row, at->via, at->end - at->via, ROLE_DIM,
		scene->state->dependencies[dependency].is_attested ? "a person's word"
								   : via_of(scene, dependency));
	buf_fini(&text);
}

// --- the pane ---

#define SELECTED_ROWS 3 // for what is known of the selected one

// One drawn line: a dependency, or what stands for several of a group (dependency -1).
struct line {
	enum group group;
	int dependency;
	size_t count;      // stood for
	int64_t oldest_ms; // of those
	size_t from;       // in the order
};

// What may be folded, in the order in which it is when there is no room.
enum fold { FOLD_NOTHING, FOLD_AWAITED, FOLD_GIVEN, FOLD_HELD, FOLDS };

// Awaited ones, and healthy ones of which there is nothing else to say.
static bool is_quiet(const struct scene *scene, enum group group, int dependency, enum fold fold)
{
	int64_t left_ms;
	if (group == GROUP_AWAITED)
		return fold >= FOLD_AWAITED;
	if (group == GROUP_GIVEN ? fold < FOLD_GIVEN : group != GROUP_HELD || fold < FOLD_HELD)
		return false;
	return scene_status(scene, dependency) == STATUS_HEALTHY &&
	       expiry_of(scene, dependency, &left_ms) < EXPIRY_NEAR &&
	       !scene_is_stale(scene, dependency);
}

// Lines of the pane; the quiet ones of a group become one line, which then ends the group.
static int make_lines(
	const struct scene *scene, const int *order, enum fold fold, struct line *lines)
{
	size_t made = 0;
	size_t quiet = SIZE_MAX; // the line that stands for the quiet ones of this group
	for (size_t i = 0; i < scene->runbook->dependency_count; i++) {
		enum group group = group_of(scene->state, scene->now.wall, order[i]);
		int64_t seen_ms = scene_seen_ms(scene, order[i]);
		if (quiet != SIZE_MAX && lines[quiet].group != group)
			quiet = SIZE_MAX;
		if (!is_quiet(scene, group, order[i], fold)) {
			struct line line = {group, order[i], 1, 0, i};
			if (quiet != SIZE_MAX) {
				lines[made] = lines[quiet];
				lines[quiet] = line;
				quiet = made++;
			} else {
				lines[made++] = line;
			}
			continue;
		}
		if (quiet == SIZE_MAX) {
			quiet = made;
			lines[made++] = (struct line){group, -1, 0, -1, i};
		}
		lines[quiet].count++;
		if (seen_ms > lines[quiet].oldest_ms)
			lines[quiet].oldest_ms = seen_ms;
	}
	return (int)made;
}

static void draw_quiet(struct area area, int row, const struct columns *at,
	const struct scene *scene, const struct line *line, const int *order, bool has_more)
{
	struct buf text = {0};
	if (line->group == GROUP_AWAITED) {
		buf_printf(&text, "%zu not restored yet: ", line->count);
		size_t named = 0;
		for (size_t i = line->from; named < line->count; i++, named++)
			buf_printf(&text, "%s%s", named ? ", " : "",
				scene->runbook->dependencies[order[i]].id);
	} else {
		buf_printf(&text, "%zu %shealthy, oldest ", line->count, has_more ? "more " : "");
		age_words(line->oldest_ms, &text);
	}
	area_text(area, row, at->name, at->end - at->name, ROLE_DIM, buf_str(&text));
	buf_fini(&text);
}

// What does not fit on the selected line.
static void draw_selected(struct area area, const struct scene *scene)
{
	const struct dependency *of = &scene->runbook->dependencies[scene->ui->selected_dependency];
	struct sheet sheet = {.arena = scene->arena, .label_columns = 10};
	struct buf text = {0};
	seen_words(scene, scene->ui->selected_dependency, &text);
	buf_printf(&text, ": %s %s",
		status_word(scene_status(scene, scene->ui->selected_dependency)),
		scene_message(scene, scene->ui->selected_dependency));
	int under = state_folded_under(scene->state, scene->ui->selected_dependency);
	if (under >= 0)
		buf_printf(&text, "; under %s", scene->runbook->dependencies[under].id);
	sheet_printf(&sheet, NULL, ROLE_TITLE, "%s: %s%s%s", of->id, of->title,
		of->restored_by.count > 0 ? "; restored by " : "; given from ",
		via_of(scene, scene->ui->selected_dependency));
	sheet_add(&sheet, "known", ROLE_NORMAL, buf_str(&text));
	sheet_add(&sheet, "degraded", ROLE_NORMAL, of->degraded);
	sheet_add(&sheet, "owner", ROLE_NORMAL, of->owner);
	buf_fini(&text);
	sheet_draw(area, &sheet, 0);
}

static void draw_title(struct area area, const struct scene *scene)
{
	size_t counts[GROUPS] = {0};
	struct buf text = {0};
	for (size_t i = 0; i < scene->runbook->dependency_count; i++)
		counts[group_of(scene->state, scene->now.wall, (int)i)]++;
	buf_printf(&text, "lost %zu  due %zu  held %zu", counts[GROUP_LOST], counts[GROUP_DUE],
		counts[GROUP_HELD]);
	if (area.columns >= 66)
		buf_printf(&text, "  given %zu  awaited %zu", counts[GROUP_GIVEN],
			counts[GROUP_AWAITED]);
	if (counts[GROUP_WAIVED] > 0)
		buf_printf(&text, "  waived %zu", counts[GROUP_WAIVED]);
	enum role role = counts[GROUP_LOST] > 0                 ? ROLE_BAD
			 : scene->ui->pane == PANE_DEPENDENCIES ? ROLE_TITLE
								: ROLE_RULE;
	rule_draw(area, 0, role, "DEPENDENCIES", buf_str(&text));
	buf_fini(&text);
}

static int top_line(const struct scene *scene, const struct line *lines, int count, int height)
{
	int top = scene->ui->pane == PANE_DEPENDENCIES ? scene->ui->dependencies_top : 0;
	for (int i = 0; i < count && scene->ui->pane == PANE_DEPENDENCIES; i++)
		if (lines[i].dependency == scene->ui->selected_dependency) {
			top = i >= top + height ? i - height + 1 : top;
			top = i < top ? i : top;
		}
	if (top > count - height)
		top = count - height;
	return top < 0 ? 0 : top;
}

static void draw_line(struct area area, int row, const struct columns *at,
	const struct scene *scene, const struct line *line, bool is_first, const int *order)
{
	if (is_first)
		area_text(area, row, at->word, 7, line->group == GROUP_LOST ? ROLE_BAD : ROLE_TITLE,
			group_words[line->group]);
	if (line->dependency < 0) {
		draw_quiet(area, row, at, scene, line, order, !is_first);
		return;
	}
	draw_dependency(area, row, at, scene, line->group, line->dependency);
	if (scene->ui->pane == PANE_DEPENDENCIES &&
		line->dependency == scene->ui->selected_dependency) {
		area_paint(area, row, 0, area.columns, ROLE_SELECTED);
		area_text(area, row, 0, 1, ROLE_SELECTED, ">");
	}
}

struct hidden dependencies_draw(struct area area, const struct scene *scene)
{
	size_t limit = scene->runbook->dependency_count + GROUPS;
	int *order = arena_array(scene->arena, limit, sizeof(*order));
	struct line *lines = arena_array(scene->arena, limit, sizeof(*lines));
	struct area body = area_part(area, 1, 0, area.rows - 1, area.columns);
	struct columns at = columns_of(scene, area.columns);
	bool has_focus = scene->ui->pane == PANE_DEPENDENCIES;
	ui_dependencies(scene->facts, order);
	int count = make_lines(scene, order, FOLD_NOTHING, lines);
	for (int fold = FOLD_AWAITED; fold < FOLDS && !has_focus && count > body.rows; fold++)
		count = make_lines(scene, order, (enum fold)fold, lines);
	if (has_focus && scene->ui->selected_dependency >= 0 && body.rows > 3 * SELECTED_ROWS) {
		body.rows -= SELECTED_ROWS + 1;
		area_repeat(area, 1 + body.rows, 1, area.columns - 2, ROLE_RULE, '-', "─");
		draw_selected(
			area_part(area, 2 + body.rows, 0, SELECTED_ROWS, area.columns), scene);
	}
	int top = top_line(scene, lines, count, body.rows);
	draw_title(area, scene);
	for (int i = 0; i < body.rows && top + i < count; i++) {
		const struct line *line = &lines[top + i];
		draw_line(
			body, i, &at, scene, line, i == 0 || line[-1].group != line->group, order);
	}
	int below = count - top - body.rows;
	return (struct hidden){top, below > 0 ? below : 0};
}
