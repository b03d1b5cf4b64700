// SPDX-License-Identifier: Apache-2.0
#include "relight/kubewatch.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kubewatch_parts.h"
#include "relight/clock.h"
#include "relight/memory.h"

// What comes next. Each attempt is a search for the resource, a list page by page,
// and a watch from there on; when it ends in failure it is tried again: from where the watch stood,
// or, where the server does not know that any more (410), with a new list, while what was known
// stays.

#define REST_MAX_MS  4000   // after a failure
#define PATIENCE_MS  8000   // the longest silence of an answer
#define RETRY_MAX_MS 60000  // the longest that a server can ask for
#define SILENT_MS    150000 // bookmarks come once a minute: a watch without any is asked for anew

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

bool kubewatch_is_still_the_same(const struct kubewatch *watch)
{
	const char *uid = kubernetes_uid(watch->config.client);

	return watch->generation == kubernetes_generation(watch->config.client) &&
	       (!uid || !watch->uid[0] || strcmp(uid, watch->uid) == 0);
}

bool kubewatch_is_unwatchable(const struct kubewatch *watch)
{
	return now_ms(watch) < watch->unwatchable_until_ms;
}

// --- how it went ---

void kubewatch_recover(struct kubewatch *watch)
{
	bool was_failed = watch->failed != STATUS_HEALTHY;

	watch->failed = STATUS_HEALTHY;
	watch->failures = 0;
	if (was_failed)
		kubewatch_note_all(watch);
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
	uint64_t ms = (uint64_t)KUBEWATCH_POLITE_MS << (doublings > 0 ? doublings - 1 : 0);

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
		kubewatch_note_all(watch);
	else
		kubewatch_answer_all(watch);
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
	kubewatch_note_all(watch);
	if ((!watch->config.once && !kubewatch_is_unwatchable(watch)) || watch->askings) {
		kubewatch_go_on(watch);
	} else {
		watch->phase = KUBEWATCH_RESTING; // until somebody asks
		uv_timer_stop(&watch->timer);
	}
}

// --- what comes next ---

// For how long the verdicts still hold by themselves; centuries where nothing but a change ends it.
static int64_t holds_ms(const struct kubewatch *watch)
{
	struct wall until = kubewatch_holds_until(watch);
	int64_t left_us = wall_known(until) ? until.us - clock_wall().us : INT64_MAX;

	return left_us <= 0 ? 0 : left_us / 1000 + (left_us != INT64_MAX);
}

// Whether a watch would only fail again: it kept silent beyond its end, or was refused by a server
// that is there, for another reason than being asked too much.
static bool must_list_to_recover(const struct kubewatch *watch)
{
	bool is_busy = watch->failed_http == 429 || watch->failed_http == 503;

	return watch->failed != STATUS_HEALTHY &&
	       (watch->is_mute || (watch->failed_http != 0 && !is_busy));
}

bool kubewatch_wants_list(const struct kubewatch *watch)
{
	if (must_list_to_recover(watch) || !watch->is_listed || !watch->version ||
		kubewatch_is_unwatchable(watch) || !kubewatch_is_still_the_same(watch))
		return true;
	return kubewatch_asked_anew_ms(watch) > 0 || holds_ms(watch) == 0;
}

void kubewatch_go_on(struct kubewatch *watch)
{
	uint64_t before_ms =
		kubewatch_wants_list(watch) ? watch->list_began_ms : watch->watch_began_ms;
	uint64_t at_ms = before_ms > 0 ? before_ms + KUBEWATCH_POLITE_MS : 0;

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
	uint64_t since_ms = kubewatch_asked_anew_ms(watch);
	struct buf words = {0};

	watch->phase = KUBEWATCH_LOCATING;
	switch (kubernetes_find(client, &watch->scope.resource, since_ms, &watch->type)) {
	case KUBERNETES_THERE: kubewatch_ask_list(watch); break;
	case KUBERNETES_NOT_THERE:
		kubernetes_absence(client, &watch->scope.resource, &words);
		kubewatch_fail(watch, STATUS_UNKNOWN, 0, -1, buf_str(&words));
		break;
	case KUBERNETES_NOT_KNOWN:
		watch->search = kubernetes_search(
			client, &watch->scope.resource, since_ms, PATIENCE_MS, on_located, watch);
		break;
	}
	buf_fini(&words);
}

static void on_guard(uv_timer_t *timer);

static void attempt(struct kubewatch *watch)
{
	struct err err = {0};
	uint64_t open_ms =
		kubegate_opens_ms(watch->config.pulse, kubewatch_gate(watch), KUBEWATCH_POLITE_MS);

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
	} else if (kubewatch_wants_list(watch)) {
		buf_clear(&watch->next_page);
		watch->has_restarted = false;
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

// Whether an answer has kept silent for too long: until its head, or between two parts of a list;
// or what is known no longer holds by itself. On a connection that is shared the pulse tells of a
// watch, on another one the end of its time.
static void on_guard(uv_timer_t *timer)
{
	struct kubewatch *watch = timer->data;
	bool is_watch = watch->phase == KUBEWATCH_WATCHING && watch->has_head;
	uint64_t limit_ms = is_watch ? SILENT_MS : PATIENCE_MS;
	uint64_t due_ms = watch->progress_ms + limit_ms, now = now_ms(watch);
	int64_t left_ms = is_watch ? holds_ms(watch) : INT64_MAX;

	if (left_ms < (int64_t)limit_ms && now + (uint64_t)left_ms < due_ms)
		due_ms = now + (uint64_t)left_ms;
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

void kubewatch_look_again(struct kubewatch *watch, struct wall at)
{
	int64_t left_us = at.us - clock_wall().us;
	uint64_t left_ms = left_us > 0 ? (uint64_t)left_us / 1000 + 1 : 0;

	if (watch->phase == KUBEWATCH_WATCHING && watch->has_head &&
		uv_timer_get_due_in(&watch->timer) > left_ms)
		uv_timer_start(&watch->timer, on_guard, left_ms, 0);
}

// --- its life ---

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

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
