// SPDX-License-Identifier: Apache-2.0
#include "relight/credential_plugin.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "relight/buf.h"
#include "relight/clock.h"
#include "relight/memory.h"
#include "subprocess.h"

#define RUN_MS       30000
#define OUTPUT_BYTES (1u << 20)
#define SAYING_BYTES 300             // of what one that still runs has said
#define EARLY_US     (10 * US_PER_S) // before they expire, new ones are got
#define SHORT_MS     60000           // that long those are used that came as late as that
#define REST_MIN_MS  5000            // after a failure
#define REST_MAX_MS  30000

struct credential_plugin {
	uv_loop_t *loop;
	// What is run, copied.
	char *api_version, *install_hint, *info;
	const char **argv; // NULL-terminated; owned
	char **env;        // NAME=VALUE, of exec.env
	size_t env_count;
	bool is_always_interactive;
	void (*secret)(void *context, const char *name, const char *value);
	void *context;

	struct subprocess *process; // NULL: it does not run
	struct buf output;
	bool is_late;
	uint64_t began_ms;

	bool has_credentials;
	struct credentials credentials; // owned texts
	uint64_t held_until_ms; // what they say of their end counts from then on; 0: at once

	struct buf why; // of the last failure
	unsigned failures;
	uint64_t rest_until_ms;

	struct credential_wait *waits;
	uv_timer_t timer;
};

struct credential_wait {
	struct credential_wait *next, *prev;
	struct credential_plugin *plugin;
	uint64_t deadline_ms;
	credential_done *done;
	void *context;
};

static void plan(struct credential_plugin *plugin);

// --- credentials ---

static void forget_credentials(struct credential_plugin *plugin)
{
	credentials_wipe(&plugin->credentials);
	plugin->has_credentials = false;
}

static bool is_near(struct wall expires)
{
	return clock_wall().us >= expires.us - EARLY_US;
}

const struct credentials *credential_plugin_current(const struct credential_plugin *plugin)
{
	struct wall expires = plugin->credentials.expires;

	if (!plugin->has_credentials || (wall_known(expires) && is_near(expires) &&
						uv_now(plugin->loop) >= plugin->held_until_ms))
		return NULL;
	return &plugin->credentials;
}

// --- telling ---

static void tell(
	struct credential_wait *wait, const struct credentials *credentials, const char *words)
{
	DL_DELETE(wait->plugin->waits, wait);
	wait->done(wait->context, credentials, words);
	free(wait);
}

static void tell_all(struct credential_plugin *plugin)
{
	const struct credentials *credentials = credential_plugin_current(plugin);
	struct credential_wait *last = plugin->waits ? plugin->waits->prev : NULL;

	// Those that begin to wait meanwhile are for the next time.
	while (last && plugin->waits) {
		struct credential_wait *wait = plugin->waits;
		bool was_last = wait == last;

		tell(wait, credentials, credentials ? "" : buf_str(&plugin->why));
		if (was_last)
			break;
	}
	plan(plugin);
}

// The command as a person would type it.
static void say_command(const struct credential_plugin *plugin, struct buf *out)
{
	for (size_t i = 0; plugin->argv[i]; i++) {
		const char *word = plugin->argv[i];
		bool is_plain = *word != '\0';

		for (const char *at = word; *at; at++)
			is_plain &= isalnum((unsigned char)*at) || strchr("-_./:=,@%+", *at);
		buf_printf(out, is_plain ? "%s%s" : "%s'%s'", i > 0 ? " " : "", word);
	}
}

static void fail(struct credential_plugin *plugin, const char *what, const char *words)
{
	uint64_t rest_ms = (uint64_t)REST_MIN_MS << (plugin->failures < 3 ? plugin->failures : 3);

	plugin->failures++;
	plugin->rest_until_ms =
		uv_now(plugin->loop) + (rest_ms < REST_MAX_MS ? rest_ms : REST_MAX_MS);
	buf_clear(&plugin->why);
	buf_printf(&plugin->why, "%s%s%s; sign in again in another terminal: ", what,
		*words ? ": " : "", words);
	say_command(plugin, &plugin->why);
}

void credential_plugin_refuse(struct credential_plugin *plugin)
{
	struct buf what = {0};
	char expired[WALL_TEXT_BYTES];

	if (plugin->has_credentials && plugin->credentials.came_expired) {
		wall_format(plugin->credentials.expires, expired);
		buf_printf(&what,
			"the credential plugin %s: the server refuses what it gave, which had "
			"expired at %s",
			plugin->argv[0], expired);
		fail(plugin, buf_str(&what), "");
		buf_fini(&what);
	}
	forget_credentials(plugin);
}

// --- its answer ---

static void tell_secret(struct credential_plugin *plugin, const char *name, const char *value)
{
	if (value)
		plugin->secret(plugin->context, name, value);
}

static bool take_output(struct credential_plugin *plugin, struct err *err)
{
	struct credentials *credentials = &plugin->credentials;

	forget_credentials(plugin);
	plugin->has_credentials = exec_credential_read(buf_str(&plugin->output),
		plugin->output.length, plugin->api_version, credentials, err);
	tell_secret(plugin, "token", credentials->token);
	tell_secret(plugin, "client key", credentials->key);
	if (!plugin->has_credentials) {
		forget_credentials(plugin);
		return false;
	}
	credentials->came_expired =
		wall_known(credentials->expires) && clock_wall().us >= credentials->expires.us;
	plugin->held_until_ms = wall_known(credentials->expires) && is_near(credentials->expires)
					? uv_now(plugin->loop) + SHORT_MS
					: 0;
	return true;
}

static void on_line(void *context, const char *line, size_t length)
{
	struct credential_plugin *plugin = context;

	if (plugin->output.length > OUTPUT_BYTES)
		subprocess_kill_group(plugin->process);
	else
		buf_add(&plugin->output, line, length);
	buf_byte(&plugin->output, '\n');
}

static void judge_run(struct credential_plugin *plugin, int status, int signal, const char *words)
{
	struct buf what = {0};
	struct err err = {0};

	buf_printf(&what, "the credential plugin %s", plugin->argv[0]);
	if (plugin->is_late) {
		buf_printf(&what, " did not end within %d s", RUN_MS / 1000);
		fail(plugin, buf_str(&what), words);
	} else if (plugin->output.length > OUTPUT_BYTES) {
		buf_text(&what, " printed more than 1 MiB");
		fail(plugin, buf_str(&what), "");
	} else if (signal != 0) {
		buf_printf(&what, " was ended by signal %d", signal);
		fail(plugin, buf_str(&what), words);
	} else if (status != 0) {
		buf_printf(&what, " failed, exit %d", status);
		fail(plugin, buf_str(&what), words);
	} else if (!take_output(plugin, &err)) {
		fail(plugin, buf_str(&what), err.message);
	} else {
		plugin->failures = 0;
		plugin->rest_until_ms = 0;
	}
	buf_fini(&what);
}

static void on_end(void *context, int status, int signal, const char *words)
{
	struct credential_plugin *plugin = context;

	plugin->process = NULL;
	judge_run(plugin, status, signal, words);
	if (plugin->output.data)
		explicit_bzero(plugin->output.data, plugin->output.capacity);
	buf_fini(&plugin->output);
	tell_all(plugin);
}

// --- running ---

extern char **environ;

static bool is_named(const char *item, const char *like)
{
	size_t length = strcspn(like, "=");

	return strncmp(item, like, length) == 0 && item[length] == '=';
}

static bool is_replaced(const struct credential_plugin *plugin, const char *item)
{
	if (is_named(item, "KUBERNETES_EXEC_INFO="))
		return true;
	for (size_t i = 0; i < plugin->env_count; i++)
		if (is_named(item, plugin->env[i]))
			return true;
	return false;
}

// This process's environment, and what the kubeconfig adds; the array is the caller's, its texts
// are not.
static const char **environment(struct credential_plugin *plugin)
{
	size_t count = 0, kept = 0;

	while (environ[count])
		count++;
	const char **items = memory_zeroed(count + plugin->env_count + 2, sizeof *items);
	for (size_t i = 0; i < count; i++)
		if (!is_replaced(plugin, environ[i]))
			items[kept++] = environ[i];
	for (size_t i = 0; i < plugin->env_count; i++)
		items[kept++] = plugin->env[i];
	items[kept] = plugin->info;
	return items;
}

static void say_not_there(struct credential_plugin *plugin, const struct err *err)
{
	const char *hint = plugin->install_hint;

	plugin->failures++;
	plugin->rest_until_ms = uv_now(plugin->loop) + REST_MIN_MS;
	buf_clear(&plugin->why);
	buf_printf(&plugin->why, "the credential plugin %s%s%.400s", err->message, hint ? "; " : "",
		hint ? hint : "");
}

static void run(struct credential_plugin *plugin)
{
	const char **env = environment(plugin);
	struct err err = {0};

	plugin->is_late = false;
	plugin->began_ms = uv_now(plugin->loop);
	plugin->process = subprocess_start(plugin->loop,
		&(struct subprocess_config){
			.argv = plugin->argv,
			.env = env,
			.is_silent = true,
			.keeps_words = true,
			.gives_rest = true,
			.max_line_bytes = OUTPUT_BYTES,
			.on_line = on_line,
			.on_end = on_end,
			.context = plugin,
		},
		&err);
	if (!plugin->process)
		say_not_there(plugin, &err);
	free(env);
}

static void go_on(struct credential_plugin *plugin)
{
	uint64_t now_ms = uv_now(plugin->loop);

	if (plugin->process || !plugin->waits) {
		plan(plugin);
		return;
	}
	if (plugin->is_always_interactive) {
		fail(plugin, "the credential plugin wants to talk to a person", "");
	} else if (!credential_plugin_current(plugin) && now_ms >= plugin->rest_until_ms) {
		run(plugin);
		if (plugin->process) {
			plan(plugin);
			return;
		}
	}
	tell_all(plugin);
}

static struct credential_wait *first_late(const struct credential_plugin *plugin)
{
	struct credential_wait *wait = plugin->waits;

	while (wait && uv_now(plugin->loop) < wait->deadline_ms)
		wait = wait->next;
	return wait;
}

// What one that still runs has said, on one line: most often that somebody must sign in, and where.
static void say_so_far(const struct credential_plugin *plugin, struct buf *out)
{
	const char *words = subprocess_words(plugin->process);
	bool is_apart = false;

	buf_text(out, "the credential plugin has not answered yet");
	for (const char *at = words; *at && at - words < SAYING_BYTES; at++) {
		if (*at == '\n' || *at == '\r') {
			is_apart = true;
			continue;
		}
		buf_text(out, at == words ? ": " : is_apart ? " " : "");
		buf_byte(out, *at);
		is_apart = false;
	}
}

static void on_timer(uv_timer_t *timer)
{
	struct credential_plugin *plugin = timer->data;
	struct credential_wait *wait;
	struct buf words = {0};

	if (plugin->process && uv_now(plugin->loop) >= plugin->began_ms + RUN_MS) {
		plugin->is_late = true;
		subprocess_kill_group(plugin->process);
	}
	while (plugin->process && (wait = first_late(plugin))) {
		buf_clear(&words);
		say_so_far(plugin, &words);
		tell(wait, NULL, buf_str(&words));
	}
	buf_fini(&words);
	go_on(plugin);
}

// The next time that something is due: at once for those who wait while nothing runs.
static void plan(struct credential_plugin *plugin)
{
	uint64_t now_ms = uv_now(plugin->loop), due_ms = UINT64_MAX;
	const struct credential_wait *wait;

	if (plugin->process && !plugin->is_late)
		due_ms = plugin->began_ms + RUN_MS;
	DL_FOREACH (plugin->waits, wait) {
		uint64_t own_ms = plugin->process ? wait->deadline_ms : now_ms;
		if (own_ms < due_ms)
			due_ms = own_ms;
	}
	if (due_ms == UINT64_MAX)
		uv_timer_stop(&plugin->timer);
	else
		uv_timer_start(&plugin->timer, on_timer, due_ms > now_ms ? due_ms - now_ms : 0, 0);
}

struct credential_wait *credential_plugin_wait(
	struct credential_plugin *plugin, int64_t timeout_ms, credential_done *done, void *context)
{
	struct credential_wait *wait = memory_zeroed(1, sizeof *wait);

	*wait = (struct credential_wait){
		.plugin = plugin,
		.deadline_ms = uv_now(plugin->loop) + (uint64_t)timeout_ms,
		.done = done,
		.context = context,
	};
	DL_APPEND(plugin->waits, wait);
	plan(plugin);
	return wait;
}

void credential_plugin_cancel(struct credential_wait *wait)
{
	DL_DELETE(wait->plugin->waits, wait);
	free(wait);
}

// --- its life ---

static void copy_command(struct credential_plugin *plugin, const struct kubeconfig_exec *exec)
{
	size_t count = 0;

	while (exec->args[count])
		count++;
	plugin->argv = memory_zeroed(count + 2, sizeof *plugin->argv);
	plugin->argv[0] = memory_copy_text(exec->command);
	for (size_t i = 0; i < count; i++)
		plugin->argv[i + 1] = memory_copy_text(exec->args[i]);
	plugin->env = memory_zeroed(exec->env_count + 1, sizeof *plugin->env);
	for (size_t i = 0; i < exec->env_count; i++) {
		struct buf item = {0};
		buf_printf(&item, "%s=%s", exec->env[i].name, exec->env[i].value);
		plugin->env[plugin->env_count++] = buf_take(&item);
	}
}

struct credential_plugin *credential_plugin_new(uv_loop_t *loop, const struct kubeconfig_exec *exec,
	const char *cluster, void (*secret)(void *context, const char *name, const char *value),
	void *context)
{
	struct credential_plugin *plugin = memory_zeroed(1, sizeof *plugin);

	plugin->loop = loop;
	plugin->api_version = memory_copy_text(exec->api_version);
	plugin->install_hint = memory_copy_text(exec->install_hint);
	plugin->is_always_interactive = exec->is_always_interactive;
	plugin->info = exec_credential_info(exec, cluster);
	copy_command(plugin, exec);
	plugin->secret = secret;
	plugin->context = context;
	plugin->credentials.expires = WALL_NONE;
	uv_timer_init(loop, &plugin->timer);
	plugin->timer.data = plugin;
	return plugin;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void credential_plugin_free(struct credential_plugin *plugin)
{
	struct credential_wait *wait, *next;

	if (!plugin)
		return;
	if (plugin->process) {
		subprocess_kill_group(plugin->process);
		subprocess_abandon(plugin->process);
	}
	DL_FOREACH_SAFE (plugin->waits, wait, next)
		credential_plugin_cancel(wait);
	forget_credentials(plugin);
	for (size_t i = 0; plugin->argv[i]; i++)
		free((char *)plugin->argv[i]);
	for (size_t i = 0; i < plugin->env_count; i++)
		free(plugin->env[i]);
	free(plugin->argv);
	free(plugin->env);
	free(plugin->api_version);
	free(plugin->install_hint);
	free(plugin->info);
	buf_fini(&plugin->output);
	buf_fini(&plugin->why);
	uv_close((uv_handle_t *)&plugin->timer, on_closed);
}
