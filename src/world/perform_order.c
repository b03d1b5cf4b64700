// SPDX-License-Identifier: Apache-2.0
#include "perform.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relight/chain.h"
#include "relight/env_file.h"
#include "relight/file.h"
#include "relight/incident_files.h"
#include "relight/json.h"
#include "relight/kubernetes_action.h"
#include "relight/memory.h"
#include "relight/request.h"

#define MAX_REQUEST_BYTES (8u << 20)
#define DEFAULT_GRACE_MS  30000
#define MAX_SIGNAL        64

// One line, without its LF. End of file before that means that nothing was asked.
static bool read_line(int fd, struct buf *line, struct err *err)
{
	for (;;) {
		buf_reserve(line, 4096);

		ssize_t n = read(fd, line->data + line->length, line->capacity - line->length - 1);

		if (n < 0 && errno == EINTR) // SIGTERM or SIGINT: nothing else has a handler that
					     // is not blocked
			return err_set(err, "request: told to end before it came");
		if (n < 0)
			return err_errno(err, errno, "request: cannot be read");
		if (!n)
			return err_set(err, "request: the input ended before a whole line of it");

		const char *end = memchr(line->data + line->length, '\n', (size_t)n);

		line->length = end ? (size_t)(end - line->data) : line->length + (size_t)n;
		line->data[line->length] = '\0';
		if (line->length > MAX_REQUEST_BYTES)
			return err_set(err, "request: longer than %u bytes", MAX_REQUEST_BYTES);
		if (end)
			return true;
	}
}

static bool is_texts(const cJSON *array)
{
	if (!cJSON_IsArray(array) || !array->child)
		return false;
	json_each (item, array) {
		if (!cJSON_IsString(item))
			return false;
	}
	return array->child->valuestring[0] != '\0';
}

static bool take_action(struct order *order, struct err *err)
{
	const cJSON *action = json_get(order->request, "action");

	order->command = json_get(action, "command");
	order->shell = json_text(action, "shell");
	order->simulation = json_get(action, "simulate");
	order->kubernetes = json_get(action, "kubernetes");
	if (!!order->command + !!order->shell + !!order->simulation + !!order->kubernetes != 1)
		return err_set(err, "request: action: needs exactly one of command, shell, "
				    "kubernetes, simulate");
	if (order->command && !is_texts(order->command))
		return err_set(err, "request: action: command: not a list of texts");
	if (order->simulation && !cJSON_IsObject(order->simulation))
		return err_set(err, "request: action: simulate: not an object");
	order->is_trial = json_bool(order->request, "dry_run", false);
	if (order->is_trial && !order->kubernetes)
		return err_set(
			err, "request: dry_run: only what is done to a cluster can be tried");
	if (order->kubernetes && !kubernetes_task_check(order->request, err))
		return err_prefix(err, "request: action");
	return true;
}

static bool take_limits(struct order *order, struct err *err)
{
	order->timeout_ms = json_int(order->request, "timeout_ms", -1);
	order->signal = (int)json_int(order->request, "signal", SIGTERM);
	order->grace_ms = json_int(order->request, "grace_ms", DEFAULT_GRACE_MS);
	if (json_get(order->request, "timeout_ms") && order->timeout_ms < 0)
		return err_set(err, "request: timeout_ms: not a number of milliseconds");
	if (order->signal < 1 || order->signal > MAX_SIGNAL)
		return err_set(err, "request: signal: %d is none", order->signal);
	if (order->grace_ms < 0)
		return err_set(err, "request: grace_ms: not a number of milliseconds");
	return true;
}

static void take_secrets(struct order *order)
{
	json_each (secret, json_get(order->request, "secrets"))
		mask_secret(order->mask, json_text(secret, "name"), json_text(secret, "value"));
	request_declare_secrets(json_get(order->request, "action"), order->mask);
}

static void take_variable(void *context, const char *name, const char *value)
{
	struct order *order = context;

	mask_secret(order->mask, name, value);
	if (setenv(name, value, 1) < 0)
		memory_exhausted();
}

static bool take_env_file(struct order *order, struct err *err)
{
	const char *name = json_text(order->request, "env_file");
	struct buf text = {0};

	if (!name)
		return true;

	char *path = file_expand_home(name);
	bool is_taken = file_read_private(AT_FDCWD, path, ENV_FILE_MAX_BYTES, &text, err);

	if (!is_taken) {
		err_prefix(err, "env_file");
	} else {
		is_taken = env_file_parse(buf_str(&text), take_variable, order, err);
		if (!is_taken)
			err_prefix(err, "env_file: %s", path);
	}
	buf_wipe(&text);
	free(path);
	return is_taken;
}

// Names from the runbook win over those of the file.
static bool take_env(struct order *order, struct err *err)
{
	json_each (variable, json_get(order->request, "env")) {
		if (!cJSON_IsString(variable) || !variable->string || !variable->string[0] ||
			strchr(variable->string, '='))
			return err_set(err, "request: env: %.60s: not a name and a text",
				variable->string ? variable->string : "");
		if (setenv(variable->string, variable->valuestring, 1) < 0)
			memory_exhausted();
	}
	return true;
}

// A script that the action names must be what it was when the incident opened, or what a person has
// acknowledged since.
static bool scripts_are_unchanged(const struct order *order, struct err *err)
{
	json_each (script, json_get(order->request, "scripts")) {
		const char *path = json_text(script, "path"), *was = json_text(script, "sha256");
		struct buf bytes = {0};
		char is[65] = "";

		if (!path || !was)
			return err_set(err, "request: scripts: not a path and a sha256");
		if (file_read(AT_FDCWD, path, SCRIPT_MOST_BYTES, &bytes, NULL))
			sha256_hex(buf_str(&bytes), bytes.length, is);
		buf_fini(&bytes);
		if (strcmp(is, was) != 0)
			return err_set(err,
				"%s: %s since the incident opened; look at it, acknowledge (a), "
				"then run "
				"again (r)",
				path,
				is[0] ? "has changed" : "cannot be read any more, though it could");
	}
	return true;
}

static bool is_for(const cJSON *request, const struct perform_task *task, struct err *err)
{
	const char *step = json_text(request, "step");

	if (!task->step)
		return true;
	if (!step || strcmp(step, task->step) != 0 ||
		json_int(request, "attempt", 0) != task->attempt)
		return err_set(
			err, "request: not for step %s, attempt %d", task->step, task->attempt);
	return true;
}

bool order_read(struct order *order, int in_fd, const struct perform_task *task, struct err *err)
{
	struct buf line = {0};
	bool is_read = read_line(in_fd, &line, err);

	*order = (struct order){.mask = mask_new()};
	mask_environment(order->mask, environ);
	if (is_read) {
		order->request = json_parse(line.data, line.length, err);
		is_read = order->request || err_prefix(err, "request");
	}
	buf_wipe(&line);
	if (!is_read)
		return false;
	take_secrets(order);
	order->directory = task->directory;
	order->dir = json_text(order->request, "dir");
	order->expect = json_get(order->request, "expect");
	order->sets = json_get(order->request, "sets");
	order->hints = json_get(order->request, "hints");
	return is_for(order->request, task, err) && take_action(order, err) &&
	       take_limits(order, err) && scripts_are_unchanged(order, err) &&
	       take_env_file(order, err) && take_env(order, err);
}

static cJSON *names_of(const cJSON *object)
{
	cJSON *names = json_texts(NULL);

	json_each (member, object)
		json_append_text(names, member->string);
	return names;
}

bool order_keep(const struct order *order, int dir_fd, int fd, struct err *err)
{
	cJSON *kept = cJSON_Duplicate(order->request, true);
	struct buf text = {0};

	if (!kept)
		memory_exhausted();
	cJSON_DeleteItemFromObjectCaseSensitive(kept, "secrets");
	if (json_get(kept, "env"))
		cJSON_ReplaceItemInObjectCaseSensitive(
			kept, "env", names_of(json_get(order->request, "env")));
	request_redact((cJSON *)json_get(kept, "action"));
	mask_json(order->mask, kept);
	json_write(&text, kept);
	buf_byte(&text, '\n');
	json_wipe(kept);

	// Not synced: what it must outlive is this process, not the machine.
	bool is_kept =
		file_publish(dir_fd, ATTEMPT_REQUEST_NAME, fd, text.data, text.length, false, err);

	buf_fini(&text);
	return is_kept;
}

void order_fini(struct order *order)
{
	json_wipe(order->request);
	mask_free(order->mask);
}
