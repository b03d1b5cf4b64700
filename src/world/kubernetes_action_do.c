// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "kubernetes_action_parts.h"
#include "relight/json.h"

// Carrying out what was tried, and telling what came of it in the server's words.

static void add_finalizers(const cJSON *list, struct buf *words)
{
	json_each (finalizer, list)
		if (cJSON_IsString(finalizer))
			buf_printf(
				words, "%s%s", words->length ? ", " : "", finalizer->valuestring);
}

static void add_deleted(const cJSON *answer, struct buf *words)
{
	struct buf held = {0};

	add_finalizers(json_path(answer, "metadata.finalizers"), &held);
	add_finalizers(json_path(answer, "spec.finalizers"), &held);
	if (!json_path(answer, "metadata.deletionTimestamp"))
		buf_text(words, "deleted");
	else if (held.length)
		buf_printf(words, "deletion has begun and waits for %s", buf_str(&held));
	else
		buf_text(words, "deletion has begun");
	buf_fini(&held);
}

static bool is_as_before(const struct deed *deed, const cJSON *object)
{
	char now[65];

	deed_describe(deed, object, now);
	return deed->before[0] && strcmp(now, deed->before) == 0;
}

static void add_outcome(const struct deed *deed, const struct reply *reply, struct buf *words)
{
	bool is_same = is_as_before(deed, reply->json);

	switch (deed->kind) {
	case DEED_APPLY:
		buf_text(words, reply->status == 201 ? "created"
				: is_same            ? "unchanged"
						     : "configured");
		break;
	case DEED_CREATE: buf_text(words, "created"); break;
	case DEED_PATCH: buf_text(words, is_same ? "unchanged" : "patched"); break;
	case DEED_SCALE:
		if (deed->replicas_before == deed->replicas)
			buf_printf(words, "unchanged, %lld replicas", (long long)deed->replicas);
		else
			buf_printf(words, "scaled from %lld to %lld replicas",
				(long long)deed->replicas_before, (long long)deed->replicas);
		break;
	case DEED_RESTART: buf_text(words, "restarted"); break;
	case DEED_DELETE: add_deleted(reply->json, words); return;
	}
}

static void say_outcome(
	struct acting *acting, const struct deed *deed, const struct reply *reply, const char *how)
{
	const char *version = json_path_text(reply->json, "metadata.resourceVersion");
	const char *name = json_path_text(reply->json, "metadata.name");
	bool is_elsewhere = deed->namespace && strcmp(deed->namespace, acting->namespace) != 0;
	struct buf words = {0};

	buf_text(&words, deed->label);
	if (!deed->name && name) // what the server made of generateName
		buf_printf(&words, " %s", name);
	buf_byte(&words, ' ');
	add_outcome(deed, reply, &words);
	if (is_elsewhere)
		buf_printf(&words, " in %s", deed->namespace);
	if (version && deed->kind != DEED_DELETE)
		buf_printf(&words, " (resourceVersion %s)", version);
	buf_text(&words, how ? how : "");
	acting_say(acting, "%s", buf_str(&words));
	buf_fini(&words);
}

// What came of it, for programs; a Secret without what it holds.
void deed_keep_answer(struct acting *acting, struct reply *reply)
{
	const char *kind = json_text(reply->json, "kind");

	if (!kind || strcmp(kind, "Status") == 0)
		return;
	manifest_redact(reply->json);
	cJSON_AddItemToArray(acting->done->answer, reply->json);
	reply->json = NULL;
}

void deed_say_outcome(
	struct acting *acting, const struct deed *deed, struct reply *reply, const char *how)
{
	say_outcome(acting, deed, reply, how);
	deed_keep_answer(acting, reply);
}

// It is done already: gone meanwhile, or there by an asking before, the answer to which was lost.
static bool is_done_already(struct acting *acting, struct deed *deed, const struct reply *reply)
{
	if (deed->kind == DEED_DELETE && reply_is_about(deed, reply)) {
		deed->is_settled = true;
		deed->settled = "is gone";
	} else if (deed->kind == DEED_CREATE && deed->name && reply_is_taken(reply)) {
		deed_settle_existing(acting, deed, reply);
	}
	return deed->is_settled;
}

// Nothing of it was done.
static bool was_not_done(
	struct acting *acting, const struct deed *deed, const struct reply *reply, bool is_stopped)
{
	struct buf words = {0};

	if (!is_stopped)
		return deed_refused(acting, deed, reply);
	if (reply->is_there)
		reply_words(reply, deed->name, &words);
	acting_fail(acting, NULL, "%s: not done when it had to stop%s%s", deed->label,
		words.length ? ": " : "", buf_str(&words));
	buf_fini(&words);
	return false;
}

static bool do_it(struct acting *acting, struct deed *deed, struct reply *reply)
{
	bool is_stopped = !deed_send(acting, deed, false, reply);

	if (!is_stopped && reply_is_good(reply)) {
		acting->done->http_status = reply->status;
		deed_say_outcome(acting, deed, reply, NULL);
		return true;
	}
	if (!is_stopped && is_done_already(acting, deed, reply)) {
		acting_say(acting, "%s %s", deed->label, deed->settled);
		return true;
	}
	return reply->is_doubtful ? deed_clear_up(acting, deed, reply)
				  : was_not_done(acting, deed, reply, is_stopped);
}

bool deed_do(struct acting *acting, struct deed *deed)
{
	struct reply reply = {0};
	bool is_done = true;

	if (deed->is_settled)
		acting_say(acting, "%s %s", deed->label, deed->settled);
	else
		is_done = do_it(acting, deed, &reply);
	reply_fini(&reply);
	return is_done;
}
