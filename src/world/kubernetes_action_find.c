// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "kubernetes_action_parts.h"
#include "relight/json.h"
#include "relight/memory.h"

// Objects say of what group and version they are, so that is asked of the server directly, and
// again where a definition may just have added to it. Only names as people write them need a
// search.

#define SEARCH_MS 30000

static struct kinds *kinds_of(struct acting *acting, const char *group, const char *version)
{
	struct kinds *kinds = acting->kinds;

	for (size_t i = 0; i < acting->kinds_count; i++, kinds++)
		if (strcmp(kinds->group, group) == 0 && strcmp(kinds->version, version) == 0)
			return kinds;
	return NULL;
}

static void keep(struct acting *acting, const char *group, const char *version, cJSON *list)
{
	struct kinds *kinds = kinds_of(acting, group, version);

	if (!kinds) {
		acting->kinds = memory_grow(acting->kinds, acting->kinds_count,
			&acting->kinds_capacity, sizeof *acting->kinds);
		kinds = &acting->kinds[acting->kinds_count++];
		*kinds = (struct kinds){.list = NULL};
		snprintf(kinds->group, sizeof kinds->group, "%s", group);
		snprintf(kinds->version, sizeof kinds->version, "%s", version);
	}
	cJSON_Delete(kinds->list);
	kinds->list = list;
}

static bool ask_for_kinds(struct acting *acting, const char *group, const char *version)
{
	struct buf path = {0}, words = {0};
	struct reply reply = {0};
	bool is_known = false;

	buf_text(&path, *group ? "/apis/" : "/api/");
	kubeapi_encode(&path, group);
	buf_text(&path, *group ? "/" : "");
	kubeapi_encode(&path, version);
	if (acting_ask(acting, &(struct question){.path = buf_str(&path)}, &reply)) {
		is_known = reply.status == 200 || reply.status == 404;
		if (is_known) {
			keep(acting, group, version, reply.status == 200 ? reply.json : NULL);
			reply.json = reply.status == 200 ? NULL : reply.json;
		} else {
			reply_words(&reply, NULL, &words);
			acting_fail(acting, &reply, "%s%s%s: %s", group, *group ? "/" : "", version,
				buf_str(&words));
		}
	}
	buf_fini(&path);
	buf_fini(&words);
	reply_fini(&reply);
	return is_known;
}

bool acting_find_kind(struct acting *acting, const char *group, const char *version,
	const char *kind, bool is_news, struct kubeapi_type *type, bool *is_there)
{
	const struct kinds *kinds = kinds_of(acting, group, version);

	if ((!kinds || is_news) && !ask_for_kinds(acting, group, version))
		return false;
	kinds = kinds_of(acting, group, version);
	*is_there = kubeapi_kind_find(kinds->list, kind, type);
	return true;
}

// --- names as people write them ----------------------------------------------------------------------------------------

struct finding {
	bool is_over;
	struct kubeapi_type type;
	bool is_found;
	struct buf words;
};

static void on_found(void *context, const struct kubeapi_type *type, const char *words)
{
	struct finding *finding = context;

	finding->is_over = true;
	finding->is_found = type != NULL;
	if (type)
		finding->type = *type;
	buf_text(&finding->words, words ? words : "");
}

// The server that has no such resource is told from one that could not be asked about it.
static void say_not_found(struct acting *acting, const char *resource,
	const struct kubeapi_name *name, const char *words)
{
	struct kubeapi_type type;

	acting_fail(acting, NULL, "%s: %s", resource, words);
	if (kubernetes_find(acting->client, name, 0, &type) == KUBERNETES_NOT_THERE)
		acting->done->http_status = 404;
}

bool acting_find_resource(struct acting *acting, const char *resource, struct kubeapi_type *type)
{
	struct finding finding = {0};
	struct kubeapi_name name;
	struct err err = {0};

	if (!kubeapi_name_parse(resource, &name, &err))
		return acting_fail(acting, NULL, "%s", err.message);
	struct kubernetes_search *search =
		kubernetes_search(acting->client, &name, 0, SEARCH_MS, on_found, &finding);
	while (!finding.is_over && acting->stopped_ms == 0)
		uv_run(&acting->loop, UV_RUN_ONCE);
	if (!finding.is_over)
		kubernetes_search_cancel(search);
	else if (!finding.is_found)
		say_not_found(acting, resource, &name, buf_str(&finding.words));
	buf_fini(&finding.words);
	*type = finding.type;
	return finding.is_found;
}
