// SPDX-License-Identifier: Apache-2.0
#include "relight/kubewatch.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "kubewatch_parts.h"
#include "relight/clock.h"
#include "relight/memory.h"

// What comes next, and who is told. Each attempt is a search for the resource, a list page by page,
// and a watch from there on; when it ends in failure it is tried again: from where the watch stood,
// or, where the server does not know that any more (410), with a new list, while what was known
// stays.

#define POLITE_MS    1000   // between two of the same requests, at least
#define REST_MAX_MS  4000   // after a failure
#define PATIENCE_MS  8000   // the longest silence of an answer
#define RETRY_MAX_MS 60000  // the longest that a server can ask for
#define FRESH_MS     10000  // what was confirmed so long ago still holds
#define SILENT_MS    150000 // bookmarks come once a minute: a watch without any is asked for anew
#define NOTICE_MS    50

struct kubewatch_asking {
	struct kubewatch_asking *next, *prev;
	struct kubewatch_viewer *viewer;
	bool anew;
	uint64_t since_ms, deadline_ms;
	kubewatch_done *done;
	void *context;
};

static void rest(struct kubewatch *watch, uint64_t until_ms);

static uint64_t now_ms(const struct kubewatch *watch)
{
	return uv_now(watch->config.loop);
}

// Several watches of one resource share what its server thinks of being asked.
const char *kubewatch_gate(const struct kubewatch *watch)
{
	return watch->type.plural[0] ? watch->type.plural : watch->scope.resource.resource;
}

// --- answering ---

static bool is_still_the_same(const struct kubewatch *watch)
{
	const char *uid = kubernetes_uid(watch->config.client);

	return watch->generation == kubernetes_generation(watch->config.client) &&
	       (!uid || !watch->uid[0] || strcmp(uid, watch->uid) == 0);
}

static void take_the_pulse(struct kubewatch *watch)
{
	uint64_t heard_ms = kubepulse_heard_ms(watch->config.pulse);

	if (watch->needs_pulse && watch->has_head && watch->waiting == 0 &&
		heard_ms > watch->confirmed_ms) {
		watch->confirmed_ms = heard_ms;
		watch->confirmed = kubepulse_heard(watch->config.pulse);
	}
}

// A list that cannot be watched is worth no more than its moment.
static bool is_known(const struct kubewatch *watch, const struct kubewatch_asking *asking)
{
	uint64_t fresh_ms = watch->is_unwatchable ? POLITE_MS : FRESH_MS;

	if (!watch->is_listed || !is_still_the_same(watch))
		return false;
	if (asking->anew)
		return watch->listed_ms >= asking->since_ms;
	return now_ms(watch) - watch->confirmed_ms <= fresh_ms;
}

static bool is_refused(const struct kubewatch *watch, const struct kubewatch_asking *asking)
{
	return watch->failed != STATUS_HEALTHY &&
	       (!asking->anew || watch->failed_ms >= asking->since_ms ||
		       watch->not_before_ms > asking->deadline_ms);
}

static void say_what_is_under_way(const struct kubewatch *watch, struct buf *words)
{
	buf_text(words, "no answer yet");
	if (watch->phase == KUBEWATCH_LOCATING)
		buf_text(words, ": looking for the resource");
	else if (watch->next_page.length > 0 || (watch->has_head && !watch->is_listed))
		buf_printf(words, ": %u objects of a list have come",
			(unsigned)HASH_COUNT(watch->objects));
}

static void add_the_one(const struct kubewatch_view *view, struct kubewatch_answer *answer)
{
	const struct kubeobject *object = view->watch->objects;

	if (!view->watch->scope.object || !object || object->hh.next)
		return;
	answer->words = object->verdicts[view->index].words;
	answer->rule = object->verdicts[view->index].rule;
	answer->since = object->verdicts[view->index].since;
	answer->progress = object->progress;
	answer->uid = object->uid;
	answer->resource_version = object->version;
	answer->pods = object->pods;
	if (view->aim == KUBEWATCH_TEXT) {
		answer->text = object->text;
		answer->length = object->text_length;
	}
}

static void answer_known(struct kubewatch_view *view, struct kubewatch_answer *answer)
{
	struct kubewatch *watch = view->watch;

	answer->type = &watch->type;
	answer->tally = kubewatch_count(view);
	answer->asked = watch->confirmed;
	answer->latency_ms = watch->latency_ms;
	add_the_one(view, answer);
}

// True: it was answered, and is gone.
static bool answer(struct kubewatch_asking *asking)
{
	struct kubewatch_view *view = asking->viewer->view;
	struct kubewatch *watch = view->watch;
	struct kubewatch_answer said = {
		.status = STATUS_UNKNOWN, .latency_ms = -1, .asked = WALL_NONE, .since = WALL_NONE};
	struct buf words = {0};

	take_the_pulse(watch);
	if (is_refused(watch, asking)) {
		said.refusal = buf_str(&watch->why);
		said.status = watch->failed;
		said.http_status = watch->failed_http;
	} else if (is_known(watch, asking)) {
		answer_known(view, &said);
	} else if (now_ms(watch) >= asking->deadline_ms) {
		say_what_is_under_way(watch, &words);
		said.refusal = buf_str(&words);
	} else {
		return false;
	}
	// The analyser takes a list with an element for an empty one.
	DL_DELETE(watch->askings, asking); // NOLINT(clang-analyzer-core.NullDereference)
	asking->viewer->seen = view->changes;
	asking->done(asking->context, &said);
	free(asking);
	buf_fini(&words);
	return true;
}

// What is told may ask again, and cancel others.
static void answer_all(struct kubewatch *watch)
{
	struct kubewatch_asking *asking = watch->askings;

	while (asking)
		asking = answer(asking) ? watch->askings : asking->next;
}

// --- telling ---

static void on_notice(uv_timer_t *timer);

static bool has_news(const struct kubewatch_viewer *viewer)
{
	return viewer->seen != viewer->view->changes;
}

static void plan_notice(struct kubewatch *watch)
{
	const struct kubewatch_asking *asking;
	const struct kubewatch_viewer *viewer;
	uint64_t now = now_ms(watch), due = UINT64_MAX;

	DL_FOREACH (watch->askings, asking)
		if (asking->deadline_ms < due)
			due = asking->deadline_ms;
	DL_FOREACH (watch->viewers, viewer)
		if (has_news(viewer) && watch->noticed_ms + NOTICE_MS < due)
			due = watch->noticed_ms + NOTICE_MS;
	if (due == UINT64_MAX)
		uv_timer_stop(&watch->notice);
	else
		uv_timer_start(&watch->notice, on_notice, due > now ? due - now : 0, 0);
}

static void tell_viewers(struct kubewatch *watch)
{
	struct kubewatch_viewer *viewer = NULL;

	DL_FOREACH (watch->viewers, viewer) {
		if (!has_news(viewer))
			continue;
		viewer->seen = viewer->view->changes;
		viewer->changed(viewer->context);
	}
}

static void on_notice(uv_timer_t *timer)
{
	struct kubewatch *watch = timer->data;

	answer_all(watch);
	if (now_ms(watch) - watch->noticed_ms >= NOTICE_MS) {
		watch->noticed_ms = now_ms(watch);
		tell_viewers(watch);
	}
	plan_notice(watch);
}

void kubewatch_note(struct kubewatch_view *view)
{
	struct kubewatch *watch = view->watch;

	if (!watch->is_listed)
		return; // the list as a whole is told
	view->changes++;
	if (!uv_is_active((const uv_handle_t *)&watch->notice) ||
		uv_timer_get_due_in(&watch->notice) > NOTICE_MS)
		plan_notice(watch);
}

static void note_all(struct kubewatch *watch)
{
	for (size_t i = 0; i < watch->view_count; i++)
		watch->views[i]->changes++;
	answer_all(watch);
	plan_notice(watch);
}

// --- how it went ---

void kubewatch_recover(struct kubewatch *watch)
{
	bool was_failed = watch->failed != STATUS_HEALTHY;

	watch->failed = STATUS_HEALTHY;
	watch->failures = 0;
	if (was_failed)
		note_all(watch);
}

// What has been told and not judged yet is not known yet.
void kubewatch_confirm(struct kubewatch *watch, uint64_t ms, struct wall wall)
{
	watch->to_confirm_ms = watch->waiting > 0 ? ms : 0;
	watch->to_confirm = wall;
	if (watch->waiting == 0 && ms >= watch->confirmed_ms) {
		watch->confirmed_ms = ms;
		watch->confirmed = wall;
	}
	kubewatch_recover(watch);
}

// Jittered, so that what failed together is not tried again together.
static uint64_t rest_after(const struct kubewatch *watch, int64_t retry_after_ms)
{
	unsigned doublings = watch->failures < 4 ? watch->failures : 4;
	uint64_t ms = (uint64_t)POLITE_MS << (doublings > 0 ? doublings - 1 : 0);

	ms += ms * (uv_hrtime() / 1024 % 256) / 512;
	if (ms > REST_MAX_MS)
		ms = REST_MAX_MS;
	if (retry_after_ms > (int64_t)ms)
		ms = retry_after_ms < RETRY_MAX_MS ? (uint64_t)retry_after_ms : RETRY_MAX_MS;
	return ms;
}

void kubewatch_fail(struct kubewatch *watch, enum status status, int http_status,
	int64_t retry_after_ms, const char *words)
{
	bool is_news = watch->failed != status || strcmp(buf_str(&watch->why), words) != 0;
	uint64_t began_ms = watch->began_ms;

	kubewatch_let_go(watch);
	watch->failed = status;
	watch->failed_http = http_status;
	watch->failed_ms = began_ms;
	watch->failures++;
	buf_clear(&watch->why);
	buf_text(&watch->why, words);
	buf_clear(&watch->next_page);
	watch->not_before_ms = now_ms(watch) + rest_after(watch, retry_after_ms);
	kubegate_refused(watch->config.pulse, kubewatch_gate(watch));
	rest(watch, watch->not_before_ms);
	if (is_news)
		note_all(watch);
	else
		answer_all(watch);
}

void kubewatch_listed(struct kubewatch *watch)
{
	const char *uid = kubernetes_uid(watch->config.client);

	kubewatch_sweep(watch);
	watch->is_listed = true;
	watch->listed_ms = watch->list_began_ms;
	watch->generation = kubernetes_generation(watch->config.client);
	snprintf(watch->uid, sizeof watch->uid, "%s", uid ? uid : "");
	kubewatch_confirm(watch, watch->list_began_ms, watch->list_began);
	note_all(watch);
	if ((!watch->config.once && !watch->is_unwatchable) || watch->askings) {
		kubewatch_go_on(watch);
	} else {
		watch->phase = KUBEWATCH_RESTING; // until somebody asks
		uv_timer_stop(&watch->timer);
	}
}

// --- what comes next ---

static bool wants_list(const struct kubewatch *watch)
{
	const struct kubewatch_asking *asking;

	if (!watch->is_listed || !watch->version || watch->is_unwatchable ||
		!is_still_the_same(watch))
		return true;
	DL_FOREACH (watch->askings, asking)
		if (asking->anew && watch->listed_ms < asking->since_ms)
			return true;
	return false;
}

void kubewatch_go_on(struct kubewatch *watch)
{
	uint64_t before_ms = wants_list(watch) ? watch->list_began_ms : watch->watch_began_ms;
	uint64_t at_ms = before_ms > 0 ? before_ms + POLITE_MS : 0;

	kubewatch_let_go(watch);
	rest(watch, at_ms > watch->not_before_ms ? at_ms : watch->not_before_ms);
}

static void on_located(void *context, const struct kubeapi_type *type, const char *words)
{
	struct kubewatch *watch = context;

	watch->search = NULL;
	if (type) {
		watch->type = *type;
		kubewatch_ask_list(watch);
	} else {
		kubewatch_fail(watch, STATUS_UNKNOWN, 0, -1, words);
	}
}

static void locate(struct kubewatch *watch)
{
	struct kubernetes *client = watch->config.client;
	struct buf words = {0};

	watch->phase = KUBEWATCH_LOCATING;
	switch (kubernetes_find(client, &watch->scope.resource, &watch->type)) {
	case KUBERNETES_THERE: kubewatch_ask_list(watch); break;
	case KUBERNETES_NOT_THERE:
		kubernetes_absence(client, &watch->scope.resource, &words);
		kubewatch_fail(watch, STATUS_UNKNOWN, 0, -1, buf_str(&words));
		break;
	case KUBERNETES_NOT_KNOWN:
		watch->search = kubernetes_search(
			client, &watch->scope.resource, PATIENCE_MS, on_located, watch);
		break;
	}
	buf_fini(&words);
}

static void on_guard(uv_timer_t *timer);

static void attempt(struct kubewatch *watch)
{
	struct err err = {0};
	uint64_t open_ms = kubegate_opens_ms(watch->config.pulse, kubewatch_gate(watch), POLITE_MS);

	if (open_ms > now_ms(watch)) {
		rest(watch, open_ms);
		return;
	}
	watch->began_ms = watch->progress_ms = now_ms(watch);
	watch->began = clock_wall();
	uv_timer_start(&watch->timer, on_guard, PATIENCE_MS, 0);
	enum status status = watch->config.open(watch->config.context, &err);
	if (status != STATUS_HEALTHY) {
		kubewatch_fail(watch, status, 0, -1, err.message);
	} else if (wants_list(watch)) {
		buf_clear(&watch->next_page);
		locate(watch);
	} else {
		kubewatch_ask_watch(watch);
	}
}

static void on_rested(uv_timer_t *timer)
{
	attempt(timer->data);
}

static void rest(struct kubewatch *watch, uint64_t until_ms)
{
	uint64_t now = now_ms(watch);

	watch->phase = KUBEWATCH_RESTING;
	uv_timer_start(&watch->timer, on_rested, until_ms > now ? until_ms - now : 0, 0);
}

// Whether an answer has kept silent for too long: until its head, or between two parts of a list.
// On a connection that is shared the pulse tells of a watch, on another one the end of its time.
static void on_guard(uv_timer_t *timer)
{
	struct kubewatch *watch = timer->data;
	bool is_watch = watch->phase == KUBEWATCH_WATCHING && watch->has_head;
	uint64_t limit_ms = is_watch ? SILENT_MS : PATIENCE_MS;
	uint64_t due_ms = watch->progress_ms + limit_ms, now = now_ms(watch);

	if (watch->phase == KUBEWATCH_JUDGING || !watch->exchange)
		due_ms = now + limit_ms; // jq and the search have deadlines of their own
	if (due_ms > now)
		uv_timer_start(&watch->timer, on_guard, due_ms - now, 0);
	else if (is_watch)
		kubewatch_go_on(watch);
	else
		kubewatch_fail(watch, STATUS_UNKNOWN, 0, -1,
			watch->has_head ? "the answer stopped half-way" : "no answer within 8s");
}

// --- for those who ask ---

// Whether what is under way will not answer it by itself.
static void hurry(struct kubewatch *watch, const struct kubewatch_asking *asking)
{
	bool is_busy = watch->phase == KUBEWATCH_LOCATING || watch->phase == KUBEWATCH_LISTING ||
		       watch->phase == KUBEWATCH_JUDGING;

	if (is_busy || (watch->phase == KUBEWATCH_WATCHING && !wants_list(watch)))
		return;
	if (watch->phase == KUBEWATCH_RESTING && watch->failed != STATUS_HEALTHY && !asking->anew)
		return;
	kubewatch_go_on(watch);
}

struct kubewatch_asking *kubewatch_ask(struct kubewatch_viewer *viewer, bool anew,
	int64_t timeout_ms, kubewatch_done *done, void *context)
{
	struct kubewatch *watch = viewer->view->watch;
	struct kubewatch_asking *asking = memory_zeroed(1, sizeof *asking);

	*asking = (struct kubewatch_asking){
		.viewer = viewer,
		.anew = anew,
		.since_ms = now_ms(watch),
		.deadline_ms = now_ms(watch) + (uint64_t)timeout_ms,
		.done = done,
		.context = context,
	};
	DL_APPEND(watch->askings, asking);
	if (answer(asking))
		return NULL;
	hurry(watch, asking);
	plan_notice(watch);
	return asking;
}

void kubewatch_cancel(struct kubewatch_asking *asking)
{
	DL_DELETE(asking->viewer->view->watch->askings, asking);
	free(asking);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool is_like(
	const struct kubewatch_view *view, enum kubewatch_aim aim, const struct expectation *expect)
{
	return view->aim == aim &&
	       (aim != KUBEWATCH_JQ ||
		       (same_text(view->expect->jq.text, expect->jq.text) &&
			       same_text(view->expect->message.text, expect->message.text)));
}

static struct kubewatch_view *find_view(
	struct kubewatch *watch, enum kubewatch_aim aim, const struct expectation *expect)
{
	for (size_t i = 0; i < watch->view_count; i++)
		if (is_like(watch->views[i], aim, expect))
			return watch->views[i];

	struct kubewatch_view *view = memory_zeroed(1, sizeof *view);
	*view = (struct kubewatch_view){
		.watch = watch, .index = watch->view_count, .aim = aim, .expect = expect};
	watch->views =
		memory_resize(watch->views, watch->view_count + 1, sizeof(struct kubewatch_view *));
	watch->views[watch->view_count++] = view;
	// What was listed before was not looked at in this way.
	watch->is_listed = false;
	kubewatch_clear(watch);
	if (watch->phase != KUBEWATCH_IDLE)
		kubewatch_go_on(watch);
	return view;
}

struct kubewatch_viewer *kubewatch_look(struct kubewatch *watch, enum kubewatch_aim aim,
	const struct expectation *expect, void (*changed)(void *context), void *context)
{
	struct kubewatch_viewer *viewer = memory_zeroed(1, sizeof *viewer);

	viewer->view = find_view(watch, aim, expect);
	viewer->seen = viewer->view->changes;
	viewer->changed = changed;
	viewer->context = context;
	DL_APPEND(watch->viewers, viewer);
	return viewer;
}

void kubewatch_leave(struct kubewatch_viewer *viewer)
{
	struct kubewatch_asking *asking, *next;

	if (!viewer)
		return;
	struct kubewatch *watch = viewer->view->watch;
	DL_FOREACH_SAFE (watch->askings, asking, next)
		if (asking->viewer == viewer)
			kubewatch_cancel(asking);
	DL_DELETE(watch->viewers, viewer);
	free(viewer);
}

const struct kubewatch *kubewatch_of(const struct kubewatch_viewer *viewer)
{
	return viewer->view->watch;
}

bool kubewatch_has_viewers(const struct kubewatch *watch)
{
	return watch->viewers != NULL;
}

// --- its life ---

struct kubewatch *kubewatch_new(
	const struct kubewatch_config *config, const struct kubewatch_scope *scope)
{
	struct kubewatch *watch = memory_zeroed(1, sizeof *watch);

	watch->config = *config;
	watch->scope = (struct kubewatch_scope){
		.resource = scope->resource,
		.namespace = memory_copy_text(scope->namespace),
		.selector = memory_copy_text(scope->selector),
		.object = memory_copy_text(scope->object),
	};
	watch->confirmed = WALL_NONE;
	watch->latency_ms = -1;
	uv_timer_init(config->loop, &watch->timer);
	uv_timer_init(config->loop, &watch->notice);
	watch->timer.data = watch->notice.data = watch;
	watch->timers_open = 2;
	return watch;
}

bool kubewatch_covers(const struct kubewatch *watch, const struct kubewatch_scope *scope)
{
	const struct kubewatch_scope *own = &watch->scope;

	return strcmp(own->resource.resource, scope->resource.resource) == 0 &&
	       strcmp(own->resource.version, scope->resource.version) == 0 &&
	       strcmp(own->resource.group, scope->resource.group) == 0 &&
	       same_text(own->namespace, scope->namespace) &&
	       same_text(own->selector, scope->selector) && same_text(own->object, scope->object);
}

static void on_closed(uv_handle_t *handle)
{
	struct kubewatch *watch = handle->data;

	if (--watch->timers_open == 0)
		free(watch);
}

void kubewatch_free(struct kubewatch *watch)
{
	if (!watch)
		return;
	assert(!watch->viewers);
	kubewatch_let_go(watch);
	watch->is_listed = false;
	kubewatch_clear(watch);
	for (size_t i = 0; i < watch->view_count; i++) {
		tally_fini(&watch->views[i]->tally);
		free(watch->views[i]);
	}
	free(watch->views);
	free((char *)watch->scope.namespace);
	free((char *)watch->scope.selector);
	free((char *)watch->scope.object);
	free(watch->version);
	buf_fini(&watch->next_page);
	buf_fini(&watch->why);
	uv_close((uv_handle_t *)&watch->timer, on_closed);
	uv_close((uv_handle_t *)&watch->notice, on_closed);
}
