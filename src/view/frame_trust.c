// SPDX-License-Identifier: Apache-2.0
//
// The header's line on how far things can be trusted: what data are lost, what customers get, the
// evidence, credentials that end, and the tool itself.
#include "frame_trust.h"

#include "relight/layout.h"
#include "relight/pin.h"

#include "frame_expiry.h"
#include "frame_serving.h"
#include "frame_words.h"

#define SILENT_MS (5 * MS_PER_S) // the sensor speaks every second

// --- data and what customers get ---

static void draw_loss(struct pen *pen, const struct scene *scene)
{
	const struct forecast *forecast = &scene->forecast;
	struct buf text = {0};
	bool is_proven = false;
	for (size_t i = 0; i < scene->runbook->restore_point_count; i++)
		is_proven = is_proven || wall_known(scene->state->restore_point_found[i]);
	if (forecast->loss_ms < 0) {
		if (forecast->has_rpo) {
			duration_words(scene->runbook->objectives.rpo_ms, &text);
			pen_printf(pen, ROLE_NORMAL, "loss not known, RPO %s  ", buf_str(&text));
		}
		buf_fini(&text);
		return;
	}
	bool is_over = forecast->has_rpo && forecast->loss_ms > scene->runbook->objectives.rpo_ms;
	duration_words(forecast->loss_ms, &text);
	pen_printf(pen, is_over ? ROLE_BAD : ROLE_NORMAL, "%s %s%s", is_proven ? "lost" : "lose",
		buf_str(&text), is_over ? " OVER" : "");
	if (forecast->has_rpo) {
		buf_clear(&text);
		duration_words(scene->runbook->objectives.rpo_ms, &text);
		pen_printf(pen, ROLE_NORMAL, " of RPO %s", buf_str(&text));
	}
	pen_skip(pen, 2);
	buf_fini(&text);
}

// Without functions: of the whole.
static const char *const whole_words[] = {
	[SERVING_UNSEEN] = "not seen yet",
	[SERVING_NEVER] = "no",
	[SERVING_NOW] = "yes",
	[SERVING_UNKNOWN] = "NOT KNOWN",
	[SERVING_LOST] = "NOT HEALTHY",
};
static const enum role serving_roles[] = {
	[SERVING_UNSEEN] = ROLE_NORMAL,
	[SERVING_NEVER] = ROLE_NORMAL,
	[SERVING_NOW] = ROLE_GOOD,
	[SERVING_UNKNOWN] = ROLE_WARN,
	[SERVING_LOST] = ROLE_BAD,
};

static void draw_serving(struct pen *pen, const struct scene *scene)
{
	size_t count = scene->runbook->function_count;
	enum serving whole = serving_whole(scene);
	if (!serving_is_shown(scene))
		return;
	if (count == 0) {
		pen_printf(pen, serving_roles[whole], "serving %s  ", whole_words[whole]);
		return;
	}
	size_t unknown = serving_count(scene, SERVING_UNKNOWN);
	pen_printf(pen, serving_roles[whole], "serving %zu/%zu", serving_count(scene, SERVING_NOW),
		count);
	if (unknown > 0)
		pen_printf(pen, ROLE_WARN, ", %zu not known", unknown);
	pen_skip(pen, 2);
}

// --- credentials, the sensor, the record ---

static void draw_token(struct pen *pen, const struct scene *scene, const char *label)
{
	int first = expiry_first(scene);
	int64_t left_ms;
	struct buf left = {0};
	if (first < 0)
		return;
	enum expiry expiry = expiry_of(scene, first, &left_ms);
	if (expiry == EXPIRY_OVER)
		buf_text(&left, "EXPIRED");
	else
		duration_words(left_ms, &left);
	pen_printf(pen,
		expiry == EXPIRY_OVER   ? ROLE_BAD
		: expiry == EXPIRY_SOON ? ROLE_WARN
					: ROLE_NORMAL,
		"%s%s %s%s", label, scene->runbook->dependencies[first].id, buf_str(&left),
		expiry == EXPIRY_SOON ? "!!" : "");
	pen_skip(pen, 2);
	buf_fini(&left);
}

// Whoever looks on sees the sensor of the one who has the incident.
static void draw_sensor(struct pen *pen, const struct scene *scene)
{
	const struct frame_input *input = scene->input;
	struct buf silence = {0};
	if (scene->ui->seat == SEAT_REPLAY)
		return;
	age_words(input->sensor_silence_ms, &silence);
	if (scene->facts->is_deserted)
		pen_text(pen, ROLE_BAD, "no sensor");
	else if (!ui_has_incident(scene->ui) && input->sensor_silence_ms < 0)
		pen_text(pen, ROLE_WARN, "sensor not seen");
	else if (!scene->sensed->is_up && input->sensor_silence_ms < 0 &&
		 scene->runbook->dependency_count + scene->runbook->target_count == 0)
		pen_text(pen, ROLE_DIM, "nothing to sense");
	else if (!scene->sensed->is_up && input->sensor_silence_ms < 0)
		pen_text(pen, ROLE_WARN, "sensor starting");
	else if (!scene->sensed->is_up)
		pen_printf(pen, ROLE_BAD, "sensor DOWN %s", buf_str(&silence));
	else
		pen_printf(pen, input->sensor_silence_ms > SILENT_MS ? ROLE_WARN : ROLE_NORMAL,
			"sensor %s", buf_str(&silence));
	buf_fini(&silence);
	pen_skip(pen, 2);
}

static void draw_tool(struct pen *pen, const struct scene *scene)
{
	const struct frame_input *input = scene->input;
	draw_sensor(pen, scene);
	if (scene->facts->is_unrecorded)
		pen_text(pen, ROLE_BAD, "UNRECORDED");
	else if (input->fault)
		pen_text(pen, ROLE_BAD, "record FAULT");
	else if (input->away_path)
		pen_text(pen, ROLE_BAD, "record AWAY");
	else if (input->mirror_fault)
		pen_text(pen, ROLE_WARN, "mirror FAULT");
	else if (input->durable_seq < input->newest_seq) // as wide as what follows
		pen_printf(pen, ROLE_NORMAL, "recording #%lld", (long long)input->newest_seq);
	else if (scene->state->first_bad_line > 0)
		pen_text(pen, ROLE_BAD, "record DAMAGED");
	else
		pen_printf(pen, ROLE_NORMAL, "record #%lld ok", (long long)input->newest_seq);
	if (input->lookers > 0)
		pen_printf(pen, ROLE_NORMAL, "  %d look", input->lookers);
}

// --- the line ---

static void draw_restore_points(struct pen *pen, const struct scene *scene)
{
	struct wall oldest = WALL_NONE;
	struct wall newest = WALL_NONE;
	size_t shown = 0;
	for (size_t i = 0; i < scene->runbook->restore_point_count; i++) {
		struct wall at = scene->state->restore_point_at[i];
		if (!wall_known(at))
			continue;
		char text[16];
		wall_clock(at, false, text);
		pen_printf(pen, ROLE_DIM, "%s%s %s", shown++ ? ", " : "",
			scene->runbook->restore_points[i].id, text);
		oldest = !wall_known(oldest) || at.us < oldest.us ? at : oldest;
		newest = !wall_known(newest) || at.us > newest.us ? at : newest;
	}
	if (shown > 1) {
		struct buf skew = {0};
		duration_words((newest.us - oldest.us) / US_PER_MS, &skew);
		pen_printf(pen, ROLE_DIM, ", skew %s", buf_str(&skew));
		buf_fini(&skew);
	}
	pen_skip(pen, shown ? 2 : 0);
}

static void draw_target_name(struct pen *pen, const struct scene *scene, int target)
{
	struct buf name = {0};
	target_words(scene, target, &name);
	pen_text(pen, ROLE_BAD, buf_str(&name));
	buf_fini(&name);
}

// Stands there for as long as it is so: nothing that such a target tells is certain. Whether there
// is one.
static bool draw_unverified(struct pen *pen, const struct scene *scene)
{
	size_t count = 0;
	for (size_t t = 0; t < scene->runbook->target_count; t++) {
		const struct pin *pin = &scene->state->pins[t];
		if (!pin_is_unverified(pin->fingerprint) && !pin_is_unverified(pin->now))
			continue;
		pen_text(pen, ROLE_BAD, count++ ? ", " : "TLS UNVERIFIED ");
		draw_target_name(pen, scene, (int)t);
	}
	pen_skip(pen, count ? 2 : 0);
	return count > 0;
}

// Where there is little room, what is not known or not certain takes that of what may be cut.
static void draw_trust_short(struct pen *pen, const struct scene *scene, bool is_unverified)
{
	bool is_token_last = is_unverified || serving_count(scene, SERVING_UNKNOWN) > 0;
	draw_loss(pen, scene);
	if (is_unverified) {
		draw_tool(pen, scene);
		pen_skip(pen, 2);
	}
	draw_serving(pen, scene);
	if (!is_token_last)
		draw_token(pen, scene, "");
	if (!is_unverified)
		draw_tool(pen, scene);
	pen_skip(pen, 2);
	if (is_token_last)
		draw_token(pen, scene, "");
}

void trust_draw(struct area area, const struct scene *scene)
{
	struct pen pen = pen_at(area, 2, 1, area.columns);
	bool is_unverified = draw_unverified(&pen, scene);
	if (area.columns < LAYOUT_TALL_COLUMNS) {
		draw_trust_short(&pen, scene, is_unverified);
		return;
	}
	pen_text(&pen, ROLE_TITLE, "DATA ");
	draw_loss(&pen, scene);
	draw_restore_points(&pen, scene);
	int level = state_evidence_level(scene->state);
	pen_text(&pen, ROLE_TITLE, " EVIDENCE ");
	if (level < 0)
		pen_text(&pen, ROLE_NORMAL, "none, goal L4   ");
	else
		pen_printf(&pen, level >= 4 ? ROLE_GOOD : ROLE_NORMAL, "L%d, goal L4   ", level);
	draw_token(&pen, scene, "TOKENS ");
	pen_skip(&pen, 1);
	draw_tool(&pen, scene);
}

void functions_draw(struct pen *pen, const struct scene *scene)
{
	static const char *const words[] = {
		[SERVING_UNSEEN] = "not seen yet",
		[SERVING_NEVER] = "DOWN",
		[SERVING_NOW] = "SERVING",
		[SERVING_UNKNOWN] = "NOT KNOWN",
		[SERVING_LOST] = "NOT HEALTHY",
	};
	size_t count = scene->runbook->function_count;
	if (count == 0) {
		enum serving whole = serving_whole(scene);
		pen_text(pen, ROLE_TITLE, "SERVING ");
		pen_text(pen, serving_roles[whole], whole_words[whole]);
		return;
	}
	pen_printf(pen, ROLE_TITLE, "SERVING %zu/%zu: ", serving_count(scene, SERVING_NOW), count);
	for (size_t i = 0; i < count; i++) {
		enum serving serving = serving_function(scene, i);
		pen_printf(
			pen, ROLE_NORMAL, "%s%s ", i ? ", " : "", scene->runbook->functions[i].id);
		pen_text(pen, serving_roles[serving], words[serving]);
	}
}
