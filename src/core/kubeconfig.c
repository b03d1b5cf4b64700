// SPDX-License-Identifier: Apache-2.0
#include "relight/kubeconfig.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "relight/diag.h"
#include "relight/memory.h"
#include "relight/yaml.h"

// One entry of `clusters`, `users` or `contexts`: its name, what it holds, and where it came from.
struct entry {
	const char *name, *folder;
	const struct yaml_node *body;
};
struct entries {
	struct entry *items;
	size_t count, capacity;
};

struct kubeconfig {
	struct arena *arena;
	struct entries clusters, users, contexts;
	const char *current;
};

// What kubectl can use and relight cannot yet: a silent fallback would ask as somebody else, or
// trust somebody else.
struct unbuilt {
	const char *key, *what;
};
static const struct unbuilt unbuilt_user[] = {
	{"exec", "credentials from a plugin (exec)"},
	{"auth-provider", "auth-provider"},
	{"username", "a user name and password"},
	{"as", "impersonation (as)"},
	{NULL, NULL},
};
static const struct unbuilt unbuilt_cluster[] = {
	{"insecure-skip-tls-verify", "insecure-skip-tls-verify"},
	{"proxy-url", "proxy-url"},
	{NULL, NULL},
};

struct kubeconfig *kubeconfig_new(void)
{
	struct kubeconfig *kubeconfig = memory_zeroed(1, sizeof *kubeconfig);

	kubeconfig->arena = arena_new();
	return kubeconfig;
}

void kubeconfig_free(struct kubeconfig *kubeconfig)
{
	if (!kubeconfig)
		return;
	free(kubeconfig->clusters.items);
	free(kubeconfig->users.items);
	free(kubeconfig->contexts.items);
	arena_free(kubeconfig->arena);
	free(kubeconfig);
}

const char *kubeconfig_current(const struct kubeconfig *kubeconfig)
{
	return kubeconfig->current;
}

// The text of a scalar; NULL where it is absent, null, empty or no scalar.
static const char *scalar(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *node = yaml_get(map, key);

	if (!node || node->type == YAML_NULL || node->type == YAML_LIST || node->type == YAML_MAP)
		return NULL;
	return *node->text ? node->text : NULL;
}

static const struct entry *find(const struct entries *entries, const char *name)
{
	for (size_t i = 0; name && i < entries->count; i++)
		if (strcmp(entries->items[i].name, name) == 0)
			return &entries->items[i];
	return NULL;
}

// --- adding a file ---

// Checks the form of one list without adding anything.
static bool check_list(
	const struct yaml_node *root, const char *key, const char *file, struct err *err)
{
	const struct yaml_node *list = yaml_get(root, key);

	if (!list || list->type == YAML_NULL)
		return true;
	if (list->type != YAML_LIST) {
		err_set(err, "%s must be a list, not %s", key, yaml_type_name(list->type));
		err_place(err, file, list->line, list->column);
		return false;
	}
	for (size_t i = 0; i < list->count; i++)
		if (!scalar(list->items[i], "name")) {
			err_set(err, "each of %s needs a name", key);
			err_place(err, file, list->items[i]->line, list->items[i]->column);
			return false;
		}
	return true;
}

static void add_list(struct entries *entries, const struct yaml_node *root, const char *key,
	const char *body_key, const char *folder)
{
	const struct yaml_node *list = yaml_get(root, key);

	for (size_t i = 0; list && list->type == YAML_LIST && i < list->count; i++) {
		const char *name = scalar(list->items[i], "name");

		if (find(entries, name))
			continue;
		entries->items = memory_grow(
			entries->items, entries->count, &entries->capacity, sizeof *entries->items);
		entries->items[entries->count++] =
			(struct entry){name, folder, yaml_get(list->items[i], body_key)};
	}
}

static const struct yaml_node *parse(struct kubeconfig *kubeconfig, const char *text,
	size_t length_bytes, const char *file, struct err *err)
{
	struct diags diags = {.file = file};
	const struct yaml_node *root =
		yaml_parse(kubeconfig->arena, text, length_bytes, &yaml_limits_default, &diags);

	if (!root && diags.count > 0) {
		err_set(err, "%s", diags.items[0].message);
		err_place(err, file, diags.items[0].line, diags.items[0].column);
	} else if (root && root->type != YAML_MAP && root->type != YAML_NULL) {
		err_set(err, "is no kubeconfig: it holds %s", yaml_type_name(root->type));
		err_place(err, file, root->line, root->column);
		root = NULL;
	}
	diags_fini(&diags);
	return root;
}

bool kubeconfig_add(struct kubeconfig *kubeconfig, const char *text, size_t length_bytes,
	const char *file, const char *folder, struct err *err)
{
	const struct yaml_node *root = parse(kubeconfig, text, length_bytes, file, err);

	if (!root || !check_list(root, "clusters", file, err) ||
		!check_list(root, "users", file, err) || !check_list(root, "contexts", file, err))
		return false;
	folder = arena_text(kubeconfig->arena, folder);
	add_list(&kubeconfig->clusters, root, "clusters", "cluster", folder);
	add_list(&kubeconfig->users, root, "users", "user", folder);
	add_list(&kubeconfig->contexts, root, "contexts", "context", folder);
	if (!kubeconfig->current)
		kubeconfig->current = scalar(root, "current-context");
	return true;
}

// --- looking up ---

static const char *unbuilt_in(const struct yaml_node *body, const struct unbuilt *table)
{
	for (; table->key; table++) {
		const struct yaml_node *node = yaml_get(body, table->key);

		if (node && node->type != YAML_NULL &&
			!(node->type == YAML_BOOL && !node->boolean) &&
			!(node->type == YAML_STRING && !*node->text))
			return table->what;
	}
	return NULL;
}

static const char *path_below(struct arena *arena, const char *folder, const char *path)
{
	if (!path || *path == '/')
		return path;
	return arena_printf(arena, "%s/%s", folder, path);
}

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

// KEY-data counts before KEY, as for kubectl.
static bool take_source(const struct kubeconfig *kubeconfig, const struct entry *entry,
	const char *key, struct kubeconfig_source *source, struct err *err)
{
	const char *data = scalar(entry->body, arena_printf(kubeconfig->arena, "%s-data", key));

	if (!data) {
		source->path =
			path_below(kubeconfig->arena, entry->folder, scalar(entry->body, key));
		return true;
	}
	source->inline_text = base64_decode(kubeconfig->arena, data);
	return source->inline_text || err_set(err, "%s: %s-data is no base64", entry->name, key);
}

static bool take_cluster(const struct kubeconfig *kubeconfig, const struct entry *cluster,
	struct kubeconfig_access *access, struct err *err)
{
	access->server = scalar(cluster->body, "server");
	access->tls_server_name = scalar(cluster->body, "tls-server-name");
	if (!access->server)
		return err_set(err, "cluster %s has no server", cluster->name);
	if (strncmp(access->server, "https://", 8) != 0)
		return err_set(
			err, "cluster %s: %s is no https URL", cluster->name, access->server);
	return take_source(kubeconfig, cluster, "certificate-authority", &access->ca, err);
}

static bool take_user(const struct kubeconfig *kubeconfig, const struct entry *user,
	struct kubeconfig_access *access, struct err *err)
{
	access->token = scalar(user->body, "token");
	access->token_file =
		path_below(kubeconfig->arena, user->folder, scalar(user->body, "tokenFile"));
	if (!take_source(kubeconfig, user, "client-certificate", &access->cert, err) ||
		!take_source(kubeconfig, user, "client-key", &access->key, err))
		return false;
	bool has_cert = access->cert.path || access->cert.inline_text;
	bool has_key = access->key.path || access->key.inline_text;
	if (has_cert != has_key)
		return err_set(err, "user %s has a client %s without the client %s", user->name,
			has_cert ? "certificate" : "key", has_cert ? "key" : "certificate");
	return true;
}

enum kubeconfig_answer kubeconfig_look_up(const struct kubeconfig *kubeconfig, const char *context,
	struct kubeconfig_access *access, struct err *err)
{
	const char *wanted = context ? context : kubeconfig->current;
	const struct entry *entry = find(&kubeconfig->contexts, wanted);

	*access = (struct kubeconfig_access){.context = wanted};
	if (!entry) {
		err_set(err, wanted ? "there is no context %s" : "no context is the current one",
			wanted);
		return KUBECONFIG_NO_CONTEXT;
	}
	const char *cluster_name = scalar(entry->body, "cluster"),
		   *user_name = scalar(entry->body, "user");
	const struct entry *cluster = find(&kubeconfig->clusters, cluster_name);
	const struct entry *user = find(&kubeconfig->users, user_name);

	access->namespace = scalar(entry->body, "namespace");
	if (!cluster || (user_name && !user)) {
		err_set(err, "context %s names the %s %s, which is not there", wanted,
			cluster ? "user" : "cluster",
			cluster        ? user_name
			: cluster_name ? cluster_name
				       : "\"\"");
		return KUBECONFIG_BROKEN;
	}
	const char *unbuilt = unbuilt_in(cluster->body, unbuilt_cluster);
	if (!unbuilt && user)
		unbuilt = unbuilt_in(user->body, unbuilt_user);
	if (unbuilt) {
		err_set(err, "context %s uses %s: not built yet", wanted, unbuilt);
		return KUBECONFIG_UNBUILT;
	}
	if (!take_cluster(kubeconfig, cluster, access, err) ||
		(user && !take_user(kubeconfig, user, access, err)))
		return KUBECONFIG_BROKEN;
	return KUBECONFIG_FOUND;
}
