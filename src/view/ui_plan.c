// SPDX-License-Identifier: Apache-2.0
//
// What a dialog says of a step before it runs: exactly what it is, on what, and how long it should
// take.
#include "ui_plan.h"

#include <string.h>

#include "relight/json.h"
#include "relight/known.h"
#include "relight/mask.h"
#include "relight/request.h"

// --- what will run ---------------------------------------------------------------------------------------------------

// The values of secret inputs must not reach the screen, whatever mentions them.
static void add_masked(struct buf *out, const struct facts *facts, const char *text)
{
	const struct runbook *runbook = facts->runbook;
	struct mask *mask = mask_new();

	for (size_t i = 0; i < runbook->input_count; i++)
		if (runbook->inputs[i].secret && facts->values->inputs && facts->values->inputs[i])
			mask_secret(mask, runbook->inputs[i].id, facts->values->inputs[i]);
	mask_text(mask, text, strlen(text), out);
	mask_free(mask);
}

#define COMMAND_MOST_LINES 6 // before what it is carried out on

static int count_lines(const char *text)
{
	int lines = 1;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

// Says it whole, or of a long one the first line, with the rest in `rest`: where it is carried out
// and what ends it must not fall off a small screen's edge.
static void say_command(
	struct buf *out, const struct facts *facts, int step, bool is_rollback, struct buf *rest)
{
	struct request_plan plan = {
		.step = step,
		.attempt = facts->state->steps[step].attempt + 1,
		.is_rollback = is_rollback,
	};
	struct err err = {0};
	struct buf exact = {0}, masked = {0};

	buf_text(out, is_rollback ? "undo   " : "run    ");
	if (request_describe(facts, &plan, &exact, &err))
		add_masked(&masked, facts, buf_str(&exact));
	else
		buf_printf(&masked, "cannot be said: %s", err.message);
	const char *text = buf_str(&masked);
	int lines = count_lines(text);
	size_t first = strcspn(text, "\n");
	if (lines > COMMAND_MOST_LINES) {
		buf_add(out, text, first);
		buf_printf(out, " (and %d lines, below)\n", lines - 1);
		buf_printf(rest, "%s\n", text + first + 1);
	} else {
		buf_printf(out, "%s\n", text);
	}
	buf_fini(&masked);
	buf_fini(&exact);
}

// --- what the runbook says of it -------------------------------------------------------------------------------------

#define TEXT_MOST_BYTES 600 // of a text in a dialog; the detail pane has it all

// An item of a list, or what is indented, keeps its line.
static bool keeps_line(const char *line)
{
	size_t digits = strspn(line, "0123456789");

	return strchr(" \t\n-*", *line) != NULL ||
	       (digits > 0 && (line[digits] == '.' || line[digits] == ')'));
}

void plan_join_lines(struct buf *out, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		bool is_break = text[i] == '\n' &&
				(keeps_line(text + i + 1) || (i > 0 && text[i - 1] == '\n'));

		buf_byte(out, text[i] == '\n' && !is_break ? ' ' : text[i]);
	}
}

// Without the blanks at its end: YAML keeps the last line feed of a block.
static size_t trimmed(const char *text, size_t length)
{
	while (length > 0 && strchr(" \n", text[length - 1]))
		length--;
	return length;
}

void plan_add_paragraphs(struct buf *out, const struct facts *facts, const char *text)
{
	size_t length = trimmed(text, strlen(text));
	size_t most = length > TEXT_MOST_BYTES ? TEXT_MOST_BYTES : length;
	struct buf joined = {0};

	while (most < length && most > 0 && ((unsigned char)text[most] & 0xc0) == 0x80)
		most--;
	most = trimmed(text, most);
	plan_join_lines(&joined, text, most);
	if (most < length)
		buf_text(&joined, " … (its detail has the rest)");
	add_masked(out, facts, buf_str(&joined));
	buf_byte(out, '\n');
	buf_fini(&joined);
}

void plan_say_text(struct buf *out, const struct facts *facts, const struct step *of)
{
	if (of->text)
		plan_add_paragraphs(out, facts, of->text);
}

static void say_target(struct buf *out, const struct facts *facts, int target)
{
	const struct target *of = &facts->runbook->targets[target];
	const struct pin *pin = &facts->state->pins[target];
	struct buf name = {0};

	buf_printf(out, "%s", of->id);
	if (facts_target_name(facts, target, &name) && strcmp(buf_str(&name), of->id) != 0)
		buf_printf(out, " (%s)", buf_str(&name));
	buf_fini(&name);
	if (pin->endpoint)
		buf_printf(out, ", %s", pin->endpoint);
	if (pin->is_pinned && pin->fingerprint) {
		buf_text(out, "\n       ");
		pin_say(pin->fingerprint, out);
	}
	buf_text(out, "  ");
	state_trouble_say(facts->state, target, out);
}

// What is started there now may well not be answered.
static void say_silence(struct buf *out, const struct facts *facts, int target)
{
	int teller = -1;
	int64_t unknown_ms = known_target_unknown_ms(facts, target, &teller);
	char text[DURATION_TEXT_BYTES];
	struct buf words = {0};

	if (unknown_ms < 0)
		return;
	duration_clock(unknown_ms, text);
	buf_printf(&words, "NOTHING IS KNOWN of %s, for %s: %s. It may not answer.\n",
		facts->runbook->targets[target].id, text,
		known_is_stale(facts, teller)     ? "no observation any more"
		: known_message(facts, teller)[0] ? known_message(facts, teller)
						  : "no answer");
	add_masked(out, facts, buf_str(&words));
	buf_fini(&words);
}

static void say_expired(struct buf *out, const struct facts *facts, int target)
{
	int64_t expired_ms = known_target_expired_ms(facts, target);
	char text[DURATION_TEXT_BYTES];

	if (expired_ms < 0)
		return;
	duration_clock(expired_ms, text);
	buf_printf(out, "THE CREDENTIALS for %s ended %s ago: it will refuse them.\n",
		facts->runbook->targets[target].id, text);
}

bool plan_say_namespace(struct buf *out, const struct facts *facts, int step, bool is_rollback)
{
	const struct step *of = &facts->runbook->steps[step];
	const struct action *action = is_rollback ? &of->rollback : &of->run;
	struct request_plan plan = {.step = step, .attempt = 1, .is_rollback = is_rollback};
	struct buf namespace = {0};
	const char *from;
	bool is_known = request_namespace(facts, &plan, &namespace, &from);

	if (is_known) {
		buf_text(out, "namespace ");
		add_masked(out, facts, buf_str(&namespace));
		buf_printf(out, ", %s%s", from,
			action->kubernetes.source_count ? ", where an object names none" : "");
	}
	buf_fini(&namespace);
	return is_known;
}

// The cluster and the namespace, or the machine.
static void say_where(struct buf *out, const struct facts *facts, int step, bool is_rollback)
{
	const struct step *of = &facts->runbook->steps[step];
	int target = step_acts_on(of, is_rollback);
	struct buf namespace = {0};

	if (target >= 0) {
		buf_text(out, "on     ");
		say_target(out, facts, target);
		buf_byte(out, '\n');
		say_silence(out, facts, target);
		say_expired(out, facts, target);
	}
	if (plan_say_namespace(&namespace, facts, step, is_rollback))
		buf_printf(out, "in     %s\n", buf_str(&namespace));
	buf_fini(&namespace);
}

void plan_say_files(
	struct buf *out, const struct facts *facts, int step, bool is_rollback, const char *label)
{
	const struct step *of = &facts->runbook->steps[step];
	const struct action *action = is_rollback ? &of->rollback : &of->run;
	struct substitution values = *facts->values;

	values.each = of->each;
	values.attempt = facts->state->steps[step].attempt + 1;
	if (action->kind != ACTION_KUBERNETES || facts->scenario)
		return;
	for (size_t i = 0; i < action->kubernetes.source_count; i++) {
		const struct manifest_source *source = &action->kubernetes.sources[i];
		struct buf path = {0}, named = {0}, lines = {0};
		struct err ignored;

		if (source->path &&
			request_manifest_path(facts->runbook, source, &values, &path, &ignored) &&
			substitute(source->path, &values, &named, &ignored)) {
			applied_say(facts->applied, buf_str(&path), buf_str(&named), label, &lines);
			add_masked(out, facts, buf_str(&lines));
		}
		buf_fini(&path);
		buf_fini(&named);
		buf_fini(&lines);
	}
}

static void say_duration(struct buf *out, const char *label, int64_t ms, const char *absent)
{
	char text[DURATION_TEXT_BYTES];

	duration_format(ms > 0 ? ms : 0, text);
	buf_printf(out, "%s%s", label, ms >= 0 ? text : absent);
}

static void say_times(struct buf *out, const struct step *of)
{
	say_duration(out, "takes  ", of->takes_ms, "not known");
	say_duration(out, ", timeout ", of->timeout_ms, "none");
	if (of->restores.count)
		say_duration(out, "; then verified, at most ", of->settle_ms, "");
	buf_byte(out, '\n');
}

void plan_say_restores(struct buf *out, const struct facts *facts, const struct step *of)
{
	for (size_t i = 0; i < of->restores.count; i++)
		buf_printf(out, "%s%s", i ? ", " : "done   when healthy: ",
			facts->runbook->dependencies[of->restores.items[i]].id);
	if (of->restores.count)
		buf_byte(out, '\n');
}

static void say_last_attempt(struct buf *out, const struct facts *facts, int step)
{
	const struct step_progress *progress = &facts->state->steps[step];

	if (progress->attempt < 1)
		return;
	buf_printf(out, "before %s %d: %s", progress->is_rollback ? "rollback, attempt" : "attempt",
		progress->attempt,
		progress->outcome == OUTCOME_NONE ? step_state_word(progress->state)
						  : outcome_word(progress->outcome));
	if (progress->exit > 0)
		buf_printf(out, ", exit %d", progress->exit);
	buf_byte(out, '\n');
}

// Changes that do more when they are sent again. The others end the same however often they are:
// what is there is left, what a lost attempt has made is found.
static const struct {
	const char *verb, *patch_type; // patch_type NULL: any
	const char *what;
} doubled[] = {
	{"restart", NULL, "it restarts"},
	{"patch", "json", "its operations are carried out"},
};

static bool is_said(const char *wanted, const char *is)
{
	return !wanted || (is && strcmp(wanted, is) == 0);
}

static void say_doubled(struct buf *out, const struct facts *facts, int step, bool is_rollback)
{
	const struct step_progress *progress = &facts->state->steps[step];
	const struct step *of = &facts->runbook->steps[step];
	const struct action *action = is_rollback ? &of->rollback : &of->run;
	const struct kubernetes_action *change = &action->kubernetes;

	if (progress->attempt < 1 || progress->is_rollback != is_rollback ||
		progress->outcome == OUTCOME_NEVER_STARTED || action->kind != ACTION_KUBERNETES)
		return;
	for (size_t i = 0; i < sizeof doubled / sizeof *doubled; i++)
		if (is_said(doubled[i].verb, change->verb) &&
			is_said(doubled[i].patch_type, change->patch_type))
			buf_printf(out, "Run again, %s ONCE MORE, whether or not that did.\n",
				doubled[i].what);
}

// Whoever has corrected a file and runs the step again would see it fail as before.
static void say_frozen(struct buf *out, const struct facts *facts, int step, bool is_rollback)
{
	const struct step *of = &facts->runbook->steps[step];
	const struct action *action = is_rollback ? &of->rollback : &of->run;
	bool has_file = false;

	if (action->kind != ACTION_KUBERNETES || facts->state->steps[step].attempt < 1)
		return;
	for (size_t i = 0; i < action->kubernetes.source_count; i++)
		has_file = has_file || action->kubernetes.sources[i].path;
	if (has_file && facts->applied)
		buf_text(out, "Applied is what the files were when the incident was opened. One "
			      "that was corrected since: apply it by hand, then b says so.\n");
}

char *plan_say(const struct facts *facts, int step, bool is_rollback)
{
	const struct step *of = &facts->runbook->steps[step];
	struct buf out = {0}, rest = {0};

	buf_printf(&out, "%s\n", of->title);
	say_command(&out, facts, step, is_rollback, &rest);
	say_where(&out, facts, step, is_rollback);
	plan_say_files(&out, facts, step, is_rollback, "file   ");
	if (is_rollback) {
		say_duration(&out, "timeout ", of->timeout_ms, "none");
		buf_text(&out, "; then the step is open again\n");
	} else {
		say_times(&out, of);
		plan_say_restores(&out, facts, of);
	}
	say_last_attempt(&out, facts, step);
	say_doubled(&out, facts, step, is_rollback);
	say_frozen(&out, facts, step, is_rollback);
	if (of->again == AGAIN_VERIFY && facts->state->steps[step].attempt > 0 && !is_rollback &&
		decide_allows(facts, INTENT_VERIFY, step, NULL))
		buf_text(&out, "Look first whether the last attempt did its work after all: v "
			       "verifies.\n");
	if (of->again == AGAIN_NEVER && !is_rollback)
		buf_text(&out, "again  NEVER: once it has run it must not be repeated.\n");
	if (of->point_of_no_return && !is_rollback)
		buf_text(&out, "POINT OF NO RETURN: there is no way back behind this step.\n");
	if (!is_rollback)
		plan_say_text(&out, facts, of);
	buf_text(&out, buf_str(&rest));
	buf_fini(&rest);
	return buf_take(&out);
}
