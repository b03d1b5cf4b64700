// SPDX-License-Identifier: Apache-2.0
#include "check_live.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "load.h"
#include "relight/file.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "relight/pin.h"
#include "relight/plan.h"
#include "relight/request.h"
#include "relight/sensed.h"
#include "relight/state.h"
#include "relight/substitute.h"

#define QUESTION_MS    30000
#define LINES_MOST     (8u << 20) // of the sensor
#define HTTP_NOT_FOUND 404

extern char **environ;

struct asking {
	const struct check_live *check;
	struct diags *diags;
	struct buf *found;
	struct facts facts;
	struct plan *plan;
	struct state *state;
	struct substitution values;
	cJSON **clusters; // by target index: who answered, NULL: nobody
};

// --- the roles ---------------------------------------------------------------------------------------------------------

static bool start(const char *const *argv, int ends[2][2], pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[0][0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, ends[1][1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	int errnum =
		posix_spawn(pid, load_executable(), &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return errnum == 0;
}

// Reads to the end; what is over `most_bytes` is dropped.
static void read_all(int fd, size_t most_bytes, struct buf *out)
{
	char bytes[16384];
	ssize_t n;
	while ((n = read(fd, bytes, sizeof bytes)) > 0 || (n < 0 && errno == EINTR))
		if (n > 0 && out->length + (size_t)n <= most_bytes)
			buf_add(out, bytes, (size_t)n);
}

// One of relight's roles, with these words on its standard input. Secrets travel there, never in an
// argument. False when it cannot be started.
static bool run_role(const char *const *argv, const struct buf *words, struct buf *out)
{
	int ends[2][2] = {{-1, -1}, {-1, -1}};
	pid_t pid = -1;
	bool is_started = pipe2(ends[0], O_CLOEXEC) == 0 && pipe2(ends[1], O_CLOEXEC) == 0 &&
			  start(argv, ends, &pid);
	close(ends[0][0]);
	close(ends[1][1]);
	if (is_started)
		file_write(ends[0][1], words->data, words->length, NULL);
	close(ends[0][1]);
	if (is_started)
		read_all(ends[1][0], LINES_MOST, out);
	close(ends[1][0]);
	while (is_started && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return is_started;
}

// Performs a request's dry run. What the actuator says of it, or NULL; what it printed is appended
// to `output`. The caller frees.
static cJSON *perform(cJSON *request, struct buf *output)
{
	static const char *const argv[] = {"relight", "perform", "--dry-run", NULL};
	struct buf line = {0}, said = {0};
	cJSON *result = NULL;
	json_add_bool(request, "dry_run", true);
	json_add_int(request, "timeout_ms", QUESTION_MS);
	json_write(&line, request);
	buf_byte(&line, '\n');
	if (run_role(argv, &line, &said))
		result = json_parse(buf_str(&said), said.length, NULL);
	json_each (text, json_get(result, "lines"))
		buf_printf(output, "%s\n", text->valuestring);
	buf_wipe(&line);
	buf_fini(&said);
	return result;
}

static bool succeeded(const cJSON *result)
{
	const char *outcome = json_text(result, "outcome");
	return outcome && strcmp(outcome, "success") == 0;
}

static const char *why_of(const cJSON *result)
{
	const char *why = json_text(result, "why"), *outcome = json_text(result, "outcome");
	if (outcome && strcmp(outcome, "timeout") == 0)
		return "no answer in time";
	return why ? why : "relight perform left no result";
}

// What is told of something begins with its name where it stands alone.
static const char *without_name(const char *words, const char *name)
{
	size_t length = strlen(name);
	return strncmp(words, name, length) == 0 && strncmp(words + length, ": ", 2) == 0
		       ? words + length + 2
		       : words;
}

// --- targets -----------------------------------------------------------------------------------------------------------

static void say_unreached(struct asking *asking, const struct target *target, const char *why)
{
	why = without_name(why, target->id);
	// A cluster that a step makes need not be there yet.
	if (target->created_by >= 0)
		diag_warning(asking->diags, target->place.line, target->place.column,
			"target-missing", "target %s: %s; step %s makes it", target->id, why,
			asking->check->runbook->steps[target->created_by].id);
	else
		diag_error(asking->diags, target->place.line, target->place.column,
			"target-unreachable", "target %s: %s", target->id, why);
}

static void ask_target(struct asking *asking, int index)
{
	const struct target *target = &asking->check->runbook->targets[index];
	struct buf output = {0};
	struct err err = {0};
	cJSON *cluster = request_cluster(&asking->facts, index, &asking->values, &err);
	if (!cluster) {
		diag_warning(asking->diags, target->place.line, target->place.column, "not-asked",
			"target %s: not asked: %s", target->id, err.message);
		return;
	}
	cJSON *request = json_object();
	cJSON *action = cJSON_AddObjectToObject(request, "action");
	json_add_text(cJSON_AddObjectToObject(action, "kubernetes"), "target", target->id);
	json_add(request, "cluster", cluster);
	cJSON *result = perform(request, &output);
	if (succeeded(result)) {
		asking->clusters[index] =
			cJSON_DetachItemFromObjectCaseSensitive(result, "cluster");
		buf_printf(asking->found, "target %s", buf_str(&output));
	} else {
		say_unreached(asking, target, why_of(result));
	}
	cJSON_Delete(result);
	cJSON_Delete(request);
	buf_fini(&output);
}

// As arming judges it: a copy of a cluster's storage has its UID, and is another one.
static bool is_same_cluster(const cJSON *a, const cJSON *b)
{
	char *one = pin_text(json_get(a, "fingerprint")),
	     *other = pin_text(json_get(b, "fingerprint"));
	bool is_same = a && b && pin_is_same(one, other);

	free(one);
	free(other);
	return is_same;
}

// Arming would be refused.
static void compare_targets(struct asking *asking, int source)
{
	const struct runbook *runbook = asking->check->runbook;
	const struct target *of = &runbook->targets[source];
	for (size_t t = 0; of->role == TARGET_SOURCE && t < runbook->target_count; t++)
		if (runbook->targets[t].role == TARGET_RECOVERY &&
			is_same_cluster(asking->clusters[source], asking->clusters[t]))
			diag_error(asking->diags, of->place.line, of->place.column, "same-cluster",
				"targets %s (source) and %s (recovery) are the same cluster",
				of->id, runbook->targets[t].id);
}

static void ask_targets(struct asking *asking)
{
	const struct runbook *runbook = asking->check->runbook;
	for (size_t t = 0; t < runbook->target_count; t++)
		if (!runbook->targets[t].is_ssh)
			ask_target(asking, (int)t);
	for (size_t t = 0; t < runbook->target_count; t++)
		compare_targets(asking, (int)t);
}

// --- actions -----------------------------------------------------------------------------------------------------------

// What is not there yet may come with the steps before; everything else would be refused then, too.
static void judge(struct asking *asking, const struct action *action, const char *what,
	const cJSON *result, const struct buf *output)
{
	const struct place *place = &action->place;
	if (succeeded(result)) {
		char *lines = memory_copy_text(buf_str(output)), *rest = NULL;
		strtok_r(lines, "\n", &rest); // who answered is said once
		for (char *line = strtok_r(NULL, "\n", &rest); line;
			line = strtok_r(NULL, "\n", &rest))
			buf_printf(asking->found, "%s: %s\n", what, line);
		free(lines);
	} else if (json_int(result, "http_status", 0) == HTTP_NOT_FOUND) {
		diag_warning(asking->diags, place->line, place->column, "not-there",
			"%s: not there yet: %s", what, why_of(result));
	} else {
		diag_error(asking->diags, place->line, place->column, "dry-run", "%s: %s", what,
			why_of(result));
	}
}

static void try_action(
	struct asking *asking, const struct request_plan *plan, const struct action *action)
{
	const struct step *step = &asking->check->runbook->steps[plan->step];
	struct buf what = {0}, output = {0};
	struct err err = {0};
	buf_printf(&what, "%s %s", plan->is_rollback ? "rollback of" : "step", step->id);
	cJSON *request = request_new(&asking->facts, plan, &err);
	if (!request) {
		diag_warning(asking->diags, action->place.line, action->place.column, "not-asked",
			"%s: not tried: %s", buf_str(&what), without_name(err.message, step->id));
	} else {
		cJSON_DeleteItemFromObjectCaseSensitive(request, "timeout_ms");
		cJSON *result = perform(request, &output);
		judge(asking, action, buf_str(&what), result, &output);
		cJSON_Delete(result);
	}
	cJSON_Delete(request);
	buf_fini(&what);
	buf_fini(&output);
}

static void try_step(struct asking *asking, int index)
{
	const struct step *step = &asking->check->runbook->steps[index];
	for (int is_rollback = 0; is_rollback < 2; is_rollback++) {
		const struct action *action = is_rollback ? &step->rollback : &step->run;
		struct request_plan plan = {
			.step = index, .attempt = 1, .is_rollback = is_rollback};
		// What does not answer, or was not asked, has been told of.
		if (action->kind == ACTION_KUBERNETES &&
			asking->clusters[action->kubernetes.target])
			try_action(asking, &plan, action);
	}
}

// --- dependencies ------------------------------------------------------------------------------------------------------

static bool asks_for_a_right(const struct dependency *dependency)
{
	for (size_t i = 0; i < dependency->check_count; i++)
		if (dependency->checks[i].kind == CHECK_KUBERNETES &&
			dependency->checks[i].kubernetes.question == KUBERNETES_CAN_I)
			return true;
	return false;
}

static bool is_for_a_person(const struct dependency *dependency)
{
	return dependency->checks[0].kind == CHECK_MANUAL;
}

// Rights, and what no step restores: that must be there before anything begins.
static bool is_asked(const struct dependency *dependency)
{
	return !dependency_unbuilt(dependency) && !is_for_a_person(dependency) &&
	       (asks_for_a_right(dependency) || dependency->restored_by.count == 0);
}

static void judge_observation(struct asking *asking, const cJSON *line)
{
	const struct runbook *runbook = asking->check->runbook;
	int index = runbook_dependency(runbook, json_text(line, "dependency"));
	const char *status = json_text(line, "status"), *message = json_text(line, "message");
	if (index < 0 || !status)
		return;
	const struct dependency *of = &runbook->dependencies[index];
	const char *words = message ? message : "";
	char still[DURATION_TEXT_BYTES] = "";
	int64_t still_ms = sensed_progressed_ms(line);
	if (still_ms >= 0)
		duration_short(still_ms, still);
	if (strcmp(status, status_word(STATUS_HEALTHY)) == 0)
		buf_printf(asking->found, "dependency %s: %s\n", of->id, words);
	else if (asks_for_a_right(of) && strcmp(status, status_word(STATUS_DEGRADED)) == 0)
		diag_error(asking->diags, of->place.line, of->place.column, "no-right",
			"dependency %s: %s", of->id, words);
	else
		diag_warning(asking->diags, of->place.line, of->place.column, "not-healthy",
			"dependency %s: %s%s%s: %s", of->id, status,
			still[0] ? ", no progress for " : "", still, words);
}

static void judge_lines(struct asking *asking, struct buf *lines)
{
	char *rest = NULL;
	for (char *text = lines->length ? strtok_r(lines->data, "\n", &rest) : NULL; text;
		text = strtok_r(NULL, "\n", &rest)) {
		cJSON *line = json_parse(text, strlen(text), NULL);
		const char *type = json_text(line, "type");
		if (type && strcmp(type, "observation") == 0)
			judge_observation(asking, line);
		cJSON_Delete(line);
	}
}

static void add_configuration(const struct asking *asking, struct buf *line)
{
	const struct runbook *runbook = asking->check->runbook;
	cJSON *configuration = json_object();
	cJSON *inputs = cJSON_AddObjectToObject(configuration, "inputs");
	cJSON *env = cJSON_AddObjectToObject(configuration, "env");
	for (size_t i = 0; i < runbook->input_count; i++)
		json_add_text(inputs, runbook->inputs[i].id, asking->check->inputs[i]);
	for (size_t i = 0; i < runbook->env.count; i++)
		json_add_text(env, runbook->env.items[i], getenv(runbook->env.items[i]));
	json_write(line, configuration);
	buf_byte(line, '\n');
	cJSON_Delete(configuration);
}

static void ask_dependencies(struct asking *asking)
{
	const struct runbook *runbook = asking->check->runbook;
	struct buf ids = {0}, line = {0}, lines = {0};
	for (size_t d = 0; d < runbook->dependency_count; d++)
		if (is_asked(&runbook->dependencies[d]))
			buf_printf(
				&ids, "%s%s", ids.length ? "," : "", runbook->dependencies[d].id);
	const char *const argv[] = {"relight", "probe", "--once", "--configured", "--only",
		buf_str(&ids), asking->check->path, NULL};
	add_configuration(asking, &line);
	if (ids.length > 0 && strcmp(asking->check->path, "-") != 0 &&
		run_role(argv, &line, &lines))
		judge_lines(asking, &lines);
	buf_fini(&ids);
	buf_wipe(&line);
	buf_fini(&lines);
}

// --- all of it ---------------------------------------------------------------------------------------------------------

static void say_unbuilt(struct asking *asking, const char *what, const char *id,
	const char *feature, struct place place)
{
	if (feature)
		diag_error(asking->diags, place.line, place.column, "not-built",
			"%s %s: %s: not built yet", what, id, feature);
}

static void find_unbuilt(struct asking *asking)
{
	const struct runbook *runbook = asking->check->runbook;
	for (size_t i = 0; i < runbook->step_count; i++) {
		const struct step *step = &runbook->steps[i];
		say_unbuilt(asking, "step", step->id, step_unbuilt(step), step->place);
	}
	for (size_t i = 0; i < runbook->dependency_count; i++) {
		const struct dependency *of = &runbook->dependencies[i];
		say_unbuilt(asking, "dependency", of->id, dependency_unbuilt(of), of->place);
	}
	for (size_t i = 0; i < runbook->input_count; i++) {
		const struct input *of = &runbook->inputs[i];
		say_unbuilt(asking, "input", of->id, input_unbuilt(of), of->place);
	}
}

static const char *environment(void *context, const char *name)
{
	(void)context;
	return getenv(name);
}

static void begin(struct asking *asking)
{
	const struct check_live *check = asking->check;
	asking->plan = plan_new(check->runbook);
	asking->state = state_new(check->runbook, asking->plan);
	asking->values = (struct substitution){
		.runbook = check->runbook,
		.inputs = check->inputs,
		.env = environment,
		.incident = "preflight",
	};
	asking->facts = (struct facts){
		.runbook = check->runbook,
		.plan = asking->plan,
		.state = asking->state,
		.values = &asking->values,
		.speed = 1,
	};
	asking->clusters =
		memory_zeroed(check->runbook->target_count + 1, sizeof *asking->clusters);
}

static void end(struct asking *asking)
{
	for (size_t t = 0; t < asking->check->runbook->target_count; t++)
		cJSON_Delete(asking->clusters[t]);
	free(asking->clusters);
	state_free(asking->state);
	plan_free(asking->plan);
}

void check_live(const struct check_live *check, struct diags *diags, struct buf *found)
{
	struct asking asking = {.check = check, .diags = diags, .found = found};
	signal(SIGPIPE, SIG_IGN);
	begin(&asking);
	find_unbuilt(&asking);
	ask_targets(&asking);
	for (size_t s = 0; s < check->runbook->step_count; s++)
		try_step(&asking, (int)s);
	ask_dependencies(&asking);
	end(&asking);
}
