// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe_parts.h"
#include "relight/env_file.h"
#include "relight/file.h"
#include "relight/memory.h"
#include "relight/template.h"

void probe_mask(const struct probe_world *world, const char *text, struct buf *out)
{
	mask_text(world->mask, text, strlen(text), out);
}

void probe_secret(struct probe_world *world, const char *name, const char *value)
{
	for (size_t i = 0; i < world->secret_count; i++)
		if (strcmp(world->secrets[i], value) == 0)
			return;
	world->secrets = memory_grow(world->secrets, world->secret_count, &world->secret_capacity,
		sizeof *world->secrets);
	world->secrets[world->secret_count++] = memory_copy_text(value);
	mask_secret(world->mask, name, value);
}

struct http *probe_http_client(struct probe_world *world, struct err *err)
{
	if (!world->http)
		world->http = http_new(world->loop, err);
	return world->http;
}

bool probe_text(struct probe_world *world, const char *template, struct buf *out, struct err *err)
{
	return substitute(template, &world->values, out, err);
}

bool probe_path(struct probe_world *world, const char *template, struct buf *out, struct err *err)
{
	struct buf path = {0};
	bool is_good = probe_text(world, template, &path, err);
	const char *text = buf_str(&path), *home = getenv("HOME");
	if (is_good && strncmp(text, "~/", 2) == 0 && !home)
		is_good = err_set(err, "%s: HOME is not set", text);
	else if (is_good && strncmp(text, "~/", 2) == 0)
		buf_printf(out, "%s%s", home, text + 1);
	else if (is_good && *text == '/')
		buf_text(out, text);
	else if (is_good)
		buf_printf(out, "%s/%s", world->runbook->base, text);
	buf_fini(&path);
	return is_good;
}

// --- the environment of a command ------------------------------------------------------------------------------------

static bool is_named(const char *item, const char *name, size_t length)
{
	return strncmp(item, name, length) == 0 && item[length] == '=';
}

static void set_variable(struct probe_environment *environment, const char *name, const char *value)
{
	size_t length = strlen(name), i = 0;
	struct buf item = {0};
	buf_printf(&item, "%s=%s", name, value);
	while (i < environment->count && !is_named(environment->items[i], name, length))
		i++;
	if (i < environment->count) {
		free(environment->items[i]);
	} else {
		// One more than counted, for the NULL at the end.
		environment->items = memory_grow(environment->items, environment->count + 1,
			&environment->capacity, sizeof *environment->items);
		environment->items[++environment->count] = NULL;
	}
	environment->items[i] = buf_take(&item);
}

static void inherit(struct probe_environment *environment)
{
	for (char **item = environ; *item; item++) {
		const char *equals = strchr(*item, '=');
		if (!equals)
			continue;
		char *name = memory_copy_bytes(*item, (size_t)(equals - *item));
		set_variable(environment, name, equals + 1);
		free(name);
	}
}

struct taking {
	struct probe_environment *environment;
	struct probe_world *world;
};

static void take_pair(void *context, const char *name, const char *value)
{
	struct taking *taking = context;
	set_variable(taking->environment, name, value);
	probe_secret(taking->world, name, value);
}

static bool read_env_file(
	struct probe_environment *environment, struct probe_world *world, struct err *err)
{
	struct buf path = {0}, text = {0};
	if (!world->runbook->env_file)
		return true;
	struct taking taking = {environment, world};
	bool is_good = probe_path(world, world->runbook->env_file, &path, err);
	is_good = is_good &&
		  file_read_private(AT_FDCWD, buf_str(&path), ENV_FILE_MAX_BYTES, &text, err);
	if (is_good && !env_file_parse(buf_str(&text), take_pair, &taking, err))
		is_good = err_prefix(err, "%s", buf_str(&path));
	if (!is_good)
		err_prefix(err, "env_file");
	buf_fini(&path);
	buf_wipe(&text);
	return is_good;
}

static bool is_name_byte(char byte)
{
	return isalnum((unsigned char)byte) || byte == '_';
}

static bool mentions(const char *text, const char *name)
{
	size_t length = strlen(name);
	for (const char *at = strstr(text, name); at; at = strstr(at + 1, name))
		if ((at == text || !is_name_byte(at[-1])) && !is_name_byte(at[length]))
			return true;
	return false;
}

// Inputs by which a shell text finds them. One that it mentions and that is not set keeps it from
// being asked.
static bool set_inputs(struct probe_environment *environment, struct probe_world *world,
	const char *shell, struct err *err)
{
	const struct runbook *runbook = world->runbook;
	bool is_good = true;
	for (size_t i = 0; i < runbook->input_count && is_good; i++) {
		struct buf name = {0};
		template_input_name(runbook->inputs[i].id, &name);
		const char *value = world->values.inputs[i];
		if (value)
			set_variable(environment, buf_str(&name), value);
		else if (mentions(shell, buf_str(&name)))
			is_good = err_set(err, "needs input %s", runbook->inputs[i].id);
		buf_fini(&name);
	}
	return is_good;
}

bool probe_environment_fill(struct probe_environment *environment, struct probe_world *world,
	const struct command *command, struct err *err)
{
	inherit(environment);
	if (!read_env_file(environment, world, err))
		return false;
	if (command->shell && !set_inputs(environment, world, command->shell, err))
		return false;
	for (size_t i = 0; i < command->env.count; i++) {
		struct buf value = {0};
		bool is_good = probe_text(world, command->env.items[i].value, &value, err);
		if (is_good)
			set_variable(environment, command->env.items[i].name, buf_str(&value));
		buf_fini(&value);
		if (!is_good)
			return false;
	}
	return true;
}

void probe_environment_fini(struct probe_environment *environment)
{
	for (size_t i = 0; i < environment->count; i++)
		memory_wipe(environment->items[i]);
	free(environment->items);
	*environment = (struct probe_environment){0};
}
