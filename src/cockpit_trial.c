// SPDX-License-Identifier: Apache-2.0
#include "cockpit_trial.h"

#include <stdlib.h>
#include <string.h>

#include "relight/chain.h"
#include "relight/clock.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "relight/request.h"
#include "relight/trial.h"

#define KEPT_MOST      16 // the oldest makes room
#define UNDER_WAY_MOST 4
#define LINES_MOST     200
#define LINE_BYTES     1000

struct asked {
	struct cockpit_trials *of;
	int step;
	bool is_rollback;
	int attempt;         // the step's newest, when it was asked
	char inputs[65];     // digest of all values then
	struct trial *trial; // NULL: it has ended
	struct mono began, ended;
	enum trial_state state;
	char *why;
	char *lines[LINES_MOST];
	size_t line_count, left_out;
};

struct cockpit_trials {
	struct engine *engine;
	struct asked *items[KEPT_MOST];
	size_t count; // oldest first
};

// --- answers ---

static void asked_free(struct asked *asked)
{
	trial_abandon(asked->trial);
	for (size_t i = 0; i < asked->line_count; i++)
		free(asked->lines[i]);
	free(asked->why);
	free(asked);
}

// Once more: what the actuator says is not taken on trust.
static char *masked(const struct asked *asked, const char *text)
{
	struct buf out = {0};
	mask_text(asked->of->engine->record.mask, text, strnlen(text, LINE_BYTES), &out);
	return buf_take(&out);
}

// What was refused must be mended; what was not judged tells nothing of the action.
static enum trial_state state_of(const cJSON *result)
{
	const char *outcome = json_text(result, "outcome");
	int64_t status = json_int(result, "http_status", 0);
	if (outcome && strcmp(outcome, "success") == 0)
		return TRIAL_ACCEPTED;
	bool has_answered = status > 0 || json_path_text(result, "cluster.fingerprint.uid");
	if (!outcome || strcmp(outcome, "failed") != 0 || !has_answered)
		return TRIAL_NOT_KNOWN;
	if (status == 404)
		return TRIAL_NOT_YET;
	if (status == 401 || status == 408 || status == 429 || status >= 500)
		return TRIAL_NOT_KNOWN;
	return TRIAL_REFUSED;
}

// The words of the reason are not said twice.
static void take_lines(struct asked *asked, const cJSON *lines)
{
	json_each (line, lines) {
		char *text = cJSON_IsString(line) ? masked(asked, line->valuestring) : NULL;
		if (!text || (asked->why && strcmp(asked->why, text) == 0)) {
			free(text);
		} else if (asked->line_count == LINES_MOST) {
			asked->left_out++;
			free(text);
		} else {
			asked->lines[asked->line_count++] = text;
		}
	}
}

static void on_end(void *context, const cJSON *result, const char *why)
{
	struct asked *asked = context;
	const char *outcome = json_text(result, "outcome");
	if (!why)
		why = json_text(result, "why");
	if (!why && outcome && strcmp(outcome, "timeout") == 0)
		why = "no answer in 30s";
	asked->trial = NULL;
	asked->state = state_of(result);
	asked->ended = clock_mono();
	asked->why = why ? masked(asked, why) : NULL;
	take_lines(asked, json_get(result, "lines"));
	engine_wake(asked->of->engine);
}

// --- asking ---

// The values that an action is made of.
static void digest_inputs(const struct engine *engine, char digest[65])
{
	struct buf all = {0};
	for (size_t i = 0; i < engine->runbook->input_count; i++) {
		const char *value = engine->setup.inputs[i];
		buf_byte(&all, value ? '=' : '-');
		if (value)
			buf_add(&all, value, strlen(value) + 1);
	}
	sha256_hex(buf_str(&all), all.length, digest);
	buf_wipe(&all);
}

static bool start(struct asked *asked, struct err *err)
{
	struct engine *engine = asked->of->engine;
	struct facts facts = engine_facts(engine);
	struct request_plan plan = {.step = asked->step,
		.attempt = asked->attempt + 1,
		.is_rollback = asked->is_rollback};
	cJSON *request = request_new(&facts, &plan, err);
	if (!request)
		return false;
	asked->trial = trial_start(&engine->loop,
		&(struct trial_config){
			.executable = engine->setup.executable,
			.directory = engine->directory,
			.request = request,
			.on_end = on_end,
			.context = asked,
		},
		err);
	json_wipe(request);
	return asked->trial != NULL;
}

static void forget(struct cockpit_trials *trials, size_t at)
{
	asked_free(trials->items[at]);
	trials->count--;
	memmove(&trials->items[at], &trials->items[at + 1],
		(trials->count - at) * sizeof(struct asked *));
}

static bool ask(struct cockpit_trials *trials, int step, bool is_rollback, struct err *err)
{
	struct asked *asked = memory_zeroed(1, sizeof *asked);
	*asked = (struct asked){
		.of = trials,
		.step = step,
		.is_rollback = is_rollback,
		.attempt = trials->engine->state->steps[step].attempt,
		.began = clock_mono(),
		.state = TRIAL_ASKING,
	};
	digest_inputs(trials->engine, asked->inputs);
	if (!start(asked, err)) {
		asked_free(asked);
		return false;
	}
	for (size_t i = trials->count; i-- > 0;)
		if (trials->items[i]->step == step && trials->items[i]->is_rollback == is_rollback)
			forget(trials, i);
	if (trials->count == KEPT_MOST)
		forget(trials, 0);
	trials->items[trials->count++] = asked;
	return true;
}

static size_t under_way(const struct cockpit_trials *trials)
{
	size_t count = 0;
	for (size_t i = 0; i < trials->count; i++)
		count += trials->items[i]->trial != NULL;
	return count;
}

bool cockpit_trials_ask(struct cockpit_trials *trials, int step, struct err *err)
{
	const struct engine *engine = trials->engine;
	const struct step *of = &engine->runbook->steps[step];
	if (engine->is_following)
		return err_set(err, "dry run: this screen only looks on");
	if (!engine->is_open)
		return err_set(err, "dry run: the incident is not open yet; try again");
	if (cockpit_trials_view(trials, step, false).state == TRIAL_ASKING)
		return err_set(err, "dry run: %s is being asked already", of->id);
	if (under_way(trials) >= UNDER_WAY_MOST)
		return err_set(
			err, "dry run: %d are under way; wait for one of them", UNDER_WAY_MOST);
	if (!ask(trials, step, false, err))
		return err_prefix(err, "dry run");
	// That it can be taken back is worth knowing, and no condition.
	if (of->rollback.kind == ACTION_KUBERNETES)
		ask(trials, step, true, NULL);
	return true;
}

// --- telling ---

static const struct asked *find(const struct cockpit_trials *trials, int step, bool is_rollback)
{
	char inputs[65];
	digest_inputs(trials->engine, inputs);
	for (size_t i = 0; i < trials->count; i++) {
		const struct asked *asked = trials->items[i];
		if (asked->step == step && asked->is_rollback == is_rollback &&
			asked->attempt == trials->engine->state->steps[step].attempt &&
			strcmp(asked->inputs, inputs) == 0)
			return asked;
	}
	return NULL;
}

struct frame_trial cockpit_trials_view(
	const struct cockpit_trials *trials, int step, bool is_rollback)
{
	const struct asked *asked = trials->count > 0 ? find(trials, step, is_rollback) : NULL;
	if (!asked)
		return (struct frame_trial){.state = TRIAL_NONE};
	struct mono from = asked->state == TRIAL_ASKING ? asked->began : asked->ended;
	return (struct frame_trial){
		.state = asked->state,
		.age_ms = (clock_mono().us - from.us) / US_PER_MS,
		.why = asked->why,
		.lines = (const char *const *)asked->lines,
		.line_count = asked->line_count,
		.left_out = asked->left_out,
	};
}

// --- its life ---

struct cockpit_trials *cockpit_trials_new(struct engine *engine)
{
	struct cockpit_trials *trials = memory_zeroed(1, sizeof *trials);
	trials->engine = engine;
	return trials;
}

void cockpit_trials_free(struct cockpit_trials *trials)
{
	while (trials->count > 0)
		forget(trials, trials->count - 1);
	free(trials);
}
