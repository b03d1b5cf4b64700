// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "kubewatch_parts.h"
#include "relight/memory.h"

// Those who look at a watch: what they ask is answered from what is known, or when it is, or with
// why it is not; and they are told when it has changed since.

#define FRESH_MS  10000 // what was confirmed so long ago still holds
#define NOTICE_MS 50

struct kubewatch_asking {
	struct kubewatch_asking *next, *prev;
	struct kubewatch_viewer *viewer;
	bool anew;
	uint64_t since_ms, deadline_ms;
	kubewatch_done *done;
	void *context;
};

static uint64_t now_ms(const struct kubewatch *watch)
{
	return uv_now(watch->config.loop);
}

// --- answering ---

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
	uint64_t fresh_ms = kubewatch_is_unwatchable(watch) ? KUBEWATCH_POLITE_MS : FRESH_MS;

	if (!watch->is_listed || !kubewatch_is_still_the_same(watch))
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

// One that is added moves the set, like one that changes. Where nothing is known but that, they may
// have moved at any time since.
static struct wall last_moved(const struct kubewatch_view *view)
{
	return wall_known(view->moved) && view->born.us > view->moved.us ? view->born : view->moved;
}

static void add_the_one(const struct kubewatch_view *view, struct kubewatch_answer *answer)
{
	const struct kubeobject *object = view->watch->objects;

	answer->since = last_moved(view);
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
void kubewatch_answer_all(struct kubewatch *watch)
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

	kubewatch_answer_all(watch);
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

void kubewatch_note_all(struct kubewatch *watch)
{
	for (size_t i = 0; i < watch->view_count; i++)
		watch->views[i]->changes++;
	kubewatch_answer_all(watch);
	plan_notice(watch);
}

// --- asking ---

uint64_t kubewatch_asked_anew_ms(const struct kubewatch *watch)
{
	const struct kubewatch_asking *asking = NULL;
	uint64_t since_ms = 0;

	DL_FOREACH (watch->askings, asking)
		if (asking->anew && watch->listed_ms < asking->since_ms &&
			asking->since_ms > since_ms)
			since_ms = asking->since_ms;
	return since_ms;
}

// Whether what is under way will not answer it by itself.
static void hurry(struct kubewatch *watch, const struct kubewatch_asking *asking)
{
	bool is_busy = watch->phase == KUBEWATCH_LOCATING || watch->phase == KUBEWATCH_LISTING ||
		       watch->phase == KUBEWATCH_JUDGING;

	if (is_busy || (watch->phase == KUBEWATCH_WATCHING && !kubewatch_wants_list(watch)))
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
	*view = (struct kubewatch_view){.watch = watch,
		.index = watch->view_count,
		.aim = aim,
		.expect = expect,
		.moved = WALL_NONE,
		.born = WALL_NONE};
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
