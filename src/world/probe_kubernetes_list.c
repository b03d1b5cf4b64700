// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <time.h>

#include "probe_kubernetes.h"
#include "relight/health.h"
#include "relight/json.h"

// All objects of a resource: read page by page, so that only the tally is kept.

#define PAGE_OBJECTS 250

static void describe(const struct asking *asking, struct buf *out)
{
	buf_text(out, asking->type.plural);
	if (asking->selector)
		buf_printf(out, " with %s", asking->selector);
	if (asking->type.is_namespaced && asking->namespace)
		buf_printf(out, " in %s", asking->namespace);
}

static void conclude(struct asking *asking)
{
	const struct tally *tally = &asking->tally;
	size_t least = asking->check->min > 0 ? (size_t)asking->check->min : 0;
	struct buf what = {0}, words = {0};
	enum status status;

	describe(asking, &what);
	if (asking->probing->check->expect.object != EXPECT_ABSENT) {
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
	asking_end(asking, status, evidence, "%s", buf_str(&words));
	buf_fini(&what);
	buf_fini(&words);
}

static void turn_page(struct asking *asking)
{
	const char *token = json_path_text(asking->page, "metadata.continue");

	buf_clear(&asking->next_page);
	if (token)
		buf_text(&asking->next_page, token);
	cJSON_Delete(asking->page);
	asking->page = NULL;
	if (asking->next_page.length > 0)
		asking_list(asking);
	else
		conclude(asking);
}

static void add_item(
	struct asking *asking, const cJSON *item, enum status status, const char *words)
{
	const char *namespace =
		asking->namespace ? NULL : json_path_text(item, "metadata.namespace");
	const char *name = json_path_text(item, "metadata.name");
	struct buf full = {0};

	buf_printf(&full, "%s%s%s", namespace ? namespace : "", namespace ? "/" : "",
		name ? name : "?");
	tally_add(&asking->tally, buf_str(&full), status, words);
	buf_fini(&full);
}

static void ask_jq(struct asking *asking);

static void item_judged(void *context, const struct jq_result *results, size_t count)
{
	struct asking *asking = context;
	struct outcome outcome = {.reach = REACH_ANSWERED, .text = "", .latency_ms = -1};
	struct verdict verdict;

	asking->jq_ticket = 0;
	outcome.jq = (struct jq_answer){results[0].output, results[0].error};
	if (count > 1)
		outcome.message = (struct jq_answer){results[1].output, results[1].error};
	expect_judge(&asking->probing->check->expect, CHECK_KUBERNETES, &outcome, &verdict);
	add_item(asking, asking->item, verdict.status, buf_str(&verdict.message));
	verdict_fini(&verdict);
	asking->item = asking->item->next;
	ask_jq(asking);
}

// Has jq judge the item that is next, or turns the page after the last.
static void ask_jq(struct asking *asking)
{
	const struct expectation *expect = &asking->probing->check->expect;
	struct jq *jq = asking->probing->world->jq;
	int programs[2];
	size_t count = 0;
	struct buf text = {0};

	if (!asking->item) {
		turn_page(asking);
		return;
	}
	programs[count++] = jq_program(jq, expect->jq.text);
	if (expect->message.text)
		programs[count++] = jq_program(jq, expect->message.text);
	json_write(&text, asking->item);
	asking->jq_ticket = jq_evaluate(jq, programs, count, buf_str(&text), text.length,
		asking_time_left_ms(asking), item_judged, asking);
	buf_fini(&text);
}

static void judge_page(struct asking *asking)
{
	enum expect_object expected = asking->probing->check->expect.object;
	cJSON *items = cJSON_GetObjectItemCaseSensitive(asking->page, "items");
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	asking->item = cJSON_IsArray(items) ? items->child : NULL;
	for (cJSON *item = asking->item; item; item = item->next)
		health_name_item(item, asking->page);
	if (expected == EXPECT_JQ) {
		ask_jq(asking);
		return;
	}
	for (const cJSON *item = asking->item; item; item = item->next) {
		struct health health = {.status = STATUS_HEALTHY};

		if (expected == EXPECT_HEALTHY)
			health_judge(item,
				(struct wall){now.tv_sec * US_PER_S + now.tv_nsec / 1000}, &health);
		add_item(asking, item, health.status, health.message);
	}
	turn_page(asking);
}

// Pages are of one moment, which the server forgets after some minutes (410): then the list begins
// anew, once.
static bool restarts(struct asking *asking, const struct http_answer *answer)
{
	if (answer->reach != REACH_ANSWERED || answer->status != 410 || asking->has_restarted ||
		asking->next_page.length == 0)
		return false;
	asking->has_restarted = true;
	tally_fini(&asking->tally);
	buf_clear(&asking->next_page);
	asking_list(asking);
	return true;
}

static void page_known(void *context, const struct http_answer *answer)
{
	struct asking *asking = context;
	struct err err;

	asking_arrived(asking, answer);
	if (restarts(asking, answer))
		return;
	if (answer->reach != REACH_ANSWERED || answer->status != 200) {
		// The resource was there when discovery was asked: what it told is old.
		if (answer->reach == REACH_ANSWERED && answer->status == 404)
			kubernetes_forget(asking->client);
		asking_end_refused(asking, answer);
	} else if (answer->is_cut) {
		asking_end(asking, STATUS_UNKNOWN, NULL, "%d objects are larger than %u MiB",
			PAGE_OBJECTS, ASKING_MAX_BYTES >> 20);
	} else if (!(asking->page = json_parse(answer->body, answer->length, &err))) {
		asking_end(
			asking, STATUS_UNKNOWN, NULL, "the answer cannot be read: %s", err.message);
	} else {
		judge_page(asking);
	}
}

void asking_list(struct asking *asking)
{
	struct buf path = {0};

	kubeapi_path(&path, &asking->type, asking->namespace, NULL);
	buf_printf(&path, "?limit=%d", PAGE_OBJECTS);
	if (asking->selector) {
		buf_text(&path, "&labelSelector=");
		kubeapi_encode(&path, asking->selector);
	}
	if (asking->object) {
		buf_text(&path, "&fieldSelector=metadata.name%3D");
		kubeapi_encode(&path, asking->object);
	}
	if (asking->next_page.length > 0) {
		buf_text(&path, "&continue=");
		kubeapi_encode(&path, buf_str(&asking->next_page));
	}
	asking_get(asking, buf_str(&path),
		asking_needs_names_only(asking)
			? "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
			: NULL,
		page_known);
	buf_fini(&path);
}
