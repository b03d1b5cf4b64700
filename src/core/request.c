// SPDX-License-Identifier: Apache-2.0
#include "relight/request.h"

#include <string.h>

#include "relight/json.h"
#include "relight/memory.h"
#include "relight/scenario.h"
#include "relight/template.h"
#include "request_parts.h"

struct substitution request_values(const struct facts *facts, const struct request_plan *plan)
{
	struct substitution values = *facts->values;
	values.each = facts->runbook->steps[plan->step].each;
	values.attempt = plan->attempt;
	return values;
}

bool request_add_expanded(cJSON *object, const char *key, const char *template,
	const struct substitution *values, struct err *err)
{
	struct buf text = {0};
	bool is_expanded = substitute(template, values, &text, err);
	if (is_expanded)
		json_add_text(object, key, buf_str(&text));
	buf_fini(&text);
	return is_expanded;
}

static bool add_argv(
	cJSON *action, const struct texts *argv, const struct substitution *values, struct err *err)
{
	cJSON *list = cJSON_AddArrayToObject(action, "command");
	struct buf text = {0};
	bool is_expanded = true;
	for (size_t i = 0; is_expanded && i < argv->count; i++) {
		buf_clear(&text);
		is_expanded = substitute(argv->items[i], values, &text, err);
		if (is_expanded)
			json_append_text(list, buf_str(&text));
	}
	buf_fini(&text);
	return is_expanded;
}

static bool add_dir(cJSON *action, const char *base, const char *dir,
	const struct substitution *values, struct err *err)
{
	struct buf path = {0}, expanded = {0};
	bool is_expanded = !dir || substitute(dir, values, &expanded, err);
	const char *below = buf_str(&expanded);
	if (below[0] == '/')
		buf_text(&path, below);
	else
		buf_printf(&path, "%s%s%s", base, below[0] ? "/" : "", below);
	if (is_expanded)
		json_add_text(action, "dir", buf_str(&path));
	buf_fini(&path);
	buf_fini(&expanded);
	return is_expanded;
}

const struct action *request_action_of(const struct facts *facts, const struct request_plan *plan)
{
	const struct step *step = &facts->runbook->steps[plan->step];
	return plan->is_rollback ? &step->rollback : &step->run;
}

// --- each kind of action, in the words of the runbook ---

bool request_add_given(cJSON *object, const char *key, const char *template,
	const struct substitution *values, struct err *err)
{
	return !template || request_add_expanded(object, key, template, values, err);
}

static bool add_pairs(cJSON *object, const char *key, const struct env_pairs *pairs,
	const struct substitution *values, struct err *err)
{
	if (pairs->count == 0)
		return true;
	cJSON *out = cJSON_AddObjectToObject(object, key);
	for (size_t i = 0; i < pairs->count; i++)
		if (!request_add_expanded(
			    out, pairs->items[i].name, pairs->items[i].value, values, err))
			return false;
	return true;
}

// What is run: an argument vector, or a text for a shell, in which nothing is replaced.
static bool add_command(cJSON *out, const struct command *command,
	const struct substitution *values, struct err *err)
{
	if (!command->shell)
		return add_argv(out, &command->argv, values, err);
	json_add_text(out, "shell", command->shell);
	return true;
}

static bool fill_local(cJSON *out, const struct facts *facts, const struct request_plan *plan,
	const struct substitution *values, struct err *err)
{
	const struct command *command = &request_action_of(facts, plan)->command;
	if (plan->argv)
		json_add(out, "command", json_texts(plan->argv));
	else if (!add_command(out, command, values, err))
		return false;
	return add_dir(out, facts->runbook->base, command->dir, values, err) &&
	       add_pairs(out, "env", &command->env, values, err);
}

// The folder is one of the other machine: there is none that it would be relative to.
static bool fill_ssh(cJSON *out, const struct facts *facts, const struct request_plan *plan,
	const struct substitution *values, struct err *err)
{
	const struct command *command = &request_action_of(facts, plan)->command;
	cJSON *ssh = cJSON_AddObjectToObject(out, "ssh");
	json_add_text(ssh, "target", facts->runbook->targets[command->target].id);
	return add_command(ssh, command, values, err) &&
	       request_add_given(out, "dir", command->dir, values, err) &&
	       add_pairs(out, "env", &command->env, values, err);
}

static bool fill_http(cJSON *out, const struct facts *facts, const struct request_plan *plan,
	const struct substitution *values, struct err *err)
{
	const struct http_check *of = &request_action_of(facts, plan)->http;
	cJSON *http = cJSON_AddObjectToObject(out, "http");
	json_add_text(http, "method", of->method ? of->method : "GET");
	return request_add_given(http, "url", of->url, values, err) &&
	       add_pairs(http, "headers", &of->headers, values, err) &&
	       request_add_given(http, "body", of->body, values, err) &&
	       request_add_given(http, "ca", of->ca, values, err) &&
	       request_add_given(http, "connect_to", of->connect_to, values, err);
}

static bool fill_use(cJSON *out, const struct facts *facts, const struct request_plan *plan,
	const struct substitution *values, struct err *err)
{
	const struct use *use = &request_action_of(facts, plan)->use;
	json_add_text(out, "use", use->name);
	return add_pairs(out, "with", &use->with, values, err);
}

static request_filler *const fillers[ACTION_KINDS] = {
	[ACTION_COMMAND] = fill_local,
	[ACTION_SHELL] = fill_local,
	[ACTION_SSH] = fill_ssh,
	[ACTION_HTTP] = fill_http,
	[ACTION_KUBERNETES] = request_fill_kubernetes,
	[ACTION_USE] = fill_use,
};

cJSON *request_action(const struct facts *facts, const struct request_plan *plan, struct err *err)
{
	cJSON *action = json_object();
	struct substitution values = request_values(facts, plan);
	request_filler *fill = fillers[request_action_of(facts, plan)->kind];
	if (!fill || fill(action, facts, plan, &values, err))
		return action;
	err_prefix(err, "%s", facts->runbook->steps[plan->step].id);
	cJSON_Delete(action);
	return NULL;
}

// --- for the actuator ---

// Declared secrets travel beside the action, so that the actuator can mask them in the output.
static void add_inputs(cJSON *request, const struct facts *facts, bool is_shell)
{
	cJSON *env = (cJSON *)json_get(request, "env");
	cJSON *secrets = cJSON_CreateArray();
	struct buf name = {0};
	for (size_t i = 0; i < facts->runbook->input_count; i++) {
		const struct input *input = &facts->runbook->inputs[i];
		const char *value = facts->values->inputs[i];
		if (!value)
			continue;
		buf_clear(&name);
		template_input_name(input->id, &name);
		if (is_shell)
			json_add_text(env, buf_str(&name), value);
		if (input->secret) {
			cJSON *secret = json_object();
			json_add_text(secret, "name", input->id);
			json_add_text(secret, "value", value);
			cJSON_AddItemToArray(secrets, secret);
		}
	}
	buf_fini(&name);
	json_add(request, "secrets", secrets);
}

static void add_expectation(cJSON *request, const struct expectation *expect)
{
	cJSON *out = cJSON_AddObjectToObject(request, "expect");
	json_add_int(out, "exit", expect->exit);
	json_add_text(out, "contains", expect->contains);
	json_add_text(out, "matches", expect->matches);
	json_add_text(out, "jq", expect->jq.text);
}

static void add_limits(cJSON *request, const struct step *step)
{
	if (step->timeout_ms != ABSENT_MS)
		json_add_int(request, "timeout_ms", step->timeout_ms);
	json_add_int(request, "signal", step->stop_signal);
	json_add_int(request, "grace_ms", step->grace_ms);
}

void request_script(const struct runbook *runbook, const struct action *action, struct buf *path)
{
	const char *program = action->kind == ACTION_COMMAND && action->command.argv.count > 0
				      ? action->command.argv.items[0]
				      : "";
	const char *dir = action->command.dir ? action->command.dir : "";
	if (!strchr(program, '/') || strstr(program, "${") || strstr(dir, "${"))
		return;
	if (program[0] != '/' && dir[0] != '/')
		buf_printf(path, "%s/", runbook->base);
	if (program[0] != '/' && dir[0])
		buf_printf(path, "%s/", dir);
	buf_text(path, program[0] == '.' && program[1] == '/' ? program + 2 : program);
}

// The script that the action runs, with the hash that it must have. A person who has acknowledged
// the failure over it lets it pass.
static void add_script(cJSON *request, const struct facts *facts, const struct request_plan *plan)
{
	struct buf path = {0};
	request_script(facts->runbook, request_action_of(facts, plan), &path);
	for (size_t i = 0; path.length && !plan->argv && i < facts->state->script_count; i++) {
		const struct script *script = &facts->state->scripts[i];
		if (strcmp(script->path, buf_str(&path)) != 0 ||
			facts->state->steps[plan->step].is_acknowledged)
			continue;
		cJSON *list = cJSON_AddArrayToObject(request, "scripts"), *one = json_object();
		json_add_text(one, "path", script->path);
		json_add_text(one, "sha256", script->sha256);
		cJSON_AddItemToArray(list, one);
	}
	buf_fini(&path);
}

// Relative to the runbook's folder; the actuator knows what `~/` is.
static void add_env_file(cJSON *request, const struct runbook *runbook)
{
	const char *file = runbook->env_file;
	struct buf path = {0};
	if (!file)
		return;
	if (file[0] != '/' && strncmp(file, "~/", 2) != 0)
		buf_printf(&path, "%s/", runbook->base);
	buf_text(&path, file);
	json_add_text(request, "env_file", buf_str(&path));
	buf_fini(&path);
}

static void add_learning(cJSON *request, const struct runbook *runbook, const struct step *step)
{
	cJSON *sets = cJSON_CreateArray(), *hints = cJSON_CreateArray();
	for (size_t i = 0; i < step->set_count; i++) {
		if (!step->sets[i].jq.text)
			continue;
		cJSON *set = json_object();
		json_add_text(set, "input", runbook->inputs[step->sets[i].input].id);
		json_add_text(set, "jq", step->sets[i].jq.text);
		cJSON_AddItemToArray(sets, set);
	}
	for (size_t i = 0; i < step->hint_count; i++) {
		cJSON *hint = json_object();
		json_add_text(hint, "match", step->hints[i].match);
		json_add_text(hint, "say", step->hints[i].say);
		cJSON_AddItemToArray(hints, hint);
	}
	json_add(request, "sets", sets);
	json_add(request, "hints", hints);
}

static void add_simulation(
	cJSON *request, const struct facts *facts, const struct request_plan *plan)
{
	struct scenario_attempt attempt =
		scenario_attempt(facts->scenario, plan->step, plan->attempt, plan->is_rollback);
	cJSON *action = cJSON_AddObjectToObject(request, "action");
	cJSON *simulate = cJSON_AddObjectToObject(action, "simulate");
	json_add_int(simulate, "takes_ms", (int64_t)((double)attempt.takes_ms / facts->speed));
	json_add_int(simulate, "exit", attempt.exit);
	json_add_text(simulate, "output", attempt.output);
}

// The actuator measures real time; simulated limits pass `speed` times as fast.
static void scale_limits(cJSON *request, double speed)
{
	static const char *const keys[] = {"timeout_ms", "grace_ms"};
	for (size_t i = 0; i < 2; i++) {
		cJSON *limit = (cJSON *)json_get(request, keys[i]);
		if (limit)
			cJSON_SetNumberValue(
				limit, limit->valuedouble / speed < 1
					       ? 1
					       : (double)(int64_t)(limit->valuedouble / speed));
	}
}

// The parts of the action that the actuator takes beside it: its folder and its environment.
static void lift(cJSON *request, cJSON *action, const char *key)
{
	cJSON *part = cJSON_DetachItemFromObjectCaseSensitive(action, key);
	if (part)
		json_add(request, key, part);
}

// A rehearsal plays every kind.
static bool can_perform(const struct facts *facts, const struct action *action)
{
	return facts->scenario || !action_unbuilt(action);
}

cJSON *request_new(const struct facts *facts, const struct request_plan *plan, struct err *err)
{
	const struct step *step = &facts->runbook->steps[plan->step];
	const struct action *of = request_action_of(facts, plan);
	if (!can_perform(facts, of)) {
		err_set(err, "%s: action %s: not built yet; do it by hand (b)", step->id,
			action_kind_word(of->kind));
		return NULL;
	}
	cJSON *action = request_action(facts, plan, err);
	if (!action)
		return NULL;
	cJSON *request = json_object();
	json_add_text(request, "step", step->id);
	json_add_int(request, "attempt", plan->attempt);
	json_add_text(request, "role", event_role_word(plan->is_rollback));
	lift(request, action, "dir");
	lift(request, action, "env");
	if (!json_get(request, "env"))
		cJSON_AddObjectToObject(request, "env");
	add_inputs(request, facts, of->kind == ACTION_SHELL && !plan->argv);
	add_limits(request, step);
	add_learning(request, facts->runbook, step);
	if (facts->scenario) {
		cJSON_Delete(action);
		add_simulation(request, facts, plan);
		scale_limits(request, facts->speed);
		return request;
	}
	json_add(request, "action", action);
	add_env_file(request, facts->runbook);
	add_script(request, facts, plan);
	add_expectation(request, &of->expect);
	if (of->kind != ACTION_KUBERNETES || request_add_cluster(request, facts, plan, err))
		return request;
	cJSON_Delete(request);
	return NULL;
}
