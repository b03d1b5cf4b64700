// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "relight/json.h"
#include "relight/kubeapi.h"
#include "relight/manifest.h"
#include "relight/memory.h"
#include "request_parts.h"

// Actions on a cluster. What they do is told in the words of the runbook, objects that stand in it
// included; files are only named, because they are large and frozen: the actuator reads them.

// --- what it does --------------------------------------------------------------------------------------------------------

static bool expand(void *context, const char *text, struct buf *out, struct err *err)
{
	return substitute(text, context, out, err);
}

static cJSON *tree_value(const struct facts *facts, const struct yaml_node *node,
	const struct substitution *values, struct err *err)
{
	struct err ignored;
	cJSON *value = manifest_value(
		node, facts->runbook->file, expand, (void *)values, err ? err : &ignored);

	// A text inside the runbook has lines of its own: its places would mislead.
	if (!value && err)
		err->place[0] = '\0';
	return value;
}

static cJSON *source_value(const struct facts *facts, const struct manifest_source *source,
	const struct substitution *values, struct err *err)
{
	struct buf path = {0};
	cJSON *value = NULL;

	if (source->object)
		return tree_value(facts, source->object, values, err);
	if (substitute(source->path, values, &path, err))
		value = cJSON_CreateString(buf_str(&path));
	buf_fini(&path);
	return value;
}

// One source stands for itself, several are a list.
static bool fill_sources(cJSON *out, const struct facts *facts, const struct kubernetes_action *of,
	const struct substitution *values, struct err *err)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < of->source_count; i++) {
		cJSON *value = source_value(facts, &of->sources[i], values, err);
		if (!value) {
			cJSON_Delete(list);
			return false;
		}
		cJSON_AddItemToArray(list, value);
	}
	if (of->source_count == 1) {
		json_add(out, of->verb, cJSON_DetachItemFromArray(list, 0));
		cJSON_Delete(list);
	} else {
		json_add(out, of->verb, list);
	}
	if (of->force)
		json_add_bool(out, "force", true);
	return request_add_given(out, "namespace", of->namespace, values, err);
}

static bool fill_body(cJSON *what, const struct facts *facts, const struct yaml_node *body,
	const struct substitution *values, struct err *err)
{
	cJSON *value;

	if (!body || body->type == YAML_STRING)
		return request_add_given(what, "body", body ? body->text : NULL, values, err);
	value = tree_value(facts, body, values, err);
	json_add(what, "body", value);
	return value != NULL;
}

static bool fill_preconditions(cJSON *what, const struct kubernetes_action *of,
	const struct substitution *values, struct err *err)
{
	if (!of->uid && !of->resource_version)
		return true;
	cJSON *preconditions = cJSON_AddObjectToObject(what, "preconditions");
	return request_add_given(preconditions, "uid", of->uid, values, err) &&
	       request_add_given(
		       preconditions, "resource_version", of->resource_version, values, err);
}

// Of what names none itself.
static const char *default_namespace(const struct facts *facts, int target, const char **from)
{
	const char *own = facts->runbook->targets[target].namespace;

	*from = own ? "the target's" : "the kubeconfig's";
	return own ? own : sensed_namespace(facts->sensed, target);
}

// What the sensor has told is no template.
static bool add_default_namespace(cJSON *object, const struct facts *facts, int target,
	const struct substitution *values, struct err *err)
{
	const char *from, *namespace = default_namespace(facts, target, &from);

	if (facts->runbook->targets[target].namespace)
		return request_add_expanded(object, "namespace", namespace, values, err);
	json_add_text(object, "namespace", namespace);
	return true;
}

bool request_namespace(const struct facts *facts, const struct request_plan *plan, struct buf *out,
	const char **from)
{
	const struct action *action = request_action_of(facts, plan);
	const struct kubernetes_action *of = &action->kubernetes;
	struct substitution values = request_values(facts, plan);
	struct err ignored;

	if (action->kind != ACTION_KUBERNETES ||
		(!of->namespace && of->resource && kubeapi_is_cluster_wide(of->resource)))
		return false;
	const char *namespace = default_namespace(facts, of->target, from);
	bool is_template = of->namespace || facts->runbook->targets[of->target].namespace;
	if (of->namespace) {
		*from = "the step's";
		namespace = of->namespace;
	}
	if (!namespace)
		return false;
	if (is_template)
		return substitute(namespace, &values, out, &ignored);
	buf_text(out, namespace);
	return true;
}

static bool fill_object(cJSON *what, const struct facts *facts, const struct kubernetes_action *of,
	const struct substitution *values, struct err *err)
{
	const struct {
		const char *key, *template;
	} texts[] = {
		{"resource", of->resource},
		{"namespace", of->namespace},
		{"name", of->name},
		{"selector", of->selector},
		{"replicas", of->replicas},
		{"subresource", of->subresource},
		{"type", of->patch_type},
		{"propagation", of->propagation},
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (!request_add_given(what, texts[i].key, texts[i].template, values, err))
			return false;
	// What was shown is what is done, whatever the kubeconfig says by then.
	if (!of->namespace && !kubeapi_is_cluster_wide(of->resource) &&
		!add_default_namespace(what, facts, of->target, values, err))
		return false;
	if (of->grace_period_ms != ABSENT_MS)
		json_add_int(what, "grace_period_s", of->grace_period_ms / MS_PER_S);
	return fill_preconditions(what, of, values, err) &&
	       fill_body(what, facts, of->body, values, err);
}

bool request_fill_kubernetes(cJSON *out, const struct facts *facts, const struct request_plan *plan,
	const struct substitution *values, struct err *err)
{
	const struct kubernetes_action *of = &request_action_of(facts, plan)->kubernetes;
	cJSON *kubernetes = cJSON_AddObjectToObject(out, "kubernetes");

	json_add_text(kubernetes, "target", facts->runbook->targets[of->target].id);
	if (of->source_count > 0)
		return fill_sources(kubernetes, facts, of, values, err);
	if (of->force)
		json_add_bool(kubernetes, "force", true);
	return fill_object(cJSON_AddObjectToObject(kubernetes, of->verb), facts, of, values, err);
}

// --- on which cluster ----------------------------------------------------------------------------------------------------

// Relative to the runbook's folder; the actuator knows what `~/` is.
static void add_path(struct buf *path, const char *base, const char *text)
{
	if (text[0] != '/' && strncmp(text, "~/", 2) != 0)
		buf_printf(path, "%s/", base);
	buf_text(path, text);
}

static bool add_kubeconfig(cJSON *cluster, const struct runbook *runbook,
	const struct target *target, const struct substitution *values, struct err *err)
{
	struct buf text = {0}, path = {0};
	bool is_known = !target->kubeconfig || substitute(target->kubeconfig, values, &text, err);

	if (is_known && target->kubeconfig) {
		add_path(&path, runbook->base, buf_str(&text));
		json_add_text(cluster, "kubeconfig", buf_str(&path));
	}
	buf_fini(&text);
	buf_fini(&path);
	return is_known;
}

// What the target was pinned by, and the UID that the runbook wants, where only that is known.
static void add_pin(cJSON *cluster, const struct facts *facts, int target)
{
	const struct pin *pin = &facts->state->pins[target];
	const char *wanted = facts->runbook->targets[target].uid;
	struct buf text = {0};

	if (pin->is_pinned)
		buf_text(&text, pin->fingerprint);
	else if (wanted)
		buf_printf(&text, "uid %s", wanted);
	if (text.length)
		json_add_text(cluster, "pin", buf_str(&text));
	buf_fini(&text);
}

// --- which files ---------------------------------------------------------------------------------------------------------

bool request_manifest_path(const struct runbook *runbook, const struct manifest_source *source,
	const struct substitution *values, struct buf *path, struct err *err)
{
	struct buf text = {0};
	bool is_known = source->path && substitute(source->path, values, &text, err);

	if (is_known)
		add_path(path, runbook->base, buf_str(&text));
	// A folder is the same with and without its last slash.
	while (path->length > 1 && path->data[path->length - 1] == '/')
		path->data[--path->length] = '\0';
	buf_fini(&text);
	return is_known;
}

static void add_file(cJSON *list, const char *named, const char *path)
{
	cJSON *file = json_object();

	json_add_text(file, "named", named);
	json_add_text(file, "path", path);
	cJSON_AddItemToArray(list, file);
}

static bool add_files(cJSON *request, const struct facts *facts, const struct kubernetes_action *of,
	const struct substitution *values, struct err *err)
{
	cJSON *list = cJSON_CreateArray();
	struct buf named = {0}, path = {0};
	bool is_known = true;

	for (size_t i = 0; is_known && i < of->source_count; i++) {
		if (!of->sources[i].path)
			continue;
		buf_clear(&named);
		buf_clear(&path);
		is_known =
			substitute(of->sources[i].path, values, &named, err) &&
			request_manifest_path(facts->runbook, &of->sources[i], values, &path, err);
		if (is_known)
			add_file(list, buf_str(&named), buf_str(&path));
	}
	buf_fini(&named);
	buf_fini(&path);
	json_add(request, "files", list);
	if (facts->state->applied_sha256[0])
		json_add_text(request, "applied_sha256", facts->state->applied_sha256);
	return is_known;
}

cJSON *request_cluster(
	const struct facts *facts, int target, const struct substitution *values, struct err *err)
{
	const struct target *of = &facts->runbook->targets[target];
	cJSON *cluster = json_object();

	if (!add_kubeconfig(cluster, facts->runbook, of, values, err) ||
		!request_add_given(cluster, "context", of->context, values, err) ||
		!add_default_namespace(cluster, facts, target, values, err)) {
		cJSON_Delete(cluster);
		return NULL;
	}
	add_pin(cluster, facts, target);
	return cluster;
}

bool request_add_cluster(
	cJSON *request, const struct facts *facts, const struct request_plan *plan, struct err *err)
{
	const struct kubernetes_action *of = &request_action_of(facts, plan)->kubernetes;
	struct substitution values = request_values(facts, plan);
	cJSON *cluster = request_cluster(facts, of->target, &values, err);

	json_add(request, "cluster", cluster);
	json_add_text(request, "incident", values.incident);
	if (cluster && add_files(request, facts, of, &values, err))
		return true;
	return err_prefix(err, "%s", facts->runbook->steps[plan->step].id);
}

// --- what is secret in it ------------------------------------------------------------------------------------------------

static bool patches_a_secret(const cJSON *patch)
{
	const char *resource = json_text(patch, "resource");

	return resource && manifest_is_secret_resource(resource);
}

// Calls back for what an action writes: each object, and the body of a patch to a Secret.
static void each_secret_part(cJSON *action, void (*object)(cJSON *, struct mask *),
	void (*body)(cJSON *, struct mask *), struct mask *mask)
{
	static const char *const verbs[] = {"apply", "create"};
	const cJSON *kubernetes = json_get(action, "kubernetes");
	const cJSON *patch = json_get(kubernetes, "patch");

	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		const cJSON *what = json_get(kubernetes, verbs[i]);
		if (cJSON_IsObject(what))
			object((cJSON *)what, mask);
		else if (cJSON_IsArray(what))
			json_each (one, what)
				object((cJSON *)one, mask);
	}
	if (patches_a_secret(patch) && json_get(patch, "body"))
		body((cJSON *)json_get(patch, "body"), mask);
}

static void redact_object(cJSON *object, struct mask *unused)
{
	(void)unused;
	manifest_redact(object);
}

static void redact_body(cJSON *body, struct mask *unused)
{
	(void)unused;
	manifest_redact_patch(body);
}

void request_redact(cJSON *action)
{
	each_secret_part(action, redact_object, redact_body, NULL);
}

static void declare_object(cJSON *object, struct mask *mask)
{
	manifest_declare_secrets(object, mask);
}

static void declare_body(cJSON *body, struct mask *mask)
{
	manifest_declare_patch(body, mask);
}

void request_declare_secrets(const cJSON *action, struct mask *mask)
{
	each_secret_part((cJSON *)action, declare_object, declare_body, mask);
}
