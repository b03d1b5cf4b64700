// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "probe_kubernetes.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "relight/service_proxy.h"

// What a service answers when it is asked through the API server, from where it can be reached
// before any traffic is. What the API server itself says about the way there is no answer of the
// service.

struct proxy_query {
	char *service, *port, *path; // the last may be NULL
	// What it answered, while the API server is asked whether it is there.
	int status;
	char *body, *location; // NULL: none
	size_t length;
	bool is_cut;
};

void proxy_free(struct proxy_query *proxy)
{
	if (!proxy)
		return;
	free(proxy->service);
	free(proxy->port);
	free(proxy->path);
	free(proxy->body);
	free(proxy->location);
	free(proxy);
}

bool proxy_take(struct query *query, struct err *err)
{
	struct probe_world *world = query->probing->world;
	const struct kubernetes_check *check = query->check;
	struct proxy_query *proxy = memory_zeroed(1, sizeof *proxy);

	query->proxy = proxy;
	return target_text(world, check->service, &proxy->service, err) &&
	       target_text(world, check->port, &proxy->port, err) &&
	       target_text(world, check->path, &proxy->path, err);
}

// --- the answer ---

static void judge_service(struct query *query)
{
	struct proxy_query *proxy = query->proxy;
	struct outcome outcome = {
		.reach = REACH_ANSWERED,
		.http_status = proxy->status,
		.text = proxy->body,
		.length = proxy->length,
		.is_cut = proxy->is_cut,
		.latency_ms = query->latency_ms,
	};
	struct buf note = {0};

	if (proxy->status / 100 == 3 && proxy->location) {
		buf_printf(&note, "it redirects to %s", proxy->location);
		outcome.http_note = note.data;
	}
	query->proxy = NULL; // the query ends before what it was answered is looked at
	query_end_judged(query, &outcome);
	proxy_free(proxy);
	buf_fini(&note);
}

// Namespace kube-system, or that it may not be seen.
static bool is_api_server(const struct http_answer *answer)
{
	cJSON *said = answer->status == 200 || answer->status == 403
			      ? json_parse(answer->body, answer->length, NULL)
			      : NULL;
	bool is_object = json_text(said, "kind") != NULL;

	cJSON_Delete(said);
	return is_object;
}

static void server_known(void *context, const struct http_answer *answer)
{
	struct query *query = context;

	query->exchange = NULL; // how long that took says nothing of the service
	if (answer->reach == REACH_ANSWERED && is_api_server(answer))
		judge_service(query);
	else
		query_end_refused(query, answer);
}

// An error may also come from what stands before the API server, or from a port of it that is not
// spoken to as it wants, in any form: then it is said of every other request, too.
static void take_service(struct query *query, const struct http_answer *answer)
{
	struct proxy_query *proxy = query->proxy;

	proxy->status = answer->status;
	proxy->body = memory_copy_bytes(answer->body, answer->length);
	proxy->length = answer->length;
	proxy->is_cut = answer->is_cut;
	proxy->location = memory_copy_text(answer->location);
	if (answer->status >= 400)
		query_get(query, KUBERNETES_IDENTITY_PATH, NULL, server_known);
	else
		judge_service(query);
}

// Nobody behind the service is what `unreachable: true` wants, and else a fault of what is asked
// about, as the API server could be asked.
static void end_silent(struct query *query, enum status status, const char *words)
{
	struct outcome outcome = {.reach = REACH_SILENT, .why = words, .latency_ms = -1};

	if (query->probing->check->expect.unreachable)
		query_end_judged(query, &outcome);
	else
		query_end(query, status, NULL, "%s", words);
}

// The API server says the same of a service that nobody has made endpoints for as of one that is
// not there.
static void existence_known(void *context, const struct http_answer *answer)
{
	struct query *query = context;
	struct buf words = {0};

	query_arrived(query, answer);
	if (answer->reach == REACH_ANSWERED && answer->status == 200) {
		end_silent(query, STATUS_DEGRADED, "the service has no endpoints");
		return;
	}
	bool is_absent = answer->reach == REACH_ANSWERED && answer->status == 404;
	kubernetes_refusal(query->client, answer, service_name(query->proxy->service), &words);
	if (is_absent)
		end_silent(query, STATUS_MISSING, buf_str(&words));
	else
		query_end(query, STATUS_UNKNOWN, NULL, "%s", buf_str(&words));
	buf_fini(&words);
}

static void ask_existence(struct query *query)
{
	static const struct kubeapi_type services = {"", "v1", "services", "Service", true};
	struct buf path = {0};

	kubeapi_path(&path, &services, query->namespace, service_name(query->proxy->service));
	query_get(query, buf_str(&path),
		"application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", existence_known);
	buf_fini(&path);
}

static void answered(void *context, const struct http_answer *answer)
{
	struct query *query = context;
	struct buf words = {0};

	query_arrived(query, answer);
	if (answer->reach != REACH_ANSWERED) {
		query_end_refused(query, answer);
		return;
	}
	switch (service_answerer(
		answer->status, answer->body, answer->length, query->proxy->service, &words)) {
	case SERVICE_ANSWERED: take_service(query, answer); break;
	case SERVICE_ABSENT: ask_existence(query); break;
	case SERVICE_UNREACHABLE: end_silent(query, STATUS_DEGRADED, buf_str(&words)); break;
	case SERVICE_REFUSED: query_end(query, STATUS_UNKNOWN, NULL, "%s", buf_str(&words)); break;
	}
	buf_fini(&words);
}

void proxy_ask(struct query *query)
{
	const struct proxy_query *proxy = query->proxy;
	struct buf path = {0};
	struct err err;

	if (service_proxy_path(&path, query->namespace ? query->namespace : "*", proxy->service,
		    proxy->port, proxy->path, &err))
		query->exchange = kubernetes_ask(
			query->client, &(struct kubernetes_request){
					       .path = buf_str(&path),
					       .accept = "*/*",
					       .timeout_ms = query_time_left_ms(query),
					       .done = answered,
					       .context = query,
				       });
	else
		query_end(query, STATUS_UNKNOWN, NULL, "%s", err.message);
	buf_fini(&path);
}
