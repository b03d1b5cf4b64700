// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kubernetes_client.h"
#include "relight/json.h"
#include "relight/memory.h"

// Which resources the server has (kubernetes.io: "The Kubernetes API", Discovery): the core group
// first, then /apis, then one group-version after another until the name is found. All of it is
// kept. One search runs at a time, because what it learns is most often what those that wait are
// looking for, too. Custom resources appear during a restore, so a name that is not there is looked
// for again: soon in its own group, more rarely in all of them; and at once where somebody wants it
// to be asked anew, who most often has just made it.

#define LIST_AGAIN_MS   5000
#define GROUP_MIN_MS    500 // what one question gets at least
#define SEARCH_AGAIN_MS 30000
#define EXPECTED_MS     60000 // after it was wanted anew it is looked for in all groups as soon

struct kubernetes_search {
	struct kubernetes_search *next;
	struct kubernetes *kubernetes;
	struct kubeapi_name name;
	uint64_t since_ms;    // what was asked before does not tell that it is not there
	uint64_t deadline_ms; // on the loop's clock
	struct kubernetes_exchange *exchange;
	size_t at;            // in discovery.items
	bool has_asked_again; // what was known was made stale once for this search
	kubernetes_found *found;
	void *context;
};

// Adds a group-version that is not known yet.
static void discovery_add(struct discovery *discovery, const char *group, const char *version)
{
	for (size_t i = 0; i < discovery->count; i++)
		if (strcmp(discovery->items[i].group, group) == 0 &&
			strcmp(discovery->items[i].version, version) == 0)
			return;
	discovery->items = memory_grow(
		discovery->items, discovery->count, &discovery->capacity, sizeof *discovery->items);
	struct group_version *item = &discovery->items[discovery->count++];
	*item = (struct group_version){.resources = NULL};
	snprintf(item->group, sizeof item->group, "%s", group);
	snprintf(item->version, sizeof item->version, "%s", version);
}

static void discovery_clear(struct discovery *discovery)
{
	for (size_t i = 0; i < discovery->count; i++)
		cJSON_Delete(discovery->items[i].resources);
	free(discovery->items);
	*discovery = (struct discovery){0};
}

// Since when something must have been asked to tell that a name is not there.
static uint64_t fresh_since(
	const struct kubernetes *kubernetes, const struct kubeapi_name *name, uint64_t since_ms)
{
	uint64_t now = uv_now(kubernetes->loop);
	bool is_soon =
		name->group[0] || (kubernetes->discovery.wanted_ms > 0 &&
					  now - kubernetes->discovery.wanted_ms < EXPECTED_MS);
	uint64_t age_ms = is_soon ? LIST_AGAIN_MS : SEARCH_AGAIN_MS;
	uint64_t by_age_ms = now > age_ms ? now - age_ms : 0;

	return by_age_ms > since_ms ? by_age_ms : since_ms;
}

// Whether what is known is new enough to say that a name is not there.
static bool is_fresh(
	const struct kubernetes *kubernetes, const struct kubeapi_name *name, uint64_t since_ms)
{
	const struct discovery *discovery = &kubernetes->discovery;
	uint64_t least_ms = fresh_since(kubernetes, name, since_ms);

	if (!discovery->is_listed || discovery->listed_ms < least_ms)
		return false;
	for (size_t i = 0; i < discovery->count; i++) {
		const struct group_version *item = &discovery->items[i];

		if (kubeapi_may_hold(name, item->group, item->version) && item->asked_ms < least_ms)
			return false;
	}
	return true;
}

// Makes room for news about a name: what may hold it is asked again.
static void make_stale(struct kubernetes *kubernetes, const struct kubeapi_name *name)
{
	struct discovery *discovery = &kubernetes->discovery;

	for (size_t i = 0; i < discovery->count; i++) {
		struct group_version *item = &discovery->items[i];

		if (!kubeapi_may_hold(name, item->group, item->version))
			continue;
		cJSON_Delete(item->resources);
		item->resources = NULL;
		item->has_failed = false;
	}
	discovery->is_listed = false;
}

enum kubernetes_knowledge kubernetes_find(const struct kubernetes *kubernetes,
	const struct kubeapi_name *name, uint64_t since_ms, struct kubeapi_type *type)
{
	const struct discovery *discovery = &kubernetes->discovery;

	for (size_t i = 0; i < discovery->count; i++) {
		const struct group_version *item = &discovery->items[i];

		if (!kubeapi_may_hold(name, item->group, item->version))
			continue;
		// A group before it that is not known yet could hold the name, too, and would come
		// first.
		if (!item->resources && !item->has_failed)
			return KUBERNETES_NOT_KNOWN;
		if (item->resources && kubeapi_type_find(item->resources, name, type))
			return KUBERNETES_THERE;
	}
	return is_fresh(kubernetes, name, since_ms) ? KUBERNETES_NOT_THERE : KUBERNETES_NOT_KNOWN;
}

void kubernetes_absence(
	const struct kubernetes *kubernetes, const struct kubeapi_name *name, struct buf *words)
{
	const struct discovery *discovery = &kubernetes->discovery;

	buf_printf(words, "the server has no resource %s", name->resource);
	if (name->version[0])
		buf_printf(words, ".%s", name->version);
	if (name->group[0])
		buf_printf(words, ".%s", name->group);
	for (size_t i = 0; i < discovery->count; i++) {
		const struct group_version *item = &discovery->items[i];

		if (item->has_failed && kubeapi_may_hold(name, item->group, item->version)) {
			buf_printf(words, " that can be seen: %s/%s does not answer", item->group,
				item->version);
			return;
		}
	}
}

// --- what the answers hold ---

// Keeps of an APIResourceList what names are found by: a cluster with many custom resources has
// megabytes of the rest.
static cJSON *resources_kept(cJSON *list)
{
	static const char *const unneeded[] = {
		"verbs", "categories", "storageVersionHash", "singularResource", NULL};
	cJSON *resources = cJSON_GetObjectItemCaseSensitive(list, "resources");

	for (cJSON *item = cJSON_IsArray(resources) ? resources->child : NULL, *next; item;
		item = next) {
		const char *name = json_text(item, "name");

		next = item->next;
		if (!name || strchr(name, '/'))
			cJSON_Delete(cJSON_DetachItemViaPointer(resources, item));
		else
			for (size_t i = 0; unneeded[i]; i++)
				cJSON_DeleteItemFromObjectCaseSensitive(item, unneeded[i]);
	}
	return list;
}

// Takes an APIGroupList: of each group the preferred version first, as kubectl does.
static void take_groups(struct discovery *discovery, const cJSON *list)
{
	json_each (group, json_get(list, "groups")) {
		const char *name = json_text(group, "name");
		const char *preferred = json_path_text(group, "preferredVersion.version");

		if (!name)
			continue;
		if (preferred)
			discovery_add(discovery, name, preferred);
		json_each (version, json_get(group, "versions")) {
			const char *own = json_text(version, "version");
			if (own && !(preferred && strcmp(own, preferred) == 0))
				discovery_add(discovery, name, own);
		}
	}
}

// --- searching ---

static void run_searches(struct kubernetes *kubernetes);

// Ends the first search: no other one is ever under way.
static void finish(
	struct kubernetes *kubernetes, const struct kubeapi_type *type, const char *words)
{
	struct kubernetes_search *search = kubernetes->searches;
	kubernetes_found *found = search->found;
	void *context = search->context;

	kubernetes->searches = search->next;
	free(search);
	found(context, type, words);
}

// One group that cannot be read (an aggregated API that is down) must not hide the others.
static void take_resources(struct kubernetes_search *search, const struct http_answer *answer)
{
	struct discovery *discovery = &search->kubernetes->discovery;
	struct group_version *item = &discovery->items[search->at];
	bool is_there = answer->reach == REACH_ANSWERED && answer->status == 200;
	cJSON *list = is_there ? json_parse(answer->body, answer->length, NULL) : NULL;

	if (list)
		item->resources = resources_kept(list);
	else
		item->has_failed = true;
}

// Whether an answer ends the search: the server itself does not tell, or not to us.
static bool is_refusal(const struct kubernetes_search *search, const struct http_answer *answer)
{
	const struct discovery *discovery = &search->kubernetes->discovery;
	bool is_of_the_server = search->at == 0 || search->at >= discovery->count;

	if (answer->reach != REACH_ANSWERED)
		return is_of_the_server;
	return answer->status == 401 || (is_of_the_server && answer->status != 200);
}

static void answered(void *context, const struct http_answer *answer)
{
	struct kubernetes_search *search = context;
	struct kubernetes *kubernetes = search->kubernetes;
	struct discovery *discovery = &kubernetes->discovery;
	bool is_about_groups = search->at >= discovery->count;

	search->exchange = NULL;
	if (is_refusal(search, answer)) {
		struct buf words = {0};
		kubernetes_refusal(kubernetes, answer, NULL, &words);
		finish(kubernetes, NULL, buf_str(&words));
		buf_fini(&words);
	} else if (is_about_groups) {
		cJSON *list = json_parse(answer->body, answer->length, NULL);
		take_groups(discovery, list);
		cJSON_Delete(list);
		discovery->is_listed = true;
	} else {
		take_resources(search, answer);
	}
	run_searches(kubernetes);
}

// Asks with a part of the time that is left: an aggregated API that hangs must leave some for
// others.
static void ask(struct kubernetes_search *search, const char *path)
{
	struct kubernetes *kubernetes = search->kubernetes;
	uint64_t now = uv_now(kubernetes->loop);
	int64_t left_ms = search->deadline_ms > now ? (int64_t)(search->deadline_ms - now) : 1;

	search->exchange = kubernetes_ask(kubernetes,
		&(struct kubernetes_request){
			.path = path,
			.timeout_ms = left_ms > 2 * GROUP_MIN_MS ? left_ms / 2 : left_ms,
			.done = answered,
			.context = search,
		});
}

static void ask_resources(struct kubernetes_search *search, struct group_version *item)
{
	struct buf path = {0};

	buf_printf(&path, item->group[0] ? "/apis/%s/%s" : "/api%s/%s", item->group, item->version);
	item->asked_ms = uv_now(search->kubernetes->loop);
	ask(search, buf_str(&path));
	buf_fini(&path);
}

// Goes as far as it can without asking. False: it has ended.
static bool search_on(struct kubernetes_search *search)
{
	struct kubernetes *kubernetes = search->kubernetes;
	struct discovery *discovery = &kubernetes->discovery;
	struct kubeapi_type type;

	if (discovery->count == 0)
		discovery_add(discovery, "", "v1");
	for (; search->at < discovery->count; search->at++) {
		struct group_version *item = &discovery->items[search->at];

		if (!kubeapi_may_hold(&search->name, item->group, item->version) ||
			item->has_failed)
			continue;
		if (!item->resources) {
			ask_resources(search, item);
			return true;
		}
		if (kubeapi_type_find(item->resources, &search->name, &type)) {
			finish(kubernetes, &type, "");
			return false;
		}
	}
	if (!discovery->is_listed) {
		discovery->listed_ms = uv_now(kubernetes->loop);
		ask(search, "/apis");
		return true;
	}
	if (!search->has_asked_again && !is_fresh(kubernetes, &search->name, search->since_ms)) {
		search->has_asked_again = true;
		search->at = 0;
		make_stale(kubernetes, &search->name);
		return search_on(search);
	}
	struct buf words = {0};
	kubernetes_absence(kubernetes, &search->name, &words);
	finish(kubernetes, NULL, buf_str(&words));
	buf_fini(&words);
	return false;
}

// Runs the first search until it waits for an answer; those that end make way for the next.
static void run_searches(struct kubernetes *kubernetes)
{
	while (kubernetes->searches && !kubernetes->searches->exchange) {
		struct kubernetes_search *search = kubernetes->searches;

		if (uv_now(kubernetes->loop) >= search->deadline_ms)
			finish(kubernetes, NULL, "timed out while looking for the resource");
		else if (search_on(search))
			return;
	}
}

struct kubernetes_search *kubernetes_search(struct kubernetes *kubernetes,
	const struct kubeapi_name *name, uint64_t since_ms, int64_t timeout_ms,
	kubernetes_found *found, void *context)
{
	struct kubernetes_search *search = memory_zeroed(1, sizeof *search);
	struct kubernetes_search **end = &kubernetes->searches;

	*search = (struct kubernetes_search){
		.kubernetes = kubernetes,
		.name = *name,
		.since_ms = since_ms,
		.deadline_ms = uv_now(kubernetes->loop) + (uint64_t)timeout_ms,
		.found = found,
		.context = context,
	};
	if (since_ms > kubernetes->discovery.wanted_ms)
		kubernetes->discovery.wanted_ms = since_ms;
	while (*end)
		end = &(*end)->next;
	*end = search;
	run_searches(kubernetes);
	return search;
}

static void unlink_search(struct kubernetes_search *search)
{
	struct kubernetes *kubernetes = search->kubernetes;

	if (kubernetes->searches == search) {
		kubernetes->searches = search->next;
		return;
	}
	struct kubernetes_search *before = kubernetes->searches;
	while (before->next != search)
		before = before->next;
	before->next = search->next;
}

void kubernetes_search_cancel(struct kubernetes_search *search)
{
	struct kubernetes *kubernetes = search->kubernetes;

	if (search->exchange)
		kubernetes_cancel(search->exchange);
	unlink_search(search);
	free(search);
	run_searches(kubernetes);
}

void kubernetes_forget(struct kubernetes *kubernetes)
{
	discovery_clear(&kubernetes->discovery);
	for (struct kubernetes_search *search = kubernetes->searches; search;
		search = search->next) {
		if (search->exchange)
			kubernetes_cancel(search->exchange);
		search->exchange = NULL;
		search->at = 0;
	}
	run_searches(kubernetes);
}

void kubernetes_end_searches(struct kubernetes *kubernetes, const char *words)
{
	discovery_clear(&kubernetes->discovery);
	while (kubernetes->searches) {
		struct kubernetes_search *search = kubernetes->searches;

		if (search->exchange)
			kubernetes_cancel(search->exchange);
		if (words) {
			finish(kubernetes, NULL, words);
		} else {
			kubernetes->searches = search->next;
			free(search);
		}
	}
}
