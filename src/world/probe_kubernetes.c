// SPDX-License-Identifier: Apache-2.0
#include "probe_kubernetes.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "relight/clock.h"
#include "relight/json.h"
#include "relight/memory.h"

// Checks of kind `kubernetes`: whether an API server is ready, and how one object is, or all of a
// resource. An asking goes through these steps, each of which may wait for an answer:
//   begin → identify (who answers there?) → watch, or what else is asked → believe → end
// Objects are watched (kubewatch.h); one that may be got but not listed is got, each time.

#define IDENTITY_AGE_MS 10000 // what a check may go by before it asks again who answers

// --- an asking's life ---

// Frees it, without saying anything.
static void query_release(struct query *query)
{
	query->probing->work = NULL;
	if (query->is_held)
		target_release(query);
	if (query->exchange)
		kubernetes_cancel(query->exchange);
	if (query->search)
		kubernetes_search_cancel(query->search);
	if (query->asking)
		kubewatch_cancel(query->asking);
	judge_cancel(query->probing->world->judge, query->judge_ticket);
	cJSON_Delete(query->evidence);
	free(query->health);
	if (query->identifies)
		kubernetes_identity_end(query->client, NULL);
	free(query->namespace);
	free(query->object);
	free(query->selector);
	access_free(query->access);
	proxy_free(query->proxy);
	free(query);
}

static bool is_about_access(const struct kubernetes_check *check)
{
	return check->question == KUBERNETES_READYZ || check->question == KUBERNETES_CAN_I;
}

static bool has_access_check(const struct runbook *runbook, int target)
{
	for (size_t i = 0; i < runbook->dependency_count; i++) {
		const struct dependency *dependency = &runbook->dependencies[i];

		for (size_t j = 0; j < dependency->check_count; j++) {
			const struct check *check = &dependency->checks[j];
			if (check->kind == CHECK_KUBERNETES && check->kubernetes.target == target &&
				is_about_access(&check->kubernetes))
				return true;
		}
	}
	return false;
}

// How long the credentials live is told by the checks that are about access to the target; by all
// of its checks where there is none. At the end: a plugin may have been asked for them meanwhile.
static void tell_expiry(struct query *query)
{
	struct probing *probing = query->probing;

	if (query->client &&
		(is_about_access(query->check) ||
			!has_access_check(probing->world->runbook, query->check->target)))
		probing->expires = kubernetes_expiry(query->client, &probing->renews);
}

void query_end(struct query *query, enum status status, cJSON *evidence, const char *format, ...)
{
	struct probing *probing = query->probing;
	int64_t latency_ms = query->latency_ms;
	struct buf words = {0};
	va_list arguments;

	va_start(arguments, format);
	buf_vprintf(&words, format, arguments);
	va_end(arguments);
	tell_expiry(query);
	query_release(query);
	probing_done(probing, status, latency_ms, evidence, "%s", buf_str(&words));
	buf_fini(&words);
}

void query_end_unknown(struct query *query, enum status status, const char *words)
{
	if (status == STATUS_MISSING && query->probing->check->expect.object == EXPECT_ABSENT)
		query_end(query, STATUS_HEALTHY, NULL, "absent, as it should be");
	else
		query_end(query, status, NULL, "%s", words);
}

void query_end_judged(struct query *query, const struct outcome *outcome)
{
	struct probing *probing = query->probing;

	tell_expiry(query);
	query_release(query);
	probing_judge(probing, outcome);
}

void query_end_refused(struct query *query, const struct http_answer *answer)
{
	struct buf words = {0};
	enum status status = kubernetes_refusal(query->client, answer, query->object, &words);

	query_end_unknown(query, status, buf_str(&words));
	buf_fini(&words);
}

int64_t query_time_left_ms(const struct query *query)
{
	uint64_t now = uv_now(query->probing->world->loop);

	return query->deadline_ms > now ? (int64_t)(query->deadline_ms - now) : 1;
}

uint64_t query_since_ms(const struct query *query)
{
	return query->probing->anew ? query->began_ms : 0;
}

void query_get(struct query *query, const char *path, const char *accept,
	void (*done)(void *context, const struct http_answer *answer))
{
	query->exchange =
		kubernetes_ask(query->client, &(struct kubernetes_request){
						      .path = path,
						      .accept = accept,
						      .timeout_ms = query_time_left_ms(query),
						      .max_body_bytes = QUERY_MAX_BYTES,
						      .done = done,
						      .context = query,
					      });
}

void query_arrived(struct query *query, const struct http_answer *answer)
{
	query->exchange = NULL;
	if (answer->reach == REACH_ANSWERED)
		query->latency_ms =
			(query->latency_ms < 0 ? 0 : query->latency_ms) + answer->latency_ms;
}

// --- readyz ---

static void readiness_known(void *context, const struct http_answer *answer)
{
	struct query *query = context;
	struct buf words = {0};

	query_arrived(query, answer);
	if (answer->reach == REACH_ANSWERED) {
		enum status status = kubeapi_readiness(answer->status, answer->body, &words);
		query_end(query, status, NULL, "%s", buf_str(&words));
	} else {
		query_end_refused(query, answer);
	}
	buf_fini(&words);
}

static void ask(struct query *query)
{
	switch (query->check->question) {
	case KUBERNETES_READYZ: query_get(query, "/readyz", NULL, readiness_known); break;
	case KUBERNETES_CAN_I: access_ask(query); break;
	case KUBERNETES_SERVICE_PROXY: proxy_ask(query); break;
	case KUBERNETES_OBJECTS: query_watch(query); break;
	}
}

// --- identify ---

// Where the runbook says which cluster it must be, and it is not seen to be that: it is ended.
static bool ended_by_another(struct query *query)
{
	const char *wanted = query->probing->world->runbook->targets[query->check->target].uid;
	const char *uid = kubernetes_uid(query->client);

	if (!wanted || (uid && strcmp(wanted, uid) == 0))
		return false;
	if (!uid)
		query_end(query, STATUS_UNKNOWN, NULL,
			"the runbook wants the cluster %s, and its UID cannot be seen", wanted);
	else
		query_end(query, STATUS_UNKNOWN, NULL,
			"another cluster answers: its UID is %s, the runbook wants %s", uid,
			wanted);
	return true;
}

static void proceed(struct query *query)
{
	if (!ended_by_another(query))
		ask(query);
}

static void identified(void *context, const struct http_answer *answer)
{
	struct query *query = context;
	struct probe_world *world = query->probing->world;

	query->exchange = NULL;
	query->identifies = false;
	target_identified(world, query->check->target, answer);
	if (answer->reach != REACH_ANSWERED)
		query_end_refused(query, answer);
	else
		proceed(query);
}

static void identify(struct query *query)
{
	const struct target *target =
		&query->probing->world->runbook->targets[query->check->target];
	bool must_know = target->uid && !kubernetes_uid(query->client);
	// What is known of objects, or why nothing is, is there without asking: that a server is
	// gone is said at once, and who it is asked before anything else is believed (hold).
	bool is_for_later = query->check->question == KUBERNETES_OBJECTS &&
			    (kubernetes_is_silent(query->client) || !query->probing->world->once);

	if (!must_know &&
		(is_for_later || !kubernetes_identity_due(query->client, IDENTITY_AGE_MS))) {
		proceed(query);
		return;
	}
	kubernetes_identity_begin(query->client);
	query->identifies = true;
	query_get(query, KUBERNETES_IDENTITY_PATH, NULL, identified);
}

// --- believe ---

// Since a connection was lost it may be another cluster that answers at the same address. What it
// says is told behind who it is, so that nobody takes it for the pinned one's.
static bool hold(struct probing *probing)
{
	const struct kubernetes_check *check = &probing->check->kubernetes;
	struct err err = {0};

	if (!target_is_doubtful(probing->world, check->target))
		return false;
	struct query *query = memory_zeroed(1, sizeof *query);
	query->probing = probing;
	query->check = check;
	query->client = target_client(probing->world, check->target, &err);
	query->deadline_ms = probing->began_ms + (uint64_t)probing->timeout_ms;
	query->latency_ms = -1;
	probing->work = query;
	target_hold(query);
	return true;
}

void query_believe(struct query *query, const struct http_answer *answer)
{
	struct probing *probing = query->probing;

	if (answer->reach != REACH_ANSWERED) {
		query_end_refused(query, answer);
	} else if (!ended_by_another(query)) {
		query_release(query);
		probing_tell(probing);
	}
}

// --- what is judged ---

// Several API groups may serve a resource of the same name: without a group the first that
// discovery names is taken, as kubectl does.
static void note_group(struct query *query, const struct kubeapi_type *type)
{
	struct buf resource = {0};

	if (query->name.group[0] || !type->group[0])
		return;
	buf_printf(&resource, "%s.%s", type->plural, type->group);
	probing_note(query->probing, "resource", buf_str(&resource));
	buf_fini(&resource);
}

void query_found(struct query *query, const struct kubeapi_type *type)
{
	note_group(query, type);
	// A program that reads more than that sees nothing, and may say anything.
	if (kubeapi_is_secret(type) && query->probing->check->expect.object == EXPECT_JQ)
		query->probing->aside = "judged by metadata alone: Secrets are never fetched whole";
}

// --- one object ---

static bool needs_metadata_only(const struct query *query)
{
	enum expect_object expected = query->probing->check->expect.object;

	return expected == EXPECT_EXISTS || expected == EXPECT_ABSENT ||
	       kubeapi_is_secret(&query->type);
}

static void object_judged(void *context, const struct health *health)
{
	struct query *query = context;
	cJSON *evidence = query->evidence;

	query->judge_ticket = 0;
	query->evidence = NULL;
	json_add_text(evidence, "rule", health->rule);
	query_end(query, health->status, evidence, "%s", health->message);
}

static void take_object(struct query *query, const struct http_answer *answer)
{
	struct err err;
	cJSON *object = json_parse(answer->body, answer->length, &err);

	if (!object) {
		query_end(
			query, STATUS_UNKNOWN, NULL, "the answer cannot be read: %s", err.message);
		return;
	}
	if (needs_metadata_only(query) && cJSON_IsObject(object))
		kubeapi_name_kind(&query->type, object);
	progress_read(object, &query->probing->progress);
	query->evidence = json_object();
	json_add_text(query->evidence, "uid", json_path_text(object, "metadata.uid"));
	json_add_text(query->evidence, "resourceVersion",
		json_path_text(object, "metadata.resourceVersion"));
	// What is judged at once ends the query in there.
	int64_t ticket = judge_object(query->probing->world->judge, object, clock_wall(),
		query_time_left_ms(query), object_judged, query);
	if (ticket)
		query->judge_ticket = ticket;
	cJSON_Delete(object);
}

// Whether what was sent is the object that was asked for. False with `err`.
static bool is_the_object(
	const struct query *query, const struct http_answer *answer, struct err *err)
{
	cJSON *object = json_parse(answer->body, answer->length, err);
	bool is_it = object && kubeapi_is_kind(&query->type, object, err);

	if (is_it && !kubeapi_is_of(object, query->type.is_namespaced ? query->namespace : NULL,
			     query->object))
		is_it = err_set(err, "it is another object than %s", query->object);
	cJSON_Delete(object);
	return is_it;
}

static void object_known(void *context, const struct http_answer *answer)
{
	struct query *query = context;
	enum expect_object expected = query->probing->check->expect.object;
	struct err err = {0};

	query_arrived(query, answer);
	if (answer->reach == REACH_ANSWERED && answer->status == 200)
		query_found(query, &query->type);
	if (answer->reach != REACH_ANSWERED || answer->status != 200) {
		query_end_refused(query, answer);
	} else if (answer->is_cut) {
		query_end(query, STATUS_UNKNOWN, NULL, "the object is larger than %u MiB",
			QUERY_MAX_BYTES >> 20);
	} else if (!is_the_object(query, answer, &err)) {
		query_end(
			query, STATUS_UNKNOWN, NULL, "the answer cannot be used: %s", err.message);
	} else if (expected == EXPECT_EXISTS) {
		query_end(query, STATUS_HEALTHY, NULL, "exists");
	} else if (expected == EXPECT_ABSENT) {
		query_end(query, STATUS_DEGRADED, NULL, "exists, and should not");
	} else if (expected == EXPECT_JQ) {
		struct outcome outcome = {.reach = REACH_ANSWERED,
			.text = answer->body,
			.length = answer->length,
			.latency_ms = query->latency_ms};
		query_end_judged(query, &outcome);
	} else {
		take_object(query, answer);
	}
}

static void ask_object(struct query *query)
{
	struct buf path = {0};

	kubeapi_path(&path, &query->type, query->namespace, query->object);
	query_get(query, buf_str(&path),
		needs_metadata_only(query)
			? "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
			: NULL,
		object_known);
	buf_fini(&path);
}

// --- locate ---

static void located(void *context, const struct kubeapi_type *type, const char *words)
{
	struct query *query = context;

	query->search = NULL;
	if (!type) {
		query_end(query, STATUS_UNKNOWN, NULL, "%s", words);
		return;
	}
	query->type = *type;
	ask_object(query);
}

void query_locate(struct query *query)
{
	struct buf words = {0};

	switch (kubernetes_find(query->client, &query->name, query_since_ms(query), &query->type)) {
	case KUBERNETES_THERE: ask_object(query); break;
	case KUBERNETES_NOT_THERE:
		kubernetes_absence(query->client, &query->name, &words);
		query_end(query, STATUS_UNKNOWN, NULL, "%s", buf_str(&words));
		break;
	case KUBERNETES_NOT_KNOWN:
		query->search = kubernetes_search(query->client, &query->name,
			query_since_ms(query), query_time_left_ms(query), located, query);
		break;
	}
	buf_fini(&words);
}

// --- begin ---

static bool take_question(struct query *query, struct err *err)
{
	struct probe_world *world = query->probing->world;
	const struct kubernetes_check *check = query->check;
	const char *namespace = check->namespace ? check->namespace
						 : world->runbook->targets[check->target].namespace;
	char *resource = NULL;
	bool good = target_text(world, check->resource, &resource, err) &&
		    target_text(world, namespace, &query->namespace, err) &&
		    target_text(world, check->name, &query->object, err) &&
		    target_text(world, check->selector, &query->selector, err);

	if (good && check->question == KUBERNETES_OBJECTS)
		good = kubeapi_name_parse(resource, &query->name, err);
	else if (good && check->question == KUBERNETES_CAN_I)
		good = access_take(query, err);
	else if (good && check->question == KUBERNETES_SERVICE_PROXY)
		good = proxy_take(query, err);
	free(resource);
	return good;
}

// "*" is all namespaces; the context's own is the last resort, once it is known.
static void settle_namespace(struct query *query)
{
	if (!query->namespace) {
		query->namespace = memory_copy_text(kubernetes_namespace(query->client));
	} else if (strcmp(query->namespace, "*") == 0) {
		free(query->namespace);
		query->namespace = NULL;
	}
}

// An asking that is ready to ask its target where *status says healthy; else `err` says why not.
static struct query *query_new(struct probing *probing, enum status *status, struct err *err)
{
	struct query *query = memory_zeroed(1, sizeof *query);

	*query = (struct query){
		.probing = probing,
		.check = &probing->check->kubernetes,
		.began_ms = probing->began_ms,
		.deadline_ms = probing->began_ms + (uint64_t)probing->timeout_ms,
		.latency_ms = -1,
	};
	probing->work = query;
	*status = STATUS_UNKNOWN;
	query->client = target_client(probing->world, query->check->target, err);
	if (query->client && take_question(query, err))
		*status = target_open(probing->world, query->check->target, err);
	if (*status == STATUS_HEALTHY)
		settle_namespace(query);
	return query;
}

static void start(struct probing *probing)
{
	struct err err = {0};
	enum status status;
	struct query *query = query_new(probing, &status, &err);

	if (status == STATUS_HEALTHY)
		identify(query);
	else
		query_end(query, status, target_absence(probing->world, query->check->target), "%s",
			err.message);
}

// One list serves all who look at the same objects, if it is known before how they do. Where that
// is not known yet, it is a list more.
static void prepare(struct probing *probing)
{
	struct err err = {0};
	enum status status;

	if (probing->check->kubernetes.question != KUBERNETES_OBJECTS)
		return;
	struct query *query = query_new(probing, &status, &err);
	if (status == STATUS_HEALTHY)
		query_look(query);
	query_release(query);
}

static void cancel(struct probing *probing)
{
	query_release(probing->work);
}

static void leave(struct probing *probing)
{
	standing_free(probing->standing);
	probing->standing = NULL;
}

const struct probe_kind probe_kubernetes = {.prepare = prepare,
	.start = start,
	.cancel = cancel,
	.hold = hold,
	.leave = leave,
	.attend = targets_attend,
	.fini = targets_fini};
