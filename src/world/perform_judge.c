// SPDX-License-Identifier: Apache-2.0
#include "perform.h"

#include <stdlib.h>
#include <string.h>

#include "relight/chain.h"
#include "relight/clock.h"
#include "relight/jq.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "relight/moment.h"
#include "relight/pattern.h"

#define SELF  "/proc/self/exe" // for its role jq
#define JQ_MS 10000

static const char *const stop_outcomes[] = {
	[STOP_TIMEOUT] = "timeout",
	[STOP_CANCEL] = "cancelled",
};

// What a regular expression sees: a copy without the NUL bytes that would end it early.
static char *searchable(const struct buf *text)
{
	char *copy = memory_copy_bytes(buf_str(text), text->length);

	for (size_t i = 0; i < text->length; i++) {
		if (!copy[i])
			copy[i] = ' ';
	}
	return copy;
}

// --- expectations ----------------------------------------------------------------------------------------------------

static bool expect_contains(const char *wanted, const struct output *output, struct buf *why)
{
	if (!wanted || memmem(buf_str(&output->kept), output->kept.length, wanted, strlen(wanted)))
		return true;
	buf_printf(why, "its output does not contain \"%s\"", wanted);
	return false;
}

static bool expect_matches(const char *pattern, const struct output *output, struct buf *why)
{
	struct err err = {0};

	if (!pattern)
		return true;

	char *text = searchable(&output->kept);
	bool is_found = pattern_matches(pattern, text, false, &err);

	free(text);
	if (!is_found && err.message[0])
		buf_printf(why, "matches: %s", err.message);
	else if (!is_found)
		buf_printf(why, "its output does not match \"%s\"", pattern);
	return is_found;
}

// As for checks (FORMATS.md §1 "Verdicts"): true or the word healthy is what is wanted.
static bool expect_jq(const char *program, const struct output *output, struct buf *why)
{
	struct err err = {0};

	if (!program)
		return true;

	char *answer = jq_evaluate_once(
		SELF, program, buf_str(&output->kept), output->kept.length, JQ_MS, &err);
	bool is_good = answer && (!strcmp(answer, "true") || !strcmp(answer, "\"healthy\""));

	if (!answer)
		buf_printf(why, "jq: %s", err.message);
	else if (!is_good)
		buf_printf(why, "jq says %.200s: %s", answer, program);
	free(answer);
	return is_good;
}

static bool expect_exit(const struct order *order, const struct ending *ending, struct buf *why)
{
	int expected = (int)json_int(order->expect, "exit", 0);
	bool has_exit = !order->kubernetes;

	if (ending->signal)
		buf_printf(
			why, "ended by signal %d (%s)", ending->signal, strsignal(ending->signal));
	else if (ending->why)
		buf_text(why, ending->why);
	else if (has_exit && ending->exit != expected)
		buf_printf(
			why, expected ? "exit %d, expected %d" : "exit %d", ending->exit, expected);
	return !why->length;
}

static bool is_as_expected(const struct order *order, const struct ending *ending,
	const struct output *output, struct buf *why)
{
	bool is_good = expect_exit(order, ending, why) &&
		       expect_contains(json_text(order->expect, "contains"), output, why) &&
		       expect_matches(json_text(order->expect, "matches"), output, why) &&
		       expect_jq(json_text(order->expect, "jq"), output, why);

	if (!is_good && output->is_cut && ending->exit >= 0)
		buf_printf(why, " (of its output the first %u bytes were looked at)",
			OUTPUT_KEPT_BYTES);
	return is_good;
}

// --- what else is learned --------------------------------------------------------------------------------------------

static void add_masked(const struct order *order, cJSON *object, const char *key, const char *text)
{
	struct buf masked = {0};

	mask_text(order->mask, text, strlen(text), &masked);
	if (masked.length)
		json_add_text(object, key, buf_str(&masked));
	buf_fini(&masked);
}

// A text as it is, anything else as its JSON; false for null, which says that there is no value.
static bool add_learned(
	const struct order *order, cJSON *learned, const char *input, const char *answer)
{
	cJSON *value = json_parse(answer, strlen(answer), NULL);
	bool is_value = value && !cJSON_IsNull(value);

	if (is_value)
		add_masked(
			order, learned, input, cJSON_IsString(value) ? value->valuestring : answer);
	cJSON_Delete(value);
	return is_value;
}

static cJSON *learn_inputs(const struct order *order, const struct output *output, struct buf *why)
{
	cJSON *learned = json_object();

	json_each (set, order->sets) {
		const char *input = json_text(set, "input"), *program = json_text(set, "jq");
		struct err err = {0};

		if (!input || !program)
			continue;

		char *answer = jq_evaluate_once(
			SELF, program, buf_str(&output->kept), output->kept.length, JQ_MS, &err);

		if (!answer || !add_learned(order, learned, input, answer))
			buf_printf(why, "%sinput %s was not learned: %s", why->length ? "; " : "",
				input, answer ? "jq gave null" : err.message);
		free(answer);
	}
	if (learned->child)
		return learned;
	cJSON_Delete(learned);
	return NULL;
}

static const char *find_hint(const struct order *order, const struct output *output)
{
	const char *say = NULL;
	char *text = searchable(&output->recent);

	json_each (hint, order->hints) {
		const char *pattern = json_text(hint, "match");

		if (pattern && pattern_matches(pattern, text, false, NULL)) {
			say = json_text(hint, "say");
			break;
		}
	}
	free(text);
	return say;
}

// --- the result ------------------------------------------------------------------------------------------------------

static void add_ended(cJSON *result, int64_t duration_ms)
{
	json_add_int(result, "duration_ms", duration_ms);
	json_add_wall(result, "ended", clock_wall());
}

static void add_output(
	cJSON *result, int64_t bytes, const char sha256[65], int64_t lost_bytes, int lost_errno)
{
	cJSON *output = json_object();

	json_add_int(output, "bytes", bytes);
	json_add_text(output, "sha256", sha256);
	if (lost_errno) {
		json_add_int(output, "missing_bytes", lost_bytes);
		json_add_text(output, "missing_why", strerror(lost_errno));
	}
	json_add(result, "output", output);
}

static void add_tail(cJSON *result, const struct order *order, const struct output *output)
{
	char *tail = output_last_line(output);

	if (tail[0])
		json_add_text(result, "tail", tail); // masked already
	free(tail);
	if (judge_is_success(result))
		return;

	const char *hint = find_hint(order, output);

	if (hint)
		add_masked(order, result, "hint", hint);
}

cJSON *judge_ending(const struct order *order, const struct ending *ending,
	const struct output *output, const char sha256[65])
{
	cJSON *result = json_object(), *learned = NULL;
	struct buf why = {0};

	if (ending->is_unknown || ending->stop != STOP_NONE) {
		json_add_text(result, "outcome",
			ending->is_unknown ? "unknown" : stop_outcomes[ending->stop]);
		buf_text(&why, ending->why ? ending->why : "");
	} else if (is_as_expected(order, ending, output, &why)) {
		json_add_text(result, "outcome", "success");
		learned = order->is_trial ? NULL : learn_inputs(order, output, &why);
	} else {
		json_add_text(result, "outcome", "failed");
	}
	if (ending->is_left)
		buf_printf(&why, "%swhat it started in a session of its own GOES ON",
			why.length ? "; " : "");
	if (ending->exit >= 0)
		json_add_int(result, "exit", ending->exit);
	if (ending->signal)
		json_add_int(result, "signal", ending->signal);
	if (ending->http_status)
		json_add_int(result, "http_status", ending->http_status);
	add_ended(result, ending->duration_ms);
	add_output(result, output->bytes, sha256, output->lost_bytes, output->lost_errno);
	if (output->lost_errno)
		buf_printf(&why, "%soutput.log: %s: %lld bytes are missing in it",
			why.length ? "; " : "", strerror(output->lost_errno),
			(long long)output->lost_bytes);
	add_masked(order, result, "why", buf_str(&why));
	json_add(result, "sets", learned);
	json_add(result, "cluster", cJSON_Duplicate(ending->cluster, true));
	add_tail(result, order, output);
	buf_fini(&why);
	return result;
}

cJSON *judge_never_started(const char *why)
{
	cJSON *result = json_object();
	char sha256[65];

	sha256_hex("", 0, sha256);
	json_add_text(result, "outcome", "never-started");
	add_ended(result, 0);
	add_output(result, 0, sha256, 0, 0);
	json_add_text(result, "why", why);
	return result;
}

bool judge_is_success(const cJSON *result)
{
	const char *outcome = json_text(result, "outcome");

	return outcome && !strcmp(outcome, "success");
}
