// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "probe_parts.h"
#include "relight/clock.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "relight/moment.h"

// One dependency in its rhythm: all its checks are asked together, the worst counts, and the next
// time comes `every` after the last one began. A recheck waits for an asking that is under way,
// because that began too early, and then goes first.

#define BACKSTOP_MS 2000 // beyond the timeout, for a kind that does not keep to it

#define NEWS_MS 1000 // between two askings of several checks for the news of one of them

// What it takes to ask once, measured in microseconds of a core: a process is another matter than a
// connection.
#define COST_CONNECTION_US 600
#define COST_PROCESS_US    20000

struct watch {
	struct watching *watching;
	int number; // of the dependency
	const struct dependency *dependency;
	struct asking *askings; // one for each check
	size_t open;            // askings that were not answered yet; 0: none is under way
	struct wall asked;
	uint64_t asked_ms; // loop time
	double phase;
	bool was_asked, is_unknown;
	bool is_heard;               // as of the newest recheck
	int64_t token, wanted_token; // of the asking under way; of the next one
	bool is_wanted;              // a recheck came during an asking
	uv_timer_t timer;            // the next time; while asked, the backstop
};

static void ask(struct watch *watch);

static void on_due(uv_timer_t *timer)
{
	ask(timer->data);
}

static void on_backstop(uv_timer_t *timer)
{
	struct watch *watch = timer->data;
	for (size_t i = 0; i < watch->dependency->check_count; i++)
		asking_expire(&watch->askings[i]);
}

static void ask(struct watch *watch)
{
	const struct dependency *dependency = watch->dependency;
	watch->asked = clock_wall();
	watch->asked_ms = uv_now(watch->watching->world->loop);
	watch->token = watch->wanted_token;
	watch->wanted_token = 0;
	watch->is_wanted = false;
	watch->open = dependency->check_count + 1; // one for the starting itself
	uv_timer_start(
		&watch->timer, on_backstop, (uint64_t)(dependency->timeout_ms + BACKSTOP_MS), 0);
	for (size_t i = 0; i < dependency->check_count; i++)
		asking_start(&watch->askings[i], watch->token != 0);
	watch_answered(watch);
}

// The first and the second time are apart by half of `every` to all of it, so that what began
// together does not stay together.
static uint64_t next_ms(struct watch *watch)
{
	uint64_t every_ms = (uint64_t)watch->dependency->every_ms;
	if (!watch->was_asked)
		every_ms = every_ms / 2 + (uint64_t)((double)every_ms / 2 * watch->phase);
	watch->was_asked = true;
	return watch->asked_ms + every_ms;
}

static void plan_next(struct watch *watch)
{
	uint64_t now_ms = uv_now(watch->watching->world->loop), due_ms = next_ms(watch);
	for (size_t i = 0; i < watch->dependency->check_count; i++) {
		int64_t again_ms = watch->askings[i].probing.again_ms;
		if (again_ms >= 0 && now_ms + (uint64_t)again_ms < due_ms)
			due_ms = now_ms + (uint64_t)again_ms;
	}
	if (watch->is_wanted || due_ms < now_ms)
		due_ms = now_ms;
	uv_timer_start(&watch->timer, on_due, due_ms - now_ms, 0);
}

// --- saying it -------------------------------------------------------------------------------------------------------

static const struct asking *worst_asking(const struct watch *watch)
{
	const struct asking *worst = &watch->askings[0];
	for (size_t i = 1; i < watch->dependency->check_count; i++) {
		enum status status = watch->askings[i].verdict.status;
		if (status != worst->verdict.status &&
			status_worse(status, worst->verdict.status) == status)
			worst = &watch->askings[i];
	}
	return worst;
}

static cJSON *progress_json(const struct progress *progress)
{
	cJSON *json = json_object();
	cJSON_AddNumberToObject(json, "done", progress->done);
	cJSON_AddNumberToObject(json, "total", progress->total);
	json_add_text(json, "unit", progress->unit[0] ? progress->unit : NULL);
	return json;
}

// Of several checks: the first that tells how far it is, and what expires first.
static void add_extras(const struct watch *watch, cJSON *line)
{
	const struct verdict *soonest = NULL;
	for (size_t i = 0; i < watch->dependency->check_count; i++) {
		const struct verdict *verdict = &watch->askings[i].verdict;
		if (verdict->progress.total > 0 && !json_get(line, "progress"))
			json_add(line, "progress", progress_json(&verdict->progress));
		if (wall_known(verdict->expires) &&
			(!soonest || verdict->expires.us < soonest->expires.us))
			soonest = verdict;
	}
	if (!soonest)
		return;
	json_add_wall(line, "expires", soonest->expires);
	if (soonest->renews)
		json_add_bool(line, "renews", true);
}

// What several checks say together is as old as the oldest of them.
static struct wall asked_of_all(const struct watch *watch)
{
	struct wall oldest = watch->asked;
	for (size_t i = 0; i < watch->dependency->check_count; i++) {
		struct wall asked = watch->askings[i].probing.asked;
		if (wall_known(asked) && asked.us < oldest.us)
			oldest = asked;
	}
	return oldest;
}

static void emit(struct watch *watch, const struct asking *worst)
{
	cJSON *line = json_object();
	json_add_text(line, "type", "observation");
	json_add_text(line, "dependency", watch->dependency->id);
	json_add_wall(line, "ts", clock_wall());
	json_add_wall(line, "asked", asked_of_all(watch));
	json_add_text(line, "status", status_word(worst->verdict.status));
	json_add_text(line, "message", buf_str(&worst->verdict.message));
	json_add_text(line, "check", check_kind_word(worst->probing.check->kind));
	if (worst->latency_ms >= 0)
		json_add_int(line, "latency_ms", worst->latency_ms);
	if (watch->token)
		json_add_int(line, "token", watch->token);
	add_extras(watch, line);
	if (worst->evidence)
		json_add(line, "evidence", cJSON_Duplicate(worst->evidence, true));
	channel_send(watch->watching->channel, watch->number, line);
}

void watch_answered(struct watch *watch)
{
	struct watching *watching = watch->watching;
	if (--watch->open > 0)
		return;
	const struct asking *worst = worst_asking(watch);
	watch->is_unknown = worst->verdict.status == STATUS_UNKNOWN;
	emit(watch, worst);
	if (!watching->once)
		plan_next(watch);
	else
		uv_timer_stop(&watch->timer);
	watching->is_all_healthy &= worst->verdict.status == STATUS_HEALTHY;
	if (watch->is_heard || (watch->wanted_token && !watching->once))
		return;
	watch->is_heard = true;
	watching->left--;
	if (watching->left == 0 && (watching->once || watching->is_ending))
		watching->on_all(watching);
}

// --- for the sensor --------------------------------------------------------------------------------------------------

struct watch *watch_new(struct watching *watching, int number)
{
	struct watch *watch = memory_zeroed(1, sizeof *watch);
	const struct dependency *dependency = &watching->world->runbook->dependencies[number];
	watch->watching = watching;
	watch->number = number;
	watch->dependency = dependency;
	watch->askings = memory_zeroed(dependency->check_count, sizeof *watch->askings);
	for (size_t i = 0; i < dependency->check_count; i++)
		asking_init(&watch->askings[i], watch, watching->world, dependency,
			&dependency->checks[i]);
	uv_timer_init(watching->world->loop, &watch->timer);
	watch->timer.data = watch;
	return watch;
}

static void on_closed(uv_handle_t *handle)
{
	struct watch *watch = handle->data;
	free(watch->askings);
	free(watch);
}

void watch_free(struct watch *watch)
{
	for (size_t i = 0; i < watch->dependency->check_count; i++) {
		asking_cancel(&watch->askings[i]);
		asking_fini(&watch->askings[i]);
	}
	uv_close((uv_handle_t *)&watch->timer, on_closed);
}

void watch_prepare(struct watch *watch)
{
	for (size_t i = 0; i < watch->dependency->check_count; i++)
		asking_prepare(&watch->askings[i]);
}

void watch_begin(struct watch *watch, int64_t delay_ms, double phase)
{
	watch->phase = phase;
	uv_timer_start(&watch->timer, on_due, (uint64_t)delay_ms, 0);
}

void watch_recheck(struct watch *watch, int64_t token)
{
	if (token > watch->wanted_token)
		watch->wanted_token = token;
	watch->is_wanted = true;
	if (watch->is_heard) {
		watch->is_heard = false;
		watch->watching->left++;
	}
	if (watch->open == 0)
		uv_timer_start(&watch->timer, on_due, 0, 0);
}

// All its checks are asked again, so others than the one that watches are spared a little.
void watch_news(struct watch *watch)
{
	uint64_t now_ms = uv_now(watch->watching->world->loop);
	uint64_t due_ms = watch->dependency->check_count > 1 ? watch->asked_ms + NEWS_MS : now_ms;
	if (watch->open > 0)
		watch->is_wanted = true;
	else
		uv_timer_start(&watch->timer, on_due, due_ms > now_ms ? due_ms - now_ms : 0, 0);
}

void watch_reconsider(struct watch *watch)
{
	if (watch->is_unknown)
		watch_recheck(watch, 0);
}

static bool is_process(enum check_kind kind)
{
	return kind == CHECK_COMMAND || kind == CHECK_SHELL || kind == CHECK_SSH;
}

int64_t watch_cost_us(const struct dependency *dependency)
{
	int64_t cost_us = 0;
	for (size_t i = 0; i < dependency->check_count; i++)
		cost_us += is_process(dependency->checks[i].kind) ? COST_PROCESS_US
								  : COST_CONNECTION_US;
	return cost_us;
}
