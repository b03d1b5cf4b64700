// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <utlist.h>

#include "probe_kubernetes.h"
#include "probe_parts.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "relight/pin.h"

// Who answers at the runbook's Kubernetes targets. Nothing is to act on a target before it is
// pinned, or once it is another one, so each of them is asked every few seconds, also where no
// check does. Its kubeconfig may come with the step that makes the cluster.

#define ROUND_MS          5000
#define IDENTITY_AGE_MS   4000 // less than a round, so that none is left out
#define PATIENCE_MS       5000
#define PATIENCE_LEAST_MS 1000

struct target_link {
	struct probe_world *world;
	int target;
	struct kubernetes *client;  // NULL: nobody has asked for it yet; with it …
	struct http *http;          // … its own connections, …
	struct kubepulse *pulse;    // … their pulse, …
	struct kubewatch **watches; // … and what is watched there
	size_t watch_count, watch_capacity;
	bool is_absent; // when it was last opened there was no such kubeconfig or context
	struct kubernetes_exchange *exchange; // of the round; NULL: none is under way
	unsigned asked;                       // how often it was, by now …
	unsigned generation;                  // … and of which context the last time
	struct query *held;                   // what waits for being asked once more
	bool is_told;                         // the cockpit knows who it is
	cJSON *untold;         // a fingerprint to tell once the sources have answered …
	char *untold_endpoint; // … and whose it is; NULL: none
};

struct target_links {
	struct target_link *items; // by target index
	uv_timer_t *round;         // NULL: none
	int sources_asked;         // by the round, without an answer yet
};

static struct target_links *links_of(struct probe_world *world)
{
	struct target_links *links = world->kind_state[CHECK_KUBERNETES];

	if (links)
		return links;
	links = memory_zeroed(1, sizeof *links);
	links->items = memory_zeroed(world->runbook->target_count + 1, sizeof *links->items);
	for (size_t t = 0; t < world->runbook->target_count; t++)
		links->items[t] = (struct target_link){.world = world, .target = (int)t};
	world->kind_state[CHECK_KUBERNETES] = links;
	return links;
}

static void on_secret(void *context, const char *name, const char *value)
{
	struct target_link *link = context;

	probe_secret(link->world, name, value);
}

struct kubernetes *target_client(struct probe_world *world, int target, struct err *err)
{
	struct target_link *link = &links_of(world)->items[target];

	if (!link->http)
		link->http = http_new(world->loop, err);
	if (link->http && !link->client) {
		link->client = kubernetes_new(world->loop, link->http);
		kubernetes_confide(link->client, on_secret, link);
		link->pulse = kubepulse_new(world->loop, link->client);
	}
	return link->client;
}

bool target_text(struct probe_world *world, const char *template, char **text, struct err *err)
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

enum status target_open(struct probe_world *world, int target, struct err *err)
{
	const struct target *of = &world->runbook->targets[target];
	struct target_link *link = &links_of(world)->items[target];
	struct buf kubeconfig = {0};
	char *context = NULL;
	enum status status = STATUS_UNKNOWN;

	if ((!of->kubeconfig || probe_path(world, of->kubeconfig, &kubeconfig, err)) &&
		target_text(world, of->context, &context, err))
		status = kubernetes_open(
			link->client, of->kubeconfig ? buf_str(&kubeconfig) : NULL, context, err);
	free(context);
	buf_fini(&kubeconfig);
	link->is_absent = status == STATUS_MISSING;
	// What was reached does not cease to be when nothing leads there any more.
	return link->is_absent && kubernetes_was_reached(link->client) ? STATUS_UNKNOWN : status;
}

cJSON *target_absence(struct probe_world *world, int target)
{
	if (!links_of(world)->items[target].is_absent)
		return NULL;
	cJSON *evidence = json_object();
	json_add_text(evidence, PIN_UNREACHED, world->runbook->targets[target].id);
	return evidence;
}

// --- watches ---

static enum status open_link(void *context, struct err *err)
{
	struct target_link *link = context;

	return target_open(link->world, link->target, err);
}

struct kubewatch *target_watch(
	struct probe_world *world, int target, const struct kubewatch_scope *scope)
{
	struct target_link *link = &links_of(world)->items[target];

	for (size_t i = 0; i < link->watch_count; i++)
		if (kubewatch_covers(link->watches[i], scope))
			return link->watches[i];
	link->watches = memory_grow(link->watches, link->watch_count, &link->watch_capacity,
		sizeof(struct kubewatch *));
	struct kubewatch *watch = kubewatch_new(
		&(struct kubewatch_config){
			.loop = world->loop,
			.client = link->client,
			.pulse = link->pulse,
			.judge = world->judge,
			.jq = world->jq,
			.once = world->once,
			.open = open_link,
			.context = link,
		},
		scope);
	link->watches[link->watch_count++] = watch;
	return watch;
}

void target_forget_watches(struct probe_world *world, int target)
{
	struct target_link *link = &links_of(world)->items[target];
	size_t kept = 0;

	for (size_t i = 0; i < link->watch_count; i++)
		if (kubewatch_has_viewers(link->watches[i]))
			link->watches[kept++] = link->watches[i];
		else
			kubewatch_free(link->watches[i]);
	link->watch_count = kept;
}

// --- who it is ---

static bool is_source(const struct target_link *link)
{
	return link->world->runbook->targets[link->target].role == TARGET_SOURCE;
}

static void tell(struct target_link *link)
{
	probe_target(link->world, link->target, link->untold_endpoint,
		kubernetes_namespace(link->client), link->untold);
	free(link->untold_endpoint);
	link->untold_endpoint = NULL;
	link->untold = NULL;
	link->is_told = true;
}

// A recovery cluster may turn out to be the lost one: its first contact is held back while a source
// that would show that is being asked, so that nothing acts on it in between.
void target_identified(struct probe_world *world, int target, const struct http_answer *answer)
{
	struct target_links *links = links_of(world);
	struct target_link *link = &links->items[target];

	if (!kubernetes_identity_end(link->client, answer))
		return;
	cJSON_Delete(link->untold);
	free(link->untold_endpoint);
	link->untold = kubernetes_fingerprint(link->client);
	link->untold_endpoint = memory_copy_text(kubernetes_endpoint(link->client));
	if (links->sources_asked == 0 || link->is_told || is_source(link))
		tell(link);
}

static void tell_untold(struct probe_world *world)
{
	struct target_links *links = links_of(world);

	for (size_t t = 0; links->sources_asked == 0 && t < world->runbook->target_count; t++)
		if (links->items[t].untold)
			tell(&links->items[t]);
}

// --- the round ---

static void ask(struct target_link *link);
static void on_round(uv_timer_t *timer);

// Those that were held before it was asked, and where nobody answers all that are held; each may
// end others, or hold more back.
static void believe_held(struct target_link *link, const struct http_answer *answer)
{
	struct query *query = link->held;

	link->asked += answer->reach != REACH_ANSWERED;
	while (query)
		if (query->held_at < link->asked) {
			query_believe(query, answer);
			query = link->held;
		} else {
			query = query->next;
		}
}

static void on_answer(void *context, const struct http_answer *answer)
{
	struct target_link *link = context;

	link->exchange = NULL;
	links_of(link->world)->sources_asked -= is_source(link);
	target_identified(link->world, link->target, answer);
	tell_untold(link->world);
	if (link->generation == kubernetes_generation(link->client))
		believe_held(link, answer);
	if (link->held)
		ask(link);
}

// At once where something waits for it, but that one which did not tell is left alone for a while.
static bool is_due(struct target_link *link)
{
	int64_t rest_ms = link->held ? kubernetes_identity_rest_ms(link->client) : 0;

	if (rest_ms > 0)
		uv_timer_start(links_of(link->world)->round, on_round, (uint64_t)rest_ms, ROUND_MS);
	return rest_ms == 0 &&
	       (link->held || kubernetes_identity_due(link->client, IDENTITY_AGE_MS));
}

// What is held is to be told, or said to be unknown, within its own time.
static int64_t patience_ms(const struct target_link *link)
{
	const struct query *query = NULL;
	int64_t patience_ms = PATIENCE_MS;

	DL_FOREACH (link->held, query)
		if (query_time_left_ms(query) < patience_ms)
			patience_ms = query_time_left_ms(query);
	return patience_ms > PATIENCE_LEAST_MS ? patience_ms : PATIENCE_LEAST_MS;
}

static void ask(struct target_link *link)
{
	struct err err = {0};

	if (link->exchange || !target_client(link->world, link->target, &err) ||
		target_open(link->world, link->target, &err) != STATUS_HEALTHY || !is_due(link))
		return;
	link->asked++;
	link->generation = kubernetes_generation(link->client);
	kubernetes_identity_begin(link->client);
	links_of(link->world)->sources_asked += is_source(link);
	link->exchange = kubernetes_ask(link->client, &(struct kubernetes_request){
							      .path = KUBERNETES_IDENTITY_PATH,
							      .timeout_ms = patience_ms(link),
							      .done = on_answer,
							      .context = link,
						      });
}

static void on_round(uv_timer_t *timer)
{
	struct probe_world *world = timer->data;
	struct target_links *links = links_of(world);

	for (size_t t = 0; t < world->runbook->target_count; t++)
		if (!world->runbook->targets[t].is_ssh)
			ask(&links->items[t]);
}

bool target_is_doubtful(struct probe_world *world, int target)
{
	struct target_links *links = links_of(world);
	struct target_link *link = &links->items[target];
	struct err err = {0};

	// Where nothing leads to one there is nobody to ask.
	return links->round && link->client && target_open(world, target, &err) == STATUS_HEALTHY &&
	       kubernetes_is_doubtful(link->client);
}

void target_hold(struct query *query)
{
	struct target_link *link = &links_of(query->probing->world)->items[query->check->target];

	query->is_held = true;
	query->held_at = link->asked;
	DL_APPEND(link->held, query);
	ask(link);
}

void target_release(struct query *query)
{
	struct target_link *link = &links_of(query->probing->world)->items[query->check->target];

	DL_DELETE(link->held, query);
	query->is_held = false;
}

void targets_attend(struct probe_world *world)
{
	bool has_any = false;

	for (size_t t = 0; t < world->runbook->target_count; t++)
		has_any |= !world->runbook->targets[t].is_ssh;
	if (!has_any)
		return;
	struct target_links *links = links_of(world);
	links->round = memory_zeroed(1, sizeof *links->round);
	uv_timer_init(world->loop, links->round);
	links->round->data = world;
	uv_timer_start(links->round, on_round, ROUND_MS, ROUND_MS);
	on_round(links->round);
}

static void on_closed(uv_handle_t *handle)
{
	free(handle);
}

static void link_fini(struct target_link *link)
{
	for (size_t i = 0; i < link->watch_count; i++)
		kubewatch_free(link->watches[i]);
	free(link->watches);
	if (link->exchange)
		kubernetes_cancel(link->exchange);
	kubepulse_free(link->pulse);
	kubernetes_free(link->client);
	http_free(link->http);
	cJSON_Delete(link->untold);
	free(link->untold_endpoint);
}

void targets_fini(struct probe_world *world)
{
	struct target_links *links = world->kind_state[CHECK_KUBERNETES];

	if (!links)
		return;
	for (size_t t = 0; t < world->runbook->target_count; t++)
		link_fini(&links->items[t]);
	if (links->round)
		uv_close((uv_handle_t *)links->round, on_closed);
	free(links->items);
	free(links);
	world->kind_state[CHECK_KUBERNETES] = NULL;
}
