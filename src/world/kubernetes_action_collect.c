// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kubernetes_action_parts.h"
#include "relight/clock.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "relight/moment.h"

// From what the runbook says to single changes of single objects.

#define PAGE_OBJECTS 500

static const char merge_patch[] = "application/merge-patch+json";
static const char strategic_patch[] = "application/strategic-merge-patch+json";
static const char json_patch[] = "application/json-patch+json";
static const char apply_patch[] = "application/apply-patch+yaml"; // JSON is YAML

static struct deed *add_deed(struct acting *acting, enum deed_kind kind)
{
	acting->deeds = memory_grow(
		acting->deeds, acting->deed_count, &acting->deed_capacity, sizeof *acting->deeds);
	struct deed *deed = &acting->deeds[acting->deed_count++];
	*deed = (struct deed){.kind = kind, .replicas_before = -1};
	return deed;
}

void deeds_fini(struct acting *acting)
{
	for (size_t i = 0; i < acting->deed_count; i++) {
		struct deed *deed = &acting->deeds[i];
		cJSON_Delete(deed->body);
		cJSON_Delete(deed->preconditions);
		free(deed->namespace);
		free(deed->name);
		free(deed->label);
	}
	free(acting->deeds);
	manifest_fini(&acting->manifest);
	cJSON_Delete(acting->frozen);
}

// --- objects -----------------------------------------------------------------------------------------------------------

static void add_objects(struct acting *acting, enum deed_kind kind)
{
	size_t exported = 0;

	for (size_t i = 0; i < acting->manifest.count; i++) {
		cJSON *object = acting->manifest.objects[i].value;
		struct deed *deed = add_deed(acting, kind);

		exported += manifest_strip_export(object);
		manifest_declare_secrets(object, acting->task->mask);
		deed->object = object;
		deed->name = memory_copy_text(json_path_text(object, "metadata.name"));
		deed->content_type = kind == DEED_APPLY ? apply_patch : NULL;
	}
	if (exported > 0)
		acting_say(acting,
			"%zu of %zu objects came from a server: what that keeps of them (uid, "
			"resourceVersion, managedFields) is left out",
			exported, acting->manifest.count);
}

static bool collect_objects(struct acting *acting, const cJSON *what, enum deed_kind kind)
{
	if (!cJSON_IsArray(what) && !deeds_take_source(acting, what))
		return false;
	if (cJSON_IsArray(what))
		json_each (source, what)
			if (!deeds_take_source(acting, source))
				return false;
	add_objects(acting, kind);
	return acting->deed_count > 0 || acting_fail(acting, NULL, "there is no object in it");
}

// --- one object that is there ------------------------------------------------------------------------------------------

// What becomes a part of a path.
static bool is_segment(const char *text)
{
	return text && *text && strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}

// A label (RFC 1123), as namespaces are named: "*" is all of them to a list, and none to an action.
static bool is_namespace(const char *text)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return length > 0 && length <= 63 && !text[length];
}

static void set_label(struct deed *deed)
{
	struct buf label = {0};
	const char *name =
		deed->name ? deed->name : json_path_text(deed->object, "metadata.generateName");

	manifest_name(deed->type.kind, deed->type.group, name ? name : "", &label);
	free(deed->label);
	deed->label = buf_take(&label);
}

static const char *namespace_for(const struct acting *acting, const cJSON *what)
{
	const char *own = json_text(what, "namespace");

	return own ? own : acting->namespace;
}

static bool has_namespace(struct acting *acting, const cJSON *what)
{
	const char *namespace = namespace_for(acting, what);

	return is_namespace(namespace) ||
	       acting_fail(acting, NULL,
		       "namespace %s: is no name of one; an action is in one namespace", namespace);
}

// The deed for an object that is named by a resource and a name.
static struct deed *deed_for(struct acting *acting, const cJSON *what, enum deed_kind kind,
	const struct kubeapi_type *type, const char *name)
{
	struct deed *deed = add_deed(acting, kind);

	deed->type = *type;
	deed->has_type = true;
	deed->name = memory_copy_text(name);
	deed->namespace =
		type->is_namespaced ? memory_copy_text(namespace_for(acting, what)) : NULL;
	set_label(deed);
	return deed;
}

static struct deed *find_object(struct acting *acting, const cJSON *what, enum deed_kind kind)
{
	struct kubeapi_type type;
	const char *name = json_text(what, "name");

	if (!is_segment(name)) {
		acting_fail(acting, NULL, "%s: is no name", name ? name : "");
		return NULL;
	}
	if (!has_namespace(acting, what) ||
		!acting_find_resource(acting, json_text(what, "resource"), &type))
		return NULL;
	return deed_for(acting, what, kind, &type, name);
}

static const char *content_type_of(const char *word)
{
	static const struct {
		const char *word, *type;
	} types[] = {{"strategic", strategic_patch}, {"merge", merge_patch}, {"json", json_patch},
		{"apply", apply_patch}};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (word && strcmp(types[i].word, word) == 0)
			return types[i].type;
	return strategic_patch;
}

static bool collect_patch(struct acting *acting, const cJSON *what, enum deed_kind kind)
{
	const cJSON *body = json_get(what, "body");
	struct err err = {0};
	struct deed *deed = find_object(acting, what, kind);

	if (!deed)
		return false;
	deed->body = cJSON_IsString(body) ? manifest_text(body->valuestring, &err)
					  : cJSON_Duplicate(body, true);
	if (!deed->body)
		return acting_fail(acting, NULL, "body: neither JSON nor YAML: %s", err.message);
	deed->content_type = content_type_of(json_text(what, "type"));
	deed->may_change_type = !json_text(what, "type");
	deed->subresource = json_text(what, "subresource");
	return true;
}

static cJSON *nested(const char *const *keys, cJSON *innermost)
{
	cJSON *value = innermost;
	size_t depth = 0;

	while (keys[depth])
		depth++;
	while (depth-- > 0) {
		cJSON *outer = json_object();
		json_add(outer, keys[depth], value);
		value = outer;
	}
	return value;
}

// Their number, or a text of it, which is what variables leave. Below 0: it is none, and shown.
static int64_t replicas_of(const cJSON *what, struct buf *shown)
{
	const cJSON *given = json_get(what, "replicas");
	char *end = NULL;

	if (cJSON_IsString(given))
		buf_text(shown, given->valuestring);
	else if (given)
		json_write(shown, given);
	else
		buf_text(shown, "nothing");
	long replicas = strtol(buf_str(shown), &end, 10);
	bool is_number = end != buf_str(shown) && !*end && replicas <= INT32_MAX;
	return is_number ? replicas : -1;
}

static bool collect_scale(struct acting *acting, const cJSON *what, enum deed_kind kind)
{
	struct buf shown = {0};
	int64_t replicas = replicas_of(what, &shown);
	struct deed *deed;

	if (replicas < 0)
		acting_fail(acting, NULL, "replicas: %s is no number of them", buf_str(&shown));
	buf_fini(&shown);
	if (replicas < 0)
		return false;
	deed = find_object(acting, what, kind);
	if (!deed)
		return false;
	deed->replicas = replicas;
	deed->subresource = "scale";
	deed->content_type = merge_patch;
	deed->body = nested((const char *const[]){"spec", "replicas", NULL},
		cJSON_CreateNumber((double)replicas));
	return true;
}

// As `kubectl rollout restart` does it, to the second.
static bool collect_restart(struct acting *acting, const cJSON *what, enum deed_kind kind)
{
	static const char *const keys[] = {"spec", "template", "metadata", "annotations",
		"kubectl.kubernetes.io/restartedAt", NULL};
	struct deed *deed = find_object(acting, what, kind);
	char now[WALL_TEXT_BYTES];

	if (!deed)
		return false;
	wall_format(clock_wall(), now);
	snprintf(strchr(now, '.'), 2, "Z");
	deed->content_type = merge_patch;
	deed->body = nested(keys, cJSON_CreateString(now));
	return true;
}

// --- what is deleted ---------------------------------------------------------------------------------------------------

static cJSON *preconditions_of(const char *uid, const char *resource_version)
{
	cJSON *preconditions = json_object();

	json_add_text(preconditions, "uid", uid);
	json_add_text(preconditions, "resourceVersion", resource_version);
	return preconditions;
}

// DeleteOptions, but for the preconditions and the dry run.
static cJSON *delete_options(const cJSON *what)
{
	const char *propagation = json_text(what, "propagation");
	cJSON *options = json_object();
	char word[32];

	json_add_text(options, "kind", "DeleteOptions");
	json_add_text(options, "apiVersion", "v1");
	if (propagation && *propagation) {
		snprintf(word, sizeof word, "%s", propagation);
		word[0] = (char)(word[0] - 'a' + 'A');
		json_add_text(options, "propagationPolicy", word);
	}
	if (json_get(what, "grace_period_s"))
		json_add_int(options, "gracePeriodSeconds", json_int(what, "grace_period_s", 0));
	return options;
}

static void add_found(struct acting *acting, const cJSON *what, const struct kubeapi_type *type,
	const cJSON *list)
{
	json_each (item, json_get(list, "items")) {
		const char *name = json_path_text(item, "metadata.name");
		const char *uid = json_path_text(item, "metadata.uid");
		struct deed *deed;

		if (!is_segment(name))
			continue;
		deed = deed_for(acting, what, DEED_DELETE, type, name);
		deed->body = delete_options(what);
		deed->preconditions = preconditions_of(uid, NULL);
	}
}

static void add_list_path(const struct acting *acting, const cJSON *what,
	const struct kubeapi_type *type, const char *more, struct buf *path)
{
	kubeapi_path(path, type, namespace_for(acting, what), NULL);
	buf_printf(path, "?limit=%d&labelSelector=", PAGE_OBJECTS);
	kubeapi_encode(path, json_text(what, "selector"));
	if (more && *more) {
		buf_text(path, "&continue=");
		kubeapi_encode(path, more);
	}
}

// Each by its own UID, so that what is deleted is what was seen.
static bool collect_selected(struct acting *acting, const cJSON *what)
{
	struct kubeapi_type type;
	char *more = NULL;
	bool is_listed = true;

	if (!has_namespace(acting, what) ||
		!acting_find_resource(acting, json_text(what, "resource"), &type))
		return false;
	do {
		struct buf path = {0}, words = {0};
		struct reply reply = {0};

		add_list_path(acting, what, &type, more, &path);
		is_listed = acting_ask(acting,
			&(struct question){.path = buf_str(&path), .accept = METADATA_OF_MANY},
			&reply);
		if (is_listed && !reply_is_good(&reply)) {
			reply_words(&reply, NULL, &words);
			is_listed =
				acting_fail(acting, &reply, "%s: %s", type.plural, buf_str(&words));
		}
		if (is_listed)
			add_found(acting, what, &type, reply.json);
		free(more);
		more = memory_copy_text(json_path_text(reply.json, "metadata.continue"));
		is_listed = is_listed && (acting->deed_count <= MANIFEST_MAX_OBJECTS ||
						 acting_fail(acting, NULL, "more than %d %s",
							 MANIFEST_MAX_OBJECTS, type.plural));
		buf_fini(&path);
		buf_fini(&words);
		reply_fini(&reply);
	} while (is_listed && more && *more);
	free(more);
	if (is_listed && acting->deed_count == 0)
		acting_say(acting, "nothing to delete: no %s with %s", type.plural,
			json_text(what, "selector"));
	return is_listed;
}

static bool collect_delete(struct acting *acting, const cJSON *what, enum deed_kind kind)
{
	const char *uid = json_path_text(what, "preconditions.uid"),
		   *version = json_path_text(what, "preconditions.resource_version");
	const char *selector = json_text(what, "selector");

	if (selector)
		return *selector ? collect_selected(acting, what)
				 : acting_fail(acting, NULL,
					   "selector: an empty one would delete all of them");
	struct deed *deed = find_object(acting, what, kind);
	if (!deed)
		return false;
	deed->body = delete_options(what);
	if (uid || version)
		deed->preconditions = preconditions_of(uid, version);
	return true;
}

// --- all verbs ---------------------------------------------------------------------------------------------------------

static const struct verb {
	const char *word;
	enum deed_kind kind;
	bool (*collect)(struct acting *acting, const cJSON *what, enum deed_kind kind);
	bool is_object; // what stands behind it: a mapping, and no object of the cluster
} verbs[] = {
	{"apply", DEED_APPLY, collect_objects, false},
	{"create", DEED_CREATE, collect_objects, false},
	{"patch", DEED_PATCH, collect_patch, true},
	{"scale", DEED_SCALE, collect_scale, true},
	{"restart", DEED_RESTART, collect_restart, true},
	{"delete", DEED_DELETE, collect_delete, true},
};

static const struct verb *verb_of(const cJSON *action)
{
	const struct verb *found = NULL;

	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		if (!json_get(action, verbs[i].word))
			continue;
		if (found)
			return NULL;
		found = &verbs[i];
	}
	return found;
}

bool kubernetes_task_check(const cJSON *request, struct err *err)
{
	const cJSON *action = json_path(request, "action.kubernetes");
	const struct verb *verb = verb_of(action);
	const cJSON *what = verb ? json_get(action, verb->word) : NULL;

	bool is_trial = json_bool(request, "dry_run", false);

	if (!json_text(action, "target") ||
		(!verb && !(is_trial && cJSON_GetArraySize(action) == 1)))
		return err_set(err, "kubernetes: needs target and exactly one of apply, create, "
				    "patch, scale, restart, delete");
	if (verb && verb->is_object && (!cJSON_IsObject(what) || !json_text(what, "resource")))
		return err_set(err, "kubernetes: %s: needs resource", verb->word);
	if (!cJSON_IsObject(json_get(request, "cluster")))
		return err_set(err, "kubernetes: the request does not say on which cluster");
	return true;
}

bool deeds_collect(struct acting *acting)
{
	const struct verb *verb = verb_of(acting->action);

	return !verb || verb->collect(acting, json_get(acting->action, verb->word), verb->kind);
}

bool deed_find_type(struct acting *acting, struct deed *deed, bool is_news, bool *is_there)
{
	const char *kind = json_text(deed->object, "kind");
	const char *own = json_path_text(deed->object, "metadata.namespace");
	char group[256], version[64];

	*is_there = true;
	if (deed->has_type)
		return true;
	manifest_group_version(json_text(deed->object, "apiVersion"), group, version);
	snprintf(deed->type.kind, sizeof deed->type.kind, "%s", kind);
	snprintf(deed->type.group, sizeof deed->type.group, "%s", group);
	set_label(deed);
	if (!acting_find_kind(acting, group, version, kind, is_news, &deed->type, is_there))
		return acting->done->why.message[0] &&
		       err_prefix(&acting->done->why, "%s", deed->label);
	if (!*is_there)
		return true;
	deed->has_type = true;
	set_label(deed);
	if (deed->type.is_namespaced)
		deed->namespace = memory_copy_text(own ? own : acting->namespace);
	return !deed->namespace || is_namespace(deed->namespace) ||
	       acting_fail(acting, NULL, "%s: %s is no namespace", deed->label, deed->namespace);
}
