// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "relight/clock.h"
#include "relight/kubewatch.h"
#include "relight/memory.h"

// Bookmarks come once a minute, and pings of HTTP/2 are curl's own affair, for idle connections
// only: so a question that costs the server next to nothing is asked on the connection itself. Any
// answer will do. Together less than the 10 s within which silence is to be found. A server that
// ends lets its watches run on for a minute, and takes no new connections: that shows here, too.

#define PULSE_EVERY_MS   3000
#define PULSE_TIMEOUT_MS 4000

struct gate {
	char *resource;
	bool is_refused;
	uint64_t asked_ms, refused_ms;
};

struct kubepulse {
	uv_loop_t *loop;
	struct kubernetes *client;
	struct kubernetes_exchange *exchange; // NULL: nothing is asked
	unsigned needs;
	uint64_t asked_ms, heard_ms;
	struct wall asked, heard;
	uv_timer_t timer;
	struct gate *gates;
	size_t gate_count, gate_capacity;
};

// --- gates ---

static struct gate *gate_of(struct kubepulse *pulse, const char *resource)
{
	for (size_t i = 0; i < pulse->gate_count; i++)
		if (strcmp(pulse->gates[i].resource, resource) == 0)
			return &pulse->gates[i];
	pulse->gates = memory_grow(
		pulse->gates, pulse->gate_count, &pulse->gate_capacity, sizeof *pulse->gates);
	struct gate *gate = &pulse->gates[pulse->gate_count++];
	*gate = (struct gate){.resource = memory_copy_text(resource)};
	return gate;
}

uint64_t kubegate_opens_ms(struct kubepulse *pulse, const char *resource, uint64_t ms)
{
	struct gate *gate = gate_of(pulse, resource);
	uint64_t now_ms = uv_now(pulse->loop);

	if (gate->is_refused && now_ms < gate->asked_ms + ms)
		return gate->asked_ms + ms;
	gate->asked_ms = now_ms;
	return now_ms;
}

void kubegate_refused(struct kubepulse *pulse, const char *resource)
{
	struct gate *gate = gate_of(pulse, resource);

	// From the refusal on, not from the question: answers take their time.
	gate->is_refused = true;
	gate->asked_ms = gate->refused_ms = uv_now(pulse->loop);
}

void kubegate_passed(struct kubepulse *pulse, const char *resource, uint64_t asked_ms)
{
	struct gate *gate = gate_of(pulse, resource);

	gate->is_refused &= asked_ms < gate->refused_ms;
}

// --- the pulse ---

static void on_timer(uv_timer_t *timer);

static void answered(void *context, const struct http_answer *answer)
{
	struct kubepulse *pulse = context;

	pulse->exchange = NULL;
	if (answer->reach == REACH_ANSWERED) {
		pulse->heard_ms = pulse->asked_ms;
		pulse->heard = pulse->asked;
	} else {
		kubernetes_reset(pulse->client,
			answer->is_timeout ? "the server has gone silent" : answer->why);
	}
	if (pulse->needs > 0)
		uv_timer_start(&pulse->timer, on_timer, PULSE_EVERY_MS, 0);
}

static void on_timer(uv_timer_t *timer)
{
	struct kubepulse *pulse = timer->data;

	pulse->asked_ms = uv_now(pulse->loop);
	pulse->asked = clock_wall();
	pulse->exchange = kubernetes_ask(pulse->client, &(struct kubernetes_request){
								.path = "/readyz",
								.timeout_ms = PULSE_TIMEOUT_MS,
								.done = answered,
								.context = pulse,
							});
}

struct kubepulse *kubepulse_new(uv_loop_t *loop, struct kubernetes *client)
{
	struct kubepulse *pulse = memory_zeroed(1, sizeof *pulse);

	pulse->loop = loop;
	pulse->client = client;
	pulse->heard = WALL_NONE;
	uv_timer_init(loop, &pulse->timer);
	pulse->timer.data = pulse;
	return pulse;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void kubepulse_free(struct kubepulse *pulse)
{
	if (!pulse)
		return;
	if (pulse->exchange)
		kubernetes_cancel(pulse->exchange);
	for (size_t i = 0; i < pulse->gate_count; i++)
		free(pulse->gates[i].resource);
	free(pulse->gates);
	uv_close((uv_handle_t *)&pulse->timer, on_closed);
}

void kubepulse_need(struct kubepulse *pulse)
{
	if (pulse->needs++ == 0 && !pulse->exchange)
		uv_timer_start(&pulse->timer, on_timer, PULSE_EVERY_MS, 0);
}

void kubepulse_leave(struct kubepulse *pulse)
{
	if (--pulse->needs == 0)
		uv_timer_stop(&pulse->timer);
}

uint64_t kubepulse_heard_ms(const struct kubepulse *pulse)
{
	return pulse->heard_ms;
}

struct wall kubepulse_heard(const struct kubepulse *pulse)
{
	return pulse->heard;
}
