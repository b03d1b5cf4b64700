// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "relight/kubeapi.h"
#include "runbook_load.h"

// Checks: how a dependency is asked for its health. One function and one table of keys for each
// kind, and one table of the kinds.

static const struct bounds count_bounds = {0, 1000000};

#define CHECK_ROW(key_name, member, loader, ...)                                                   \
	{                                                                                          \
		.name = key_name, .load = loader, .offset = offsetof(struct check, member),        \
		##__VA_ARGS__                                                                      \
	}

// --- kubernetes --------------------------------------------------------------------------------------------------------

static const struct key can_i_keys[] = {
	CHECK_ROW("verb", kubernetes.verb, load_string, .is_required = true),
	CHECK_ROW("resource", kubernetes.resource, load_string, .is_required = true),
	CHECK_ROW("subresource", kubernetes.subresource, load_string),
	CHECK_ROW("name", kubernetes.name, load_string),
	CHECK_ROW("namespace", kubernetes.namespace, load_string),
	CHECK_ROW("as", kubernetes.as, load_string),
	CHECK_ROW("groups", kubernetes.groups, load_texts),
	{0},
};

static const struct key kubernetes_keys[] = {
	CHECK_ROW("target", kubernetes.target, load_kubernetes_target, .is_required = true),
	CHECK_ROW("resource", kubernetes.resource, load_resource),
	CHECK_ROW("namespace", kubernetes.namespace, load_namespace_name),
	CHECK_ROW("name", kubernetes.name, load_object_name),
	CHECK_ROW("selector", kubernetes.selector, load_selector),
	CHECK_ROW("min", kubernetes.min, load_int, .detail = &count_bounds),
	{.name = "expect"},
	{.name = "readyz"},
	{.name = "can_i"},
	CHECK_ROW("service", kubernetes.service, load_object_name),
	CHECK_ROW("port", kubernetes.port, load_service_port),
	CHECK_ROW("path", kubernetes.path, load_string),
	{0},
};

// Which other keys each question knows, besides `target`.
static const char *const question_keys[][8] = {
	[KUBERNETES_OBJECTS] = {"resource", "namespace", "name", "selector", "min", "expect", NULL},
	[KUBERNETES_READYZ] = {"readyz", NULL},
	[KUBERNETES_CAN_I] = {"can_i", NULL},
	[KUBERNETES_SERVICE_PROXY] = {"namespace", "service", "port", "path", "expect", NULL},
};

static bool is_word_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(word, *words) == 0)
			return true;
	return false;
}

static void check_question(
	struct loader *loader, const struct yaml_node *node, enum kubernetes_question question)
{
	static const char *const questions[] = {"resource", "readyz", "can_i", "service", NULL};

	for (size_t i = 0; i < node->count; i++) {
		const char *name = node->keys[i]->text;
		if (strcmp(name, "target") != 0 && !is_word_of(name, questions) &&
			!is_word_of(name, question_keys[question]))
			load_error(loader, node->keys[i], "exclusive-keys",
				"kubernetes: %s does not go with %s", name, questions[question]);
	}
}

static void check_objects(
	struct loader *loader, const struct yaml_node *node, struct kubernetes_check *kubernetes)
{
	const struct yaml_node *min = yaml_get(node, "min");

	if (kubernetes->name && kubernetes->selector)
		load_error(loader, node, "exclusive-keys", "name and selector exclude each other");
	if (kubernetes->name && min)
		load_error(loader, node, "exclusive-keys", "name and min exclude each other");
	if (!kubernetes->name && !min)
		kubernetes->min = 1;
}

// A path outside the resources has none of what a resource has.
static void check_can_i(struct loader *loader, const struct yaml_node *node,
	const struct kubernetes_check *kubernetes)
{
	const char *resource = kubernetes->resource;

	if (!resource)
		return;
	if (resource[0] == '/' &&
		(kubernetes->subresource || kubernetes->name || kubernetes->namespace))
		load_error(loader, node, "exclusive-keys",
			"can_i: subresource, name and namespace do not go with a path");
	else if (resource[0] != '/' && strchr(resource, '/') && !strstr(resource, "${"))
		load_error(loader, yaml_get(node, "resource"), "bad-value",
			"can_i: %s: what stands behind the slash is a subresource of its own key",
			resource);
}

static bool is_secrets(const char *resource)
{
	struct kubeapi_name name;

	return resource && kubeapi_name_parse(resource, &name, NULL) && !name.group[0] &&
	       (strcasecmp(name.resource, "secrets") == 0 ||
		       strcasecmp(name.resource, "secret") == 0);
}

// Whether a jq program has a path that begins with one of the keys that a Secret has beside its
// metadata. One that hides it better sees that there is nothing.
static const char *content_read(const char *program)
{
	static const char *const keys[] = {".data", ".stringData", ".type", ".immutable", NULL};

	for (int i = 0; program && keys[i]; i++) {
		size_t length = strlen(keys[i]);
		for (const char *at = program; (at = strstr(at, keys[i])); at++)
			if ((at == program || (!isalnum((unsigned char)at[-1]) &&
						      !strchr("_\"])", at[-1]))) &&
				!isalnum((unsigned char)at[length]) && at[length] != '_')
				return keys[i];
	}
	return NULL;
}

static void check_secrets(
	struct loader *loader, const struct yaml_node *expect, const struct check *check)
{
	const struct expectation *expected = &check->expect;
	const struct jq_text *programs[] = {
		&expected->jq, &expected->message, &expected->progress, &expected->expires};

	if (!is_secrets(check->kubernetes.resource))
		return;
	for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
		const char *key = content_read(programs[i]->text);
		if (key)
			load_error(loader, expect, "secret-content",
				"expect: %s: of Secrets nothing but the metadata is fetched; look "
				"at "
				"what the secret opens instead",
				key);
	}
}

static void load_kubernetes(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *object)
{
	static const char *const questions[] = {"resource", "readyz", "can_i", "service", NULL};
	struct check *check = object;
	const struct key expect_key = {.name = "expect"};

	check->kubernetes = (struct kubernetes_check){.target = -1, .groups = texts_none};
	if (!load_map(loader, key->name, node, kubernetes_keys, check))
		return;
	int question = load_one_of(loader, node, questions, false);
	if (question < 0)
		return;
	check->kubernetes.question = (enum kubernetes_question)question;
	check_question(loader, node, check->kubernetes.question);
	const struct yaml_node *expect = yaml_get(node, "expect");
	const struct yaml_node *readyz = yaml_get(node, "readyz");
	if (question == KUBERNETES_OBJECTS) {
		check_objects(loader, node, &check->kubernetes);
		if (expect)
			load_object_expect(loader, &expect_key, expect, &check->expect);
		check_secrets(loader, expect, check);
	} else if (question == KUBERNETES_SERVICE_PROXY) {
		if (expect)
			load_http_expect(loader, &expect_key, expect, &check->expect);
		if (!check->kubernetes.port)
			load_error(loader, node, "missing-key", "kubernetes: service needs port");
	} else if (question == KUBERNETES_CAN_I) {
		if (load_map(loader, "can_i", yaml_get(node, "can_i"), can_i_keys, check))
			check_can_i(loader, yaml_get(node, "can_i"), &check->kubernetes);
	} else if (load_is(loader, "readyz", readyz, YAML_BOOL) && !readyz->boolean) {
		load_error(loader, readyz, "bad-value", "readyz: only true means something");
	}
}

// --- http, tcp, dns, tls -------------------------------------------------------------------------------------------------

static void load_http(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *object)
{
	struct http_request request = {.expect = expectation_none};
	struct check *check = object;

	load_http_request(loader, key, node, &request);
	check->http = request.http;
	check->expect = request.expect;
}

static void load_tcp(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *object)
{
	static const struct key keys[] = {
		CHECK_ROW("host", tcp.host, load_string, .is_required = true),
		CHECK_ROW("port", tcp.port, load_port, .is_required = true),
		CHECK_ROW("expect", expect, load_tcp_expect),
		{0},
	};

	load_map(loader, key->name, node, keys, object);
}

static void load_one_server(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	const char **items = arena_array(loader->arena, 2, sizeof *items);
	struct texts *texts = field;

	load_string(loader, key, node, &items[0]);
	*texts = (struct texts){items, items[0] ? 1 : 0};
}

static void load_dns(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *object)
{
	static const char *const types[] = {
		"A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT", NULL};
	static const struct key keys[] = {
		CHECK_ROW("name", dns.name, load_string, .is_required = true),
		CHECK_ROW("type", dns.type, load_word, .detail = types),
		CHECK_ROW("server", dns.servers, load_one_server),
		CHECK_ROW("servers", dns.servers, load_texts),
		CHECK_ROW("authoritative", dns.authoritative, load_flag),
		CHECK_ROW("expect", dns.values, load_scalars),
		CHECK_ROW("max_ttl", dns.max_ttl_ms, load_duration),
		{0},
	};
	static const char *const servers[] = {"server", "servers", NULL};
	struct check *check = object;

	check->dns = (struct dns_check){
		.type = "A", .servers = texts_none, .values = texts_none, .max_ttl_ms = ABSENT_MS};
	if (load_map(loader, key->name, node, keys, check))
		load_one_of(loader, node, servers, true);
}

static void load_tls(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *object)
{
	static const struct bounds days = {0, 10000};
	static const struct key keys[] = {
		CHECK_ROW("host", tls.host, load_string, .is_required = true),
		CHECK_ROW("port", tls.port, load_port),
		CHECK_ROW("name", tls.name, load_string),
		CHECK_ROW("ca", tls.ca, load_string),
		CHECK_ROW("connect_to", tls.connect_to, load_authority),
		CHECK_ROW("min_days", tls.min_days, load_int, .detail = &days),
		CHECK_ROW("issuer", tls.issuer, load_string),
		{0},
	};
	struct check *check = object;

	check->tls = (struct tls_check){.port = "443", .min_days = -1};
	load_map(loader, key->name, node, keys, check);
}

// --- commands and people -------------------------------------------------------------------------------------------------

static void load_ssh_check(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *object)
{
	load_ssh(loader, key, node, &((struct check *)object)->command);
}

static void load_manual(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *object)
{
	load_string(loader, key, node, &((struct check *)object)->manual);
}

static void load_argv_check(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *object)
{
	load_argv(loader, key, node, &((struct check *)object)->command.argv);
}

static void load_shell_check(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *object)
{
	load_shell(loader, key, node, &((struct check *)object)->command.shell);
}

static void load_use_check(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *object)
{
	load_plain(loader, key, node, &((struct check *)object)->use.name);
}

// --- all kinds -----------------------------------------------------------------------------------------------------------

// In the order of enum check_kind: the index of a row is the kind.
static const struct key kind_keys[] = {
	[CHECK_KUBERNETES] = {.name = "kubernetes", .load = load_kubernetes},
	[CHECK_HTTP] = {.name = "http", .load = load_http},
	[CHECK_TCP] = {.name = "tcp", .load = load_tcp},
	[CHECK_DNS] = {.name = "dns", .load = load_dns},
	[CHECK_TLS] = {.name = "tls", .load = load_tls},
	[CHECK_SSH] = {.name = "ssh", .load = load_ssh_check},
	[CHECK_COMMAND] = {.name = "command", .load = load_argv_check},
	[CHECK_SHELL] = {.name = "shell", .load = load_shell_check},
	[CHECK_USE] = {.name = "use", .load = load_use_check},
	[CHECK_MANUAL] = {.name = "manual", .load = load_manual},
};

const char *check_kind_word(enum check_kind kind)
{
	return kind_keys[kind].name;
}

static bool is_command(enum check_kind kind)
{
	return kind == CHECK_SSH || kind == CHECK_COMMAND || kind == CHECK_SHELL;
}

// What stands beside the kind: `expect`, `dir` and `env` beside commands, `with` beside `use`.
static void load_beside(struct loader *loader, const struct yaml_node *node, struct check *check)
{
	static const struct key beside[] = {
		CHECK_ROW("expect", expect, load_command_expect),
		CHECK_ROW("dir", command.dir, load_string),
		CHECK_ROW("env", command.env, load_env),
		CHECK_ROW("with", use.with, load_pairs),
	};

	for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
		const struct key *key = &beside[i];
		const struct yaml_node *value = yaml_get(node, key->name);
		bool is_with = key->load == load_pairs;
		if (!value)
			continue;
		if (is_with ? check->kind == CHECK_USE : is_command(check->kind))
			key->load(loader, key, value, (char *)check + key->offset);
		else
			load_error(loader, node, "exclusive-keys", "%s does not stand beside %s%s",
				key->name, check_kind_word(check->kind),
				strcmp(key->name, "expect") == 0 && check->kind <= CHECK_TCP
					? ", but inside it"
					: "");
	}
}

void load_check(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	struct check *check = field;
	static const struct key all_keys[] = {
		{.name = "kubernetes"},
		{.name = "http"},
		{.name = "tcp"},
		{.name = "dns"},
		{.name = "tls"},
		{.name = "ssh"},
		{.name = "command"},
		{.name = "shell"},
		{.name = "use"},
		{.name = "manual"},
		{.name = "expect"},
		{.name = "dir"},
		{.name = "env"},
		{.name = "with"},
		{0},
	};
	const char *kinds[CHECK_KINDS + 1] = {0};

	*check = (struct check){.kind = CHECK_MANUAL,
		.place = {node->line, node->column},
		.expect = expectation_none};
	if (!load_map(loader, key->name, node, all_keys, NULL))
		return;
	for (int i = 0; i < CHECK_KINDS; i++)
		kinds[i] = kind_keys[i].name;
	int kind = load_one_of(loader, node, kinds, false);
	if (kind < 0)
		return;
	check->kind = (enum check_kind)kind;
	if (is_command(check->kind))
		check->command = command_none;
	else if (check->kind == CHECK_USE)
		check->use = (struct use){0};
	kind_keys[kind].load(loader, &kind_keys[kind], yaml_get(node, kind_keys[kind].name), check);
	load_beside(loader, node, check);
}
