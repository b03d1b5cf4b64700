// SPDX-License-Identifier: Apache-2.0
//
// What each kind of concern says on its three lines: what it is, what is seen of it, what may help.
// A kind of its own file (target_say, abort_say, …) has its words there; all are rows of one table.
#include "frame_concern.h"

#include <string.h>

#include "frame_expiry.h"
#include "frame_sight.h"
#include "frame_words.h"

void concern_words_fini(struct concern_words *words)
{
	for (int i = 0; i < CONCERN_LINES; i++)
		buf_fini(&words->lines[i]);
}

// "for ben"
static void say_owner(const struct scene *scene, int step, struct buf *out)
{
	const char *owner = step_owner(scene, step);
	if (owner)
		buf_printf(out, ", for %s", owner);
}

// What can be done about it, where it can be done from here.
static void say_keys(const struct scene *scene, struct concern_words *words, const char *keys)
{
	if (ui_has_incident(scene->ui))
		buf_text(&words->lines[2], keys);
}

// A hint of the runbook whose pattern stands in what was said as it is.
static void say_hint(const struct scene *scene, int step, const char *said, struct buf *out)
{
	const struct step *of = &scene->runbook->steps[step];
	for (size_t i = 0; said && i < of->hint_count; i++)
		if (of->hints[i].match && strstr(said, of->hints[i].match)) {
			buf_printf(out, "hint: %s", of->hints[i].say);
			return;
		}
}

static const char *unseen(const struct scene *scene, int step)
{
	return scene->state->steps[step].is_acknowledged ? "" : ", not yet seen";
}

static void say_regressed(
	const struct scene *scene, const struct concern *concern, struct concern_words *words)
{
	const struct step_progress *progress = &scene->state->steps[concern->step];
	struct buf *lines = words->lines;
	buf_printf(&lines[0], "!! REGRESSED %s ", scene->runbook->steps[concern->step].id);
	clock_words(scene_age_ms(scene, progress->since.mono), &lines[0]);
	buf_printf(&lines[0], " ago%s; done since ", unseen(scene, concern->step));
	elapsed_words(scene, progress->done, &lines[0]);
	int dependency = scene_unhealthy(scene, concern->step);
	if (dependency >= 0)
		observation_words(scene, dependency, &lines[1]);
	if (scene->letter[concern->step])
		buf_printf(&lines[2], "Causes every line marked ^%c.   ",
			scene->letter[concern->step]);
	if (dependency >= 0)
		say_hint(scene, concern->step, scene_message(scene, dependency), &lines[2]);
}

// What is left to do where a step was to be undone.
static const char rollback_keys[] =
	":rollback runs it again; U says that it was undone by hand; r runs the step.";

// What failed may have said much: it has two lines, and what follows stands on the first one.
static void say_failed(
	const struct scene *scene, const struct concern *concern, struct concern_words *words)
{
	const struct step_progress *progress = &scene->state->steps[concern->step];
	struct buf *lines = words->lines;
	int dependency = scene_unhealthy(scene, concern->step);
	int root = scene->root[concern->step];
	bool is_told = progress->said && progress->said[0];
	bool is_looked_at = scene->facts->watches[concern->step].is_resolving;
	bool is_rollback = state_rollback_is_open(scene->state, concern->step);
	buf_printf(&lines[0], "!! FAILED %s, ", scene->runbook->steps[concern->step].id);
	step_reason(scene, concern->step, &lines[0]);
	buf_text(&lines[0], progress->is_acknowledged || is_looked_at ? "" : ", not yet seen");
	if (scene->letter[concern->step])
		buf_printf(&lines[0], "; holds up ^%c", scene->letter[concern->step]);
	if (is_told)
		buf_text(&lines[1], progress->said);
	else if (dependency >= 0)
		observation_words(scene, dependency, &lines[1]);
	else
		buf_text(&lines[1], "It said nothing; o shows its output.");
	if (root >= 0 && scene->letter[root])
		buf_printf(&lines[2], "May follow from ^%c %s.   ", scene->letter[root],
			scene->runbook->steps[root].id);
	if (is_told && !strstr(progress->said, "hint:"))
		say_hint(scene, concern->step, progress->said, &lines[2]);
	if (is_rollback) {
		say_keys(scene, words, rollback_keys);
		return;
	}
	if (lines[2].length == 0 && dependency < 0 &&
		scene->runbook->steps[concern->step].restores.count > 0 && !is_looked_at)
		buf_printf(&lines[2], "What it restores is healthy now%s.",
			ui_has_incident(scene->ui) ? "; v verifies it" : "");
}

static void say_unknown(
	const struct scene *scene, const struct concern *concern, struct concern_words *words)
{
	const struct step_progress *progress = &scene->state->steps[concern->step];
	struct buf *lines = words->lines;
	bool is_rollback = state_rollback_is_open(scene->state, concern->step);
	buf_printf(&lines[0], "?? UNKNOWN %s of %s, ", is_rollback ? "rollback" : "outcome",
		scene->runbook->steps[concern->step].id);
	if (progress->attempt > 1)
		buf_printf(&lines[0], "try %d, ", progress->attempt);
	buf_text(&lines[0], "lost ");
	clock_words(scene_age_ms(scene, progress->since.mono), &lines[0]);
	buf_printf(&lines[0], " ago%s", unseen(scene, concern->step));
	buf_printf(&lines[1], "%s%sIt may have acted, or not.",
		progress->said ? progress->said : "", progress->said ? ". " : "");
	if (scene->facts->watches[concern->step].is_resolving)
		buf_text(&lines[2], "What it restores is looked at: ");
	if (resolving_words(scene, concern->step, &lines[2]))
		return;
	bool can_look = scene->runbook->steps[concern->step].restores.count > 0;
	say_keys(scene, words,
		is_rollback ? rollback_keys
		: can_look  ? "v looks whether what it restores is healthy; r runs it again."
			    : "Look whether it did its work; r runs it again.");
}

// Started, and kept from acting by the disk; -1: nothing is.
static int step_that_waits(const struct scene *scene)
{
	for (size_t s = 0; s < scene->runbook->step_count; s++)
		if (scene->state->steps[s].state == STEP_RUNNING &&
			!scene->state->steps[s].cancel_asked && scene_is_recording(scene, (int)s))
			return (int)s;
	return -1;
}

static void say_record(
	const struct scene *scene, const struct concern *concern, struct concern_words *words)
{
	(void)concern;
	if (!scene->input->fault) {
		buf_printf(&words->lines[0], "!! THE RECORD IS NOT AT HOME: %s",
			scene->input->away_why);
		buf_printf(&words->lines[1], "It goes on in %s.", scene->input->away_path);
		buf_text(&words->lines[2], "Make room on the disk or mend it, and it comes home by "
					   "itself. Do not reboot.");
		return;
	}
	buf_printf(&words->lines[0], "!! THE RECORD CANNOT BE WRITTEN: %s", scene->input->fault);
	buf_printf(&words->lines[1],
		"Nothing new can be started; what runs goes on. On disk: #%lld of #%lld.",
		(long long)scene->input->durable_seq, (long long)scene->input->newest_seq);
	int waiting = step_that_waits(scene);
	if (waiting >= 0)
		buf_printf(&words->lines[2],
			"%s STARTS when the disk takes it; c on it calls that off.",
			scene->runbook->steps[waiting].id);
	else
		buf_text(&words->lines[2],
			"Make room on the disk or mend it; or :continue-unrecorded.");
}

// Another relight may have it on another machine, where this one sees no lock.
static void say_deserted(
	const struct scene *scene, const struct concern *concern, struct concern_words *words)
{
	(void)concern;
	buf_text(&words->lines[0], "!! NOBODY HERE HAS THIS INCIDENT OPEN: nothing is sensed.");
	buf_text(&words->lines[1], "What you see is as it was recorded, the last of it ");
	duration_words(scene_wall_age_ms(scene, scene->state->last.wall), &words->lines[1]);
	buf_text(&words->lines[1], " ago; attempts go on.");
	buf_text(&words->lines[2], "'relight resume' goes on with it.");
}

static void say_sensor(
	const struct scene *scene, const struct concern *concern, struct concern_words *words)
{
	(void)concern;
	const char *why =
		scene->input->sensor_why ? scene->input->sensor_why : scene->sensed->why_down;
	buf_text(&words->lines[0], "!! THE SENSOR IS DOWN");
	if (scene->input->sensor_silence_ms >= 0) {
		buf_text(&words->lines[0], ", silent for ");
		duration_words(scene->input->sensor_silence_ms, &words->lines[0]);
	}
	buf_text(&words->lines[0], ". It is started again by itself.");
	buf_text(&words->lines[1], why ? why : "");
	buf_text(&words->lines[2],
		"What you see gets old, and nothing is verified until it is back.");
}

static void say_timeout(
	const struct scene *scene, const struct concern *concern, struct concern_words *words)
{
	const struct step *of = &scene->runbook->steps[concern->step];
	const struct step_progress *progress = &scene->state->steps[concern->step];
	int64_t limit_ms = state_limit_ms(scene->state, concern->step);
	int64_t ran_ms = scene_age_ms(scene, progress->intent.mono);
	buf_printf(&words->lines[0], "!! %s is near its timeout: ", of->id);
	clock_words(ran_ms, &words->lines[0]);
	buf_text(&words->lines[0], " of ");
	duration_words(limit_ms, &words->lines[0]);
	if (ran_ms >= limit_ms) {
		buf_text(&words->lines[1],
			"Its time is up; that it is being stopped is not known yet.");
		say_keys(scene, words, "o shows its output.");
		return;
	}
	buf_text(&words->lines[1], "It is stopped in ");
	clock_words(limit_ms - ran_ms, &words->lines[1]);
	buf_text(&words->lines[1], ", and killed ");
	duration_words(of->grace_ms, &words->lines[1]);
	buf_text(&words->lines[1], " after that.");
	say_keys(scene, words, "T gives it more time, c stops it now, o shows its output.");
}

static void say_late(
	const struct scene *scene, const struct concern *concern, struct concern_words *words)
{
	struct buf reason = {0};
	step_reason(scene, concern->step, &reason);
	buf_printf(&words->lines[0], "!! %s is not verified yet: %s",
		scene->runbook->steps[concern->step].id, buf_str(&reason));
	buf_fini(&reason);
	int dependency = scene_unhealthy(scene, concern->step);
	if (dependency >= 0)
		observation_words(scene, dependency, &words->lines[1]);
	say_keys(scene, words, "T gives it more time, v looks now, O overrides with a reason.");
}

void concern_list_ready(const struct scene *scene, size_t from, struct buf *out)
{
	for (size_t i = from; i < scene->ready_count; i++) {
		if (i == from + 3) {
			buf_printf(out, " and %zu more", scene->ready_count - i);
			return;
		}
		int step = scene->ready[i];
		buf_printf(out, "%s%s", i == from ? "" : "; ", scene->runbook->steps[step].id);
		if (scene->runbook->steps[step].takes_ms > 0) {
			buf_text(out, ", ~");
			duration_words(scene->runbook->steps[step].takes_ms, out);
		}
		say_owner(scene, step, out);
	}
}

static void say_ready(
	const struct scene *scene, const struct concern *concern, struct concern_words *words)
{
	static const char *const verbs[] = {[STEP_RUN] = "START",
		[STEP_MANUAL] = "DO AND ATTEST",
		[STEP_DECIDE] = "DECIDE",
		[STEP_WAIT] = "WAIT FOR"};
	const struct step *of = &scene->runbook->steps[concern->step];
	struct buf cost = {0};
	cost_words(scene, concern->step, &cost);
	buf_printf(&words->lines[0], "%s%s: %s %s%s%s",
		scene->state->was_aborted ? "ABORTED. " : "", scene->can_act ? "YOURS" : "READY",
		verbs[of->kind], of->id, cost.length ? ", " : "", buf_str(&cost));
	say_owner(scene, concern->step, &words->lines[0]);
	buf_fini(&cost);
	const char *what = of->kind == STEP_DECIDE   ? of->question
			   : of->kind == STEP_MANUAL ? of->manual
						     : NULL;
	if (!what && strcmp(of->title, of->id) != 0)
		what = of->title;
	buf_text(&words->lines[1], what ? what : "");
	if (scene->ready_count > 1) {
		buf_text(&words->lines[2], "Beside it: ");
		concern_list_ready(scene, 1, &words->lines[2]);
	}
}

typedef void concern_sayer(
	const struct scene *scene, const struct concern *concern, struct concern_words *words);
static const struct {
	concern_sayer *say;
	enum role role;
	const char *name; // after the id of what it is about
} concern_table[] = {
	[CONCERN_DESERTED] = {say_deserted, ROLE_WARN, "nobody has it open"},
	[CONCERN_RECORD] = {say_record, ROLE_BAD, "the record cannot be written"},
	[CONCERN_TIMEOUT] = {say_timeout, ROLE_WARN, "near its timeout"},
	[CONCERN_TARGET] = {target_say, ROLE_BAD, "is not the target it should be"},
	[CONCERN_REGRESSED] = {say_regressed, ROLE_BAD, "regressed"},
	[CONCERN_FAILED] = {say_failed, ROLE_BAD, "failed"},
	[CONCERN_UNKNOWN] = {say_unknown, ROLE_WARN, "outcome unknown"},
	[CONCERN_ABORT] = {abort_say, ROLE_BAD, "is a reason to abort"},
	[CONCERN_SENSOR] = {say_sensor, ROLE_BAD, "the sensor is down"},
	[CONCERN_GIVEN] = {given_say, ROLE_BAD, "is bad"},
	[CONCERN_EXPIRES] = {expiry_say, ROLE_WARN, "expires"},
	[CONCERN_LATE] = {say_late, ROLE_WARN, "not verified yet"},
	[CONCERN_SIGHT] = {sight_say, ROLE_WARN, "not known"},
	[CONCERN_UPDATE] = {quiet_say_update, ROLE_WARN, "update OVERDUE"},
	[CONCERN_LOSS] = {quiet_say_loss, ROLE_NORMAL, "loss not known"},
	[CONCERN_ASIDE] = {given_say_aside, ROLE_WARN, "is bad, which no step requires"},
	[CONCERN_READY] = {say_ready, ROLE_READY, "ready"},
};

void concern_name(const struct scene *scene, const struct concern *concern, struct buf *out)
{
	const char *id = concern->step >= 0 ? scene->runbook->steps[concern->step].id
			 : concern->dependency >= 0
				 ? scene->runbook->dependencies[concern->dependency].id
			 : concern->target >= 0 ? scene->runbook->targets[concern->target].id
						: NULL;
	buf_printf(out, "%s%s%s", id ? id : "", id ? " " : "", concern_table[concern->kind].name);
}

// Somebody else has it, and there is a way to get it, or none from this account.
static void say_owner_and_way(const struct scene *scene, struct buf *line)
{
	const char *person = scene->state->session_by, *name = scene->input->take_name;
	buf_printf(line, "You look on: %s has this incident", person ? person : "another relight");
	if (scene->input->take_account) {
		buf_printf(line, "; only the account %s can take it", scene->input->take_account);
		return;
	}
	struct buf whole = {0};
	buf_printf(&whole, "%s; relight take %s", buf_str(line), name ? name : "NAME");
	bool is_fitting = safe_columns(buf_str(&whole), scene->is_utf8) <= scene->columns - 2;
	buf_printf(line, "; relight take %s", is_fitting && name ? name : "NAME");
	buf_fini(&whole);
}

// Whoever only looks on is told so where something could be done.
void concern_say_seat(const struct scene *scene, struct concern_words *words)
{
	static const char *const seats[] = {
		[SEAT_COCKPIT] = "You look on: nothing is started from here until A arms you.",
		[SEAT_OBSERVER] = "You look on: this screen was opened for that only (--observe).",
		[SEAT_REPLAY] = "A replay of what was; nothing can be started.",
	};
	if (scene->can_act || scene_is_over(scene))
		return;
	if (words->role == ROLE_BAD || words->role == ROLE_WARN) {
		if (scene->ui->seat == SEAT_COCKPIT &&
			decide_allows(scene->facts, INTENT_ARM, -1, NULL))
			buf_printf(&words->lines[2], "%sA arms you.",
				words->lines[2].length ? "   " : "");
		return;
	}
	struct buf last = words->lines[CONCERN_LINES - 1];
	memmove(&words->lines[1], &words->lines[0], (CONCERN_LINES - 1) * sizeof(last));
	buf_clear(&last);
	if (scene->input->signing)
		buf_printf(&last,
			"NOT OPEN YET: your key signs who you are; touch it if it waits (%s).",
			scene->input->signing);
	else if (scene->ui->seat == SEAT_ONLOOKER)
		say_owner_and_way(scene, &last);
	else
		buf_text(&last, seats[scene->ui->seat]);
	words->lines[0] = last;
}

#define WAY_COLUMNS 18
void concern_say_way(const struct scene *scene, struct buf *text)
{
	int room = scene->columns - 2 - WAY_COLUMNS;
	if (room > 0 && safe_columns(buf_str(text), scene->is_utf8) > room)
		return;
	while (text->length > 0 && text->data[text->length - 1] == ' ')
		text->data[--text->length] = '\0';
	bool is_sentence = text->length > 0 && text->data[text->length - 1] == '.';
	buf_printf(text, "%sTab goes there.", is_sentence ? " " : text->length > 0 ? "   " : "");
}

void concern_say_itself(
	const struct scene *scene, const struct concern *concern, struct concern_words *words)
{
	memset(words, 0, sizeof(*words));
	words->role = concern_table[concern->kind].role;
	concern_table[concern->kind].say(scene, concern, words);
}

static bool fits(const struct scene *scene, const struct buf *line, int more_columns)
{
	return safe_columns(buf_str(line), scene->is_utf8) + more_columns <= scene->columns - 2;
}

// Trouble is not all there is to do: what can go on stands below it, where there is room. What
// failed may have said more than one line holds.
static void say_meanwhile(
	const struct scene *scene, const struct concern *concern, struct concern_words *words)
{
	struct buf next = {0};
	struct buf *last = &words->lines[CONCERN_LINES - 1];
	bool is_crowded = concern->step >= 0 && last->length == 0 &&
			  !(fits(scene, &words->lines[0], 0) && fits(scene, &words->lines[1], 0));
	calm_say_next(scene, concern->step < 0, &next);
	int columns = safe_columns(buf_str(&next), scene->is_utf8) + 3;
	if (next.length > 0 && !is_crowded && (last->length == 0 || fits(scene, last, columns)))
		buf_printf(last, "%s%s", last->length ? "   " : "", buf_str(&next));
	buf_fini(&next);
}

void concern_say(
	const struct scene *scene, const struct concern *concern, struct concern_words *words)
{
	concern_say_itself(scene, concern, words);
	if (concern->step >= 0 && concern->step != scene->selected_step)
		concern_say_way(scene, &words->lines[concern->kind == CONCERN_READY ? 0 : 2]);
	if (concern->kind < CONCERN_SIGHT)
		say_meanwhile(scene, concern, words);
	concern_say_seat(scene, words);
}
