// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "probe_parts.h"
#include "relight/json.h"
#include "relight/memory.h"

#define JQ_MS 3000 // for one answer; programs that take longer are mistaken

static struct asking *asking_of(struct probing *probing)
{
	return (struct asking *)probing; // it stands first
}

// --- the end of an asking --------------------------------------------------------------------------------------------

static void outcome_release(struct asking *asking)
{
	struct outcome *outcome = &asking->outcome;
	free((char *)outcome->last_words);
	free((char *)outcome->http_note);
	free((char *)outcome->text);
	*outcome = (struct outcome){0};
}

void probing_tell(struct probing *probing)
{
	struct asking *asking = asking_of(probing);

	asking->state = ASKING_IDLE;
	watch_answered(asking->watch);
}

static void asking_answered(struct asking *asking)
{
	outcome_release(asking);
	asking->state = ASKING_OUT;
	if (asking->verdict.status == STATUS_UNKNOWN || !asking->kind->hold ||
		!asking->kind->hold(&asking->probing))
		probing_tell(&asking->probing);
}

static void forget_verdict(struct asking *asking)
{
	verdict_fini(&asking->verdict);
	asking->verdict = (struct verdict){.status = STATUS_UNKNOWN, .expires = WALL_NONE};
	asking->latency_ms = -1;
	cJSON_Delete(asking->evidence);
	asking->evidence = NULL;
}

static void forget_notes(struct asking *asking)
{
	cJSON_Delete(asking->notes);
	asking->notes = NULL;
}

void probing_note(struct probing *probing, const char *key, const char *text)
{
	struct asking *asking = asking_of(probing);
	struct buf masked = {0};
	if (!asking->notes)
		asking->notes = json_object();
	probe_mask(probing->world, text, &masked);
	json_add_text(asking->notes, key, buf_str(&masked));
	buf_fini(&masked);
}

static void take_notes(struct asking *asking)
{
	if (!asking->evidence) {
		asking->evidence = asking->notes;
		asking->notes = NULL;
		return;
	}
	while (asking->notes && asking->notes->child) {
		cJSON *note = cJSON_DetachItemViaPointer(asking->notes, asking->notes->child);
		cJSON_AddItemToObject(asking->evidence, note->string, note);
	}
}

// What the kind has found out beside the status.
static void take_beside(struct asking *asking)
{
	const struct probing *probing = &asking->probing;
	struct verdict *verdict = &asking->verdict;
	if (probing->aside)
		buf_printf(&verdict->message, "%s%s", verdict->message.length ? "; " : "",
			probing->aside);
	take_notes(asking);
	if (verdict->progress.total <= 0)
		verdict->progress = probing->progress;
	if (!wall_known(verdict->expires)) {
		verdict->expires = probing->expires;
		verdict->renews = probing->renews;
	}
}

void probing_done(struct probing *probing, enum status status, int64_t latency_ms, cJSON *evidence,
	const char *format, ...)
{
	struct asking *asking = asking_of(probing);
	struct buf words = {0};
	va_list arguments;
	va_start(arguments, format);
	buf_vprintf(&words, format, arguments);
	va_end(arguments);
	forget_verdict(asking);
	asking->verdict.status = status;
	asking->latency_ms = latency_ms;
	asking->evidence = evidence;
	if (evidence)
		mask_json(probing->world->mask, evidence);
	probe_mask(probing->world, buf_str(&words), &asking->verdict.message);
	buf_fini(&words);
	take_beside(asking);
	asking_answered(asking);
}

// --- judging ---------------------------------------------------------------------------------------------------------

struct expanded {
	struct expectation expect;
	struct buf contains, matches, banner;
};

static bool expand_one(
	struct probe_world *world, const char **text, struct buf *out, struct err *err)
{
	if (!*text)
		return true;
	if (!probe_text(world, *text, out, err))
		return false;
	*text = buf_str(out);
	return true;
}

// The expectation with its variables filled in.
static bool expand(struct probing *probing, struct expanded *expanded, struct err *err)
{
	struct probe_world *world = probing->world;
	*expanded = (struct expanded){.expect = probing->check->expect};
	return expand_one(world, &expanded->expect.contains, &expanded->contains, err) &&
	       expand_one(world, &expanded->expect.matches, &expanded->matches, err) &&
	       expand_one(world, &expanded->expect.banner, &expanded->banner, err);
}

static void expanded_fini(struct expanded *expanded)
{
	buf_fini(&expanded->contains);
	buf_fini(&expanded->matches);
	buf_fini(&expanded->banner);
}

// Through the service proxy it is HTTP that answers.
static enum check_kind judged_as(const struct check *check)
{
	bool is_proxy = check->kind == CHECK_KUBERNETES &&
			check->kubernetes.question == KUBERNETES_SERVICE_PROXY;

	return is_proxy ? CHECK_HTTP : check->kind;
}

static void judge(struct asking *asking, const struct outcome *outcome)
{
	struct probing *probing = &asking->probing;
	struct expanded expanded;
	struct err err;
	forget_verdict(asking);
	if (expand(probing, &expanded, &err)) {
		expect_judge(
			&expanded.expect, judged_as(probing->check), outcome, &asking->verdict);
		asking->latency_ms = outcome->latency_ms;
	} else {
		buf_text(&asking->verdict.message, err.message);
	}
	expanded_fini(&expanded);
	struct buf masked = {0};
	probe_mask(probing->world, buf_str(&asking->verdict.message), &masked);
	buf_fini(&asking->verdict.message);
	asking->verdict.message = masked;
	take_beside(asking);
	asking_answered(asking);
}

// Messages are cut, and half a secret would not be known as one any more: so pieces of them are
// masked before.
static char *masked_copy(struct probing *probing, const char *text)
{
	struct buf out = {0};
	if (!text)
		return NULL;
	probe_mask(probing->world, text, &out);
	return buf_take(&out);
}

static char *masked_output(struct probing *probing, const char *output)
{
	cJSON *value = output ? json_parse(output, strlen(output), NULL) : NULL;
	if (!value)
		return NULL;
	struct buf out = {0};
	mask_json(probing->world->mask, value);
	json_write(&out, value);
	cJSON_Delete(value);
	return buf_take(&out);
}

static void on_jq(void *context, const struct jq_result *results, size_t count)
{
	struct asking *asking = context;
	struct outcome *outcome = &asking->outcome;
	struct jq_answer *answers[] = {
		&outcome->jq, &outcome->message, &outcome->progress, &outcome->expires};
	char *outputs[4] = {NULL};
	size_t next = 0;
	asking->ticket = 0;
	for (int i = 0; i < 4; i++) {
		if (asking->programs[i] < 0 || next >= count)
			continue;
		const struct jq_result *result = &results[next++];
		outputs[i] = masked_output(&asking->probing, result->output);
		answers[i]->output = outputs[i];
		answers[i]->error = outputs[i]      ? NULL
				    : result->error ? result->error
						    : "its output cannot be read";
	}
	struct outcome judged = *outcome;
	judge(asking, &judged);
	for (int i = 0; i < 4; i++)
		free(outputs[i]);
}

static void ask_jq(struct asking *asking, const struct outcome *outcome)
{
	const struct expectation *expect = &asking->probing.check->expect;
	bool is_text_read = expect->contains || expect->matches || expect->banner;
	int programs[4];
	size_t count = 0;
	for (int i = 0; i < 4; i++)
		if (asking->programs[i] >= 0)
			programs[count++] = asking->programs[i];
	asking->outcome = *outcome;
	asking->outcome.why = NULL;
	asking->outcome.last_words = masked_copy(&asking->probing, outcome->last_words);
	asking->outcome.http_note = memory_copy_text(outcome->http_note);
	asking->outcome.text =
		is_text_read ? memory_copy_bytes(outcome->text, outcome->length) : NULL;
	asking->state = ASKING_AT_JQ;
	asking->ticket = jq_evaluate(asking->probing.world->jq, programs, count, outcome->text,
		outcome->length, JQ_MS, on_jq, asking);
}

void probing_judge(struct probing *probing, const struct outcome *outcome)
{
	struct asking *asking = asking_of(probing);
	if (expect_wants_jq(&probing->check->expect, outcome)) {
		ask_jq(asking, outcome);
		return;
	}
	struct outcome masked = *outcome;
	char *last_words = masked_copy(probing, outcome->last_words);
	char *why = masked_copy(probing, outcome->why);
	masked.last_words = last_words;
	masked.why = why;
	judge(asking, &masked);
	free(last_words);
	free(why);
}

void probing_changed(struct probing *probing)
{
	watch_news(asking_of(probing)->watch);
}

// --- the beginning ---------------------------------------------------------------------------------------------------

void asking_init(struct asking *asking, struct watch *watch, struct probe_world *world,
	const struct dependency *dependency, const struct check *check)
{
	const struct expectation *expect = &check->expect;
	const struct jq_text *texts[] = {
		&expect->jq, &expect->message, &expect->progress, &expect->expires};
	*asking = (struct asking){
		.probing = {.world = world,
			.dependency = dependency,
			.check = check,
			.timeout_ms = dependency->timeout_ms},
		.watch = watch,
		.kind = probe_kinds[check->kind],
	};
	for (int i = 0; i < 4; i++)
		asking->programs[i] = texts[i]->text ? jq_program(world->jq, texts[i]->text) : -1;
	forget_verdict(asking);
}

void asking_prepare(struct asking *asking)
{
	if (asking->kind->prepare)
		asking->kind->prepare(&asking->probing);
}

void asking_start(struct asking *asking, bool anew)
{
	const char *unbuilt = probe_unbuilt(asking->probing.check);
	asking->state = ASKING_OUT;
	asking->probing.anew = anew;
	asking->probing.began_ms = uv_now(asking->probing.world->loop);
	asking->probing.asked = WALL_NONE;
	asking->probing.again_ms = -1;
	asking->probing.progress = (struct progress){0};
	asking->probing.expires = WALL_NONE;
	asking->probing.renews = false;
	asking->probing.aside = NULL;
	forget_notes(asking);
	if (unbuilt)
		probing_done(&asking->probing, STATUS_UNKNOWN, -1, NULL, "%s are not built yet",
			unbuilt);
	else
		asking->kind->start(&asking->probing);
}

void asking_cancel(struct asking *asking)
{
	if (asking->state == ASKING_OUT)
		asking->kind->cancel(&asking->probing);
	else if (asking->state == ASKING_AT_JQ)
		jq_cancel(asking->probing.world->jq, asking->ticket);
	asking->state = ASKING_IDLE;
	outcome_release(asking);
}

void asking_expire(struct asking *asking)
{
	char limit[DURATION_TEXT_BYTES];
	if (asking->state != ASKING_OUT)
		return;
	asking->kind->cancel(&asking->probing);
	duration_format(asking->probing.timeout_ms, limit);
	probing_done(&asking->probing, STATUS_UNKNOWN, -1, NULL, "no answer within %s", limit);
}

void asking_fini(struct asking *asking)
{
	if (asking->kind->leave)
		asking->kind->leave(&asking->probing);
	forget_verdict(asking);
	forget_notes(asking);
	outcome_release(asking);
}
