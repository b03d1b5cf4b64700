// SPDX-License-Identifier: Apache-2.0
#include "relight/expect.h"

#include <stdio.h>
#include <string.h>

#include "relight/json.h"
#include "relight/moment.h"
#include "relight/pattern.h"

#define WORDS_MAX_BYTES 400 // of a text from outside in a message

// The exit codes by which a shell says that it could not run a command (POSIX, Shell Command
// Language 2.8.2).
#define EXIT_NOT_EXECUTABLE 126
#define EXIT_NOT_FOUND      127

void verdict_fini(struct verdict *verdict)
{
	buf_fini(&verdict->message);
}

bool expect_wants_jq(const struct expectation *expect, const struct outcome *outcome)
{
	return outcome->reach == REACH_ANSWERED && outcome->text && !outcome->is_cut &&
	       (expect->jq.text || expect->message.text || expect->progress.text ||
		       expect->expires.text);
}

static void say_cut(struct buf *out, const char *text, size_t max_bytes)
{
	size_t length = strlen(text);
	if (length <= max_bytes) {
		buf_text(out, text);
		return;
	}
	length = max_bytes;
	while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80)
		length--; // whole UTF-8 characters
	buf_add(out, text, length);
	buf_text(out, "...");
}

// --- what was asked, in words ----------------------------------------------------------------------------------------

static void say_what(enum check_kind kind, const struct outcome *outcome, struct buf *out)
{
	if (kind == CHECK_HTTP)
		buf_printf(out, "HTTP %d", outcome->http_status);
	else if (kind == CHECK_TCP)
		buf_text(out, "connected");
	else if (kind == CHECK_KUBERNETES)
		buf_text(out, "found");
	else if (outcome->signal)
		buf_printf(out, "ended by signal %d", outcome->signal);
	else
		buf_printf(out, "exit %d", outcome->exit);
	if (outcome->latency_ms >= 0 && (kind == CHECK_HTTP || kind == CHECK_TCP))
		buf_printf(out, " in %lld ms", (long long)outcome->latency_ms);
}

static enum status judge_unreached(
	const struct expectation *expect, const struct outcome *outcome, struct buf *out)
{
	const char *why = outcome->why ? outcome->why : "it could not be asked";
	say_cut(out, why, WORDS_MAX_BYTES);
	if (!expect->unreachable)
		return STATUS_UNKNOWN;
	if (outcome->reach == REACH_SILENT) {
		buf_text(out, ": nothing answers, as it should be");
		return STATUS_HEALTHY;
	}
	if (outcome->reach == REACH_REFUSED) {
		buf_text(out, ": something answers, though nothing should");
		return STATUS_DEGRADED;
	}
	buf_text(out, ": whether anything answers there is not known");
	return STATUS_UNKNOWN;
}

// --- one expectation each: healthy when it is met, else the status and the words that say why -------------------------

static enum status judge_http_status(
	const struct expectation *expect, const struct outcome *outcome, struct buf *out)
{
	int status = outcome->http_status;
	bool is_expected = expect->status ? status == expect->status : status / 100 == 2;
	if (is_expected)
		return STATUS_HEALTHY;
	if (expect->status)
		buf_printf(out, ", expected %d", expect->status);
	if (outcome->http_note) {
		buf_text(out, ", ");
		say_cut(out, outcome->http_note, WORDS_MAX_BYTES);
	}
	if ((status == 401 || status == 403) && outcome->has_credentials) {
		buf_text(out, ": the credentials of this check are refused");
		return STATUS_UNKNOWN;
	}
	return STATUS_DEGRADED;
}

static enum status judge_exit(
	const struct expectation *expect, const struct outcome *outcome, struct buf *out)
{
	bool was_run = outcome->exit != EXIT_NOT_EXECUTABLE && outcome->exit != EXIT_NOT_FOUND;
	if (was_run && !outcome->signal && outcome->exit == expect->exit)
		return STATUS_HEALTHY;
	if (!was_run)
		buf_text(out, ", it cannot be run");
	else if (!outcome->signal && expect->exit != 0)
		buf_printf(out, ", expected %d", expect->exit);
	if (outcome->last_words && *outcome->last_words) {
		buf_text(out, ": ");
		say_cut(out, outcome->last_words, WORDS_MAX_BYTES);
	}
	return was_run && !outcome->signal ? STATUS_DEGRADED : STATUS_UNKNOWN;
}

static enum status judge_code(enum check_kind kind, const struct expectation *expect,
	const struct outcome *outcome, struct buf *out)
{
	if (kind == CHECK_HTTP)
		return judge_http_status(expect, outcome, out);
	if (kind == CHECK_TCP)
		return STATUS_HEALTHY;
	return judge_exit(expect, outcome, out);
}

// What was not found in a text that is not all there is not known to be missing.
static enum status not_found(
	const struct outcome *outcome, const char *what, const char *wanted, struct buf *out)
{
	buf_printf(out, ", %s: ", what);
	say_cut(out, wanted, 80);
	if (!outcome->is_cut)
		return STATUS_DEGRADED;
	buf_text(out, " (the answer is too long to be read whole)");
	return STATUS_UNKNOWN;
}

static enum status judge_text(
	const struct expectation *expect, const struct outcome *outcome, struct buf *out)
{
	const char *text = outcome->text ? outcome->text : "";
	if (expect->contains && !strstr(text, expect->contains))
		return not_found(outcome, "does not contain", expect->contains, out);
	if (expect->banner && !strstr(text, expect->banner)) {
		buf_text(out, ", it says: ");
		say_cut(out, text, 80);
		return not_found(outcome, "does not contain", expect->banner, out);
	}
	struct err err = {0};
	if (expect->matches && !pattern_matches(expect->matches, text, false, &err)) {
		if (!err.message[0])
			return not_found(outcome, "does not match", expect->matches, out);
		buf_printf(out, ", it cannot be matched: %s", err.message);
		return STATUS_UNKNOWN;
	}
	return STATUS_HEALTHY;
}

static enum status judge_jq(
	const struct expectation *expect, const struct outcome *outcome, struct buf *out)
{
	if (!expect->jq.text)
		return STATUS_HEALTHY;
	const char *output = outcome->jq.output;
	if (!output) {
		const char *why =
			outcome->jq.error ? outcome->jq.error : "there was nothing to ask it about";
		buf_text(out, ", jq: ");
		say_cut(out, outcome->is_cut ? "the answer is too long to be read whole" : why,
			WORDS_MAX_BYTES);
		return STATUS_UNKNOWN;
	}
	enum status status = STATUS_UNKNOWN;
	cJSON *value = json_parse(output, strlen(output), NULL);
	bool is_word = cJSON_IsString(value) && status_parse(value->valuestring, &status);
	bool is_verdict = is_word || cJSON_IsBool(value) || cJSON_IsNull(value);
	if (!is_word && is_verdict)
		status = cJSON_IsTrue(value) ? STATUS_HEALTHY : STATUS_DEGRADED;
	if (status != STATUS_HEALTHY) {
		buf_text(out, is_verdict ? ", jq says "
					 : ", jq gave neither true, false, null nor a status: ");
		say_cut(out, is_word ? value->valuestring : output, 80);
	}
	cJSON_Delete(value);
	return status;
}

static enum status judge_within(
	const struct expectation *expect, const struct outcome *outcome, struct buf *out)
{
	if (expect->within_ms < 0 || outcome->latency_ms <= expect->within_ms)
		return STATUS_HEALTHY;
	char limit[DURATION_TEXT_BYTES];
	duration_format(expect->within_ms, limit);
	buf_printf(out, ", slower than %s", limit);
	return STATUS_DEGRADED;
}

// --- what jq has to add ----------------------------------------------------------------------------------------------

static void take_message(const struct jq_answer *answer, struct buf *out)
{
	if (!answer->output || strcmp(answer->output, "null") == 0)
		return;
	cJSON *value = json_parse(answer->output, strlen(answer->output), NULL);
	buf_text(out, ": ");
	say_cut(out, cJSON_IsString(value) ? value->valuestring : answer->output, WORDS_MAX_BYTES);
	cJSON_Delete(value);
}

static void take_progress(const struct jq_answer *answer, struct verdict *verdict)
{
	if (!answer->output)
		return;
	cJSON *value = json_parse(answer->output, strlen(answer->output), NULL);
	const cJSON *done = json_get(value, "done"), *total = json_get(value, "total");
	const char *unit = json_text(value, "unit");
	if (cJSON_IsNumber(done) && cJSON_IsNumber(total) && total->valuedouble > 0 &&
		done->valuedouble >= 0) {
		verdict->progress.done = done->valuedouble;
		verdict->progress.total = total->valuedouble;
		snprintf(verdict->progress.unit, sizeof verdict->progress.unit, "%s",
			unit ? unit : "");
	}
	cJSON_Delete(value);
}

// RFC 3339, or seconds since 1970.
static void take_expires(const struct jq_answer *answer, struct verdict *verdict)
{
	if (!answer->output)
		return;
	cJSON *value = json_parse(answer->output, strlen(answer->output), NULL);
	if (cJSON_IsString(value))
		wall_parse(value->valuestring, &verdict->expires);
	else if (cJSON_IsNumber(value) && value->valuedouble > 0 && value->valuedouble < 1e11)
		verdict->expires.us = (int64_t)(value->valuedouble * (double)US_PER_S);
	cJSON_Delete(value);
}

void expect_judge(const struct expectation *expect, enum check_kind kind,
	const struct outcome *outcome, struct verdict *verdict)
{
	*verdict = (struct verdict){.status = STATUS_HEALTHY, .expires = WALL_NONE};
	struct buf *out = &verdict->message;
	if (outcome->reach != REACH_ANSWERED) {
		verdict->status = judge_unreached(expect, outcome, out);
		return;
	}
	say_what(kind, outcome, out);
	if (expect->unreachable) {
		buf_text(out, ": something answers, though nothing should");
		verdict->status = STATUS_DEGRADED;
		return;
	}
	// The first that is not met decides.
	enum status status = judge_code(kind, expect, outcome, out);
	if (status == STATUS_HEALTHY)
		status = judge_text(expect, outcome, out);
	if (status == STATUS_HEALTHY)
		status = judge_jq(expect, outcome, out);
	if (status == STATUS_HEALTHY)
		status = judge_within(expect, outcome, out);
	verdict->status = status;
	take_message(&outcome->message, out);
	take_progress(&outcome->progress, verdict);
	take_expires(&outcome->expires, verdict);
}
