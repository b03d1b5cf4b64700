// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>

#include "probe_kubernetes.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "relight/moment.h"

// Checks of objects: asked of the watch that has them in view, which answers from what it knows and
// tells when that changes.

static void describe(const struct query *query, const struct kubeapi_type *type, struct buf *out)
{
	buf_text(out, type->plural);
	if (query->object)
		buf_printf(out, " named %s", query->object);
	if (query->selector)
		buf_printf(out, " with %s", query->selector);
	if (type->is_namespaced && query->namespace)
		buf_printf(out, " in %s", query->namespace);
}

// --- one object ---

static cJSON *evidence_of_one(const struct kubewatch_answer *answer)
{
	cJSON *evidence = json_object();

	json_add_text(evidence, "uid", answer->uid);
	json_add_text(evidence, "resourceVersion", answer->resource_version);
	json_add_text(evidence, "rule", answer->rule);
	json_add_wall(evidence, "progressed", answer->since);
	return evidence;
}

static void judge_text(struct query *query, const struct kubewatch_answer *answer)
{
	query_end_judged(query, &(struct outcome){.reach = REACH_ANSWERED,
					.text = answer->text,
					.length = answer->length,
					.latency_ms = query->latency_ms});
}

static void end_missing(struct query *query, const struct kubeapi_type *type)
{
	struct buf words = {0};

	buf_printf(&words, "%s%s%s \"%s\" not found", type->plural, type->group[0] ? "." : "",
		type->group, query->object);
	query_end_unknown(query, STATUS_MISSING, buf_str(&words));
	buf_fini(&words);
}

static void conclude_one(struct query *query, const struct kubewatch_answer *answer)
{
	if (answer->progress)
		query->probing->progress = *answer->progress;
	if (answer->tally->count == 0)
		end_missing(query, answer->type);
	else if (query->probing->check->expect.object == EXPECT_ABSENT)
		query_end(query, STATUS_DEGRADED, NULL, "exists, and should not");
	else if (answer->text)
		judge_text(query, answer);
	else
		query_why(query, answer->type, answer->tally->worst,
			answer->words ? answer->words : "exists", answer->pods,
			evidence_of_one(answer));
}

// --- a list ---

// Those that are healthy, of those that there are or must be.
static struct progress progress_of(
	const struct tally *tally, size_t least, const struct kubeapi_type *type)
{
	struct progress progress = {.done = (double)tally->healthy,
		.total = (double)(tally->count > least ? tally->count : least)};

	snprintf(progress.unit, sizeof progress.unit, "%.23s", type->plural);
	return progress;
}

static void conclude_list(struct query *query, const struct kubewatch_answer *answer)
{
	const struct tally *tally = answer->tally;
	// One name that is looked for in all namespaces must be in one of them.
	size_t least = query->object ? 1 : query->check->min > 0 ? (size_t)query->check->min : 0;
	struct buf what = {0}, words = {0};
	enum status status;

	describe(query, answer->type, &what);
	if (query->probing->check->expect.object != EXPECT_ABSENT) {
		status = tally_judge(tally, least, buf_str(&what), &words);
		query->probing->progress = progress_of(tally, least, answer->type);
	} else if (tally->count == 0) {
		status = STATUS_HEALTHY;
		buf_printf(&words, "no %s, as it should be", buf_str(&what));
	} else {
		status = STATUS_DEGRADED;
		buf_printf(&words, "%zu %s exist, and should not", tally->count, buf_str(&what));
	}
	cJSON *evidence = json_object();
	json_add_int(evidence, "objects", (int64_t)tally->count);
	json_add_int(evidence, "healthy", (int64_t)tally->healthy);
	json_add_wall(evidence, "progressed", answer->since);
	query_end(query, status, evidence, "%s", buf_str(&words));
	buf_fini(&what);
	buf_fini(&words);
}

// --- asking ---

static bool is_one(const struct query *query, const struct kubeapi_type *type)
{
	return query->object && (query->namespace || !type->is_namespaced);
}

static void on_answer(void *context, const struct kubewatch_answer *answer)
{
	struct query *query = context;

	query->asking = NULL;
	query->latency_ms = answer->latency_ms;
	if (answer->refusal && answer->http_status == 403 && query->object && query->namespace) {
		query_locate(query); // it may still be got
	} else if (answer->refusal) {
		query_end(query, answer->status, NULL, "%s", answer->refusal);
	} else {
		if (!query->probing->anew)
			query->probing->asked = answer->asked;
		if (answer->tally->count > 0)
			query_found(query, answer->type);
		if (is_one(query, answer->type))
			conclude_one(query, answer);
		else
			conclude_list(query, answer);
	}
}

static enum kubewatch_aim aim_of(const struct query *query)
{
	switch (query->probing->check->expect.object) {
	case EXPECT_EXISTS:
	case EXPECT_ABSENT: return KUBEWATCH_NAMES;
	// One object is judged here, with all that may stand beside jq. Whether it is one is known
	// for sure once it is located; in a namespace it is.
	case EXPECT_JQ: return query->object && query->namespace ? KUBEWATCH_TEXT : KUBEWATCH_JQ;
	default: return KUBEWATCH_HEALTH;
	}
}

static void on_change(void *context)
{
	probing_changed(context);
}

struct standing *query_standing(struct query *query)
{
	if (!query->probing->standing)
		query->probing->standing = memory_zeroed(1, sizeof(struct standing));
	return query->probing->standing;
}

void standing_free(struct standing *standing)
{
	if (!standing)
		return;
	kubewatch_leave(standing->viewer);
	cJSON_Delete(standing->pods);
	cJSON_Delete(standing->events);
	free(standing);
}

// Who looks stays from one asking to the next: at another watch only where a variable has changed.
static struct kubewatch_viewer *viewer(struct query *query, struct kubewatch *watch)
{
	struct probing *probing = query->probing;
	struct standing *standing = query_standing(query);
	struct kubewatch_viewer *before = standing->viewer;

	if (before && kubewatch_of(before) == watch)
		return before;
	standing->viewer =
		kubewatch_look(watch, aim_of(query), &probing->check->expect, on_change, probing);
	kubewatch_leave(before);
	target_forget_watches(probing->world, query->check->target);
	return standing->viewer;
}

struct kubewatch_viewer *query_look(struct query *query)
{
	struct kubewatch *watch = target_watch(query->probing->world, query->check->target,
		&(struct kubewatch_scope){
			.resource = query->name,
			.namespace = query->namespace,
			.selector = query->selector,
			.object = query->object,
		});

	return viewer(query, watch);
}

void query_watch(struct query *query)
{
	struct kubewatch_asking *asking = kubewatch_ask(query_look(query), query->probing->anew,
		query_time_left_ms(query), on_answer, query);

	if (asking) // else it was answered, and the query is gone
		query->asking = asking;
}
