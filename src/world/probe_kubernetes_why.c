// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "probe_kubernetes.h"
#include "relight/clock.h"
#include "relight/health_why.h"
#include "relight/json.h"
#include "relight/memory.h"

// What keeps a workload that is not healthy. Its own status counts pods and seldom says more, so
// its pods are asked, and the warnings about it. Nothing depends on the answers: without them the
// words are those of the object alone.

#define BESIDE_MS    2000 // what was found holds for so long, however fast the workload changes
#define PATIENCE_MS  1500
#define MARGIN_MS    200 // of the check's own time, to be left for saying it
#define BESIDE_LIMIT 100
#define BESIDE_BYTES (8u << 20)

static void conclude(struct query *query)
{
	const struct standing *standing = query_standing(query);
	cJSON *evidence = query->evidence;

	health_why(query->health, standing->pods, standing->events, clock_wall());
	query->evidence = NULL;
	query_end(query, query->health->status, evidence, "%s", query->health->message);
}

static cJSON *list_of(const struct http_answer *answer)
{
	bool is_good = answer->reach == REACH_ANSWERED && answer->status == 200 && !answer->is_cut;

	return is_good ? json_parse(answer->body, answer->length, NULL) : NULL;
}

static void get(struct query *query, const char *resource, const char *selector, const char *value,
	void (*done)(void *context, const struct http_answer *answer))
{
	struct buf path = {0};
	int64_t left_ms = query_time_left_ms(query);

	buf_text(&path, "/api/v1/namespaces/");
	kubeapi_encode(&path, query->namespace);
	buf_printf(&path, "/%s?limit=%d&%s=", resource, BESIDE_LIMIT, selector);
	kubeapi_encode(&path, value);
	query->exchange = kubernetes_ask(
		query->client, &(struct kubernetes_request){
				       .path = buf_str(&path),
				       .timeout_ms = left_ms < PATIENCE_MS ? left_ms : PATIENCE_MS,
				       .max_body_bytes = BESIDE_BYTES,
				       .done = done,
				       .context = query,
			       });
	buf_fini(&path);
}

static void events_known(void *context, const struct http_answer *answer)
{
	struct query *query = context;
	struct standing *standing = query_standing(query);

	query->exchange = NULL;
	cJSON_Delete(standing->events);
	standing->events = list_of(answer);
	conclude(query);
}

static void ask_events(struct query *query)
{
	struct buf fields = {0};

	buf_printf(&fields, "involvedObject.kind=%s,involvedObject.name=%s,type=Warning",
		query->type.kind, query->object);
	get(query, "events", "fieldSelector", buf_str(&fields), events_known);
	buf_fini(&fields);
}

static void pods_known(void *context, const struct http_answer *answer)
{
	struct query *query = context;
	struct standing *standing = query_standing(query);

	query->exchange = NULL;
	cJSON_Delete(standing->pods);
	standing->pods = list_of(answer);
	if (query_time_left_ms(query) > MARGIN_MS)
		ask_events(query);
	else
		conclude(query);
}

static bool is_worth_asking(
	const struct query *query, const struct kubeapi_type *type, enum status status)
{
	return (status == STATUS_PROGRESSING || status == STATUS_DEGRADED) && type->is_namespaced &&
	       query->namespace && query_time_left_ms(query) > MARGIN_MS;
}

void query_why(struct query *query, const struct kubeapi_type *type, enum status status,
	const char *words, const char *pods, cJSON *evidence)
{
	struct standing *standing = query_standing(query);
	uint64_t now_ms = uv_now(query->probing->world->loop);

	if (!is_worth_asking(query, type, status)) {
		query_end(query, status, evidence, "%s", words);
		return;
	}
	query->type = *type;
	query->evidence = evidence;
	query->health = memory_zeroed(1, sizeof *query->health);
	query->health->status = status;
	snprintf(query->health->message, sizeof query->health->message, "%s", words);
	if (standing->beside_ms > 0 && now_ms - standing->beside_ms < BESIDE_MS) {
		query->probing->again_ms = (int64_t)(standing->beside_ms + BESIDE_MS - now_ms);
		conclude(query);
		return;
	}
	standing->beside_ms = now_ms;
	if (pods)
		get(query, "pods", "labelSelector", pods, pods_known);
	else
		ask_events(query);
}
