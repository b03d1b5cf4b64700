// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "probe_kubernetes.h"
#include "relight/clock.h"
#include "relight/health.h"
#include "relight/json.h"

// All objects of a resource: read page by page, so that only the tally is kept.

#define PAGE_OBJECTS 250

static void describe(const struct query *query, struct buf *out)
{
	buf_text(out, query->type.plural);
	if (query->object)
		buf_printf(out, " named %s", query->object);
	if (query->selector)
		buf_printf(out, " with %s", query->selector);
	if (query->type.is_namespaced && query->namespace)
		buf_printf(out, " in %s", query->namespace);
}

static void conclude(struct query *query)
{
	const struct tally *tally = &query->tally;
	// One name that is looked for in all namespaces must be in one of them.
	size_t least = query->object ? 1 : query->check->min > 0 ? (size_t)query->check->min : 0;
	struct buf what = {0}, words = {0};
	enum status status;

	describe(query, &what);
	if (query->probing->check->expect.object != EXPECT_ABSENT) {
		status = tally_judge(tally, least, buf_str(&what), &words);
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
	query_end(query, status, evidence, "%s", buf_str(&words));
	buf_fini(&what);
	buf_fini(&words);
}

static void turn_page(struct query *query)
{
	const char *token = json_path_text(query->page, "metadata.continue");

	buf_clear(&query->next_page);
	if (token)
		buf_text(&query->next_page, token);
	cJSON_Delete(query->page);
	query->page = NULL;
	if (query->next_page.length > 0)
		query_list(query);
	else
		conclude(query);
}

static void add_item(struct query *query, const cJSON *item, enum status status, const char *words)
{
	const char *namespace =
		query->namespace ? NULL : json_path_text(item, "metadata.namespace");
	const char *name = json_path_text(item, "metadata.name");
	struct buf full = {0};

	buf_printf(&full, "%s%s%s", namespace ? namespace : "", namespace ? "/" : "",
		name ? name : "?");
	tally_add(&query->tally, buf_str(&full), status, words);
	buf_fini(&full);
}

static void ask_jq(struct query *query);

static void item_judged(void *context, const struct jq_result *results, size_t count)
{
	struct query *query = context;
	struct outcome outcome = {.reach = REACH_ANSWERED, .text = "", .latency_ms = -1};
	struct verdict verdict;

	query->jq_ticket = 0;
	outcome.jq = (struct jq_answer){results[0].output, results[0].error};
	if (count > 1)
		outcome.message = (struct jq_answer){results[1].output, results[1].error};
	expect_judge(&query->probing->check->expect, CHECK_KUBERNETES, &outcome, &verdict);
	add_item(query, query->item, verdict.status, buf_str(&verdict.message));
	verdict_fini(&verdict);
	query->item = query->item->next;
	ask_jq(query);
}

// Has jq judge the item that is next, or turns the page after the last.
static void ask_jq(struct query *query)
{
	const struct expectation *expect = &query->probing->check->expect;
	struct jq *jq = query->probing->world->jq;
	int programs[2];
	size_t count = 0;
	struct buf text = {0};

	if (!query->item) {
		turn_page(query);
		return;
	}
	programs[count++] = jq_program(jq, expect->jq.text);
	if (expect->message.text)
		programs[count++] = jq_program(jq, expect->message.text);
	json_write(&text, query->item);
	query->jq_ticket = jq_evaluate(jq, programs, count, buf_str(&text), text.length,
		query_time_left_ms(query), item_judged, query);
	buf_fini(&text);
}

static void judge_items(struct query *query);

static void item_known(void *context, const struct health *health)
{
	struct query *query = context;

	query->judge_ticket = 0;
	add_item(query, query->item, health->status, health->message);
	query->item = query->item->next;
	if (!query->is_judging)
		judge_items(query);
}

// Has the items judged from the next one on, and turns the page after the last.
static void judge_items(struct query *query)
{
	query->is_judging = true;
	while (query->item && !query->judge_ticket)
		query->judge_ticket = judge_object(query->probing->world->judge, query->item,
			clock_wall(), query_time_left_ms(query), item_known, query);
	query->is_judging = false;
	if (!query->item)
		turn_page(query);
}

static void judge_page(struct query *query)
{
	enum expect_object expected = query->probing->check->expect.object;
	cJSON *items = cJSON_GetObjectItemCaseSensitive(query->page, "items");

	query->item = cJSON_IsArray(items) ? items->child : NULL;
	for (cJSON *item = query->item; item; item = item->next) {
		health_name_item(item, query->page);
		query_name_kind(query, item);
	}
	if (expected == EXPECT_JQ) {
		ask_jq(query);
		return;
	}
	if (expected == EXPECT_HEALTHY) {
		judge_items(query);
		return;
	}
	for (const cJSON *item = query->item; item; item = item->next)
		add_item(query, item, STATUS_HEALTHY, "exists");
	turn_page(query);
}

// Pages are of one moment, which the server forgets after some minutes (410): then the list begins
// anew, once.
static bool restarts(struct query *query, const struct http_answer *answer)
{
	if (answer->reach != REACH_ANSWERED || answer->status != 410 || query->has_restarted ||
		query->next_page.length == 0)
		return false;
	query->has_restarted = true;
	tally_fini(&query->tally);
	buf_clear(&query->next_page);
	query_list(query);
	return true;
}

static void page_known(void *context, const struct http_answer *answer)
{
	struct query *query = context;
	struct err err;

	query_arrived(query, answer);
	if (restarts(query, answer))
		return;
	if (answer->reach != REACH_ANSWERED || answer->status != 200) {
		// The resource was there when discovery was asked: what it told is old.
		if (answer->reach == REACH_ANSWERED && answer->status == 404)
			kubernetes_forget(query->client);
		query_end_refused(query, answer);
	} else if (answer->is_cut) {
		query_end(query, STATUS_UNKNOWN, NULL, "%d objects are larger than %u MiB",
			PAGE_OBJECTS, QUERY_MAX_BYTES >> 20);
	} else if (!(query->page = json_parse(answer->body, answer->length, &err))) {
		query_end(
			query, STATUS_UNKNOWN, NULL, "the answer cannot be read: %s", err.message);
	} else {
		judge_page(query);
	}
}

void query_list(struct query *query)
{
	struct buf path = {0};

	kubeapi_path(&path, &query->type, query->namespace, NULL);
	buf_printf(&path, "?limit=%d", PAGE_OBJECTS);
	if (query->selector) {
		buf_text(&path, "&labelSelector=");
		kubeapi_encode(&path, query->selector);
	}
	if (query->object) {
		buf_text(&path, "&fieldSelector=metadata.name%3D");
		kubeapi_encode(&path, query->object);
	}
	if (query->next_page.length > 0) {
		buf_text(&path, "&continue=");
		kubeapi_encode(&path, buf_str(&query->next_page));
	}
	query_get(query, buf_str(&path),
		query_needs_names_only(query)
			? "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
			: NULL,
		page_known);
	buf_fini(&path);
}
