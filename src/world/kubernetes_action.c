// SPDX-License-Identifier: Apache-2.0
#include "relight/kubernetes_action.h"

#include <string.h>

#include "kubernetes_action_parts.h"
#include "relight/chain.h"
#include "relight/json.h"
#include "relight/memory.h"

// The order of things: who answers is who was pinned; everything is tried; only then is anything
// carried out, one object after another as they were written, and the first failure ends it,
// because what comes later may rest on what came before.

#define KINDS_EVERY_MS 250
#define INCIDENT_BYTES 8 // of its digest: enough to tell incidents apart

void kubernetes_done_fini(struct kubernetes_done *done)
{
	cJSON_Delete(done->answer);
	cJSON_Delete(done->cluster);
	*done = (struct kubernetes_done){0};
}

// Who creates, in the words that the server keeps with the object: the step, the incident, the
// attempt. At most 128 bytes are allowed.
static void name_creator(struct acting *acting)
{
	const cJSON *request = acting->task->request;
	const char *incident = json_text(request, "incident"), *step = json_text(request, "step");
	struct buf name = {0};
	char hex[65];

	sha256_hex(incident ? incident : "", incident ? strlen(incident) : 0, hex);
	buf_printf(&name, "relight:%.63s:%.*s:", step ? step : "", INCIDENT_BYTES, hex);
	acting->creator_step = name.length;
	acting->attempt = (int)json_int(request, "attempt", 0);
	buf_printf(&name, "%d", acting->attempt);
	acting->creator = buf_take(&name);
}

// --- what comes with an earlier object ---------------------------------------------------------------------------------

static bool is_text(const cJSON *object, const char *path, const char *wanted)
{
	const char *text = json_path_text(object, path);

	return text && strcmp(text, wanted) == 0;
}

static bool is_kind_of(const struct deed *maker, const struct deed *deed)
{
	return is_text(maker->object, "kind", "CustomResourceDefinition") &&
	       is_text(maker->object, "spec.group", deed->type.group) &&
	       is_text(maker->object, "spec.names.kind", deed->type.kind);
}

static bool is_namespace_of(const struct deed *maker, const struct deed *deed)
{
	return is_text(maker->object, "kind", "Namespace") && maker->name && deed->namespace &&
	       strcmp(maker->name, deed->namespace) == 0;
}

typedef bool make_test(const struct deed *maker, const struct deed *deed);

// What the deed needs is made by one that stands before it; it may be tried when that is done.
static bool comes(const struct acting *acting, const struct deed *deed, make_test *makes)
{
	for (const struct deed *before = acting->deeds; before < deed; before++)
		if (makes(before, deed))
			return true;
	return false;
}

// … or by one that stands after it, which is a mistake. Words for that, else "".
static const char *comes_late(
	const struct acting *acting, const struct deed *deed, make_test *makes)
{
	for (const struct deed *after = deed + 1; after < acting->deeds + acting->deed_count;
		after++)
		if (makes(after, deed))
			return "; what makes it stands after this object: put it before";
	return "";
}

static bool is_without_namespace(const struct reply *reply)
{
	return reply->status == 404 && is_text(reply->json, "details.kind", "namespaces");
}

// --- trying all --------------------------------------------------------------------------------------------------------

static void forget_failure(struct acting *acting)
{
	acting->done->why = (struct err){0};
	acting->done->http_status = 0;
}

static bool no_such_kind(struct acting *acting, const struct deed *deed)
{
	acting_fail(acting, NULL, "%s: the server has no kind %s in %s%s", deed->label,
		json_text(deed->object, "kind"), json_text(deed->object, "apiVersion"),
		comes_late(acting, deed, is_kind_of));
	acting->done->http_status = 404;
	return false;
}

static bool try_one(struct acting *acting, struct deed *deed, struct reply *reply)
{
	bool is_there;

	deed->deferred = NULL;
	if (!deed_find_type(acting, deed, false, &is_there))
		return false;
	if (!is_there && comes(acting, deed, is_kind_of))
		deed->deferred = "its kind comes with an earlier object";
	else if (!is_there)
		return no_such_kind(acting, deed);
	if (deed->deferred || deed_try(acting, deed, reply))
		return true;
	if (!is_without_namespace(reply))
		return false;
	if (!comes(acting, deed, is_namespace_of))
		return deed_refused_for(
			acting, deed, reply, comes_late(acting, deed, is_namespace_of));
	deed->deferred = "its namespace comes with an earlier object";
	return true;
}

struct trial {
	struct err first; // what failed first …
	int http_status;  // … and the answer that said so
	size_t failed, deferred;
	bool is_over; // the server cannot be asked any more
};

// It had to stop before the server had accepted this one.
static void was_stopped(struct acting *acting, const struct deed *deed, const struct reply *reply)
{
	struct buf words = {0};

	if (reply->is_there && !reply_is_good(reply))
		reply_words(reply, deed->name, &words);
	else
		buf_text(&words, "no answer yet");
	acting_fail(acting, NULL, "dry run: %s: %s; nothing was changed",
		deed->label ? deed->label : "the kinds of the server", buf_str(&words));
	buf_fini(&words);
}

static void try_next(struct acting *acting, struct deed *deed, struct trial *trial)
{
	struct kubernetes_done *done = acting->done;
	struct reply reply = {0};
	bool is_good = try_one(acting, deed, &reply);

	if (!is_good && acting->stopped_ms > 0)
		was_stopped(acting, deed, &reply);
	reply_fini(&reply);
	if (deed->deferred) {
		trial->deferred++;
		forget_failure(acting);
		acting_say(acting, "%s not tried yet: %s", deed->label, deed->deferred);
	}
	if (is_good || acting->stopped_ms > 0)
		return;
	acting_say(acting, "%s", done->why.message);
	trial->is_over = done->http_status == 0;
	if (trial->failed++ > 0)
		return;
	trial->first = done->why;
	trial->http_status = done->http_status;
}

// What fails at trial is told for every object, so that all of it can be mended at once; where the
// server cannot be asked any more there is nothing more to learn.
static bool try_all(struct acting *acting)
{
	bool is_trial = acting->task->is_trial;
	struct trial trial = {0};

	for (size_t i = 0; i < acting->deed_count && acting->stopped_ms == 0 && !trial.is_over; i++)
		try_next(acting, &acting->deeds[i], &trial);
	if (acting->stopped_ms > 0)
		return false;
	if (trial.failed > 0) {
		acting_fail(acting, NULL, "%s%s%s%s",
			is_trial ? "" : "dry run: ", trial.first.message,
			trial.failed > 1 ? ", and others" : "",
			is_trial ? "" : "; nothing was changed");
		acting->done->http_status = trial.http_status;
		return false;
	}
	if (acting->deed_count > 0 && !is_trial)
		acting_say(acting, "dry run: %zu of %zu accepted",
			acting->deed_count - trial.deferred, acting->deed_count);
	return true;
}

// --- carrying out ------------------------------------------------------------------------------------------------------

static bool is_late(struct acting *acting, uint64_t began_ms)
{
	return uv_now(&acting->loop) - began_ms >= KINDS_PATIENCE_MS;
}

// A definition takes a moment until its kind is served, by every server that may be asked.
static bool try_deferred(struct acting *acting, struct deed *deed)
{
	uint64_t began_ms = uv_now(&acting->loop);

	for (;;) {
		struct reply reply = {0};
		bool is_there, is_tried = false, is_missing;

		if (!deed_find_type(acting, deed, true, &is_there))
			return false;
		if (is_there)
			is_tried = deed_try(acting, deed, &reply);
		is_missing = !is_there || reply.status == 404;
		reply_fini(&reply);
		if (is_tried)
			return true;
		if (!is_missing || is_late(acting, began_ms))
			return is_there ? false : no_such_kind(acting, deed);
		forget_failure(acting);
		if (!acting_rest(acting, KINDS_EVERY_MS))
			return false;
	}
}

static bool carry_out(struct acting *acting)
{
	for (size_t i = 0; i < acting->deed_count; i++) {
		struct deed *deed = &acting->deeds[i];
		bool is_done = acting->stopped_ms == 0 &&
			       (!deed->deferred || try_deferred(acting, deed)) &&
			       deed_do(acting, deed);

		if (is_done)
			continue;
		if (acting->done->why.message[0])
			acting_say(acting, "%s", acting->done->why.message);
		if (acting->deed_count > 1) {
			acting_say(acting, "ended after %zu of %zu objects", i, acting->deed_count);
			if (acting->done->why.message[0])
				err_prefix(&acting->done->why, "after %zu of %zu objects", i,
					acting->deed_count);
		}
		return false;
	}
	return true;
}

// --- all of it ---------------------------------------------------------------------------------------------------------

static bool act(struct acting *acting)
{
	if (!acting_begin(acting) || !acting_identify(acting) || !deeds_collect(acting)) {
		if (acting->done->why.message[0])
			acting_say(acting, "%s", acting->done->why.message);
		return false;
	}
	return try_all(acting) && (acting->task->is_trial || carry_out(acting));
}

// One object stands for itself.
static void tidy_answer(struct kubernetes_done *done)
{
	cJSON *list = done->answer;

	if (cJSON_GetArraySize(list) > 1)
		return;
	done->answer = cJSON_DetachItemFromArray(list, 0);
	cJSON_Delete(list);
}

void kubernetes_act(const struct kubernetes_task *task, struct kubernetes_done *done)
{
	struct acting acting = {
		.task = task,
		.done = done,
		.action = json_path(task->request, "action.kubernetes"),
	};

	*done = (struct kubernetes_done){.answer = cJSON_CreateArray()};
	name_creator(&acting);
	done->is_done = act(&acting);
	deeds_fini(&acting);
	acting_end(&acting);
	tidy_answer(done);
}
