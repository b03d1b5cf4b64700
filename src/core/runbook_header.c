// SPDX-License-Identifier: Apache-2.0

#include "relight/moment.h"
#include "runbook_load.h"

// What a runbook is about: everything that is neither a check nor an action. The table at the end
// names all top-level keys.

static const struct bounds version_bounds = {1, 1};
static const int must_last = 1;

// --- objectives and scope ----------------------------------------------------------------------------------------------

static void check_objectives(
	struct loader *loader, const struct yaml_node *map, const struct objectives *objectives)
{
	if (objectives->rto_ms >= 0 && objectives->mtd_ms >= 0 &&
		objectives->rto_ms >= objectives->mtd_ms)
		load_error(loader, yaml_get(map, "rto"), "rto-mtd",
			"the RTO %s is not below the MTD %s: nothing is left when recovery takes "
			"as long as planned",
			yaml_get(map, "rto")->text, yaml_get(map, "mtd")->text);
}

#define OBJECTIVES_KEYS(struct_type, prefix)                                                       \
	{.name = "rpo",                                                                            \
		.load = load_duration,                                                             \
		.offset = offsetof(struct struct_type, prefix rpo_ms)},                            \
		{.name = "rto",                                                                    \
			.load = load_duration,                                                     \
			.offset = offsetof(struct struct_type, prefix rto_ms),                     \
			.detail = &must_last},                                                     \
	{                                                                                          \
		.name = "mtd", .load = load_duration,                                              \
		.offset = offsetof(struct struct_type, prefix mtd_ms), .detail = &must_last        \
	}

static void load_objectives(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	static const struct key keys[] = {OBJECTIVES_KEYS(objectives, ), {0}};

	if (load_map(loader, key->name, node, keys, field))
		check_objectives(loader, node, field);
}

static void function_init(void *item)
{
	((struct function *)item)->objectives =
		(struct objectives){ABSENT_MS, ABSENT_MS, ABSENT_MS};
}

static void load_functions(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	static const struct key keys[] = {
		{.name = "id",
			.load = load_plain,
			.offset = offsetof(struct function, id),
			.is_required = true},
		{.name = "title", .load = load_string, .offset = offsetof(struct function, title)},
		{.name = "owner", .load = load_string, .offset = offsetof(struct function, owner)},
		OBJECTIVES_KEYS(function, objectives.),
		{.name = "journey",
			.load = load_dependencies,
			.offset = offsetof(struct function, journey)},
		{0},
	};
	static const struct list_detail detail = {keys, sizeof(struct function),
		offsetof(struct runbook, function_count), function_init};
	struct key list = *key;

	list.detail = &detail;
	load_list(loader, &list, node, field);
	list_ids_check(loader, key->name, node);
	const struct function *functions = loader->runbook->functions;
	for (size_t i = 0; i < loader->runbook->function_count; i++)
		check_objectives(loader, node->items[i], &functions[i].objectives);
}

static void load_scope(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	static const char *const levels[] = {"pod", "namespace", "application", "cluster", "region",
		"provider", "journey", NULL};
	static const struct key keys[] = {
		{.name = "level",
			.load = load_word,
			.offset = offsetof(struct runbook, scope.level),
			.detail = levels},
		{.name = "capability",
			.load = load_scalar,
			.offset = offsetof(struct runbook, scope.capability)},
		{.name = "application",
			.load = load_scalar,
			.offset = offsetof(struct runbook, scope.application)},
		{.name = "environment",
			.load = load_scalar,
			.offset = offsetof(struct runbook, scope.environment)},
		{.name = "cluster",
			.load = load_scalar,
			.offset = offsetof(struct runbook, scope.cluster)},
		{.name = "region",
			.load = load_scalar,
			.offset = offsetof(struct runbook, scope.region)},
		{.name = "recovery_region",
			.load = load_scalar,
			.offset = offsetof(struct runbook, scope.recovery_region)},
		{.name = "data_stores",
			.load = load_texts,
			.offset = offsetof(struct runbook, scope.data_stores)},
		{0},
	};
	struct env_pairs *all = &loader->runbook->scope.all;

	(void)field;
	if (!load_map(loader, key->name, node, keys, loader->runbook))
		return;
	struct env_pair *pairs = arena_array(loader->arena, node->count + 1, sizeof *pairs);
	all->items = pairs;
	for (size_t i = 0; i < node->count; i++)
		if (node->items[i]->text)
			pairs[all->count++] =
				(struct env_pair){node->keys[i]->text, node->items[i]->text};
}

// --- header ------------------------------------------------------------------------------------------------------------

static void load_version(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	int version;
	const struct key bounded = {.name = key->name, .detail = &version_bounds};

	(void)field;
	load_int(loader, &bounded, node, &version);
}

static void load_name(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	load_plain(loader, key, node, field);
	if (node->type == YAML_STRING && !load_id_valid(node->text, false))
		load_error(loader, node, "bad-id",
			"name: %s is no id: 1 to 63 of a-z, 0-9 and -, not beginning with -",
			node->text);
}

static void load_time(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	struct wall at;

	load_plain(loader, key, node, field);
	if (node->type == YAML_STRING && !wall_parse(node->text, &at))
		load_error(loader, node, "bad-time",
			"%s: neither a date such as 2026-06-15 nor an RFC 3339 time: %s", key->name,
			node->text);
}

static void load_validated(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	static const char *const levels[] = {"L0", "L1", "L2", "L3", "L4", "L5", NULL};
	static const struct key keys[] = {
		{.name = "at", .load = load_time, .offset = offsetof(struct runbook, validated.at)},
		{.name = "level",
			.load = load_word,
			.offset = offsetof(struct runbook, validated.level),
			.detail = levels},
		{.name = "drill",
			.load = load_scalar,
			.offset = offsetof(struct runbook, validated.drill)},
		{.name = "every",
			.load = load_duration,
			.offset = offsetof(struct runbook, validated.every_ms),
			.detail = &must_last},
		{0},
	};

	(void)field;
	load_map(loader, key->name, node, keys, loader->runbook);
}

static const char *const disasters[] = {"workload-failure", "namespace-corruption",
	"pvc-corruption", "cluster-failure", "region-failure", "account-failure", "supply-chain",
	"secret-compromise", "data-corruption", "dependency-outage", NULL};
static const struct key trigger_keys[] = {
	{.name = "disasters",
		.load = load_words,
		.offset = offsetof(struct runbook, disasters),
		.detail = disasters},
	{.name = "incident_channel",
		.load = load_string,
		.offset = offsetof(struct runbook, incident_channel)},
	{.name = "customer_impact",
		.load = load_string,
		.offset = offsetof(struct runbook, customer_impact)},
	{0},
};

static void load_trigger(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	(void)field;
	load_map(loader, key->name, node, trigger_keys, loader->runbook);
}

static void load_preconditions(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	struct texts texts = {0};

	load_texts(loader, key, node, &texts);
	struct precondition *items = arena_array(loader->arena, texts.count + 1, sizeof *items);
	for (size_t i = 0; i < texts.count; i++) {
		items[i].text = texts.items[i];
		items[i].dependency = names_find(&loader->index->dependencies, texts.items[i]);
		// One word that looks like an id but is none may be meant for a person, or
		// misspelt.
		if (items[i].dependency < 0 && load_id_valid(texts.items[i], false)) {
			load_warning(loader, texts.count == node->count ? node->items[i] : node,
				"precondition-id",
				"preconditions: no dependency %s; a person will be asked to attest "
				"this word",
				texts.items[i]);
			load_suggest(loader, texts.items[i], &loader->index->dependencies);
		}
	}
	*(const struct precondition **)field = items;
	loader->runbook->precondition_count = texts.count;
}

// --- state, backups, continuity ----------------------------------------------------------------------------------------

struct secrets_entry {
	const char *pattern, *value_in, *key_in;
	struct texts access;
};

static void load_secrets(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	static const char *const patterns[] = {"A", "B", "C", NULL};
	static const struct key keys[] = {
		{.name = "pattern",
			.load = load_word,
			.offset = offsetof(struct secrets_entry, pattern),
			.detail = patterns},
		{.name = "value_in",
			.load = load_string,
			.offset = offsetof(struct secrets_entry, value_in)},
		{.name = "key_in",
			.load = load_string,
			.offset = offsetof(struct secrets_entry, key_in)},
		{.name = "access",
			.load = load_texts,
			.offset = offsetof(struct secrets_entry, access)},
		{0},
	};
	struct secrets_entry entry = {0};

	(void)field;
	load_map(loader, key->name, node, keys, &entry);
}

static void load_state(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	static const char *const categories[] = {"declarative-config", "workload-manifests",
		"runtime-objects", "persistent-data", "external-data", "identity", "images",
		"secrets", "dns-edge", "observability", NULL};
	static const char *const consistencies[] = {
		"crash", "application", "logical", "replication", "none", NULL};
	static const struct key keys[] = {
		{.name = "id",
			.load = load_plain,
			.offset = offsetof(struct store, id),
			.is_required = true},
		{.name = "category",
			.load = load_word,
			.offset = offsetof(struct store, category),
			.detail = categories},
		{.name = "source_of_truth",
			.load = load_string,
			.offset = offsetof(struct store, source_of_truth)},
		{.name = "backup", .load = load_string, .offset = offsetof(struct store, backup)},
		{.name = "consistency",
			.load = load_word,
			.offset = offsetof(struct store, consistency),
			.detail = consistencies},
		{.name = "replication",
			.load = load_string,
			.offset = offsetof(struct store, replication)},
		{.name = "writers", .load = load_string, .offset = offsetof(struct store, writers)},
		{.name = "replayable",
			.load = load_flag,
			.offset = offsetof(struct store, replayable)},
		{.name = "replicated_to",
			.load = load_string,
			.offset = offsetof(struct store, replicated_to)},
		{.name = "owner", .load = load_string, .offset = offsetof(struct store, owner)},
		{.name = "secrets", .load = load_secrets},
		{0},
	};
	static const struct list_detail detail = {
		keys, sizeof(struct store), offsetof(struct runbook, store_count), NULL};
	struct key list = *key;

	list.detail = &detail;
	load_list(loader, &list, node, field);
}

static void backup_init(void *item)
{
	struct backup *backup = item;

	backup->every_ms = backup->keep_ms = backup->tested_every_ms = ABSENT_MS;
	backup->copies = texts_none;
}

static const struct key backup_keys[] = {
	{.name = "what",
		.load = load_string,
		.offset = offsetof(struct backup, what),
		.is_required = true},
	{.name = "every",
		.load = load_duration,
		.offset = offsetof(struct backup, every_ms),
		.detail = &must_last},
	{.name = "keep",
		.load = load_duration,
		.offset = offsetof(struct backup, keep_ms),
		.detail = &must_last},
	{.name = "by", .load = load_string, .offset = offsetof(struct backup, by)},
	{.name = "scope", .load = load_string, .offset = offsetof(struct backup, scope)},
	{.name = "encrypted", .load = load_flag, .offset = offsetof(struct backup, encrypted)},
	{.name = "immutable", .load = load_flag, .offset = offsetof(struct backup, immutable)},
	{.name = "copies", .load = load_texts, .offset = offsetof(struct backup, copies)},
	{.name = "access", .load = load_string, .offset = offsetof(struct backup, access)},
	{.name = "tested_every",
		.load = load_duration,
		.offset = offsetof(struct backup, tested_every_ms),
		.detail = &must_last},
	{.name = "owner", .load = load_string, .offset = offsetof(struct backup, owner)},
	{.name = "evidence", .load = load_string, .offset = offsetof(struct backup, evidence)},
	{0},
};
static const struct list_detail backup_list = {
	backup_keys, sizeof(struct backup), offsetof(struct runbook, backup_count), backup_init};

static const struct key contact_keys[] = {
	{.name = "role",
		.load = load_string,
		.offset = offsetof(struct contact, role),
		.is_required = true},
	{.name = "who", .load = load_string, .offset = offsetof(struct contact, who)},
	{.name = "how", .load = load_string, .offset = offsetof(struct contact, how)},
	{0},
};
static const struct list_detail contact_list = {
	contact_keys, sizeof(struct contact), offsetof(struct runbook, contact_count), NULL};

static void duty_init(void *item)
{
	((struct duty *)item)->within_ms = ABSENT_MS;
}

static const struct key duty_keys[] = {
	{.name = "what",
		.load = load_string,
		.offset = offsetof(struct duty, what),
		.is_required = true},
	{.name = "within",
		.load = load_duration,
		.offset = offsetof(struct duty, within_ms),
		.detail = &must_last},
	{.name = "owner", .load = load_string, .offset = offsetof(struct duty, owner)},
	{0},
};
static const struct list_detail duty_list = {
	duty_keys, sizeof(struct duty), offsetof(struct runbook, duty_count), duty_init};

static const struct key cadence_keys[] = {
	{.name = "every",
		.load = load_duration,
		.offset = offsetof(struct cadence, every_ms),
		.detail = &must_last,
		.is_required = true},
	{.name = "say",
		.load = load_string,
		.offset = offsetof(struct cadence, say),
		.is_required = true},
	{.name = "owner", .load = load_string, .offset = offsetof(struct cadence, owner)},
	{0},
};
static const struct list_detail cadence_list = {
	cadence_keys, sizeof(struct cadence), offsetof(struct runbook, cadence_count), NULL};

static void load_continuity(
	struct loader *loader, const struct key *key, const struct yaml_node *node, void *field)
{
	static const struct key keys[] = {
		{.name = "roles", .load = load_texts, .offset = offsetof(struct runbook, roles)},
		{.name = "fallback",
			.load = load_string,
			.offset = offsetof(struct runbook, fallback)},
		{.name = "regulatory",
			.load = load_list,
			.offset = offsetof(struct runbook, duties),
			.detail = &duty_list},
		{.name = "reconcile",
			.load = load_texts,
			.offset = offsetof(struct runbook, reconcile)},
		{.name = "cadence",
			.load = load_list,
			.offset = offsetof(struct runbook, cadences),
			.detail = &cadence_list},
		{0},
	};

	(void)field;
	load_map(loader, key->name, node, keys, loader->runbook);
}

static const char *const evidence_kinds[] = {"log", "metric", "screenshot", "command", NULL};
static const struct key evidence_keys[] = {
	{.name = "kind",
		.load = load_word,
		.offset = offsetof(struct evidence_item, kind),
		.detail = evidence_kinds,
		.is_required = true},
	{.name = "what",
		.load = load_string,
		.offset = offsetof(struct evidence_item, what),
		.is_required = true},
	{0},
};
static const struct list_detail evidence_list = {evidence_keys, sizeof(struct evidence_item),
	offsetof(struct runbook, evidence_count), NULL};

// --- all of it ---------------------------------------------------------------------------------------------------------

static const char *const topologies[] = {
	"backup-only", "pilot-light", "warm-standby", "active-active", NULL};

#define TOP(key_name, member, loader, ...)                                                         \
	{                                                                                          \
		.name = key_name, .load = loader, .offset = offsetof(struct runbook, member),      \
		##__VA_ARGS__                                                                      \
	}

static const struct key runbook_keys[] = {
	{.name = "relight", .load = load_version, .is_required = true},
	TOP("name", name, load_name, .is_required = true),
	TOP("title", title, load_string),
	TOP("version", version, load_scalar),
	TOP("owner", owner, load_string),
	TOP("contacts", contacts, load_list, .detail = &contact_list),
	TOP("env", env, load_variable_names),
	TOP("env_file", env_file, load_string),
	{.name = "scope", .load = load_scope},
	TOP("objectives", objectives, load_objectives),
	TOP("functions", functions, load_functions),
	TOP("topology", topology, load_word, .detail = topologies),
	{.name = "validated", .load = load_validated},
	{.name = "trigger", .load = load_trigger},
	TOP("preconditions", preconditions, load_preconditions),
	TOP("state", stores, load_state),
	TOP("backup_policy", backups, load_list, .detail = &backup_list),
	{.name = "continuity", .load = load_continuity},
	TOP("known_gaps", known_gaps, load_texts),
	{.name = "inputs"},
	{.name = "targets"},
	{.name = "restore_points"},
	{.name = "dependencies"},
	{.name = "phases"},
	{.name = "steps", .is_required = true},
	{.name = "abort"},
	TOP("evidence", evidence, load_list, .detail = &evidence_list),
	{0},
};

void header_load(struct loader *loader, const struct yaml_node *root)
{
	struct runbook *runbook = loader->runbook;

	runbook->objectives = (struct objectives){ABSENT_MS, ABSENT_MS, ABSENT_MS};
	runbook->validated.every_ms = ABSENT_MS;
	load_map(loader, "", root, runbook_keys, runbook);
}
