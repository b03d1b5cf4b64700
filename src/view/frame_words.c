// SPDX-License-Identifier: Apache-2.0
#include "frame_words.h"

#include <string.h>

#include "relight/known.h"

void target_words(const struct scene *scene, int target, struct buf *out)
{
	if (!facts_target_name(scene->facts, target, out))
		buf_text(out, scene->runbook->targets[target].id);
}

// --- durations ---

void clock_words(int64_t ms, struct buf *out)
{
	char text[DURATION_TEXT_BYTES];
	duration_clock(ms, text);
	buf_text(out, text);
}

void duration_words(int64_t ms, struct buf *out)
{
	char text[DURATION_TEXT_BYTES];
	duration_short(ms, text);
	buf_text(out, text);
}

void age_words(int64_t age_ms, struct buf *out)
{
	if (age_ms < 0)
		buf_text(out, "-");
	else
		duration_words(age_ms, out);
}

void still_words(int64_t still_ms, bool is_short, struct buf *out)
{
	bool is_long = still_ms >= SENSED_STILL_MS;
	if (still_ms < 0)
		return;
	buf_text(out, is_long ? (is_short ? "stuck " : "no progress for ")
			      : (is_short ? "moved " : "progressed "));
	duration_words(still_ms, out);
	buf_text(out, is_long ? "" : " ago");
}

void before_words(const struct scene *scene, int dependency, struct buf *out)
{
	enum status before;
	if (known_before(scene->facts, dependency, &before))
		buf_printf(out, ", was %s", status_word(before));
}

void seen_words(const struct scene *scene, int dependency, struct buf *out)
{
	int64_t seen_ms = scene_seen_ms(scene, dependency);
	int64_t still_ms = scene_still_ms(scene, dependency);
	bool is_stale = scene_is_stale(scene, dependency);
	if (seen_ms < 0) {
		buf_text(out, "never seen");
		return;
	}
	int64_t unknown_ms = is_stale ? -1 : scene_unknown_ms(scene, dependency);
	if (unknown_ms >= 0) {
		buf_text(out, "not known for ");
		duration_words(unknown_ms, out);
		before_words(scene, dependency, out);
		buf_text(out, ", ");
	}
	buf_text(out, is_stale ? "STALE, not seen for " : unknown_ms >= 0 ? "asked " : "seen ");
	duration_words(seen_ms, out);
	buf_text(out, is_stale ? "" : " ago");
	buf_text(out, still_ms >= 0 ? ", " : "");
	still_words(still_ms, false, out);
}

void observation_words(const struct scene *scene, int dependency, struct buf *out)
{
	const char *message = scene_message(scene, dependency);
	buf_printf(out, "%s, ", scene->runbook->dependencies[dependency].id);
	seen_words(scene, dependency, out);
	buf_printf(
		out, ": %s", message[0] ? message : status_word(scene_status(scene, dependency)));
}

static void minutes_words(int64_t ms, struct buf *out)
{
	int64_t minutes = (ms < 0 ? -ms : ms) / (60 * MS_PER_S);
	buf_printf(out, "T%c%02lld", ms < 0 ? '-' : '+', (long long)minutes);
}

void elapsed_words(const struct scene *scene, struct moment at, struct buf *out)
{
	if (wall_known(at.wall) && wall_known(scene->origin))
		minutes_words(state_elapsed_ms(scene->state, at), out);
	else
		buf_text(out, "T?");
}

void wall_elapsed_words(const struct scene *scene, struct wall at, struct buf *out)
{
	if (wall_known(at) && wall_known(scene->origin))
		minutes_words((at.us - scene->origin.us) / US_PER_MS, out);
	else
		buf_text(out, "T?");
}

void finish_words(int64_t finish_ms, struct buf *out)
{
	buf_byte(out, '~');
	minutes_words(finish_ms, out);
}

// --- glyph and word ---

bool step_is_person(const struct scene *scene, int step)
{
	const struct step_progress *progress = &scene->state->steps[step];
	enum step_kind kind = scene->runbook->steps[step].kind;
	if (progress->state == STEP_DONE)
		return progress->how == DONE_CONFIRMED || progress->how == DONE_DECIDED ||
		       progress->how == DONE_OVERRIDDEN || progress->by_hand;
	return kind == STEP_MANUAL || kind == STEP_DECIDE;
}

bool step_is_doubted(const struct scene *scene, int step)
{
	return scene->shown[step] == STEP_DONE &&
	       scene->state->steps[step].how != DONE_OVERRIDDEN &&
	       scene_unhealthy(scene, step) >= 0;
}

// It has become something else than running, which the screen may not say before the disk has it.
static bool is_recorded_first(const struct scene *scene, int step)
{
	return scene->shown[step] == STEP_RUNNING &&
	       scene->state->steps[step].state != STEP_RUNNING;
}

const char *step_glyph(const struct scene *scene, int step)
{
	bool is_person = step_is_person(scene, step);
	switch (scene->shown[step]) {
	case STEP_WAITING: return is_person ? "( )" : " . ";
	case STEP_READY: return is_person ? "( )" : "[ ]";
	case STEP_RUNNING: return "[>]";
	case STEP_VERIFYING: return "[~]";
	case STEP_DONE: return is_person ? "(x)" : "[x]";
	case STEP_REGRESSED: return "[<]";
	case STEP_FAILED: return "[!]";
	case STEP_UNKNOWN: return "[?]";
	case STEP_SKIPPED: return "[-]";
	case STEP_STATES: break;
	}
	return "   ";
}

const char *step_word(const struct scene *scene, int step)
{
	switch (scene->shown[step]) {
	case STEP_READY: // a pure wait is nobody's to start
		return scene->runbook->steps[step].kind == STEP_WAIT ? "watching" : "READY";
	case STEP_DONE: return scene->state->steps[step].how == DONE_DECIDED ? "decided" : "done";
	case STEP_REGRESSED: return "REGRESSED";
	case STEP_FAILED: return "FAILED";
	case STEP_UNKNOWN: return "UNKNOWN";
	case STEP_RUNNING: return is_recorded_first(scene, step) ? "recording" : "running";
	default: return step_state_word(scene->shown[step]);
	}
}

enum role step_role(const struct scene *scene, int step)
{
	switch (scene->shown[step]) {
	case STEP_RUNNING:
	case STEP_VERIFYING: return ROLE_ACTIVE;
	case STEP_READY:
		return scene->runbook->steps[step].kind == STEP_WAIT ? ROLE_ACTIVE : ROLE_READY;
	case STEP_DONE:
		return step_is_doubted(scene, step)  ? ROLE_WARN
		       : step_is_person(scene, step) ? ROLE_PERSON
						     : ROLE_GOOD;
	case STEP_REGRESSED:
	case STEP_FAILED: return ROLE_BAD;
	case STEP_UNKNOWN: return ROLE_WARN;
	default: return ROLE_DIM;
	}
}

const char *step_owner(const struct scene *scene, int step)
{
	const struct step_progress *progress = &scene->state->steps[step];
	enum step_state shown = scene->shown[step];
	bool is_theirs = shown == STEP_RUNNING || shown == STEP_VERIFYING ||
			 (shown == STEP_DONE && step_is_person(scene, step));
	if (progress->owner)
		return progress->owner;
	if (is_theirs && progress->by && strcmp(progress->by, "relight") != 0)
		return progress->by;
	return scene->runbook->steps[step].owner;
}

// --- reasons ---

void running_words(const struct scene *scene, int step, struct buf *out)
{
	const struct step *of = &scene->runbook->steps[step];
	int64_t ran_ms = scene_age_ms(scene, scene->state->steps[step].intent.mono);
	clock_words(ran_ms, out);
	// What `takes` says is of the step, not of its rollback.
	if (of->takes_ms <= 0 || scene->state->steps[step].is_rollback)
		return;
	buf_text(out, ran_ms > of->takes_ms ? ", expected " : " of ~");
	duration_words(of->takes_ms, out);
}

static void say_running(const struct scene *scene, int step, struct buf *out)
{
	const struct step_progress *progress = &scene->state->steps[step];
	if (is_recorded_first(scene, step)) {
		buf_text(out, "what became of it is not on the disk yet");
		return;
	}
	if (scene_is_recording(scene, step)) {
		buf_text(out, "recording..");
		return;
	}
	if (state_is_stopping(scene->state, step))
		buf_text(out, "STOPPING, ");
	if (progress->is_rollback)
		buf_text(out, "rollback, ");
	if (progress->attempt > 1)
		buf_printf(out, "try %d, ", progress->attempt);
	if (stopping_words(scene, step, true, out))
		return;
	running_words(scene, step, out);
	if (progress->timeout_ms == ABSENT_MS || progress->cancel_asked)
		return;
	buf_text(out, ", timeout ");
	duration_words(state_limit_ms(scene->state, step), out);
	if (progress->put_off_ms > 0)
		buf_text(out, " with the sleep");
}

// "pg-primary creating, moved 5s ago", "pg-primary stuck 2m: creating": what must not be cut stands
// first. A step's own name says nothing new.
static void say_what_lacks(const struct scene *scene, int step, int dependency, struct buf *out)
{
	const char *id = scene->runbook->dependencies[dependency].id;
	const char *message = scene_message(scene, dependency);
	bool has_own_name = strcmp(id, scene->runbook->steps[step].id) == 0;
	int64_t still_ms = scene_still_ms(scene, dependency);
	int64_t unknown_ms = scene_unknown_ms(scene, dependency);
	if (unknown_ms >= 0) {
		buf_printf(out, "%s not known for ", id);
		duration_words(unknown_ms, out);
		if (!scene_is_stale(scene, dependency) && message[0])
			buf_printf(out, ": %s", message);
		return;
	}
	if (!has_own_name)
		buf_printf(out, "%s ", id);
	bool is_stuck = still_ms >= SENSED_STILL_MS;
	if (is_stuck)
		still_words(still_ms, true, out);
	buf_printf(out, "%s%s", is_stuck ? ": " : "",
		message[0] ? message : status_word(scene_status(scene, dependency)));
	if (still_ms >= 0 && !is_stuck)
		buf_text(out, ", ");
	if (!is_stuck)
		still_words(still_ms, true, out);
}

static void say_verifying(const struct scene *scene, int step, struct buf *out)
{
	const struct step *of = &scene->runbook->steps[step];
	const struct step_progress *progress = &scene->state->steps[step];
	int dependency = scene_unhealthy(scene, step);
	clock_words(scene_age_ms(scene, progress->verifying_from.mono), out);
	buf_text(out, " of ");
	duration_words(of->settle_ms + progress->extended_ms, out);
	if (dependency < 0) {
		buf_text(out, ", healthy, must last");
		return;
	}
	buf_text(out, ", ");
	say_what_lacks(scene, step, dependency, out);
}

// What is sensed now of what a done step restores: how old it is, or what is not healthy any more.
static void say_sensed(const struct scene *scene, int step, struct buf *out)
{
	const struct refs *restores = &scene->runbook->steps[step].restores;
	int dependency = scene_unhealthy(scene, step);
	int64_t oldest_ms = -1;
	for (size_t i = 0; i < restores->count; i++) {
		int64_t seen_ms = scene_seen_ms(scene, restores->items[i]);
		oldest_ms = seen_ms > oldest_ms ? seen_ms : oldest_ms;
	}
	bool is_stale = dependency >= 0 && scene_is_stale(scene, dependency);
	int64_t unknown_ms =
		dependency >= 0 && !is_stale ? scene_unknown_ms(scene, dependency) : -1;
	if (unknown_ms >= 0) {
		buf_text(out, ", not known for ");
		duration_words(unknown_ms, out);
	} else if (dependency >= 0 && !is_stale &&
		   scene_status(scene, dependency) != STATUS_HEALTHY) {
		buf_printf(out, ", now %s", status_word(scene_status(scene, dependency)));
	} else if (oldest_ms >= 0) {
		buf_text(out, dependency >= 0 ? ", STALE, sensed " : ", sensed ");
		age_words(oldest_ms, out);
	}
}

bool missing_words(const struct step_progress *progress, const char *before, struct buf *out)
{
	if (progress->missing_bytes <= 0)
		return false;
	buf_text(out, before);
	if (progress->missing_bytes >= 1000000)
		buf_printf(out, "%.1f MB MISSING", (double)progress->missing_bytes / 1e6);
	else
		buf_printf(out, "%lld bytes MISSING", (long long)progress->missing_bytes);
	return true;
}

static void say_done(const struct scene *scene, int step, struct buf *out)
{
	const struct step_progress *progress = &scene->state->steps[step];
	if (progress->how == DONE_DECIDED) {
		buf_text(out, progress->chosen ? progress->chosen : "");
		if (progress->said && progress->said[0])
			buf_printf(out, ": %s", progress->said);
		return;
	}
	elapsed_words(scene, progress->done, out);
	if (missing_words(progress, ", OUTPUT ", out))
		return;
	if (progress->how == DONE_OVERRIDDEN) {
		buf_printf(out, " OVERRIDDEN, %s%s",
			progress->remains && progress->remains[0] ? "left: " : "",
			progress->remains && progress->remains[0] ? progress->remains
			: progress->said                          ? progress->said
								  : "");
	} else if (progress->by_hand) {
		buf_text(out, " by hand");
	} else if (progress->how == DONE_CONFIRMED) {
		buf_text(out, " attested");
	}
	if (progress->how != DONE_OVERRIDDEN)
		say_sensed(scene, step, out);
}

static void say_regressed(const struct scene *scene, int step, struct buf *out)
{
	char since[16];
	wall_clock(scene->state->steps[step].since.wall, true, since);
	buf_printf(out, "bad since %s", since);
	int dependency = scene_unhealthy(scene, step);
	if (dependency >= 0)
		buf_printf(out, ", %s", scene->runbook->dependencies[dependency].id);
}

bool resolving_words(const struct scene *scene, int step, struct buf *out)
{
	const struct watch *watch = &scene->facts->watches[step];
	enum step_state shown = scene->shown[step];
	if (!watch->is_resolving || (shown != STEP_FAILED && shown != STEP_UNKNOWN))
		return false;
	buf_text(out, "verifying ");
	clock_words(scene_age_ms(scene, watch->began.mono), out);
	buf_text(out, " of ");
	duration_words(scene->runbook->steps[step].settle_ms + watch->more_ms, out);
	return true;
}

static void say_failed(const struct scene *scene, int step, struct buf *out)
{
	const struct step_progress *progress = &scene->state->steps[step];
	// Carried out since its newest attempt began, by that or by hand.
	bool is_submitted = progress->submitted_seq > progress->intent_seq;
	if (state_rollback_is_open(scene->state, step))
		buf_text(out, "rollback, ");
	if (progress->attempt > 1)
		buf_printf(out, "try %d, ", progress->attempt);
	if (is_submitted)
		buf_text(out, "not verified");
	else if (progress->outcome == OUTCOME_FAILED && progress->exit >= 0)
		buf_printf(out, "exit %d", progress->exit);
	else if (progress->outcome == OUTCOME_FAILED && progress->signal > 0)
		buf_printf(out, "signal %d", progress->signal);
	else if (progress->outcome != OUTCOME_NONE && progress->outcome != OUTCOME_FAILED)
		buf_text(out, outcome_word(progress->outcome));
	else
		buf_text(out, "failed");
	buf_text(out, ", ");
	if (resolving_words(scene, step, out))
		return;
	clock_words(scene_age_ms(scene, progress->since.mono), out);
	buf_text(out, " ago");
}

static void say_unknown(const struct scene *scene, int step, struct buf *out)
{
	buf_text(out, state_rollback_is_open(scene->state, step) ? "rollback's " : "");
	buf_text(out, "outcome lost ");
	clock_words(scene_age_ms(scene, scene->state->steps[step].since.mono), out);
	buf_text(out, " ago");
	if (scene->facts->watches[step].is_resolving)
		buf_text(out, ", ");
	resolving_words(scene, step, out);
}

static void say_wait(const struct scene *scene, int step, struct buf *out)
{
	int dependency = scene_unhealthy(scene, step);
	buf_text(out, "ticks itself");
	if (dependency >= 0)
		buf_printf(out, ", waits for %s", scene->runbook->dependencies[dependency].id);
	int64_t still_ms = dependency >= 0 ? scene_still_ms(scene, dependency) : -1;
	buf_text(out, still_ms >= 0 ? ", " : "");
	still_words(still_ms, true, out);
}

void cost_words(const struct scene *scene, int step, struct buf *out)
{
	const struct step *of = &scene->runbook->steps[step];
	const char *comma = "";
	if (of->takes_ms > 0) {
		buf_byte(out, '~');
		duration_words(of->takes_ms, out);
		comma = ", ";
	}
	if (of->destructive) {
		buf_printf(out, "%sDESTRUCTIVE, typed name", comma);
		comma = ", ";
	}
	if (of->approvals > 0)
		buf_printf(out, "%s%d approvals", comma, of->approvals);
}

static void say_ready(const struct scene *scene, int step, struct buf *out)
{
	static const char *const kinds[] = {
		[STEP_RUN] = "", [STEP_MANUAL] = "a person", [STEP_DECIDE] = "a decision"};
	const struct step *of = &scene->runbook->steps[step];
	struct buf cost = {0};
	if (of->kind == STEP_WAIT) {
		say_wait(scene, step, out);
		return;
	}
	cost_words(scene, step, &cost);
	buf_printf(out, "%s%s%s", kinds[of->kind], kinds[of->kind][0] && cost.length ? ", " : "",
		buf_str(&cost));
	buf_fini(&cost);
}

void step_reason(const struct scene *scene, int step, struct buf *out)
{
	const struct step_progress *progress = &scene->state->steps[step];
	switch (scene->shown[step]) {
	case STEP_WAITING: state_blocked(scene->state, step, scene->now.wall, out); break;
	case STEP_READY: say_ready(scene, step, out); break;
	case STEP_RUNNING: say_running(scene, step, out); break;
	case STEP_VERIFYING: say_verifying(scene, step, out); break;
	case STEP_DONE: say_done(scene, step, out); break;
	case STEP_REGRESSED: say_regressed(scene, step, out); break;
	case STEP_FAILED: say_failed(scene, step, out); break;
	case STEP_UNKNOWN: say_unknown(scene, step, out); break;
	case STEP_SKIPPED: buf_text(out, progress->said ? progress->said : ""); break;
	case STEP_STATES: break;
	}
}

bool cadence_say(const struct scene *scene, size_t index, struct buf *out)
{
	struct wall last = scene->origin;
	if (index >= scene->runbook->cadence_count || !wall_known(last))
		return false;
	for (size_t i = 0; i < scene->state->remark_count; i++)
		if (scene->state->remarks[i].kind == EVENT_INCIDENT_STATUS)
			last = scene->state->remarks[i].ts;
	const struct cadence *cadence = &scene->runbook->cadences[index];
	int64_t left_ms = cadence->every_ms - scene_wall_age_ms(scene, last);
	buf_printf(out, "%s %s ", cadence->say ? cadence->say : "update",
		left_ms < 0 ? "OVERDUE by" : "due in");
	clock_words(left_ms < 0 ? -left_ms : left_ms, out);
	if (cadence->owner)
		buf_printf(out, " (%s)", cadence->owner);
	return left_ms < 0;
}
