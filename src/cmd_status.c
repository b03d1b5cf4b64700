// SPDX-License-Identifier: Apache-2.0
//
// `relight status INCIDENT`: ten lines to paste into a chat. The last one is the head of the chain,
// so that what was said can be checked against the record later. Between two sessions everything is
// stale, so only what was seen to be bad is named.
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "history.h"
#include "plain.h"
#include "relight/clock.h"
#include "relight/record.h"
#include "relight/timeline.h"

#define NAMES_SHOWN 4

// --- what time it is in the incident ---

// The clock that is never set is of use on the machine that has written, until that starts again.
static bool is_this_boot(const struct event *newest)
{
	struct record here = {0};
	record_session(&here);
	return strcmp(newest->boot, here.boot) == 0;
}

// While somebody has the incident, a rehearsal's clock runs `speed` times as fast as the real one;
// while nobody has it, it stands. A real incident goes on by itself until it is closed.
static struct moment now_of(const struct history *history)
{
	const struct state *state = history->state;
	const struct event *newest = history->events[history->event_count - 1];
	struct moment now = state->last;
	struct moment real = clock_now();
	int64_t passed_us = 0;
	if (wall_known(state->closed.wall))
		return now;
	if (state->mode == EVENT_REHEARSAL) {
		if (history->directory && timeline_is_held(history->directory))
			passed_us =
				(int64_t)((double)(real.mono.us - newest->mono.us) * state->speed);
	} else if (is_this_boot(newest)) {
		passed_us = real.mono.us - newest->mono.us;
	} else {
		passed_us = real.wall.us - newest->ts.us;
	}
	if (passed_us > 0) {
		now.wall.us += passed_us;
		now.mono.us += passed_us;
	}
	return now;
}

// --- the lines ---

static void add_duration(struct buf *out, int64_t ms)
{
	char text[DURATION_TEXT_BYTES];
	duration_clock(ms, text);
	buf_text(out, text);
}

// Nothing below the title says by itself that it is only what was seen last.
static bool is_deserted(const struct history *history)
{
	return !wall_known(history->state->closed.wall) && history->directory &&
	       !timeline_is_held(history->directory);
}

static void add_title(const struct history *history, struct buf *out)
{
	const struct state *state = history->state;
	const char *is = wall_known(state->closed.wall)      ? state->closed_result
			 : wall_known(state->recovered.wall) ? "recovered, not closed"
			 : state->was_aborted                ? "aborting"
							     : "open";
	plain_add(out, state->incident ? state->incident : history->path);
	buf_printf(out, " (%s): ", event_mode_word(state->mode));
	plain_add(out, is ? is : "closed");
	if (is_deserted(history))
		buf_text(out, ", but nobody here has it open: nothing is sensed");
	buf_text(out, "\n");
	plain_add(out, history->runbook->title ? history->runbook->title : history->runbook->name);
	buf_text(out, "\n");
}

static void add_declared(
	const struct state *state, const struct forecast *forecast, struct buf *out)
{
	buf_text(out, "declared recovered by ");
	plain_add(out, state->recovered_by ? state->recovered_by : "nobody known");
	buf_text(out, " at T+");
	add_duration(out, state_elapsed_ms(state, state->recovered));
	if (state->recovered_why) {
		buf_text(out, ": ");
		plain_add(out, state->recovered_why);
	}
	buf_printf(out, "; %s", state_unproven(state));
	if (forecast->has_rto && forecast->rto_left_ms < 0) {
		buf_text(out, "; RTO MISSED by ");
		add_duration(out, -forecast->rto_left_ms);
	} else {
		buf_text(out, forecast->has_rto ? "; RTO declared, not proven" : "; no RTO given");
	}
	buf_byte(out, '\n');
}

static void add_clocks(const struct state *state, const struct forecast *forecast, struct buf *out)
{
	if (forecast->is_declared && !state->was_aborted) {
		add_declared(state, forecast, out);
		return;
	}
	buf_text(out, forecast->is_serving ? "serving since T+" : "T+");
	add_duration(out, forecast->elapsed_ms);
	if (state->was_aborted && !forecast->is_serving) {
		buf_text(out, ", ABORTED: ");
		plain_add(out, state->abort_why ? state->abort_why : "");
	} else if (forecast->has_rto && forecast->is_serving) {
		buf_text(out, forecast->misses_rto ? ", RTO MISSED by " : ", RTO met with ");
		add_duration(out,
			forecast->misses_rto ? forecast->misses_rto_by_ms : forecast->rto_left_ms);
		buf_text(out, forecast->misses_rto ? "" : " left");
	} else if (forecast->has_rto) {
		buf_text(out, forecast->rto_left_ms < 0 ? ", RTO over by " : ", RTO ");
		add_duration(out,
			forecast->rto_left_ms < 0 ? -forecast->rto_left_ms : forecast->rto_left_ms);
		buf_text(out, forecast->rto_left_ms < 0 ? "" : " left");
		buf_text(out, ", forecast T+");
		add_duration(out, forecast->finish_ms);
		buf_text(out, forecast->misses_rto ? " MISSES it" : " meets it");
	} else {
		buf_text(out, ", no RTO given");
	}
	buf_byte(out, '\n');
}

static void add_data(
	const struct history *history, const struct forecast *forecast, struct buf *out)
{
	const struct objectives *objectives = &history->runbook->objectives;
	size_t serving = 0;
	buf_text(out, "data: ");
	if (forecast->loss_ms < 0) {
		buf_text(out, "loss not known, no restore point chosen");
	} else {
		buf_text(out, "loses ");
		add_duration(out, forecast->loss_ms);
		if (forecast->has_rpo) {
			buf_text(out, forecast->loss_ms > objectives->rpo_ms ? ", OVER RPO "
									     : " of RPO ");
			add_duration(out, objectives->rpo_ms);
		}
	}
	for (size_t f = 0; f < history->runbook->function_count; f++)
		serving += wall_known(history->state->serving[f].wall);
	if (history->runbook->function_count > 0)
		buf_printf(out, "; serving %zu of %zu functions", serving,
			history->runbook->function_count);
	int level = wall_known(history->state->recovered.wall)
			    ? history->state->recovered_level
			    : state_evidence_level(history->state);
	if (level >= 0)
		buf_printf(out, "; evidence L%d", level);
	buf_byte(out, '\n');
}

static void add_counts(const struct history *history, struct wall now, struct buf *out)
{
	struct counts counts = state_counts(history->state, -1, now);
	const struct {
		int count;
		const char *word;
	} others[] = {
		{counts.skipped, "skipped"},
		{counts.running, "running"},
		{counts.verifying, "verifying"},
		{counts.ready, "ready"},
		{counts.waiting, "waiting"},
		{counts.failed, "FAILED"},
		{counts.regressed, "REGRESSED"},
		{counts.unknown, "UNKNOWN"},
	};
	buf_printf(out, "steps: %d of %d done", counts.done, counts.total);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (others[i].count > 0)
			buf_printf(out, ", %d %s", others[i].count, others[i].word);
	buf_byte(out, '\n');
}

// "label: a, b and 3 more", of what `is_one` says of each index; a dash for none.
typedef bool is_one(const struct state *state, int index, struct wall now);
typedef void add_one(const struct state *state, int index, struct moment now, struct buf *out);

static void add_list(const char *label, size_t count, is_one *test, add_one *add,
	const struct state *state, struct moment now, struct buf *out)
{
	size_t found = 0;
	buf_printf(out, "%s: ", label);
	for (size_t i = 0; i < count; i++) {
		if (!test(state, (int)i, now.wall) || ++found > NAMES_SHOWN)
			continue;
		buf_text(out, found > 1 ? ", " : "");
		add(state, (int)i, now, out);
	}
	if (found > NAMES_SHOWN)
		buf_printf(out, " and %zu more", found - NAMES_SHOWN);
	buf_text(out, found ? "\n" : "-\n");
}

static bool is_active(const struct state *state, int step, struct wall now)
{
	(void)now;
	return state->steps[step].state == STEP_RUNNING ||
	       state->steps[step].state == STEP_VERIFYING;
}

static void add_active(const struct state *state, int step, struct moment now, struct buf *out)
{
	plain_add(out, state->runbook->steps[step].id);
	buf_printf(out, " %s ", step_state_word(state->steps[step].state));
	add_duration(out, (now.mono.us - state->steps[step].since.mono.us) / US_PER_MS);
}

static bool is_trouble(const struct state *state, int step, struct wall now)
{
	enum step_state is = state->steps[step].state;
	(void)now;
	return is == STEP_FAILED || is == STEP_REGRESSED || is == STEP_UNKNOWN;
}

static void add_trouble(const struct state *state, int step, struct moment now, struct buf *out)
{
	(void)now;
	plain_add(out, state->runbook->steps[step].id);
	buf_printf(out, " %s", step_state_word(state->steps[step].state));
	if (state->steps[step].exit > 0)
		buf_printf(out, " exit %d", state->steps[step].exit);
}

static bool is_ready(const struct state *state, int step, struct wall now)
{
	return state_step(state, step, now) == STEP_READY;
}

static void add_step(const struct state *state, int step, struct moment now, struct buf *out)
{
	(void)now;
	plain_add(out, state->runbook->steps[step].id);
}

static bool is_bad(const struct state *state, int dependency, struct wall now)
{
	enum expectation_word word = state_expectation(state, dependency);
	(void)now;
	return word == LOST ||
	       (word == GIVEN && state->dependencies[dependency].status != STATUS_HEALTHY);
}

static void add_dependency(
	const struct state *state, int dependency, struct moment now, struct buf *out)
{
	const struct dependency_known *known = &state->dependencies[dependency];
	(void)now;
	plain_add(out, state->runbook->dependencies[dependency].id);
	buf_printf(out, " %s%s", status_word(known->status), known->is_fresh ? "" : ", stale");
}

static void add_details(const struct history *history, struct buf *out)
{
	const struct state *state = history->state;
	struct moment now = now_of(history);
	struct forecast forecast = state_forecast(state, now);
	size_t steps = state->runbook->step_count;
	add_clocks(history->state, &forecast, out);
	add_data(history, &forecast, out);
	add_counts(history, now.wall, out);
	add_list("now", steps, is_active, add_active, state, now, out);
	add_list("trouble", steps, is_trouble, add_trouble, state, now, out);
	add_list("next", steps, is_ready, add_step, state, now, out);
	add_list("lost", state->runbook->dependency_count, is_bad, add_dependency, state, now, out);
}

static void print_status(const struct history *history)
{
	struct buf out = {0};
	add_title(history, &out);
	if (history->has_runbook)
		add_details(history, &out);
	else
		buf_text(&out, "its runbook is not beside the timeline: no more can be said\n");
	buf_printf(&out, "#%lld %s%s\n", (long long)history->chain.lines - 1, history->chain.head,
		history->problem_count ? " NOT GOOD: see relight timeline verify" : "");
	fputs(buf_str(&out), stdout);
	buf_fini(&out);
}

// --- one step ---

static int print_step(const struct history *history, const char *id)
{
	const struct state *state = history->state;
	int step = history->has_runbook ? runbook_step(history->runbook, id) : -1;
	struct moment now = now_of(history);
	struct buf out = {0};
	if (step < 0) {
		struct err err;
		err_set(&err, "status: %s: the runbook has no such step", id);
		return command_fail(EXIT_USAGE, &err);
	}
	enum step_state is = state_step(state, step, now.wall);
	buf_printf(&out, "%s: %s", id, step_state_word(is));
	if (is == STEP_WAITING) {
		struct buf why = {0};
		state_blocked(state, step, now.wall, &why);
		buf_text(&out, ", ");
		plain_add(&out, buf_str(&why));
		buf_fini(&why);
	} else if (state->steps[step].said && state->steps[step].said[0]) {
		buf_text(&out, ", ");
		plain_add(&out, state->steps[step].said);
	}
	puts(buf_str(&out));
	buf_fini(&out);
	return is == STEP_DONE ? EXIT_GOOD : EXIT_NO;
}

int cmd_status(int argc, char **argv)
{
	static const struct option options[] = {
		{"step", required_argument, NULL, 's'},
		{0},
	};
	struct history history;
	struct err err = {0};
	const char *step = NULL;
	int code = EXIT_GOOD;
	for (int option; (option = command_option(argc, argv, options)) != -1;) {
		if (option != 's')
			return EXIT_USAGE;
		step = optarg;
	}
	if (argc - optind > 1)
		return command_usage(argv[0], "one incident at a time");
	if (!history_open(&history, optind < argc ? argv[optind] : NULL, &err))
		code = command_fail(EXIT_USAGE, &err);
	else if (history.event_count == 0)
		code = command_fail(
			EXIT_USAGE, &(struct err){"status: the timeline's first line is damaged; "
						  "'relight timeline show' has the rest",
					    ""});
	else if (step)
		code = print_step(&history, step);
	else
		print_status(&history);
	history_fini(&history);
	return code;
}
