// SPDX-License-Identifier: Apache-2.0
#include "frame_panes.h"

#include <string.h>

#include "relight/layout.h"
#include "relight/known.h"
#include "relight/pin.h"

#include "frame_serving.h"
#include "frame_sheet.h"
#include "frame_sight.h"
#include "frame_trust.h"
#include "frame_words.h"

#define CLOCK_COLUMNS 36 // less: the mode is worth more than the time of day

// --- who and where ---

static void draw_seat(struct pen *pen, const struct scene *scene)
{
	const struct state *state = scene->state;
	const char *person = scene->input->person ? scene->input->person : "";
	const char *armed = state->armed_by ? state->armed_by : person;
	bool is_armed = state->is_armed && !scene->facts->is_deserted;
	if (scene->can_act)
		pen_printf(pen, ROLE_MODE_ARMED, "ARMED %s", armed);
	else if (scene->ui->seat == SEAT_REPLAY)
		pen_printf(pen, ROLE_MODE_OBSERVER, "of %s%s%s", event_mode_word(state->mode),
			state->is_armed ? ", armed: " : "", state->is_armed ? armed : "");
	else
		pen_printf(pen, ROLE_MODE_OBSERVER, "OBSERVER %s%s%s", person,
			is_armed ? ", armed: " : "", is_armed ? armed : "");
}

static void draw_mode(struct pen *pen, const struct scene *scene)
{
	static const struct {
		const char *word;
		enum role role;
	} modes[] = {
		[EVENT_LIVE] = {" LIVE ", ROLE_MODE_LIVE},
		[EVENT_DRILL] = {" DRILL ", ROLE_MODE_DRILL},
		[EVENT_REHEARSAL] = {" REHEARSAL ", ROLE_MODE_REHEARSAL},
	};
	if (scene->ui->seat == SEAT_REPLAY)
		pen_text(pen, ROLE_MODE_REPLAY, " REPLAY ");
	else
		pen_text(pen, modes[scene->state->mode].role, modes[scene->state->mode].word);
	pen_skip(pen, 1);
	draw_seat(pen, scene);
}

static int first_target(const struct runbook *runbook, enum target_role role)
{
	for (size_t i = 0; i < runbook->target_count; i++)
		if (runbook->targets[i].role == role && !runbook->targets[i].is_ssh)
			return (int)i;
	return -1;
}

static void draw_target_name(struct pen *pen, enum role role, const struct scene *scene, int target)
{
	struct buf name = {0};
	target_words(scene, target, &name);
	pen_text(pen, role, buf_str(&name));
	buf_fini(&name);
}

// For how long nothing has been known of the cluster that is acted on.
static void draw_sight(struct pen *pen, const struct scene *scene, int target)
{
	int64_t ms = sight_target_ms(scene, target);
	struct buf text = {0};
	if (ms < 0)
		return;
	duration_words(ms, &text);
	pen_printf(pen, ROLE_WARN, "  NOT SEEN %s", buf_str(&text));
	buf_fini(&text);
}

// The first letters of what the target was pinned by, after its kind: "uid 0b1c…" gives "#0b1c".
static void draw_pin(struct pen *pen, const struct scene *scene, int target)
{
	static const char *const troubles[] = {
		[TARGET_TWIN] = "IT IS THE SOURCE",
		[TARGET_WRONG] = "NOT THE ONE WANTED",
	};
	const struct pin *pin = &scene->state->pins[target];
	enum target_trouble trouble = state_target_trouble(scene->state, target);
	if (trouble != TARGET_FINE) {
		pen_text(pen, ROLE_BAD,
			trouble == TARGET_CHANGED
				? pin_changes[state_pin_change(scene->state, target)].alone
				: troubles[trouble]);
		return;
	}
	if (!pin->is_pinned || !pin->fingerprint) {
		pen_text(pen, ROLE_WARN,
			known_is_not_made_yet(scene->facts, target) ? "not there yet"
								    : "not pinned yet");
		return;
	}
	const char *value = strchr(pin->fingerprint, ' ');
	pen_printf(pen, ROLE_NORMAL, "#%.4s", value ? value + 1 : pin->fingerprint);
	draw_sight(pen, scene, target);
}

static bool source_is_gone(const struct state *state)
{
	bool is_gone = false;
	for (size_t i = 0; i < state->remark_count; i++)
		if (state->remarks[i].kind == EVENT_SOURCE_GONE)
			is_gone = true;
		else if (state->remarks[i].kind == EVENT_SOURCE_RETURNED)
			is_gone = false;
	return is_gone;
}

static void draw_target(struct pen *pen, const struct scene *scene)
{
	const struct runbook *runbook = scene->runbook;
	int target = first_target(runbook, TARGET_RECOVERY);
	if (target < 0)
		target = first_target(runbook, TARGET_SHARED);
	pen_skip(pen, 3);
	if (target < 0) {
		pen_printf(pen, ROLE_NORMAL, "%s", runbook->name);
		return;
	}
	pen_text(pen, ROLE_TITLE, "ACT ON ");
	draw_target_name(pen, ROLE_TITLE, scene, target);
	pen_skip(pen, 2);
	draw_pin(pen, scene, target);
	if (runbook->scope.recovery_region)
		pen_printf(pen, ROLE_NORMAL, "  %s", runbook->scope.recovery_region);
	int source = first_target(runbook, TARGET_SOURCE);
	if (pen->area.columns < LAYOUT_TALL_COLUMNS || source < 0)
		return;
	pen_skip(pen, 3);
	pen_text(pen, ROLE_DIM, "SOURCE ");
	draw_target_name(pen, ROLE_DIM, scene, source);
	if (source_is_gone(scene->state))
		pen_text(pen, ROLE_DIM, " GONE");
}

static void draw_identity(struct area area, const struct scene *scene)
{
	char time[16];
	wall_clock(scene->now.wall, true, time);
	struct buf right = {0};
	if (area.columns >= LAYOUT_TALL_COLUMNS)
		buf_printf(&right, "%s%s%s  ", scene->runbook->name,
			scene->runbook->version ? " v" : "",
			scene->runbook->version ? scene->runbook->version : "");
	if (area.columns >= CLOCK_COLUMNS)
		buf_printf(&right, "%sZ", time);
	int end = area_right(area, 0, area.columns - 1, area.columns, ROLE_NORMAL, buf_str(&right));
	buf_fini(&right);
	struct pen pen = pen_at(area, 0, 0, end - 1);
	draw_mode(&pen, scene);
	draw_target(&pen, scene);
}

// --- the clocks ---

#define BAR_UNITS  20 // of the RTO, where there is room
#define BAR_LEAST  8
#define BAR_BEYOND 2
#define BAR_FRAME  4 // " [", "|", "]"

// "[######===========...|]": passed, expected, spare, the RTO, and what is beyond it.
static void draw_bar(struct pen *pen, const struct scene *scene)
{
	const struct forecast *forecast = &scene->forecast;
	int64_t rto_ms = scene->runbook->objectives.rto_ms;
	int beyond = forecast->misses_rto ? BAR_BEYOND : 0;
	int units = pen->end - pen->column - beyond - BAR_FRAME;
	if (!forecast->has_rto || rto_ms <= 0 || units < BAR_LEAST)
		return;
	units = units < BAR_UNITS ? units : BAR_UNITS;
	int64_t passed = forecast->elapsed_ms * units / rto_ms;
	int64_t expected = forecast->finish_ms * units / rto_ms;
	pen_text(pen, ROLE_DIM, " [");
	for (int i = 0; i < units; i++)
		pen_text(pen, i < passed ? ROLE_NORMAL : ROLE_DIM,
			i < passed     ? "#"
			: i < expected ? "="
				       : ".");
	pen_text(pen, ROLE_TITLE, "|");
	for (int i = units; i < units + beyond; i++)
		if (i < expected || i == units)
			pen_text(pen, ROLE_BAD, "!");
	pen_text(pen, ROLE_DIM, "]");
}

// What a person said stands apart from what was seen: no objective is met by it.
static void draw_declared(struct pen *pen, const struct scene *scene)
{
	const struct forecast *forecast = &scene->forecast;
	struct buf text = {0};
	if (!forecast->has_rto) {
		pen_text(pen, ROLE_DIM, "no RTO, ");
	} else if (forecast->rto_left_ms < 0) {
		clock_words(-forecast->rto_left_ms, &text);
		pen_text(pen, ROLE_TITLE, "RTO ");
		pen_printf(pen, ROLE_BAD, "MISSED by %s, ", buf_str(&text));
		buf_clear(&text);
	} else {
		pen_text(pen, ROLE_TITLE, "RTO ");
		pen_text(pen, ROLE_WARN, "NOT PROVEN, ");
	}
	buf_text(&text, "declared ");
	declared_words(scene, &text);
	if (scene->state->recovered_why)
		buf_printf(&text, ": %s", scene->state->recovered_why);
	pen_printf(pen, ROLE_WARN, "%s; %s", buf_str(&text), state_unproven(scene->state));
	buf_fini(&text);
}

static void draw_rto(struct pen *pen, const struct scene *scene, bool is_wide)
{
	const struct forecast *forecast = &scene->forecast;
	struct buf left = {0};
	if (scene->state->was_aborted && !forecast->is_serving) {
		elapsed_words(scene, scene->state->aborted, &left);
		pen_printf(pen, ROLE_BAD, "ABORTED at %s%s", buf_str(&left),
			forecast->has_rto ? ", RTO given up" : "");
		buf_fini(&left);
		return;
	}
	if (forecast->is_declared) {
		draw_declared(pen, scene);
		return;
	}
	if (!forecast->has_rto) {
		pen_printf(pen, ROLE_DIM, "no RTO, %s T+%02lld",
			forecast->is_serving ? "serving since" : "forecast",
			(long long)(forecast->finish_ms / (60 * MS_PER_S)));
		return;
	}
	pen_text(pen, ROLE_TITLE, "RTO ");
	if (is_wide) {
		duration_words(scene->runbook->objectives.rto_ms, &left);
		pen_printf(pen, ROLE_TITLE, "%s: ", buf_str(&left));
		buf_clear(&left);
	}
	clock_words(
		forecast->rto_left_ms < 0 ? -forecast->rto_left_ms : forecast->rto_left_ms, &left);
	if (forecast->is_serving) {
		pen_text(pen, forecast->rto_left_ms < 0 ? ROLE_BAD : ROLE_GOOD,
			forecast->rto_left_ms < 0 ? "MISSED by " : "MET with ");
		pen_printf(pen, ROLE_NORMAL, "%s%s%s", buf_str(&left),
			forecast->rto_left_ms < 0 ? "" : " left",
			serving_whole(scene) == SERVING_NOW ? ", serving" : "");
	} else if (forecast->rto_left_ms < 0) {
		pen_printf(pen, ROLE_BAD, "MISSED %s ago", buf_str(&left));
	} else {
		pen_printf(pen, ROLE_NORMAL, "%s left", buf_str(&left));
	}
	buf_clear(&left);
	if (!forecast->is_serving && forecast->misses_rto && forecast->rto_left_ms >= 0) {
		duration_words(forecast->misses_rto_by_ms, &left);
		pen_text(pen, ROLE_NORMAL, ", ");
		if (is_wide)
			pen_printf(pen, ROLE_NORMAL, "forecast T+%02lld ",
				(long long)(forecast->finish_ms / (60 * MS_PER_S)));
		pen_printf(pen, ROLE_BAD, "MISSES BY %s", buf_str(&left));
	} else if (!forecast->is_serving) {
		pen_printf(pen, ROLE_NORMAL, ", forecast T+%02lld%s",
			(long long)(forecast->finish_ms / (60 * MS_PER_S)),
			forecast->misses_rto ? "" : " OK");
	}
	buf_fini(&left);
}

static void say_mtd(const struct scene *scene, bool is_wide, struct buf *out)
{
	const struct forecast *forecast = &scene->forecast;
	if (!forecast->has_mtd)
		return;
	buf_text(out, "MTD ");
	if (is_wide) {
		duration_words(scene->runbook->objectives.mtd_ms, out);
		buf_text(out, ": ");
	}
	if (forecast->mtd_left_ms < 0)
		buf_text(out, "PASSED ");
	clock_words(
		forecast->mtd_left_ms < 0 ? -forecast->mtd_left_ms : forecast->mtd_left_ms, out);
	if (is_wide && forecast->mtd_left_ms >= 0)
		buf_text(out, " left");
}

static void draw_clocks(struct area area, const struct scene *scene)
{
	bool is_wide = area.columns >= LAYOUT_TALL_COLUMNS;
	struct buf text = {0};
	say_mtd(scene, is_wide, &text);
	int end = area_right(area, 1, area.columns - 1, area.columns,
		scene->forecast.misses_mtd ? ROLE_BAD : ROLE_NORMAL, buf_str(&text));
	buf_clear(&text);
	struct pen pen = pen_at(area, 1, 1, end - 1);
	clock_words(scene->elapsed_ms, &text);
	pen_printf(&pen, ROLE_TITLE, "T+%s", buf_str(&text));
	if (is_wide && wall_known(scene->origin)) {
		char since[16];
		wall_clock(scene->origin, false, since);
		pen_printf(&pen, ROLE_DIM, " since %s %s ", state_origin_word(scene->state), since);
	}
	pen_skip(&pen, 2);
	draw_rto(&pen, scene, is_wide);
	bool is_over = scene->state->was_aborted || scene->forecast.is_declared;
	if (!is_over)
		draw_bar(&pen, scene);
	if (is_wide && scene->forecast.rests_on >= 0 && !scene->forecast.is_serving && !is_over) {
		buf_clear(&text);
		duration_words(scene->forecast.remaining_ms, &text);
		pen_printf(&pen, ROLE_DIM, " rests on %s, %s more",
			scene->runbook->steps[scene->forecast.rests_on].id, buf_str(&text));
	}
	buf_fini(&text);
}

// --- functions and people (wide only) ---

// "incident commander" gives "IC", "operations" gives "OPER".
static void say_role(const char *role, struct buf *out)
{
	bool has_words = strchr(role, ' ') != NULL;
	size_t most = strlen(role) > 6 ? 4 : 6;
	bool is_first = true;
	for (size_t i = 0; role[i] && (has_words || i < most); i++) {
		char c = role[i];
		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		if (!has_words || is_first)
			buf_byte(out, c);
		is_first = role[i] == ' ';
	}
}

static void draw_people(struct area area, const struct scene *scene)
{
	struct buf roles = {0};
	for (size_t i = 0; i < scene->state->role_count; i++) {
		buf_text(&roles, i ? "  " : "");
		say_role(scene->state->roles[i].role, &roles);
		buf_printf(&roles, " %s", scene->state->roles[i].who);
	}
	int end = area_right(
		area, 3, area.columns - 1, area.columns / 2, ROLE_NORMAL, buf_str(&roles));
	buf_fini(&roles);
	struct pen pen = pen_at(area, 3, 1, end - 1);
	if (serving_is_shown(scene))
		functions_draw(&pen, scene);
}

// On a screen that is too small for three lines: what cannot be left out of each.
static void draw_tiny(struct area area, const struct scene *scene)
{
	draw_identity(area, scene);
	struct pen pen = pen_at(area, 1, 1, area.columns);
	struct buf text = {0};
	clock_words(scene->elapsed_ms, &text);
	pen_printf(&pen, ROLE_TITLE, "T+%s ", buf_str(&text));
	buf_fini(&text);
	draw_rto(&pen, scene, false);
}

void header_draw(struct area area, const struct scene *scene)
{
	if (area.rows < 3) {
		draw_tiny(area, scene);
		return;
	}
	draw_identity(area, scene);
	draw_clocks(area, scene);
	trust_draw(area, scene);
	if (area.rows > 3)
		draw_people(area, scene);
}
