// SPDX-License-Identifier: Apache-2.0
#include "probe_kubernetes.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "relight/health.h"
#include "relight/json.h"
#include "relight/memory.h"

// Checks of kind `kubernetes`: whether an API server is ready, and how one object is, or all of a
// resource. An asking goes through these steps, each of which may wait for an answer:
//   begin → identify (who answers there?) → locate (where does the resource live?) → ask (an
//   object, or page by page) → end

static void locate(struct asking *asking);

// --- an asking's life ---

static void asking_free(struct asking *asking)
{
	if (asking->exchange)
		http_cancel(asking->exchange);
	if (asking->search)
		kubernetes_search_cancel(asking->search);
	if (asking->jq_ticket)
		jq_cancel(asking->probing->world->jq, asking->jq_ticket);
	if (asking->identifies)
		kubernetes_identity_end(asking->client, NULL);
	free(asking->namespace);
	free(asking->object);
	free(asking->selector);
	tally_fini(&asking->tally);
	buf_fini(&asking->next_page);
	cJSON_Delete(asking->page);
	free(asking);
}

void asking_end(struct asking *asking, enum status status, cJSON *evidence, const char *format, ...)
{
	struct probing *probing = asking->probing;
	int64_t latency_ms = asking->latency_ms;
	struct buf words = {0};
	va_list arguments;

	va_start(arguments, format);
	buf_vprintf(&words, format, arguments);
	va_end(arguments);
	asking_free(asking);
	probing->work = NULL;
	probing_done(probing, status, latency_ms, evidence, "%s", buf_str(&words));
	buf_fini(&words);
}

void asking_end_refused(struct asking *asking, const struct http_answer *answer)
{
	struct buf words = {0};
	enum status status = kubernetes_refusal(answer, asking->object, &words);

	if (status == STATUS_MISSING && asking->probing->check->expect.object == EXPECT_ABSENT)
		asking_end(asking, STATUS_HEALTHY, NULL, "absent, as it should be");
	else
		asking_end(asking, status, NULL, "%s", buf_str(&words));
	buf_fini(&words);
}

int64_t asking_time_left_ms(const struct asking *asking)
{
	uint64_t now = uv_now(asking->probing->world->loop);

	return asking->deadline_ms > now ? (int64_t)(asking->deadline_ms - now) : 1;
}

void asking_get(struct asking *asking, const char *path, const char *accept,
	void (*done)(void *context, const struct http_answer *answer))
{
	asking->exchange =
		kubernetes_get(asking->client, &(struct kubernetes_request){
						       .path = path,
						       .accept = accept,
						       .timeout_ms = asking_time_left_ms(asking),
						       .max_body_bytes = ASKING_MAX_BYTES,
						       .done = done,
						       .context = asking,
					       });
}

void asking_arrived(struct asking *asking, const struct http_answer *answer)
{
	asking->exchange = NULL;
	if (answer->reach == REACH_ANSWERED)
		asking->latency_ms =
			(asking->latency_ms < 0 ? 0 : asking->latency_ms) + answer->latency_ms;
}

// --- identify ---

static void proceed(struct asking *asking)
{
	const char *wanted = asking->probing->world->runbook->targets[asking->check->target].uid;
	const char *uid = kubernetes_uid(asking->client);

	if (wanted && !uid)
		asking_end(asking, STATUS_UNKNOWN, NULL,
			"the runbook wants the cluster %s, and its UID cannot be seen", wanted);
	else if (wanted && strcmp(wanted, uid) != 0)
		asking_end(asking, STATUS_UNKNOWN, NULL,
			"another cluster answers: its UID is %s, the runbook wants %s", uid,
			wanted);
	else
		locate(asking);
}

static void identified(void *context, const struct http_answer *answer)
{
	struct asking *asking = context;
	struct probe_world *world = asking->probing->world;

	asking->exchange = NULL;
	asking->identifies = false;
	if (kubernetes_identity_end(asking->client, answer))
		probe_target(world, asking->check->target, kubernetes_endpoint(asking->client),
			kubernetes_fingerprint(asking->client));
	if (answer->reach != REACH_ANSWERED)
		asking_end_refused(asking, answer);
	else
		proceed(asking);
}

static void identify(struct asking *asking)
{
	const struct target *target =
		&asking->probing->world->runbook->targets[asking->check->target];
	bool must_know = target->uid && !kubernetes_uid(asking->client);

	if (!must_know && !kubernetes_identity_due(asking->client)) {
		proceed(asking);
		return;
	}
	kubernetes_identity_begin(asking->client);
	asking->identifies = true;
	asking_get(asking, KUBERNETES_IDENTITY_PATH, NULL, identified);
}

// --- readyz ---

static void readiness_known(void *context, const struct http_answer *answer)
{
	struct asking *asking = context;
	struct buf words = {0};

	asking_arrived(asking, answer);
	if (answer->reach == REACH_ANSWERED) {
		enum status status = kubeapi_readiness(answer->status, answer->body, &words);
		asking_end(asking, status, NULL, "%s", buf_str(&words));
	} else {
		asking_end_refused(asking, answer);
	}
	buf_fini(&words);
}

// --- one object ---

// Whether names are all that is needed: secrets are never fetched whole for less.
bool asking_needs_names_only(const struct asking *asking)
{
	enum expect_object expected = asking->probing->check->expect.object;
	bool is_secret =
		asking->type.group[0] == '\0' && strcmp(asking->type.plural, "secrets") == 0;

	return expected == EXPECT_EXISTS || expected == EXPECT_ABSENT ||
	       (is_secret && expected == EXPECT_HEALTHY);
}

static void judge_object(struct asking *asking, const struct http_answer *answer)
{
	struct health health;
	struct timespec now;
	struct err err;
	cJSON *object = json_parse(answer->body, answer->length, &err);

	if (!object) {
		asking_end(
			asking, STATUS_UNKNOWN, NULL, "the answer cannot be read: %s", err.message);
		return;
	}
	cJSON *evidence = json_object();
	json_add_text(evidence, "uid", json_path_text(object, "metadata.uid"));
	json_add_text(
		evidence, "resourceVersion", json_path_text(object, "metadata.resourceVersion"));
	clock_gettime(CLOCK_REALTIME, &now);
	health_judge(object, (struct wall){now.tv_sec * US_PER_S + now.tv_nsec / 1000}, &health);
	json_add_text(evidence, "rule", health.rule);
	cJSON_Delete(object);
	asking_end(asking, health.status, evidence, "%s", health.message);
}

static void object_known(void *context, const struct http_answer *answer)
{
	struct asking *asking = context;
	struct probing *probing = asking->probing;
	enum expect_object expected = probing->check->expect.object;

	asking_arrived(asking, answer);
	if (answer->reach != REACH_ANSWERED || answer->status != 200) {
		asking_end_refused(asking, answer);
	} else if (answer->is_cut) {
		asking_end(asking, STATUS_UNKNOWN, NULL, "the object is larger than %u MiB",
			ASKING_MAX_BYTES >> 20);
	} else if (expected == EXPECT_EXISTS) {
		asking_end(asking, STATUS_HEALTHY, NULL, "exists");
	} else if (expected == EXPECT_ABSENT) {
		asking_end(asking, STATUS_DEGRADED, NULL, "exists, and should not");
	} else if (expected == EXPECT_JQ) {
		struct outcome outcome = {.reach = REACH_ANSWERED,
			.text = answer->body,
			.length = answer->length,
			.latency_ms = asking->latency_ms};
		asking_free(asking);
		probing->work = NULL;
		probing_judge(probing, &outcome);
	} else {
		judge_object(asking, answer);
	}
}

static void ask_object(struct asking *asking)
{
	struct buf path = {0};

	kubeapi_path(&path, &asking->type, asking->namespace, asking->object);
	asking_get(asking, buf_str(&path),
		asking_needs_names_only(asking)
			? "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
			: NULL,
		object_known);
	buf_fini(&path);
}

// --- locate ---

static void ask(struct asking *asking)
{
	// One name in all namespaces is a list, too.
	if (asking->object && (asking->namespace || !asking->type.is_namespaced))
		ask_object(asking);
	else
		asking_list(asking);
}

static void located(void *context, const struct kubeapi_type *type, const char *words)
{
	struct asking *asking = context;

	asking->search = NULL;
	if (!type) {
		asking_end(asking, STATUS_UNKNOWN, NULL, "%s", words);
		return;
	}
	asking->type = *type;
	ask(asking);
}

static void locate(struct asking *asking)
{
	struct buf words = {0};

	if (asking->check->question == KUBERNETES_READYZ) {
		asking_get(asking, "/readyz", NULL, readiness_known);
		return;
	}
	switch (kubernetes_find(asking->client, &asking->name, &asking->type)) {
	case KUBERNETES_THERE: ask(asking); break;
	case KUBERNETES_NOT_THERE:
		kubernetes_absence(asking->client, &asking->name, &words);
		asking_end(asking, STATUS_UNKNOWN, NULL, "%s", buf_str(&words));
		break;
	case KUBERNETES_NOT_KNOWN:
		asking->search = kubernetes_search(asking->client, &asking->name,
			asking_time_left_ms(asking), located, asking);
		break;
	}
	buf_fini(&words);
}

// --- begin ---

static struct kubernetes *client_of(struct probe_world *world, int target, struct err *err)
{
	struct http *http = probe_http_client(world, err);

	if (!http)
		return NULL;
	if (!world->kind_state[CHECK_KUBERNETES])
		world->kind_state[CHECK_KUBERNETES] =
			memory_zeroed(world->runbook->target_count, sizeof(struct kubernetes *));
	struct kubernetes **clients = world->kind_state[CHECK_KUBERNETES];
	if (!clients[target])
		clients[target] = kubernetes_new(world->loop, http);
	return clients[target];
}

// A text of the runbook with its variables replaced; the caller frees. *text stays NULL where there
// is none. False with `err`.
static bool expand(struct probe_world *world, const char *template, char **text, struct err *err)
{
	struct buf out = {0};

	if (!template)
		return true;
	if (!probe_text(world, template, &out, err)) {
		buf_fini(&out);
		return false;
	}
	*text = buf_take(&out);
	return true;
}

static enum status open_target(struct asking *asking, struct err *err)
{
	struct probe_world *world = asking->probing->world;
	const struct target *target = &world->runbook->targets[asking->check->target];
	struct buf kubeconfig = {0};
	char *context = NULL;
	enum status status = STATUS_UNKNOWN;

	if ((!target->kubeconfig || probe_path(world, target->kubeconfig, &kubeconfig, err)) &&
		expand(world, target->context, &context, err))
		status = kubernetes_open(asking->client,
			target->kubeconfig ? buf_str(&kubeconfig) : NULL, context, err);
	free(context);
	buf_fini(&kubeconfig);
	return status;
}

static bool take_question(struct asking *asking, struct err *err)
{
	struct probe_world *world = asking->probing->world;
	const struct kubernetes_check *check = asking->check;
	const char *namespace = check->namespace ? check->namespace
						 : world->runbook->targets[check->target].namespace;
	char *resource = NULL;
	bool good = expand(world, check->resource, &resource, err) &&
		    expand(world, namespace, &asking->namespace, err) &&
		    expand(world, check->name, &asking->object, err) &&
		    expand(world, check->selector, &asking->selector, err);

	if (good && check->question == KUBERNETES_OBJECTS)
		good = kubeapi_name_parse(resource, &asking->name, err);
	free(resource);
	return good;
}

// "*" is all namespaces; the context's own is the last resort, once it is known.
static void settle_namespace(struct asking *asking)
{
	if (!asking->namespace) {
		asking->namespace = memory_copy_text(kubernetes_namespace(asking->client));
	} else if (strcmp(asking->namespace, "*") == 0) {
		free(asking->namespace);
		asking->namespace = NULL;
	}
}

static void start(struct probing *probing)
{
	struct asking *asking = memory_zeroed(1, sizeof *asking);
	struct err err = {0};
	enum status status = STATUS_UNKNOWN;

	*asking = (struct asking){
		.probing = probing,
		.check = &probing->check->kubernetes,
		.deadline_ms = uv_now(probing->world->loop) + (uint64_t)probing->timeout_ms,
		.latency_ms = -1,
	};
	probing->work = asking;
	asking->client = client_of(probing->world, asking->check->target, &err);
	if (asking->client && take_question(asking, &err))
		status = open_target(asking, &err);
	if (status != STATUS_HEALTHY) {
		asking_end(asking, status, NULL, "%s", err.message);
		return;
	}
	settle_namespace(asking);
	identify(asking);
}

static void cancel(struct probing *probing)
{
	asking_free(probing->work);
	probing->work = NULL;
}

static void fini(struct probe_world *world)
{
	struct kubernetes **clients = world->kind_state[CHECK_KUBERNETES];

	for (size_t i = 0; clients && i < world->runbook->target_count; i++)
		kubernetes_free(clients[i]);
	free(clients);
	world->kind_state[CHECK_KUBERNETES] = NULL;
}

const struct probe_kind probe_kubernetes = {.start = start, .cancel = cancel, .fini = fini};
