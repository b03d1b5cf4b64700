// SPDX-License-Identifier: Apache-2.0
#include "relight/simulate.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relight/chain.h"
#include "relight/channel.h"
#include "relight/clock.h"
#include "relight/event.h"
#include "relight/json.h"
#include "relight/memory.h"

#define LOOK_MS           20 // how often the timeline is looked at, real time
#define READ_BYTES        ((size_t)4 * EVENT_MAX_BYTES)
#define CLOSE_PATIENCE_MS 500

struct shown {          // what was said last about a dependency
	bool is_wanted; // by --only
	enum status status;
	const char *message; // NULL: nothing was said yet
	struct wall due;     // simulated time of the next observation
	uint64_t said;       // how often
};

struct simulation {
	const struct runbook *runbook;
	const struct scenario *scenario;
	const struct probe_options *options;
	struct scenario_facts *facts;
	struct scenario_seen *seen; // by dependency index, as of the newest look
	struct shown *shown;        // by dependency index
	bool *is_met;               // by target index
	struct wall next_change;    // of the world, as far as is known; WALL_NONE: never
	bool is_dirty;              // facts have changed since the newest look
	bool is_configured, is_ending;
	int fd;         // the timeline; -1: not there yet
	int64_t offset; // of its first byte that was not taken
	char *bytes;    // READ_BYTES
	uv_loop_t loop;
	uv_timer_t timer;
	uv_signal_t interrupt, terminate;
	struct channel *channel;
};

// What looks like chance, and is the same each time a scenario is played: FNV-1a over seed, text
// and number.
static uint64_t chance(const struct scenario *scenario, const char *text, uint64_t number)
{
	uint64_t hash = 14695981039346656037u;

	for (int bit = 0; bit < 64; bit += 8) {
		hash = (hash ^ (((uint64_t)scenario->seed >> bit) & 0xFF)) * 1099511628211u;
		hash = (hash ^ ((number >> bit) & 0xFF)) * 1099511628211u;
	}
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 1099511628211u;
	return hash >> 16;
}

// --- the timeline as it grows --------------------------------------------------------------------

// Takes the whole lines of `bytes`; returns how many bytes they were. A line that is no event is
// somebody else's finding (`timeline verify`): the world goes on without it.
static size_t take_lines(struct simulation *simulation, const char *bytes, size_t length)
{
	const char *at = bytes, *end = bytes + length, *feed;

	while ((feed = memchr(at, '\n', (size_t)(end - at)))) {
		struct event *event = event_decode(at, (size_t)(feed - at), NULL);

		if (event) {
			scenario_facts_apply(simulation->facts, event);
			event_free(event);
			simulation->is_dirty = true;
		}
		at = feed + 1;
	}
	return (size_t)(at - bytes);
}

// Reads what has been added. An unfinished last line is read again the next time: it may still
// grow, or be cut off by a resume.
static void read_timeline(struct simulation *simulation)
{
	if (simulation->fd < 0 && simulation->options->timeline)
		simulation->fd = open(simulation->options->timeline, O_RDONLY | O_CLOEXEC);
	if (simulation->fd < 0)
		return;
	for (;;) {
		ssize_t got =
			pread(simulation->fd, simulation->bytes, READ_BYTES, simulation->offset);
		if (got <= 0)
			return;
		size_t taken = take_lines(simulation, simulation->bytes, (size_t)got);
		simulation->offset += (int64_t)taken;
		// A line over every limit is skipped in pieces.
		if (taken == 0 && (size_t)got == READ_BYTES)
			simulation->offset += got;
		else if (taken == 0)
			return;
	}
}

// --- what is said --------------------------------------------------------------------------------

// Sending can be what finds that nobody reads any more: then the rest goes nowhere.
static void say(struct simulation *simulation, int slot, cJSON *line)
{
	if (simulation->is_ending)
		cJSON_Delete(line);
	else
		channel_send(simulation->channel, slot, line);
}

static void say_dependency(struct simulation *simulation, int d, struct wall now, int64_t token)
{
	const struct dependency *dependency = &simulation->runbook->dependencies[d];
	const struct scenario_seen *seen = &simulation->seen[d];
	struct shown *shown = &simulation->shown[d];
	cJSON *line = json_object();

	json_add_text(line, "type", "observation");
	json_add_text(line, "dependency", dependency->id);
	json_add_wall(line, "ts", now);
	json_add_wall(line, "asked", now);
	json_add_text(line, "status", status_word(seen->status));
	json_add_text(line, "message", seen->message);
	json_add_text(line, "check", check_kind_word(dependency->checks[0].kind));
	json_add_int(line, "latency_ms",
		(int64_t)(4 + chance(simulation->scenario, dependency->id, shown->said) % 60));
	if (token != 0)
		json_add_int(line, "token", token);
	// The first ones come together; from then on they are spread over the interval.
	int64_t spread = shown->said++ == 0
				 ? (int64_t)(chance(simulation->scenario, dependency->id, 0) % 8)
				 : 0;
	shown->due.us = now.us + dependency->every_ms * US_PER_MS * (8 - spread) / 8;
	shown->status = seen->status;
	shown->message = seen->message;
	say(simulation, d, line);
}

static cJSON *target_fingerprint(const struct simulation *simulation, const struct target *target)
{
	char text[256], hex[65], uid[40];
	cJSON *fingerprint = json_object();

	snprintf(text, sizeof text, "%s/%" PRId64 "/%s", simulation->scenario->name,
		simulation->scenario->seed, target->id);
	sha256_hex(text, strlen(text), hex);
	if (target->is_ssh) {
		json_add_text(fingerprint, "host_key", hex);
		return fingerprint;
	}
	snprintf(uid, sizeof uid, "%.8s-%.4s-4%.3s-8%.3s-%.12s", hex, hex + 8, hex + 13, hex + 17,
		hex + 20);
	json_add_text(fingerprint, "uid", target->uid ? target->uid : uid);
	json_add_text(fingerprint, "ca_sha256", hex);
	return fingerprint;
}

static void say_target(struct simulation *simulation, int t)
{
	const struct target *target = &simulation->runbook->targets[t];
	char endpoint[256];
	cJSON *line = json_object();

	if (target->is_ssh)
		snprintf(endpoint, sizeof endpoint, "%s:%d", target->host, target->port);
	else
		snprintf(endpoint, sizeof endpoint, "https://%s.simulated:443",
			target->context ? target->context : target->id);
	json_add_text(line, "type", "target");
	json_add_text(line, "target", target->id);
	json_add_text(line, "endpoint", endpoint);
	json_add(line, "fingerprint", target_fingerprint(simulation, target));
	say(simulation, (int)simulation->runbook->dependency_count + t, line);
}

static int check_target(const struct check *check)
{
	switch (check->kind) {
	case CHECK_KUBERNETES: return check->kubernetes.target;
	case CHECK_SSH: return check->command.target;
	default: return -1;
	}
}

// Not before the step that makes the target has succeeded, or was left out because it is there.
static bool target_exists(const struct simulation *simulation, int t)
{
	int maker = simulation->runbook->targets[t].created_by;
	const struct scenario_step_fact *fact = &simulation->facts->steps[maker < 0 ? 0 : maker];

	return maker < 0 || wall_known(fact->first) || fact->is_left_out;
}

static bool is_acted_on(const struct runbook *runbook, int t)
{
	for (size_t s = 0; s < runbook->step_count; s++)
		if (runbook->steps[s].target == t && runbook->steps[s].kind == STEP_RUN)
			return true;
	return false;
}

// Whether the target has told by now who it is. One that is asked about something does when any of
// that can be known; of one that is not, the scenario says nothing: a cluster that steps act on is
// there then, and a source that nothing touches is what was lost.
static bool target_answers(const struct simulation *simulation, int t)
{
	const struct runbook *runbook = simulation->runbook;
	bool is_asked = false;

	if (!target_exists(simulation, t))
		return false;
	for (size_t d = 0; d < runbook->dependency_count; d++) {
		const struct dependency *dependency = &runbook->dependencies[d];

		for (size_t c = 0; c < dependency->check_count; c++) {
			if (check_target(&dependency->checks[c]) != t)
				continue;
			if (simulation->seen[d].status != STATUS_UNKNOWN)
				return true;
			is_asked = true;
		}
	}
	return !is_asked && !runbook->targets[t].is_ssh &&
	       (runbook->targets[t].role != TARGET_SOURCE || is_acted_on(runbook, t));
}

// Restore points lie within the objective; choices are what the scenario has chosen. A secret is
// never told.
static cJSON *answer_of(const struct simulation *simulation, const char *what)
{
	const struct runbook *runbook = simulation->runbook;
	cJSON *value = NULL;

	if (strncmp(what, "inputs.", 7) == 0) {
		int input = runbook_input(runbook, what + 7);
		const char *given = input < 0 ? NULL : simulation->scenario->inputs[input];

		if (!given || runbook->inputs[input].secret)
			return NULL;
		cJSON *choice = json_object();
		json_add_text(choice, "value", given);
		json_add_text(choice, "say", given);
		value = cJSON_CreateArray();
		cJSON_AddItemToArray(value, choice);
		return value;
	}
	for (size_t i = 0; i < runbook->restore_point_count; i++) {
		const struct restore_point *point = &runbook->restore_points[i];
		int64_t rpo_ms = runbook->objectives.rpo_ms;

		if (strncmp(what, "restore_points.", 15) != 0 ||
			strcmp(what + 15, point->id) != 0 || !wall_known(simulation->facts->opened))
			continue;
		int64_t percent = 30 + (int64_t)(chance(simulation->scenario, point->id, 1) % 60);
		int64_t age_ms = (rpo_ms == ABSENT_MS ? 600 * MS_PER_S : rpo_ms) * percent / 100;
		value = json_object();
		json_add_wall(value, "at",
			(struct wall){simulation->facts->opened.us - age_ms * US_PER_MS});
	}
	return value;
}

// --- looking -------------------------------------------------------------------------------------

static bool is_new(const struct simulation *simulation, size_t d)
{
	const struct shown *shown = &simulation->shown[d];

	return !shown->message || shown->status != simulation->seen[d].status ||
	       strcmp(shown->message, simulation->seen[d].message) != 0;
}

// Reads the timeline and looks at the world: what is new or due is said. Returns simulated time, or
// WALL_NONE while there is none.
static struct wall look(struct simulation *simulation)
{
	const struct runbook *runbook = simulation->runbook;

	read_timeline(simulation);
	struct wall now = scenario_now(simulation->facts, clock_mono());
	if (!wall_known(now) || !simulation->is_configured)
		return WALL_NONE;
	if (simulation->is_dirty ||
		(wall_known(simulation->next_change) && now.us >= simulation->next_change.us)) {
		simulation->next_change = scenario_world(
			simulation->scenario, simulation->facts, now, simulation->seen);
		simulation->is_dirty = false;
	}
	for (size_t t = 0; t < runbook->target_count; t++)
		if (!simulation->is_met[t] && target_answers(simulation, (int)t)) {
			simulation->is_met[t] = true;
			say_target(simulation, (int)t);
		}
	for (size_t d = 0; d < runbook->dependency_count; d++)
		if (simulation->shown[d].is_wanted &&
			(is_new(simulation, d) || now.us >= simulation->shown[d].due.us))
			say_dependency(simulation, (int)d, now, 0);
	return now;
}

// Real milliseconds until simulated time has come to the next thing that is due, at most LOOK_MS.
static uint64_t wait_ms(const struct simulation *simulation, struct wall now)
{
	double speed = simulation->facts->speed;
	int64_t nearest_us =
		wall_known(simulation->next_change) ? simulation->next_change.us : INT64_MAX;

	if (!wall_known(now))
		return LOOK_MS;
	for (size_t d = 0; d < simulation->runbook->dependency_count; d++)
		if (simulation->shown[d].is_wanted && simulation->shown[d].due.us < nearest_us)
			nearest_us = simulation->shown[d].due.us;
	double ms = (double)(nearest_us - now.us) / speed / (double)US_PER_MS;
	return ms >= LOOK_MS ? LOOK_MS : ms <= 1 ? 1 : (uint64_t)ms + 1;
}

static void on_timer(uv_timer_t *timer)
{
	struct simulation *simulation = timer->data;

	struct wall now = look(simulation);
	if (!simulation->is_ending)
		uv_timer_start(timer, on_timer, wait_ms(simulation, now), 0);
}

// --- what is asked of it -------------------------------------------------------------------------

static void end(struct simulation *simulation)
{
	if (simulation->is_ending)
		return;
	simulation->is_ending = true;
	uv_close((uv_handle_t *)&simulation->timer, NULL);
	uv_close((uv_handle_t *)&simulation->interrupt, NULL);
	uv_close((uv_handle_t *)&simulation->terminate, NULL);
	channel_close(simulation->channel, CLOSE_PATIENCE_MS);
}

static void on_end(void *context)
{
	end(context);
}

static void on_signal(uv_signal_t *handle, int number)
{
	(void)number;
	end(handle->data);
}

static void on_recheck(void *context, const char *dependency, int64_t token)
{
	struct simulation *simulation = context;
	int d = runbook_dependency(simulation->runbook, dependency);
	struct wall now = look(simulation);

	if (d >= 0 && wall_known(now))
		say_dependency(simulation, d, now, token);
}

static void on_configure(void *context, const cJSON *configuration)
{
	struct simulation *simulation = context;

	(void)configuration; // what the checks would have needed; the timeline has the speed
	simulation->is_configured = true;
	look(simulation);
}

static void on_ask(void *context, const char *what, int64_t token)
{
	struct simulation *simulation = context;
	cJSON *line = json_object(), *value = answer_of(simulation, what);

	json_add_text(line, "type", "answer");
	json_add_int(line, "token", token);
	json_add(line, "value", value ? value : cJSON_CreateNull());
	say(simulation, -1, line);
}

// --- its life ------------------------------------------------------------------------------------

// Without a session to go by the disaster begins now.
static void begin_now(struct scenario_facts *facts)
{
	facts->opened = facts->session_at = clock_wall();
	facts->session_mono = clock_mono();
	facts->is_session_open = true;
}

static void select_wanted(struct simulation *simulation)
{
	const struct runbook *runbook = simulation->runbook;
	const char *const *only = simulation->options->only;

	for (size_t d = 0; d < runbook->dependency_count; d++)
		simulation->shown[d].is_wanted = !only;
	for (; only && *only; only++) {
		int d = runbook_dependency(runbook, *only);

		if (d >= 0)
			simulation->shown[d].is_wanted = true;
	}
}

static void open_simulation(struct simulation *simulation)
{
	const struct runbook *runbook = simulation->runbook;

	simulation->facts = scenario_facts_new(runbook);
	simulation->seen = memory_zeroed(runbook->dependency_count + 1, sizeof *simulation->seen);
	simulation->shown = memory_zeroed(runbook->dependency_count + 1, sizeof *simulation->shown);
	simulation->is_met = memory_zeroed(runbook->target_count + 1, sizeof *simulation->is_met);
	simulation->bytes = memory_alloc(READ_BYTES);
	simulation->fd = -1;
	simulation->next_change = WALL_NONE;
	simulation->is_dirty = true;
	simulation->is_configured = !simulation->options->configured;
	select_wanted(simulation);
	read_timeline(simulation);
	if (!simulation->options->timeline ||
		(simulation->options->once && !wall_known(simulation->facts->session_at)))
		begin_now(simulation->facts);
	uv_loop_init(&simulation->loop);
	uv_timer_init(&simulation->loop, &simulation->timer);
	uv_signal_init(&simulation->loop, &simulation->interrupt);
	uv_signal_init(&simulation->loop, &simulation->terminate);
	simulation->timer.data = simulation;
	simulation->interrupt.data = simulation->terminate.data = simulation;
	simulation->channel = channel_open(&simulation->loop,
		&(struct channel_config){
			.reads = !simulation->options->once,
			.heartbeats = !simulation->options->once,
			.slots = runbook->dependency_count + runbook->target_count,
			.on_recheck = on_recheck,
			.on_configure = on_configure,
			.on_ask = on_ask,
			.on_end = on_end,
			.context = simulation,
		});
}

static void close_simulation(struct simulation *simulation)
{
	uv_loop_close(&simulation->loop);
	if (simulation->fd >= 0)
		close(simulation->fd);
	scenario_facts_free(simulation->facts);
	free(simulation->seen);
	free(simulation->shown);
	free(simulation->is_met);
	free(simulation->bytes);
}

static bool all_healthy(const struct simulation *simulation)
{
	for (size_t d = 0; d < simulation->runbook->dependency_count; d++)
		if (simulation->shown[d].is_wanted && simulation->seen[d].status != STATUS_HEALTHY)
			return false;
	return true;
}

int simulate_run(const struct runbook *runbook, const struct scenario *scenario,
	const struct probe_options *options)
{
	struct simulation simulation = {
		.runbook = runbook, .scenario = scenario, .options = options};
	int code = 0;

	open_simulation(&simulation);
	if (options->once) {
		simulation.is_configured = true;
		look(&simulation);
		code = all_healthy(&simulation) ? 0 : 1;
		end(&simulation);
	} else {
		uv_signal_start(&simulation.interrupt, on_signal, SIGINT);
		uv_signal_start(&simulation.terminate, on_signal, SIGTERM);
		uv_timer_start(&simulation.timer, on_timer, 0, 0);
	}
	uv_run(&simulation.loop, UV_RUN_DEFAULT);
	close_simulation(&simulation);
	return code;
}
