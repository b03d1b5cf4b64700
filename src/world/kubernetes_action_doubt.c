// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "kubernetes_action_parts.h"
#include "relight/attempt.h"
#include "relight/json.h"
#include "relight/memory.h"

// A change was sent, and nothing says whether it was carried out: the connection broke, or whoever
// stands before the server answered for it. What the server has now may tell. That nothing is seen
// proves nothing, because what was sent may still be on its way; it is never sent again for that.

#define SEEK_MS       5000 // what the server has begun it has mostly done by then
#define SEEK_EVERY_MS 500
#define PAGE_OBJECTS  500
#define PAGES_MOST    40
#define ATTEMPTS_MOST 20 // that are looked back on

enum trace {
	TRACE_NONE,  // nothing is seen of it
	TRACE_DONE,  // it was done
	TRACE_NEVER, // it was not, and will not be
};

// --- what each kind of change leaves behind ----------------------------------------------------------------------------

// The one in a page of objects that has this creator. The caller frees.
static char *made_in_page(const char *creator, const cJSON *items)
{
	const char *made = NULL;

	json_each (item, items)
		json_each (fields, json_path(item, "metadata.managedFields")) {
			const char *manager = json_text(fields, "manager");
			if (manager && strcmp(manager, creator) == 0)
				made = json_path_text(item, "metadata.name");
		}
	return memory_copy_text(made);
}

static void add_page_path(const struct deed *deed, const char *more, struct buf *path)
{
	kubeapi_path(path, &deed->type, deed->namespace, NULL);
	buf_printf(path, "?limit=%d", PAGE_OBJECTS);
	if (more && *more) {
		buf_text(path, "&continue=");
		kubeapi_encode(path, more);
	}
}

// The name that the server has made up in an attempt; NULL: there is none, or `page` says why it is
// not known.
static char *find_made(
	struct acting *acting, const struct deed *deed, int attempt, struct reply *page)
{
	char *more = NULL, *made = NULL;
	struct buf creator = {0};

	deed_creator(acting, deed, attempt, &creator);
	for (int pages = 0; pages < PAGES_MOST; pages++) {
		struct buf path = {0};

		add_page_path(deed, more, &path);
		bool is_listed = acting_ask(acting,
					 &(struct question){.nature = NATURE_SEEK,
						 .path = buf_str(&path),
						 .accept = METADATA_OF_MANY},
					 page) &&
				 reply_is_good(page);
		if (is_listed)
			made = made_in_page(buf_str(&creator), json_get(page->json, "items"));
		free(more);
		more = memory_copy_text(json_path_text(page->json, "metadata.continue"));
		buf_fini(&path);
		if (made || !more || !*more)
			break;
	}
	free(more);
	buf_fini(&creator);
	return made;
}

static const char *accept_for(const struct deed *deed)
{
	return kubeapi_is_secret(&deed->type) ? METADATA_OF_ONE : NULL;
}

static bool seek_made(struct acting *acting, struct deed *deed, int attempt, struct reply *is)
{
	struct deed made = *deed;

	made.name = find_made(acting, deed, attempt, is);
	if (made.name)
		deed_look(acting, &made, NATURE_SEEK, NULL, accept_for(deed), is);
	bool is_found = made.name && reply_is_good(is);
	free(made.name);
	return is_found;
}

static enum trace seek_created(struct acting *acting, struct deed *deed, struct reply *is)
{
	if (!deed->name)
		return seek_made(acting, deed, acting->attempt, is) ? TRACE_DONE : TRACE_NONE;
	if (!deed_look(acting, deed, NATURE_SEEK, NULL, accept_for(deed), is) || !reply_is_good(is))
		return TRACE_NONE;
	return deed_maker(acting, is->json) == MADE_BY_ATTEMPT ? TRACE_DONE : TRACE_NEVER;
}

// Another one that took its name is not what was to be deleted.
static enum trace seek_deleted(struct acting *acting, struct deed *deed, struct reply *is)
{
	const char *uid = json_text(deed->preconditions, "uid");

	if (!deed_look(acting, deed, NATURE_SEEK, NULL, METADATA_OF_ONE, is))
		return TRACE_NONE;
	if (reply_is_about(deed, is))
		return TRACE_DONE;
	const char *uid_now = json_path_text(is->json, "metadata.uid");
	bool is_another = uid && uid_now && strcmp(uid, uid_now) != 0;
	bool is_going = json_path(is->json, "metadata.deletionTimestamp") != NULL;
	return reply_is_good(is) && (is_another || is_going) ? TRACE_DONE : TRACE_NONE;
}

// It is what the dry run has foretold, or holds all that was to be set.
static enum trace seek_changed(struct acting *acting, struct deed *deed, struct reply *is)
{
	char now[65];

	if (!deed_look(acting, deed, NATURE_SEEK, deed->subresource, accept_for(deed), is) ||
		!reply_is_good(is))
		return TRACE_NONE;
	if (deed->kind == DEED_SCALE || deed->kind == DEED_RESTART)
		return deed_covers(is->json, deed->body) ? TRACE_DONE : TRACE_NONE;
	deed_describe(deed, is->json, now);
	bool is_foretold = deed->wanted[0] && strcmp(now, deed->wanted) == 0;
	bool holds_all = deed->object && deed_covers(is->json, deed->object);
	return is_foretold || holds_all ? TRACE_DONE : TRACE_NONE;
}

static const struct {
	enum trace (*seek)(struct acting *acting, struct deed *deed, struct reply *is);
	const char *verb;
} traces[] = {
	[DEED_APPLY] = {seek_changed, "applied"},
	[DEED_CREATE] = {seek_created, "created"},
	[DEED_PATCH] = {seek_changed, "patched"},
	[DEED_SCALE] = {seek_changed, "scaled"},
	[DEED_RESTART] = {seek_changed, "restarted"},
	[DEED_DELETE] = {seek_deleted, "deleted"},
};

// --- what to make of it ------------------------------------------------------------------------------------------------

static enum trace seek(struct acting *acting, struct deed *deed, struct reply *is)
{
	uint64_t began_ms = uv_now(&acting->loop);
	enum trace trace;

	for (;;) {
		reply_fini(is);
		trace = traces[deed->kind].seek(acting, deed, is);
		if (trace != TRACE_NONE || uv_now(&acting->loop) - began_ms >= SEEK_MS ||
			!acting_rest(acting, SEEK_EVERY_MS))
			return trace;
	}
}

static void say_lost(const struct reply *reply, struct buf *words)
{
	if (reply->is_there)
		reply_words(reply, NULL, words);
	else
		buf_text(words, "it had to stop before there was an answer");
}

static bool is_not_known(struct acting *acting, const struct deed *deed, const struct reply *reply,
	const struct reply *is)
{
	bool was_seen = reply_is_good(is) || (is->reach == REACH_ANSWERED && is->status == 404);
	struct buf words = {0};

	say_lost(reply, &words);
	acting_fail(acting, reply->is_there ? reply : NULL,
		"%s: whether it was %s is not known: %s; the server %s", deed->label,
		traces[deed->kind].verb, buf_str(&words),
		was_seen ? "does not show it so far" : "could not be asked afterwards");
	acting->done->is_unknown = true;
	buf_fini(&words);
	return false;
}

static void say_gone(struct acting *acting, const struct deed *deed, const struct reply *is)
{
	const char *uid = json_text(deed->preconditions, "uid");
	const char *uid_now = json_path_text(is->json, "metadata.uid");

	acting_say(acting, "%s is gone%s; the answer was lost, this was looked up", deed->label,
		uid && uid_now && strcmp(uid, uid_now) != 0 ? ", another one has its name" : "");
}

bool deed_clear_up(struct acting *acting, struct deed *deed, const struct reply *reply)
{
	struct reply is = {0};
	enum trace trace = seek(acting, deed, &is);
	bool is_done = trace == TRACE_DONE;

	acting->done->why = (struct err){0};
	acting->done->http_status = 0;
	if (is_done && deed->kind == DEED_DELETE &&
		!(reply_is_good(&is) && json_path(is.json, "metadata.deletionTimestamp")))
		say_gone(acting, deed, &is);
	else if (is_done)
		deed_say_outcome(acting, deed, &is, "; the answer was lost, this was looked up");
	else if (trace == TRACE_NEVER)
		acting_fail(acting, NULL, "%s: is there already, and was not made by this attempt",
			deed->label);
	else
		is_not_known(acting, deed, reply, &is);
	reply_fini(&is);
	return is_done;
}

// --- what an earlier attempt left in doubt -----------------------------------------------------------------------------

// "success", "unknown" …; "unknown" too where there is no result. The caller frees.
static char *outcome_of(const struct acting *acting, int attempt)
{
	cJSON *result = NULL;
	enum attempt_state state = attempt_look(acting->task->directory,
		json_text(acting->task->request, "step"), attempt, &result);
	char *outcome = memory_copy_text(
		state == ATTEMPT_UNKNOWN && !result ? "unknown" : json_text(result, "outcome"));

	cJSON_Delete(result);
	return outcome;
}

static void settle_as_made(struct acting *acting, struct deed *deed, struct reply *is)
{
	struct buf label = {0};

	buf_printf(&label, "%s %s", deed->label, json_path_text(is->json, "metadata.name"));
	free(deed->label);
	deed->label = buf_take(&label);
	deed->is_settled = true;
	deed->settled = "was created by an earlier attempt, whose outcome was not known";
	if (!acting->task->is_trial)
		deed_keep_answer(acting, is);
}

// Only of those since the last one that is known to have succeeded: whoever runs it again after
// that wants another object.
bool deed_was_made_before(struct acting *acting, struct deed *deed)
{
	int first = acting->attempt > ATTEMPTS_MOST ? acting->attempt - ATTEMPTS_MOST : 1;
	bool is_over = !acting->task->directory;

	for (int attempt = acting->attempt - 1; attempt >= first && !is_over; attempt--) {
		char *outcome = outcome_of(acting, attempt);
		struct reply is = {0};

		is_over = outcome && strcmp(outcome, "success") == 0;
		if (outcome && strcmp(outcome, "unknown") == 0 &&
			seek_made(acting, deed, attempt, &is)) {
			settle_as_made(acting, deed, &is);
			is_over = true;
		}
		free(outcome);
		reply_fini(&is);
	}
	return deed->is_settled;
}
