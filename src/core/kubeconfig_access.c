// SPDX-License-Identifier: Apache-2.0
#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

#include "kubeconfig_parts.h"
#include "relight/json.h"
#include "relight/manifest.h"
#include "relight/memory.h"

// What a context means. The rules are those of kubectl (client-go's clientcmd): what it refuses is
// refused here, because to ask in another way would be to ask somebody else, or as somebody else.

static const char *path_below(struct arena *arena, const char *folder, const char *path)
{
	if (!path || *path == '/')
		return path;
	while (strncmp(path, "./", 2) == 0)
		path += 2;
	return arena_printf(arena, "%s/%s", folder, path);
}

static bool is_true(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *node = yaml_get(map, key);

	return node && node->type == YAML_BOOL && node->boolean;
}

// --- sources ---

// Standard base64 with padding; line breaks and blanks in it are ignored. NULL where it is none.
static const char *base64_decode(struct arena *arena, const char *text)
{
	size_t length = strlen(text);
	unsigned char *bytes = arena_alloc(arena, length + 4); // more than the 3/4 that come out
	EVP_ENCODE_CTX *context = EVP_ENCODE_CTX_new();
	int count = 0, rest = 0;

	if (!context)
		memory_exhausted();
	EVP_DecodeInit(context);
	bool good = EVP_DecodeUpdate(context, bytes, &count, (const unsigned char *)text,
			    (int)length) >= 0 &&
		    EVP_DecodeFinal(context, bytes + count, &rest) >= 0;
	EVP_ENCODE_CTX_free(context);
	size_t total = good ? (size_t)count + (size_t)rest : 0;
	if (total == 0 || memchr(bytes, '\0', total))
		return NULL;
	bytes[total] = '\0';
	return (const char *)bytes;
}

static bool is_set(const struct kubeconfig_source *source)
{
	return source->path || source->inline_text;
}

// KEY-data counts before KEY.
static bool take_source(const struct kubeconfig *kubeconfig, const struct entry *entry,
	const char *key, struct kubeconfig_source *source, struct err *err)
{
	struct arena *arena = kubeconfig->arena;
	const char *data = kubeconfig_scalar(entry->body, arena_printf(arena, "%s-data", key));

	if (!data) {
		source->path =
			path_below(arena, entry->folder, kubeconfig_scalar(entry->body, key));
		return true;
	}
	source->inline_text = base64_decode(arena, data);
	return source->inline_text || err_set(err, "%s: %s-data is no base64", entry->name, key);
}

// --- the cluster ---

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || *text == 0x7F)
			return true;
	return false;
}

static bool has_certificate(const struct entry *user)
{
	return user && (kubeconfig_scalar(user->body, "client-certificate") ||
			       kubeconfig_scalar(user->body, "client-certificate-data"));
}

// A server without a scheme is asked over TLS where anything of TLS is said.
static bool take_server(const struct kubeconfig *kubeconfig, const struct entry *cluster,
	const struct entry *user, struct kubeconfig_access *access, struct err *err)
{
	const char *server = kubeconfig_scalar(cluster->body, "server");

	if (!server)
		return err_set(err, "cluster %s has no server", cluster->name);
	if (has_control(server))
		return err_set(err, "cluster %s: the server is no URL", cluster->name);
	if (!strstr(server, "://"))
		server = arena_printf(kubeconfig->arena, "%s://%s",
			is_set(&access->ca) || access->is_insecure || has_certificate(user)
				? "https"
				: "http",
			server);
	bool is_plain = strncasecmp(server, "http://", 7) == 0;
	if (!is_plain && strncasecmp(server, "https://", 8) != 0)
		return err_set(
			err, "cluster %s: %s is no http or https URL", cluster->name, server);
	// Neither a query nor a fragment is part of where the API is.
	access->server =
		arena_printf(kubeconfig->arena, "%.*s", (int)strcspn(server, "?#"), server);
	access->is_insecure |= is_plain;
	return true;
}

static bool take_proxy(
	const struct entry *cluster, struct kubeconfig_access *access, struct err *err)
{
	static const char *const schemes[] = {"http://", "https://", "socks5://", NULL};
	const char *proxy = kubeconfig_scalar(cluster->body, "proxy-url");

	access->proxy = proxy;
	if (!proxy)
		return true;
	for (size_t i = 0; schemes[i]; i++)
		if (strncasecmp(proxy, schemes[i], strlen(schemes[i])) == 0 && !has_control(proxy))
			return true;
	return err_set(err, "cluster %s: proxy-url: %s is no http, https or socks5 URL",
		cluster->name, proxy);
}

static bool take_cluster(const struct kubeconfig *kubeconfig, const struct entry *cluster,
	const struct entry *user, struct kubeconfig_access *access, struct err *err)
{
	access->tls_server_name = kubeconfig_scalar(cluster->body, "tls-server-name");
	access->is_insecure = is_true(cluster->body, "insecure-skip-tls-verify");
	if (!take_source(kubeconfig, cluster, "certificate-authority", &access->ca, err))
		return false;
	if (access->is_insecure && is_set(&access->ca))
		return err_set(err,
			"cluster %s has a certificate-authority, and insecure-skip-tls-verify: "
			"only one of them can be",
			cluster->name);
	return take_server(kubeconfig, cluster, user, access, err) &&
	       take_proxy(cluster, access, err);
}

// --- a plugin ---

static const char *const *take_args(struct arena *arena, const struct yaml_node *list)
{
	size_t count = list && list->type == YAML_LIST ? list->count : 0;
	const char **args = arena_array(arena, count + 1, sizeof *args);

	for (size_t i = 0; i < count; i++)
		args[i] = list->items[i]->text ? list->items[i]->text : "";
	return args;
}

static void take_env(
	struct arena *arena, const struct yaml_node *list, struct kubeconfig_exec *exec)
{
	size_t count = list && list->type == YAML_LIST ? list->count : 0;
	struct kubeconfig_pair *env = arena_array(arena, count + 1, sizeof *env);

	for (size_t i = 0; i < count; i++) {
		const char *name = kubeconfig_scalar(list->items[i], "name");
		const char *value = kubeconfig_scalar(list->items[i], "value");

		if (name && !strchr(name, '='))
			env[exec->env_count++] = (struct kubeconfig_pair){name, value ? value : ""};
	}
	exec->env = env;
}

// The cluster's own word to the plugin: the extension of this name.
static bool take_config(const struct kubeconfig *kubeconfig, const struct entry *cluster,
	struct kubeconfig_exec *exec, struct err *err)
{
	const struct yaml_node *list = yaml_get(cluster->body, "extensions");

	for (size_t i = 0; list && list->type == YAML_LIST && i < list->count; i++) {
		const char *name = kubeconfig_scalar(list->items[i], "name");
		const struct yaml_node *config = yaml_get(list->items[i], "extension");

		if (!name || !config || strcmp(name, "client.authentication.k8s.io/exec") != 0)
			continue;
		cJSON *value = manifest_value(config, cluster->name, NULL, NULL, err);
		if (!value)
			return false;
		struct buf text = {0};
		json_write(&text, value);
		cJSON_Delete(value);
		exec->config = arena_text(kubeconfig->arena, buf_str(&text));
		buf_fini(&text);
	}
	return true;
}

static bool take_exec_version(
	const struct entry *user, struct kubeconfig_exec *exec, struct err *err)
{
	exec->api_version = kubeconfig_scalar(yaml_get(user->body, "exec"), "apiVersion");
	if (exec->api_version &&
		(strcmp(exec->api_version, "client.authentication.k8s.io/v1") == 0 ||
			strcmp(exec->api_version, "client.authentication.k8s.io/v1beta1") == 0))
		return true;
	return err_set(err,
		"user %s: exec: apiVersion %s: only client.authentication.k8s.io/v1 and v1beta1 "
		"are "
		"spoken; rewrite the kubeconfig with a newer tool",
		user->name, exec->api_version ? exec->api_version : "is absent");
}

static bool take_exec_mode(const struct entry *user, struct kubeconfig_exec *exec, struct err *err)
{
	const char *mode = kubeconfig_scalar(yaml_get(user->body, "exec"), "interactiveMode");

	exec->is_always_interactive = mode && strcmp(mode, "Always") == 0;
	if (mode && !exec->is_always_interactive && strcmp(mode, "Never") != 0 &&
		strcmp(mode, "IfAvailable") != 0)
		return err_set(err,
			"user %s: exec: interactiveMode %s: Never, IfAvailable or Always",
			user->name, mode);
	return true;
}

static bool take_exec(const struct kubeconfig *kubeconfig, const struct entry *user,
	const struct entry *cluster, struct kubeconfig_access *access, struct err *err)
{
	const struct yaml_node *body = yaml_get(user->body, "exec");
	struct arena *arena = kubeconfig->arena;

	if (!body || body->type == YAML_NULL || access->token || access->token_file || access->user)
		return true;
	struct kubeconfig_exec *exec = arena_alloc(arena, sizeof *exec);
	const char *command = kubeconfig_scalar(body, "command");
	if (!command)
		return err_set(err, "user %s: exec: it has no command", user->name);
	exec->command = strchr(command, '/') ? path_below(arena, user->folder, command) : command;
	exec->args = take_args(arena, yaml_get(body, "args"));
	take_env(arena, yaml_get(body, "env"), exec);
	exec->install_hint = kubeconfig_scalar(body, "installHint");
	exec->wants_cluster = is_true(body, "provideClusterInfo");
	access->exec = exec;
	return take_exec_version(user, exec, err) && take_exec_mode(user, exec, err) &&
	       take_config(kubeconfig, cluster, exec, err);
}

// --- the user ---

static void add_as(struct kubeconfig_pair *as, size_t *count, const char *name, const char *value)
{
	if (value && !has_control(name))
		as[(*count)++] = (struct kubeconfig_pair){name, value};
}

// as, as-uid, as-groups, as-user-extra: {KEY: [VALUE…]}
static bool take_as(const struct kubeconfig *kubeconfig, const struct entry *user,
	struct kubeconfig_access *access, struct err *err)
{
	const struct yaml_node *groups = yaml_get(user->body, "as-groups");
	const struct yaml_node *extra = yaml_get(user->body, "as-user-extra");
	size_t group_count = groups && groups->type == YAML_LIST ? groups->count : 0;
	size_t extra_count = extra && extra->type == YAML_MAP ? extra->count : 0, values = 0;

	for (size_t i = 0; i < extra_count; i++)
		values += extra->items[i]->type == YAML_LIST ? extra->items[i]->count : 0;
	struct kubeconfig_pair *as =
		arena_array(kubeconfig->arena, 2 + group_count + values, sizeof *as);
	add_as(as, &access->as_count, "User", kubeconfig_scalar(user->body, "as"));
	bool has_user = access->as_count > 0;
	add_as(as, &access->as_count, "Uid", kubeconfig_scalar(user->body, "as-uid"));
	for (size_t i = 0; i < group_count; i++)
		add_as(as, &access->as_count, "Group", groups->items[i]->text);
	for (size_t i = 0; i < extra_count; i++)
		for (size_t j = 0; extra->items[i]->type == YAML_LIST && j < extra->items[i]->count;
			j++)
			add_as(as, &access->as_count,
				arena_printf(kubeconfig->arena, "Extra-%s", extra->keys[i]->text),
				extra->items[i]->items[j]->text);
	access->as = as;
	return has_user || access->as_count == 0 ||
	       err_set(err, "user %s: as-groups, as-uid and as-user-extra need as", user->name);
}

static bool take_certificate(const struct kubeconfig *kubeconfig, const struct entry *user,
	struct kubeconfig_access *access, struct err *err)
{
	if (!take_source(kubeconfig, user, "client-certificate", &access->cert, err) ||
		!take_source(kubeconfig, user, "client-key", &access->key, err))
		return false;
	bool has_cert = is_set(&access->cert), has_key = is_set(&access->key);
	return has_cert == has_key ||
	       err_set(err, "user %s has a client %s without the client %s", user->name,
		       has_cert ? "certificate" : "key", has_cert ? "key" : "certificate");
}

static bool take_user(const struct kubeconfig *kubeconfig, const struct entry *user,
	const struct entry *cluster, struct kubeconfig_access *access, struct err *err)
{
	const struct yaml_node *provider = yaml_get(user->body, "auth-provider");

	const char *token_file = kubeconfig_scalar(user->body, "tokenFile");

	access->token = kubeconfig_scalar(user->body, "token");
	access->token_file = path_below(kubeconfig->arena, user->folder, token_file);
	access->token_file_here = token_file && *token_file != '/' ? token_file : NULL;
	access->user = kubeconfig_scalar(user->body, "username");
	access->password = kubeconfig_scalar(user->body, "password");
	if (provider && provider->type != YAML_NULL)
		return err_set(err,
			"user %s: auth-provider: kubectl has given it up, too; use an exec plugin",
			user->name);
	if ((access->token || access->token_file) && access->user)
		return err_set(err, "user %s has a token and a username: only one of them can be",
			user->name);
	return take_certificate(kubeconfig, user, access, err) &&
	       take_exec(kubeconfig, user, cluster, access, err) &&
	       take_as(kubeconfig, user, access, err);
}

enum kubeconfig_answer kubeconfig_look_up(const struct kubeconfig *kubeconfig, const char *context,
	struct kubeconfig_access *access, struct err *err)
{
	const char *wanted = context ? context : kubeconfig->current;
	const struct entry *entry = kubeconfig_find(&kubeconfig->contexts, wanted);

	*access = (struct kubeconfig_access){.context = wanted};
	if (!entry) {
		err_set(err, wanted ? "there is no context %s" : "no context is the current one",
			wanted);
		return KUBECONFIG_NO_CONTEXT;
	}
	const char *cluster_name = kubeconfig_scalar(entry->body, "cluster"),
		   *user_name = kubeconfig_scalar(entry->body, "user");
	const struct entry *cluster = kubeconfig_find(&kubeconfig->clusters, cluster_name);
	const struct entry *user = kubeconfig_find(&kubeconfig->users, user_name);

	access->namespace = kubeconfig_scalar(entry->body, "namespace");
	if (!cluster || (user_name && !user)) {
		err_set(err, "context %s names the %s %s, which is not there", wanted,
			cluster ? "user" : "cluster",
			cluster        ? user_name
			: cluster_name ? cluster_name
				       : "\"\"");
		return KUBECONFIG_BROKEN;
	}
	if (!take_cluster(kubeconfig, cluster, user, access, err) ||
		(user && !take_user(kubeconfig, user, cluster, access, err)))
		return KUBECONFIG_BROKEN;
	return KUBECONFIG_FOUND;
}
