// SPDX-License-Identifier: Apache-2.0
#include "relight/probe.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "probe_parts.h"
#include "relight/json.h"
#include "relight/memory.h"

#define FAREWELL_MS   500     // for what is still to be written at the end
#define SPREAD_MAX_US 5000000 // the first askings are all begun within this time

enum { GOOD = 0, NO = 1, USAGE = 2, INTERRUPTED = 130 }; // FORMATS.md §8

static const struct probe_kind probe_dns = {.unbuilt = "dns checks"};
static const struct probe_kind probe_tls = {.unbuilt = "tls checks"};
static const struct probe_kind probe_ssh = {.unbuilt = "ssh checks"};
static const struct probe_kind probe_use = {.unbuilt = "checks of the catalogue (use)"};

const struct probe_kind *const probe_kinds[CHECK_KINDS] = {
	[CHECK_KUBERNETES] = &probe_kubernetes,
	[CHECK_HTTP] = &probe_http,
	[CHECK_TCP] = &probe_tcp,
	[CHECK_DNS] = &probe_dns,
	[CHECK_TLS] = &probe_tls,
	[CHECK_SSH] = &probe_ssh,
	[CHECK_COMMAND] = &probe_command,
	[CHECK_SHELL] = &probe_command,
	[CHECK_USE] = &probe_use,
	[CHECK_MANUAL] = &probe_manual,
};

const char *probe_unbuilt(const struct check *check)
{
	return probe_kinds[check->kind]->unbuilt;
}

// --- one sensor ------------------------------------------------------------------------------------------------------

struct sensing {
	const struct probe_options *options;
	uv_loop_t loop;
	uv_signal_t interrupt, terminate;
	struct probe_world world;
	struct watching watching;
	struct watch **watches; // by dependency index; NULL: not wanted
	char **inputs;          // by input index, owned
	cJSON *environment;     // {"NAME":"value"} as configured, or NULL
	char *incident;
	bool has_begun, is_unbuilt;
	int code;
};

static void stop(struct sensing *sensing, int code)
{
	sensing->code = code;
	uv_stop(&sensing->loop);
}

static const char *environment_value(void *context, const char *name)
{
	const struct sensing *sensing = context;
	const char *value = json_text(sensing->environment, name);
	return value ? value : getenv(name);
}

static void set_input(struct sensing *sensing, int input, const char *value)
{
	const struct input *declared = &sensing->world.runbook->inputs[input];
	memory_wipe(sensing->inputs[input]);
	sensing->inputs[input] = memory_copy_text(value);
	if (declared->secret && value)
		probe_secret(&sensing->world, declared->id, value);
}

void probe_target(struct probe_world *world, int target, const char *endpoint,
	const char *namespace, cJSON *fingerprint)
{
	cJSON *line = json_object();
	json_add_text(line, "type", "target");
	json_add_text(line, "target", world->runbook->targets[target].id);
	json_add_text(line, "endpoint", endpoint);
	json_add_text(line, "namespace", namespace);
	json_add(line, "fingerprint", fingerprint);
	channel_send(world->channel, (int)world->runbook->dependency_count + target, line);
}

static bool is_wanted(const struct sensing *sensing, const char *id)
{
	const char *const *only = sensing->options->only;
	for (; only && *only; only++)
		if (strcmp(*only, id) == 0)
			return true;
	return sensing->options->only == NULL;
}

// All begin at once as far as the machine can take it, and then spread over their periods.
static void begin(struct sensing *sensing)
{
	const struct runbook *runbook = sensing->world.runbook;
	int64_t total_us = 0, before_us = 0;
	for (int kind = 0; kind < CHECK_KINDS && !sensing->options->once; kind++)
		if (probe_kinds[kind]->attend)
			probe_kinds[kind]->attend(&sensing->world);
	for (size_t i = 0; i < runbook->dependency_count; i++) {
		if (!sensing->watches[i])
			continue;
		watch_prepare(sensing->watches[i]);
		total_us += watch_cost_us(&runbook->dependencies[i]);
	}
	double scale = total_us > SPREAD_MAX_US ? (double)SPREAD_MAX_US / (double)total_us : 1;
	for (size_t i = 0; i < runbook->dependency_count; i++) {
		if (!sensing->watches[i])
			continue;
		watch_begin(sensing->watches[i], (int64_t)((double)before_us * scale) / 1000,
			(double)before_us / (double)total_us);
		before_us += watch_cost_us(&runbook->dependencies[i]);
	}
	sensing->has_begun = true;
}

// --- what the cockpit says -------------------------------------------------------------------------------------------

static void on_recheck(void *context, const char *id, int64_t token)
{
	struct sensing *sensing = context;
	int dependency = runbook_dependency(sensing->world.runbook, id);
	if (dependency >= 0 && sensing->watches[dependency])
		watch_recheck(sensing->watches[dependency], token);
}

static void take_inputs(struct sensing *sensing, const cJSON *inputs)
{
	json_each (value, inputs) {
		int input = runbook_input(sensing->world.runbook, value->string);
		if (input >= 0)
			set_input(
				sensing, input, cJSON_IsString(value) ? value->valuestring : NULL);
	}
}

static void on_configure(void *context, const cJSON *configuration)
{
	struct sensing *sensing = context;
	const cJSON *environment = json_get(configuration, "env");
	const char *incident = json_text(configuration, "incident");
	take_inputs(sensing, json_get(configuration, "inputs"));
	if (environment) {
		json_wipe(sensing->environment);
		sensing->environment = cJSON_Duplicate(environment, true);
	}
	if (incident) {
		free(sensing->incident);
		sensing->incident = memory_copy_text(incident);
		sensing->world.values.incident = sensing->incident;
	}
	if (!sensing->has_begun) {
		begin(sensing);
		return;
	}
	for (size_t i = 0; i < sensing->world.runbook->dependency_count; i++)
		if (sensing->watches[i])
			watch_reconsider(sensing->watches[i]);
}

static void on_ask(void *context, const char *what, int64_t token)
{
	struct sensing *sensing = context;
	cJSON *line = json_object();
	json_add_text(line, "type", "answer");
	json_add_int(line, "token", token);
	struct buf error = {0};
	buf_printf(&error, "%.120s: asking for choices and restore points is not built yet", what);
	json_add_text(line, "error", error.data);
	buf_fini(&error);
	channel_send(sensing->world.channel, -1, line);
}

static void on_end(void *context)
{
	struct sensing *sensing = context;
	if (!sensing->has_begun) {
		fprintf(stderr,
			"relight: probe: stdin: it ended before the configuration line came\n");
		stop(sensing, USAGE);
	} else if (!sensing->options->once) {
		stop(sensing, GOOD);
	}
}

// Nobody will ask any more; what was asked is answered first, and each dependency heard once.
static void on_file_end(void *context)
{
	struct sensing *sensing = context;
	if (!sensing->has_begun || sensing->options->once || sensing->watching.left == 0)
		on_end(context);
	else
		sensing->watching.is_ending = true;
}

static void on_all(struct watching *watching)
{
	struct sensing *sensing = watching->world->values.env_context;
	int code = !watching->once || watching->is_all_healthy ? GOOD : NO;
	stop(sensing, sensing->is_unbuilt && watching->once ? USAGE : code);
}

static void on_signal(uv_signal_t *handle, int number)
{
	(void)number;
	stop(handle->data, INTERRUPTED);
}

// --- beginning and end -----------------------------------------------------------------------------------------------

// One line on stderr for each feature that is not built yet.
static void report_unbuilt(struct sensing *sensing)
{
	const struct runbook *runbook = sensing->world.runbook;
	const char *said[CHECK_KINDS + 2] = {NULL};
	size_t count = 0;
	for (size_t i = 0; i < runbook->dependency_count; i++) {
		const struct dependency *dependency = &runbook->dependencies[i];
		for (size_t j = 0; sensing->watches[i] && j < dependency->check_count; j++) {
			const char *unbuilt = probe_unbuilt(&dependency->checks[j]);
			size_t k = 0;
			while (k < count && said[k] != unbuilt)
				k++;
			if (!unbuilt || k < count)
				continue;
			said[count++] = unbuilt;
			fprintf(stderr, "relight: %s:%d:%d: %s: %s are not built yet\n",
				runbook->file, dependency->checks[j].place.line,
				dependency->checks[j].place.column, dependency->id, unbuilt);
			sensing->is_unbuilt = true;
		}
	}
}

static void open_world(struct sensing *sensing, const struct runbook *runbook)
{
	struct probe_world *world = &sensing->world;
	world->loop = &sensing->loop;
	world->runbook = runbook;
	world->once = sensing->options->once;
	world->mask = mask_new();
	mask_environment(world->mask, environ);
	world->jq = jq_new(&sensing->loop, sensing->options->executable);
	world->judge = judge_new(world->jq, sensing->options->health_tables);
	sensing->inputs = memory_zeroed(runbook->input_count + 1, sizeof *sensing->inputs);
	world->values = (struct substitution){
		.runbook = runbook,
		.inputs = (const char *const *)sensing->inputs,
		.env = environment_value,
		.env_context = sensing,
	};
	for (size_t i = 0; i < runbook->input_count; i++) {
		const char *given = sensing->options->inputs ? sensing->options->inputs[i] : NULL;
		set_input(sensing, (int)i, given ? given : runbook->inputs[i].fallback);
	}
}

static void open_watches(struct sensing *sensing)
{
	const struct runbook *runbook = sensing->world.runbook;
	sensing->watching = (struct watching){
		.world = &sensing->world,
		.channel = sensing->world.channel,
		.once = sensing->options->once,
		.is_all_healthy = true,
		.on_all = on_all,
	};
	sensing->watches = memory_zeroed(runbook->dependency_count + 1, sizeof *sensing->watches);
	for (size_t i = 0; i < runbook->dependency_count; i++)
		if (is_wanted(sensing, runbook->dependencies[i].id)) {
			sensing->watches[i] = watch_new(&sensing->watching, (int)i);
			sensing->watching.left++;
		}
}

// A terminal is left to whoever types there: reading would stop a sensor in the background.
static bool reads_stdin(const struct probe_options *options)
{
	return options->configured || (!options->once && uv_guess_handle(STDIN_FILENO) != UV_TTY);
}

static void open_channel(struct sensing *sensing)
{
	const struct runbook *runbook = sensing->world.runbook;
	sensing->world.channel = channel_open(
		&sensing->loop, &(struct channel_config){
					.reads = reads_stdin(sensing->options),
					.heartbeats = !sensing->options->once,
					.slots = runbook->dependency_count + runbook->target_count,
					.on_recheck = on_recheck,
					.on_configure = on_configure,
					.on_ask = on_ask,
					.on_end = on_end,
					.on_file_end = on_file_end,
					.context = sensing,
				});
}

static void open_signals(struct sensing *sensing)
{
	uv_signal_init(&sensing->loop, &sensing->interrupt);
	uv_signal_init(&sensing->loop, &sensing->terminate);
	sensing->interrupt.data = sensing->terminate.data = sensing;
	uv_signal_start(&sensing->interrupt, on_signal, SIGINT);
	uv_signal_start(&sensing->terminate, on_signal, SIGTERM);
}

static void close_all(struct sensing *sensing)
{
	struct probe_world *world = &sensing->world;
	for (size_t i = 0; i < world->runbook->dependency_count; i++)
		if (sensing->watches[i])
			watch_free(sensing->watches[i]);
	for (int kind = 0; kind < CHECK_KINDS; kind++)
		if (probe_kinds[kind]->fini)
			probe_kinds[kind]->fini(world);
	channel_close(world->channel, FAREWELL_MS);
	judge_free(world->judge);
	jq_free(world->jq);
	http_free(world->http);
	uv_close((uv_handle_t *)&sensing->interrupt, NULL);
	uv_close((uv_handle_t *)&sensing->terminate, NULL);
}

static void on_patience(uv_timer_t *timer)
{
	uv_stop(timer->loop);
	uv_close((uv_handle_t *)timer, NULL);
}

// Waits for killed processes to be reaped, and for look-ups that run in threads, but not for long:
// false when some are left.
static bool close_loop(struct sensing *sensing)
{
	uv_timer_t patience;
	uv_timer_init(&sensing->loop, &patience);
	uv_unref((uv_handle_t *)&patience);
	uv_timer_start(&patience, on_patience, FAREWELL_MS, 0);
	uv_run(&sensing->loop, UV_RUN_DEFAULT);
	if (!uv_is_closing((uv_handle_t *)&patience))
		uv_close((uv_handle_t *)&patience, NULL);
	uv_run(&sensing->loop, UV_RUN_NOWAIT);
	return uv_loop_close(&sensing->loop) == 0;
}

static void free_all(struct sensing *sensing)
{
	struct probe_world *world = &sensing->world;
	for (size_t i = 0; i < world->runbook->input_count; i++)
		memory_wipe(sensing->inputs[i]);
	for (size_t i = 0; i < world->secret_count; i++)
		memory_wipe(world->secrets[i]);
	free(world->secrets);
	free(sensing->inputs);
	free(sensing->watches);
	free(sensing->incident);
	json_wipe(sensing->environment);
	mask_free(world->mask);
}

// Each connection under way is a descriptor, each command three.
static void allow_descriptors(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int probe_run(const struct runbook *runbook, const struct probe_options *options)
{
	struct sensing sensing = {.options = options};
	allow_descriptors();
	uv_loop_init(&sensing.loop);
	open_world(&sensing, runbook);
	open_signals(&sensing);
	open_channel(&sensing);
	open_watches(&sensing);
	report_unbuilt(&sensing);
	if (!options->configured)
		begin(&sensing);
	if (sensing.watching.left > 0 || !options->once)
		uv_run(&sensing.loop, UV_RUN_DEFAULT);
	close_all(&sensing);
	bool is_closed = close_loop(&sensing);
	free_all(&sensing);
	if (!is_closed) {
		// The C library would wait at exit for a resolver that does not answer.
		fflush(stderr);
		_exit(sensing.code);
	}
	return sensing.code;
}
