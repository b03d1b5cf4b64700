// SPDX-License-Identifier: Apache-2.0
//
// An action as a person would type it: the words of the shell, of curl, of kubectl.
#include "relight/request.h"

#include <string.h>

#include "relight/json.h"
#include "relight/manifest.h"

static bool needs_quotes(const char *argument)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,@%+";
	return argument[0] == '\0' || argument[strspn(argument, plain)] != '\0';
}

static void show_argument(const char *argument, struct buf *out)
{
	if (!needs_quotes(argument)) {
		buf_text(out, argument);
		return;
	}
	buf_byte(out, '\'');
	for (const char *at = argument; *at; at++) {
		if (*at == '\'')
			buf_text(out, "'\\''");
		else
			buf_byte(out, *at);
	}
	buf_byte(out, '\'');
}

// An action may come from a record that somebody has written by hand.
static const char *key_of(const cJSON *item)
{
	return item->string ? item->string : "";
}

static const char *text_of(const cJSON *value)
{
	return cJSON_IsString(value) ? value->valuestring : "";
}

static void show_argv(const cJSON *argv, struct buf *out)
{
	const char *separator = "";
	json_each (argument, argv) {
		buf_text(out, separator);
		show_argument(text_of(argument), out);
		separator = " ";
	}
}

// " --replicas 3"; nothing where `object` has no such key.
static void show_option(const cJSON *object, const char *key, const char *option, struct buf *out)
{
	const char *value = json_text(object, key);
	if (!value)
		return;
	buf_printf(out, " %s ", option);
	show_argument(value, out);
}

static void show_ssh(const cJSON *ssh, struct buf *out)
{
	const char *shell = json_text(ssh, "shell");
	buf_printf(out, "ssh %s -- ", text_of(json_get(ssh, "target")));
	if (shell) {
		buf_text(out, "sh -euc ");
		show_argument(shell, out);
	}
	show_argv(json_get(ssh, "command"), out);
}

static void show_http(const cJSON *http, struct buf *out)
{
	struct buf line = {0};
	buf_printf(out, "http %s ", text_of(json_get(http, "method")));
	show_argument(text_of(json_get(http, "url")), out);
	json_each (header, json_get(http, "headers")) {
		buf_clear(&line);
		buf_printf(&line, "%s: %s", key_of(header), text_of(header));
		buf_text(out, " --header ");
		show_argument(buf_str(&line), out);
	}
	show_option(http, "body", "--data", out);
	show_option(http, "ca", "--cacert", out);
	show_option(http, "connect_to", "--connect-to", out);
	buf_fini(&line);
}

// A file by its path, an object by its kind and name.
static void show_manifest(const cJSON *what, struct buf *out)
{
	const char *name = json_path_text(what, "metadata.name");
	struct buf text = {0};

	if (cJSON_IsString(what)) {
		buf_text(&text, what->valuestring);
	} else {
		buf_text(&text, text_of(json_get(what, "kind")));
		if (!name)
			name = json_path_text(what, "metadata.generateName");
		if (name)
			buf_printf(&text, "/%s", name);
	}
	buf_byte(out, ' ');
	show_argument(buf_str(&text), out);
	buf_fini(&text);
}

static void show_manifests(const cJSON *what, struct buf *out)
{
	if (!cJSON_IsArray(what))
		show_manifest(what, out);
	else
		json_each (one, what)
			show_manifest(one, out);
}

static void show_object(const cJSON *what, struct buf *out)
{
	static const struct {
		const char *key, *option;
	} options[] = {{"selector", "-l"}, {"namespace", "-n"}, {"replicas", "--replicas"},
		{"subresource", "--subresource"}, {"type", "--type"}, {"body", "--patch"},
		{"propagation", "--cascade"}};
	const cJSON *preconditions = json_get(what, "preconditions");

	buf_printf(out, " %s", text_of(json_get(what, "resource")));
	if (json_text(what, "name"))
		buf_printf(out, " %s", json_text(what, "name"));
	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		show_option(what, options[i].key, options[i].option, out);
	if (json_get(what, "grace_period_s"))
		buf_printf(out, " --grace-period %lld",
			(long long)json_int(what, "grace_period_s", 0));
	show_option(preconditions, "uid", "--uid", out);
	show_option(preconditions, "resource_version", "--resource-version", out);
}

static void show_kubernetes(const cJSON *kubernetes, struct buf *out)
{
	static const char *const verbs[] = {
		"apply", "create", "patch", "scale", "restart", "delete"};

	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		const cJSON *what = json_get(kubernetes, verbs[i]);
		if (!what)
			continue;
		buf_printf(out, "kubernetes %s", verbs[i]);
		if (i < 2)
			show_manifests(what, out);
		else
			show_object(what, out);
	}
	show_option(kubernetes, "namespace", "-n", out);
	if (json_bool(kubernetes, "force", false))
		buf_text(out, " --force");
	buf_printf(out, " on %s", text_of(json_get(kubernetes, "target")));
}

static void show_use(const cJSON *action, struct buf *out)
{
	buf_printf(out, "use %s", text_of(json_get(action, "use")));
	json_each (parameter, json_get(action, "with")) {
		buf_printf(out, " %s=", key_of(parameter));
		show_argument(text_of(parameter), out);
	}
}

void request_show(const cJSON *action, struct buf *out)
{
	if (json_text(action, "shell"))
		buf_text(out, json_text(action, "shell"));
	show_argv(json_get(action, "command"), out);
	if (json_get(action, "ssh"))
		show_ssh(json_get(action, "ssh"), out);
	if (json_get(action, "http"))
		show_http(json_get(action, "http"), out);
	if (json_get(action, "kubernetes"))
		show_kubernetes(json_get(action, "kubernetes"), out);
	if (json_get(action, "use"))
		show_use(action, out);
}

// The folder and the environment, which are as much of an action as its arguments.
static void show_surroundings(const cJSON *action, struct buf *out)
{
	const char *separator = "\nwith   ";
	if (json_text(action, "dir"))
		buf_printf(out, "\nin     %s", json_text(action, "dir"));
	json_each (variable, json_get(action, "env")) {
		buf_printf(out, "%s%s=", separator, key_of(variable));
		show_argument(text_of(variable), out);
		separator = " ";
	}
}

static void show_tree(const cJSON *value, struct buf *out)
{
	if (!cJSON_IsObject(value) && !cJSON_IsArray(value))
		return;
	buf_byte(out, '\n');
	manifest_write(value, out);
	out->data[--out->length] = '\0';
}

void request_show_objects(const cJSON *action, struct buf *out)
{
	static const char *const verbs[] = {"apply", "create"};
	const cJSON *kubernetes = json_get(action, "kubernetes");

	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		const cJSON *what = json_get(kubernetes, verbs[i]);
		if (cJSON_IsArray(what))
			json_each (one, what)
				show_tree(one, out);
		else
			show_tree(what, out);
	}
	show_tree(json_path(kubernetes, "patch.body"), out);
}

bool request_describe(const struct facts *facts, const struct request_plan *plan, struct buf *out,
	struct err *err)
{
	cJSON *action = request_action(facts, plan, err);
	if (!action)
		return false;
	request_redact(action);
	request_show(action, out);
	request_show_objects(action, out);
	show_surroundings(action, out);
	cJSON_Delete(action);
	return true;
}
