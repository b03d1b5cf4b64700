// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "kubernetes_action_parts.h"
#include "relight/chain.h"
#include "relight/json.h"
#include "relight/memory.h"

// One change: what is sent for it, what a refusal says, and its trial by the server's dry run.

#define MANAGER        "relight" // of the fields that are applied and patched
#define CONFLICTS_TOLD 8

// --- what is sent ------------------------------------------------------------------------------------------------------

static const char *method_of(const struct deed *deed)
{
	return deed->kind == DEED_CREATE ? "POST" : deed->kind == DEED_DELETE ? "DELETE" : "PATCH";
}

static bool is_server_side_apply(const struct deed *deed)
{
	return deed->content_type &&
	       strcmp(deed->content_type, "application/apply-patch+yaml") == 0;
}

static void add_object_path(const struct deed *deed, const char *subresource, struct buf *path)
{
	kubeapi_path(
		path, &deed->type, deed->namespace, deed->kind == DEED_CREATE ? NULL : deed->name);
	if (subresource) {
		buf_byte(path, '/');
		kubeapi_encode(path, subresource);
	}
}

void deed_creator(
	const struct acting *acting, const struct deed *deed, int attempt, struct buf *creator)
{
	buf_printf(creator, "%.*s%d", (int)acting->creator_step, acting->creator, attempt);
	if (!deed->name)
		buf_printf(creator, ":%zu", (size_t)(deed - acting->deeds));
}

// What is deleted says all this in its body.
static void add_query(
	const struct acting *acting, const struct deed *deed, bool is_trial, struct buf *path)
{
	struct buf creator = {0};

	if (deed->kind == DEED_DELETE)
		return;
	deed_creator(acting, deed, acting->attempt, &creator);
	buf_text(path, "?fieldManager=");
	kubeapi_encode(path, deed->kind == DEED_CREATE ? buf_str(&creator) : MANAGER);
	buf_fini(&creator);
	if (is_server_side_apply(deed) && json_bool(acting->action, "force", false))
		buf_text(path, "&force=true");
	if (is_trial)
		buf_text(path, "&dryRun=All");
}

static void add_body(const struct deed *deed, bool is_trial, struct buf *body)
{
	static const char *const all[] = {"All", NULL};

	if (deed->kind != DEED_DELETE) {
		json_write(body, deed->body ? deed->body : deed->object);
		return;
	}
	cJSON *options = cJSON_Duplicate(deed->body, true);
	if (!options)
		memory_exhausted();
	if (deed->preconditions)
		json_add(options, "preconditions", cJSON_Duplicate(deed->preconditions, true));
	if (is_trial)
		json_add(options, "dryRun", json_texts(all));
	json_write(body, options);
	cJSON_Delete(options);
}

static bool is_json_patch(const struct deed *deed)
{
	return cJSON_IsArray(deed->body);
}

// What was created by this very attempt is known by its creator, so a creation may be sent again
// where it has a name. A JSON patch may add to a list each time.
static enum nature nature_of(const struct deed *deed, bool is_trial)
{
	if (is_trial)
		return NATURE_LOOK;
	if (deed->kind == DEED_CREATE && !deed->name)
		return NATURE_ONCE;
	return deed->kind == DEED_PATCH && is_json_patch(deed) ? NATURE_ONCE : NATURE_AGAIN;
}

bool deed_send(struct acting *acting, const struct deed *deed, bool is_trial, struct reply *reply)
{
	struct buf path = {0}, body = {0};
	bool is_answered;

	add_object_path(deed, deed->subresource, &path);
	add_query(acting, deed, is_trial, &path);
	add_body(deed, is_trial, &body);
	is_answered = acting_ask(acting,
		&(struct question){
			.nature = nature_of(deed, is_trial),
			.method = method_of(deed),
			.path = buf_str(&path),
			.content_type = deed->content_type,
			.body = buf_str(&body),
		},
		reply);
	buf_fini(&path);
	buf_fini(&body);
	return is_answered;
}

bool deed_look(struct acting *acting, const struct deed *deed, enum nature nature,
	const char *subresource, const char *accept, struct reply *reply)
{
	struct deed one = *deed;
	struct buf path = {0};

	one.kind = DEED_PATCH; // by its name, whatever is done to it
	add_object_path(&one, subresource, &path);
	bool is_answered = acting_ask(acting,
		&(struct question){.nature = nature, .path = buf_str(&path), .accept = accept},
		reply);
	buf_fini(&path);
	return is_answered;
}

// --- refusals ----------------------------------------------------------------------------------------------------------

// "conflict with "kubectl": .spec.replicas" for each field that somebody else manages.
static size_t add_conflicts(const cJSON *status, struct buf *words)
{
	size_t count = 0;

	json_each (cause, json_path(status, "details.causes")) {
		const char *reason = json_text(cause, "reason"),
			   *message = json_text(cause, "message"),
			   *field = json_text(cause, "field");
		if (!reason || strcmp(reason, "FieldManagerConflict") != 0)
			continue;
		if (count++ < CONFLICTS_TOLD)
			buf_printf(words, "%s%s: %s", count > 1 ? "; " : "",
				message ? message : "conflict", field ? field : "?");
	}
	if (count > CONFLICTS_TOLD)
		buf_printf(words, "; and %zu more", count - CONFLICTS_TOLD);
	return count;
}

// The server says that something is not there, which has a name.
static bool is_missing(const struct reply *reply)
{
	const char *reason = json_text(reply->json, "reason");

	return reply->status == 404 && reason && strcmp(reason, "NotFound") == 0 &&
	       json_path_text(reply->json, "details.name");
}

bool deed_refused_for(struct acting *acting, const struct deed *deed, const struct reply *reply,
	const char *guess)
{
	const char *message = json_text(reply->json, "message");
	struct buf words = {0};

	if (reply->status == 409 && add_conflicts(reply->json, &words) > 0)
		acting_fail(acting, reply, "%s: HTTP 409, %s; force: true takes them over",
			deed->label, buf_str(&words));
	else if (is_missing(reply) && message) // it itself, or its namespace
		acting_fail(acting, reply, "%s: %s%s", deed->label, message, guess);
	else {
		reply_words(reply, deed->name, &words);
		acting_fail(acting, reply, "%s: %s%s", deed->label, buf_str(&words), guess);
	}
	buf_fini(&words);
	return false;
}

bool deed_refused(struct acting *acting, const struct deed *deed, const struct reply *reply)
{
	return deed_refused_for(acting, deed, reply, "");
}

bool reply_is_about(const struct deed *deed, const struct reply *reply)
{
	const char *name = json_path_text(reply->json, "details.name");

	return is_missing(reply) && name && deed->name && strcmp(name, deed->name) == 0;
}

// --- what was created before -------------------------------------------------------------------------------------------

bool deed_covers(const cJSON *is, const cJSON *wanted)
{
	if (cJSON_IsObject(wanted)) {
		json_each (member, wanted)
			if (!deed_covers(json_get(is, member->string), member))
				return false;
		return cJSON_IsObject(is);
	}
	if (!cJSON_IsArray(wanted))
		return is && cJSON_Compare(is, wanted, true);
	const cJSON *other = cJSON_IsArray(is) ? is->child : NULL;
	json_each (item, wanted) {
		if (!other || !deed_covers(other, item))
			return false;
		other = other->next;
	}
	return cJSON_IsArray(is) && !other;
}

enum maker deed_maker(const struct acting *acting, const cJSON *object)
{
	enum maker maker = MADE_BY_OTHERS;

	json_each (fields, json_path(object, "metadata.managedFields")) {
		const char *manager = json_text(fields, "manager");
		if (!manager)
			continue;
		if (strcmp(manager, acting->creator) == 0)
			return MADE_BY_ATTEMPT;
		if (strncmp(manager, acting->creator, acting->creator_step) == 0)
			maker = MADE_BY_STEP;
	}
	return maker;
}

// An object of that name is there. That is what was wanted where this attempt made it, or an
// earlier one of this step and all that is wanted is in it. Secrets are not read for that.
bool deed_settle_existing(struct acting *acting, struct deed *deed, const struct reply *conflict)
{
	bool is_secret = kubeapi_is_secret(&deed->type);
	struct reply reply = {0};
	bool is_settled = false;

	if (deed_look(
		    acting, deed, NATURE_LOOK, NULL, is_secret ? METADATA_OF_ONE : NULL, &reply) &&
		reply_is_good(&reply)) {
		enum maker maker = deed_maker(acting, reply.json);
		is_settled =
			maker == MADE_BY_ATTEMPT || (maker == MADE_BY_STEP && !is_secret &&
							    deed_covers(reply.json, deed->object));
		deed->settled =
			maker == MADE_BY_ATTEMPT ? "created" : "was created by an earlier attempt";
	}
	deed->is_settled = is_settled;
	reply_fini(&reply);
	return is_settled || deed_refused(acting, deed, conflict);
}

bool reply_is_taken(const struct reply *reply)
{
	const char *reason = json_text(reply->json, "reason");

	return reply->status == 409 && reason && strcmp(reason, "AlreadyExists") == 0;
}

// --- trying ------------------------------------------------------------------------------------------------------------

// Of an object without what the server keeps of every writing, even one that changes nothing.
static void digest_object(const cJSON *object, char digest[65])
{
	static const char *const kept[] = {"managedFields", "resourceVersion"};
	cJSON *copy = cJSON_Duplicate(object, true);
	struct buf text = {0};

	for (size_t i = 0; copy && i < sizeof kept / sizeof *kept; i++)
		cJSON_DeleteItemFromObjectCaseSensitive(
			(cJSON *)json_get(copy, "metadata"), kept[i]);
	json_write(&text, copy);
	sha256_hex(buf_str(&text), text.length, digest);
	buf_fini(&text);
	cJSON_Delete(copy);
}

static void copy_version(const cJSON *object, char version[65])
{
	const char *text = json_path_text(object, "metadata.resourceVersion");

	snprintf(version, 65, "%s", text ? text : "");
}

void deed_describe(const struct deed *deed, const cJSON *object, char description[65])
{
	if (kubeapi_is_secret(&deed->type))
		copy_version(object, description);
	else
		digest_object(object, description);
}

static bool try_plainly(struct acting *acting, struct deed *deed, struct reply *reply)
{
	return deed_send(acting, deed, true, reply) &&
	       (reply_is_good(reply) || deed_refused(acting, deed, reply));
}

// Where the object was there before, it is looked at, to tell whether anything would change.
static bool try_change(struct acting *acting, struct deed *deed, struct reply *reply)
{
	struct reply before = {0};

	if (!try_plainly(acting, deed, reply))
		return false;
	deed->existed = reply->status == 200;
	bool is_secret = kubeapi_is_secret(&deed->type);
	bool is_answered = !deed->existed || deed_look(acting, deed, NATURE_LOOK, deed->subresource,
						     is_secret ? METADATA_OF_ONE : NULL, &before);
	if (reply_is_good(&before))
		deed_describe(deed, before.json, deed->before);
	if (!is_secret)
		deed_describe(deed, reply->json, deed->wanted);
	deed->is_same = deed->existed && !is_secret && strcmp(deed->wanted, deed->before) == 0;
	reply_fini(&before);
	return is_answered;
}

static bool try_create(struct acting *acting, struct deed *deed, struct reply *reply)
{
	if (!deed->name && deed_was_made_before(acting, deed))
		return true;
	if (!deed_send(acting, deed, true, reply))
		return false;
	if (reply_is_taken(reply) && deed->name)
		return deed_settle_existing(acting, deed, reply);
	return reply_is_good(reply) || deed_refused(acting, deed, reply);
}

// Custom resources have no strategic patch; where the runbook leaves the kind of patch open, a
// merge patch is the nearest.
static bool try_patch(struct acting *acting, struct deed *deed, struct reply *reply)
{
	if (deed->may_change_type && !deed_send(acting, deed, true, reply))
		return false;
	if (deed->may_change_type && reply->status == 415)
		deed->content_type = "application/merge-patch+json";
	deed->may_change_type = false;
	return try_change(acting, deed, reply);
}

static bool try_scale(struct acting *acting, struct deed *deed, struct reply *reply)
{
	if (!deed_look(acting, deed, NATURE_LOOK, "scale", NULL, reply))
		return false;
	if (!reply_is_good(reply))
		return deed_refused_for(acting, deed, reply,
			reply_is_about(deed, reply) || reply->status != 404
				? ""
				: "; is this something that can be scaled?");
	deed->replicas_before = json_int(json_get(reply->json, "spec"), "replicas", 0);
	deed->is_same = deed->replicas_before == deed->replicas;
	return try_plainly(acting, deed, reply);
}

static bool try_restart(struct acting *acting, struct deed *deed, struct reply *reply)
{
	if (!deed_look(acting, deed, NATURE_LOOK, NULL, NULL, reply))
		return false;
	if (!reply_is_good(reply))
		return deed_refused(acting, deed, reply);
	if (!cJSON_IsObject(json_path(reply->json, "spec.template")))
		return acting_fail(acting, NULL,
			"%s: has no pod template, so there is nothing to restart", deed->label);
	if (json_bool(json_get(reply->json, "spec"), "paused", false))
		return acting_fail(acting, NULL,
			"%s: is paused, so it would not restart; resume it first", deed->label);
	return try_plainly(acting, deed, reply);
}

// What was seen is what is deleted: one that took its name meanwhile has another UID.
static void remember_uid(struct deed *deed, const cJSON *answer)
{
	const char *uid = json_path_text(answer, "metadata.uid");

	if (!uid)
		uid = json_path_text(answer, "details.uid");
	if (!deed->preconditions)
		deed->preconditions = json_object();
	if (uid && !json_text(deed->preconditions, "uid"))
		json_add_text(deed->preconditions, "uid", uid);
}

static bool try_delete(struct acting *acting, struct deed *deed, struct reply *reply)
{
	if (!deed_send(acting, deed, true, reply))
		return false;
	if (reply_is_about(deed, reply)) {
		deed->is_settled = true;
		deed->settled = "is gone already";
		return true;
	}
	if (!reply_is_good(reply))
		return deed_refused(acting, deed, reply);
	remember_uid(deed, reply->json);
	return true;
}

static bool (*const triers[])(struct acting *acting, struct deed *deed, struct reply *reply) = {
	[DEED_APPLY] = try_change,
	[DEED_CREATE] = try_create,
	[DEED_PATCH] = try_patch,
	[DEED_SCALE] = try_scale,
	[DEED_RESTART] = try_restart,
	[DEED_DELETE] = try_delete,
};

static const char *trial_words(const struct deed *deed)
{
	if (deed->is_settled)
		return deed->settled;
	if (deed->kind == DEED_DELETE)
		return "would be deleted";
	if (deed->kind == DEED_CREATE || (deed->kind == DEED_APPLY && !deed->existed))
		return "would be created";
	if (kubeapi_is_secret(&deed->type))
		return "would be written";
	return deed->is_same ? "is as wanted already" : "would be changed";
}

bool deed_try(struct acting *acting, struct deed *deed, struct reply *reply)
{
	if (!triers[deed->kind](acting, deed, reply))
		return false;
	if (acting->task->is_trial)
		acting_say(acting, "%s %s", deed->label, trial_words(deed));
	return true;
}
