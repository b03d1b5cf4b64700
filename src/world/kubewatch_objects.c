// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "kubewatch_parts.h"
#include "relight/clock.h"
#include "relight/health.h"
#include "relight/json.h"
#include "relight/memory.h"

#undef uthash_fatal
#define uthash_fatal(message) memory_exhausted()

// The verdicts on the objects of a watch. An object itself is gone once it has been judged.

#define JUDGE_TIMEOUT_MS 5000

static bool is_one(const struct kubewatch *watch)
{
	return watch->scope.object != NULL;
}

bool kubewatch_needs_metadata_only(const struct kubewatch *watch)
{
	bool is_secret = kubeapi_is_secret(&watch->type);

	for (size_t i = 0; i < watch->view_count && !is_secret; i++)
		if (watch->views[i]->aim != KUBEWATCH_NAMES)
			return false;
	return true;
}

// --- verdicts ---

static void forget_question(struct kubeverdict *verdict)
{
	const struct kubewatch_config *config = &verdict->view->watch->config;

	if (!verdict->judge_ticket && !verdict->jq_ticket)
		return;
	judge_cancel(config->judge, verdict->judge_ticket);
	if (verdict->jq_ticket)
		jq_cancel(config->jq, verdict->jq_ticket);
	verdict->judge_ticket = verdict->jq_ticket = 0;
	verdict->view->watch->waiting--;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static void replace_text(char **text, const char *with)
{
	if (same_text(*text, with))
		return;
	free(*text);
	*text = memory_copy_text(with);
}

static void set_status(struct kubeverdict *verdict, enum status status)
{
	if (verdict->is_judged)
		verdict->view->counts[verdict->status]--;
	verdict->view->counts[status]++;
	verdict->is_judged = true;
	verdict->status = status;
}

static void settle(struct kubeverdict *verdict, enum status status, const char *words)
{
	bool is_needed = status != STATUS_HEALTHY || is_one(verdict->view->watch);
	const char *kept = is_needed ? words : NULL;

	if (verdict->is_judged && verdict->status == status && same_text(verdict->words, kept))
		return;
	set_status(verdict, status);
	replace_text(&verdict->words, kept);
	kubewatch_note(verdict->view);
}

// Of an object that tells no times in its status (a StatefulSet) only what was seen to change is
// known.
static void keep_since(struct kubeverdict *verdict, const struct health *health)
{
	bool has_changed = verdict->is_judged && verdict->status != health->status;

	if (!verdict->is_judged)
		has_changed = verdict->view->watch->is_listed; // it is new
	else if (is_one(verdict->view->watch))
		has_changed = has_changed || !same_text(verdict->words, health->message);
	if (health->tells_since)
		verdict->since = health->since;
	else if (has_changed)
		verdict->since = clock_wall();
	if (wall_known(verdict->since) && verdict->since.us > verdict->view->moved.us)
		verdict->view->moved = verdict->since;
	if (!health->tells_since && wall_known(health->since) &&
		health->since.us > verdict->view->born.us)
		verdict->view->born = health->since;
}

static void on_judged(void *context, const struct health *health)
{
	struct kubeverdict *verdict = context;
	struct kubewatch *watch = verdict->view->watch;
	bool was_awaited = verdict->judge_ticket != 0;

	verdict->judge_ticket = 0;
	verdict->again = health->again;
	keep_since(verdict, health);
	if (is_one(watch))
		replace_text(&verdict->rule, health->rule);
	settle(verdict, health->status, health->message);
	if (wall_known(verdict->again))
		kubewatch_look_again(watch, verdict->again);
	if (was_awaited) {
		watch->waiting--;
		kubewatch_verdict_came(watch);
	}
}

static void on_jq(void *context, const struct jq_result *results, size_t count)
{
	struct kubeverdict *verdict = context;
	struct kubewatch *watch = verdict->view->watch;
	struct outcome outcome = {.reach = REACH_ANSWERED, .text = "", .latency_ms = -1};
	struct verdict said;

	verdict->jq_ticket = 0;
	outcome.jq = (struct jq_answer){results[0].output, results[0].error};
	if (count > 1)
		outcome.message = (struct jq_answer){results[1].output, results[1].error};
	expect_judge(verdict->view->expect, CHECK_KUBERNETES, &outcome, &said);
	settle(verdict, said.status, buf_str(&said.message));
	verdict_fini(&said);
	watch->waiting--;
	kubewatch_verdict_came(watch);
}

static void ask_jq(struct kubeverdict *verdict, const cJSON *object)
{
	const struct expectation *expect = verdict->view->expect;
	struct kubewatch *watch = verdict->view->watch;
	struct jq *jq = watch->config.jq;
	int programs[2];
	size_t count = 0;
	struct buf text = {0};

	programs[count++] = jq_program(jq, expect->jq.text);
	if (expect->message.text)
		programs[count++] = jq_program(jq, expect->message.text);
	json_write(&text, object);
	verdict->jq_ticket = jq_evaluate(
		jq, programs, count, buf_str(&text), text.length, JUDGE_TIMEOUT_MS, on_jq, verdict);
	watch->waiting++;
	buf_fini(&text);
}

static void keep_text(struct kubeverdict *verdict, const cJSON *object)
{
	struct kubeobject *of = verdict->object;
	struct buf text = {0};

	json_write(&text, object);
	free(of->text);
	of->text_length = text.length;
	of->text = buf_take(&text);
	set_status(verdict, STATUS_HEALTHY);
	kubewatch_note(verdict->view);
}

// A newer state of the object makes a question about an older one moot.
static void judge(struct kubeverdict *verdict, const cJSON *object)
{
	struct kubewatch *watch = verdict->view->watch;

	forget_question(verdict);
	switch (verdict->view->aim) {
	case KUBEWATCH_NAMES: settle(verdict, STATUS_HEALTHY, "exists"); break;
	case KUBEWATCH_HEALTH:
		verdict->judge_ticket = judge_object(watch->config.judge, object, clock_wall(),
			JUDGE_TIMEOUT_MS, on_judged, verdict);
		watch->waiting += verdict->judge_ticket != 0;
		break;
	case KUBEWATCH_JQ: ask_jq(verdict, object); break;
	case KUBEWATCH_TEXT: keep_text(verdict, object); break;
	}
}

// --- objects ---

static void object_free(struct kubeobject *object)
{
	for (size_t i = 0; i < object->verdict_count; i++) {
		struct kubeverdict *verdict = &object->verdicts[i];

		forget_question(verdict);
		if (verdict->is_judged)
			verdict->view->counts[verdict->status]--;
		kubewatch_note(verdict->view);
		free(verdict->words);
		free(verdict->rule);
	}
	free(object->key);
	free(object->uid);
	free(object->version);
	free(object->pods);
	free(object->text);
	free(object->progress);
	free(object);
}

static void object_remove(struct kubewatch *watch, struct kubeobject *object)
{
	HASH_DEL(watch->objects, object);
	object_free(object);
}

static bool object_key(const struct kubewatch *watch, const cJSON *object, struct buf *key)
{
	const char *name = json_path_text(object, "metadata.name");
	const char *namespace =
		watch->scope.namespace ? NULL : json_path_text(object, "metadata.namespace");

	if (!name)
		return false;
	if (namespace)
		buf_printf(key, "%s/", namespace);
	buf_text(key, name);
	return true;
}

// Servers that extend the API do not all select as they are asked to.
static bool is_in_scope(const struct kubewatch *watch, const cJSON *object)
{
	return kubeapi_is_of(object, watch->type.is_namespaced ? watch->scope.namespace : NULL,
		watch->scope.object);
}

static struct kubeobject *object_find(const struct kubewatch *watch, const struct buf *key)
{
	struct kubeobject *object;

	HASH_FIND(hh, watch->objects, key->data, key->length, object);
	return object;
}

static struct kubeobject *object_add(struct kubewatch *watch, struct buf *key)
{
	struct kubeobject *object =
		memory_zeroed(1, sizeof *object + watch->view_count * sizeof *object->verdicts);
	size_t length = key->length;

	object->key = buf_take(key);
	object->verdict_count = watch->view_count;
	for (size_t i = 0; i < watch->view_count; i++)
		object->verdicts[i] = (struct kubeverdict){.object = object,
			.view = watch->views[i],
			.since = WALL_NONE,
			.again = WALL_NONE};
	HASH_ADD_KEYPTR(hh, watch->objects, object->key, length, object);
	return object;
}

static void keep_progress(struct kubeobject *known, const cJSON *object)
{
	struct progress progress;

	free(known->progress);
	known->progress = NULL;
	if (!progress_read(object, &progress))
		return;
	known->progress = memory_zeroed(1, sizeof progress);
	*known->progress = progress;
}

static void describe_one(struct kubeobject *known, const cJSON *object)
{
	struct buf pods = {0};

	replace_text(&known->uid, json_path_text(object, "metadata.uid"));
	replace_text(&known->version, json_path_text(object, "metadata.resourceVersion"));
	kubeapi_pods(&pods, object);
	replace_text(&known->pods, pods.length > 0 ? buf_str(&pods) : NULL);
	buf_fini(&pods);
	keep_progress(known, object);
}

bool kubewatch_take(struct kubewatch *watch, cJSON *object, struct err *err)
{
	struct buf key = {0};
	bool good = false;

	if (!cJSON_IsObject(object) || !object_key(watch, object, &key)) {
		err_set(err, "an object without a name");
		goto out;
	}
	if (!kubeapi_is_kind(&watch->type, object, err))
		goto out;
	if (!is_in_scope(watch, object)) {
		good = true;
		goto out;
	}
	struct kubeobject *known = object_find(watch, &key);
	if (!known && HASH_COUNT(watch->objects) >= KUBEWATCH_MAX_OBJECTS) {
		err_set(err,
			"over %d objects are more than can be watched; narrow it by "
			"namespace or selector",
			KUBEWATCH_MAX_OBJECTS);
		goto out;
	}
	if (!known)
		known = object_add(watch, &key);
	known->list = watch->list;
	if (!json_get(object, "kind") || kubewatch_needs_metadata_only(watch))
		kubeapi_name_kind(&watch->type, object);
	if (is_one(watch))
		describe_one(known, object);
	for (size_t i = 0; i < known->verdict_count; i++)
		judge(&known->verdicts[i], object);
	good = true;
out:
	buf_fini(&key);
	cJSON_Delete(object);
	return good;
}

void kubewatch_remove(struct kubewatch *watch, const cJSON *object)
{
	struct buf key = {0};

	if (object_key(watch, object, &key) && is_in_scope(watch, object)) {
		struct kubeobject *known = object_find(watch, &key);
		if (known)
			object_remove(watch, known);
	}
	buf_fini(&key);
}

void kubewatch_sweep(struct kubewatch *watch)
{
	struct kubeobject *object, *next;

	HASH_ITER (hh, watch->objects, object, next)
		if (object->list != watch->list)
			object_remove(watch, object);
}

void kubewatch_clear(struct kubewatch *watch)
{
	struct kubeobject *object, *next;

	HASH_ITER (hh, watch->objects, object, next)
		object_remove(watch, object);
}

struct wall kubewatch_holds_until(const struct kubewatch *watch)
{
	struct kubeobject *object, *next;
	struct wall first = WALL_NONE;

	HASH_ITER (hh, watch->objects, object, next)
		for (size_t i = 0; i < object->verdict_count; i++) {
			struct wall at = object->verdicts[i].again;
			if (wall_known(at) && (!wall_known(first) || at.us < first.us))
				first = at;
		}
	return first;
}

static const struct kubeverdict *first_with(const struct kubewatch_view *view, enum status status)
{
	struct kubeobject *object, *next;

	HASH_ITER (hh, view->watch->objects, object, next) {
		const struct kubeverdict *verdict = &object->verdicts[view->index];
		if (verdict->is_judged && verdict->status == status)
			return verdict;
	}
	return NULL;
}

// An object whose first verdict has not come yet is as one that has not been seen yet.
const struct tally *kubewatch_count(struct kubewatch_view *view)
{
	struct tally *tally = &view->tally;

	tally_fini(tally);
	tally->healthy = view->counts[STATUS_HEALTHY];
	for (int status = 0; status < STATUS_COUNT; status++) {
		tally->count += view->counts[status];
		if (view->counts[status] > 0)
			tally->worst = status_worse(tally->worst, (enum status)status);
	}
	const struct kubeverdict *worst =
		tally->worst == STATUS_HEALTHY ? NULL : first_with(view, tally->worst);
	if (worst)
		buf_printf(&tally->words, "%s: %s", worst->object->key,
			worst->words ? worst->words : "");
	return tally;
}
