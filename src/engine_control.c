// SPDX-License-Identifier: Apache-2.0
//
// What is asked from other terminals, through control.sock: to take the incident from this session,
// and to write a note into its record. Who asks is what the kernel says.
#include "engine.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plain.h"
#include "relight/json.h"
#include "relight/mask.h"
#include "relight/memory.h"
#include "relight/ui.h"

#define SAID_BYTES 1024 // a name, a reason
#define NOTE_BYTES (16 * 1024)

// --- the taker -------------------------------------------------------------------------------------------------------

static bool may_take(const struct control_peer *peer)
{
	return peer->uid == geteuid() || peer->uid == 0;
}

// Without secrets, and so that a terminal obeys nothing in it.
static void add_said(
	const struct engine *engine, struct buf *words, const char *before, const char *said)
{
	struct buf masked = {0};
	if (!said)
		return;
	mask_text(engine->record.mask, said, strlen(said), &masked);
	buf_text(words, before);
	plain_add(words, buf_str(&masked));
	buf_fini(&masked);
}

// For the record and for a terminal: first what the kernel says, then what the taker does.
static char *taker_words(const struct engine *engine, const struct engine_taker *taker)
{
	struct buf words = {0};
	buf_printf(&words, "taken by %s (uid %u, pid %d)", taker->peer.user,
		(unsigned)taker->peer.uid, (int)taker->peer.pid);
	if (taker->as && strcmp(taker->as, taker->peer.user) != 0)
		add_said(engine, &words, " as ", taker->as);
	add_said(engine, &words, ": ", taker->why);
	return buf_take(&words);
}

void engine_add_taker(struct engine *engine, cJSON *data)
{
	const struct engine_taker *taker = &engine->taker;
	if (!taker->words)
		return;
	cJSON *by = cJSON_AddObjectToObject(data, "taken_by");
	json_add_text(by, "user", taker->peer.user);
	json_add_int(by, "uid", (int64_t)taker->peer.uid);
	json_add_int(by, "pid", (int64_t)taker->peer.pid);
	json_add_text(by, "identity", "peer");
	json_add_text(by, "as", taker->as);
}

// --- what can be asked ------------------------------------------------------------------------------------------------

struct request {
	struct engine *engine;
	int64_t client;
	const struct control_peer *peer;
	const cJSON *body;
	bool is_usage; // it is wrong in itself, and not only now
	struct err why;
};

// Each returns the answer; NULL with request->why: refused, without: it comes later.
typedef cJSON *request_handler(struct request *request);

static cJSON *wrong(struct request *request)
{
	request->is_usage = true;
	return NULL;
}

static bool is_short(struct request *request, const char *key)
{
	const char *text = json_text(request->body, key);
	return !text || strlen(text) <= SAID_BYTES ||
	       err_set(&request->why, "%s: over %d bytes", key, SAID_BYTES);
}

// Somebody looks who has the incident, and whether it answers.
static cJSON *answer_who(struct request *request)
{
	cJSON *answer = json_object();
	cJSON *who = cJSON_AddObjectToObject(answer, "who");
	json_add_text(who, "by", request->engine->record.by);
	json_add_int(who, "uid", (int64_t)geteuid());
	json_add_int(who, "pid", (int64_t)getpid());
	return answer;
}

// Whoever goes on would not know what is only in this process, and give its numbers to other
// events.
static bool may_let_go(const struct engine *engine, struct err *why)
{
	int64_t pending = engine->record.chain.next_seq - 1 - engine_durable_seq(engine);
	struct err fault;
	if (pending <= 0)
		return true;
	if (!engine_fault(engine, &fault))
		return !timeline_is_slow(engine->record.timeline, &fault) ||
		       err_set(why,
			       "%lld events are not on disk yet: %s; ask again in a few seconds",
			       (long long)pending, fault.message);
	return err_set(why,
		"%lld events are not on disk yet: %s; make room, then take it; or end it: kill %d: "
		"it says on its terminal where it has saved them, and whoever goes on does not "
		"know of them",
		(long long)pending, fault.message, (int)getpid());
}

static cJSON *answer_take(struct request *request)
{
	struct engine *engine = request->engine;
	struct engine_taker *taker = &engine->taker;
	const char *why = json_text(request->body, "why"), *as = json_text(request->body, "as");
	if (!may_take(request->peer)) {
		err_set(&request->why,
			"only the owner of the incident (uid %u) or root may take it, and you are "
			"%s; "
			"'relight watch' looks on",
			(unsigned)geteuid(), request->peer->user);
		return NULL;
	}
	if (!is_short(request, "why") || !is_short(request, "as"))
		return wrong(request);
	if (taker->words) {
		err_set(&request->why, "just now %s", taker->words);
		return NULL;
	}
	if (!may_let_go(engine, &request->why))
		return NULL;
	taker->peer = *request->peer;
	taker->client = request->client;
	taker->why = why && why[0] ? memory_copy_text(why) : NULL;
	taker->as = as && as[0] ? memory_copy_text(as) : NULL;
	taker->words = taker_words(engine, taker);
	engine->front.on_taken(engine->front.context, taker->words);
	return NULL; // once this session is ended, and that is recorded
}

// As if it had been written down here, but for whose word it is.
static bool record_note(struct request *request, const struct intent *intent)
{
	struct engine *engine = request->engine;
	const char *as = json_text(request->body, "as");
	bool is_as_other = as && as[0] && strcmp(as, request->peer->user) != 0;
	struct facts facts = engine_facts(engine);
	struct decision decision = {0};
	if (!decide_intent(&facts, intent, &decision, &request->why))
		return false;
	for (size_t i = 0; i < decision.event_count; i++) {
		json_add_int(decision.events[i]->data, "uid", (int64_t)request->peer->uid);
		json_add_text(decision.events[i]->data, "identity", "peer");
		json_add_text(decision.events[i]->data, "as", is_as_other ? as : NULL);
	}
	engine_commit(engine, &decision);
	return true;
}

static cJSON *answer_note(struct request *request)
{
	struct engine *engine = request->engine;
	struct intent intent = intent_of(INTENT_NOTE);
	const char *at = json_text(request->body, "at");
	intent.by = request->peer->user;
	intent.text = json_text(request->body, "text");
	intent.choice = json_text(request->body, "type");
	if (!intent.text || strlen(intent.text) > NOTE_BYTES) {
		err_set(&request->why, "note: %s", intent.text ? "over 16 KiB" : "no text");
		return wrong(request);
	}
	if (!is_short(request, "as"))
		return wrong(request);
	if (at && !time_parse(at, engine_now(engine).wall, false, &intent.at)) {
		err_set(&request->why,
			"note: --at %.60s: not a time; 14:05, -10m or 2026-07-03T02:47:00Z", at);
		return wrong(request);
	}
	if (!record_note(request, &intent))
		return wall_known(engine->state->closed.wall) ? NULL : wrong(request);
	engine->asked = memory_grow(
		engine->asked, engine->asked_count, &engine->asked_capacity, sizeof *engine->asked);
	engine->asked[engine->asked_count++] = (struct engine_asked){
		.client = request->client, .seq = engine->record.chain.next_seq - 1};
	engine_wake(engine);
	return NULL;
}

static const struct {
	const char *word;
	request_handler *handle;
} requests[] = {
	{"who", answer_who},
	{"take", answer_take},
	{"note", answer_note},
};

static cJSON *refusal(const struct request *request)
{
	cJSON *answer = json_object();
	json_add_text(answer, "error", request->why.message);
	if (request->is_usage)
		json_add_bool(answer, "usage", true);
	return answer;
}

static void on_request(void *context, int64_t client, const struct control_peer *peer,
	const char *word, const cJSON *body)
{
	struct engine *engine = context;
	struct request request = {.engine = engine, .client = client, .peer = peer, .body = body};
	cJSON *answer = NULL;
	size_t i = 0;
	while (i < sizeof requests / sizeof *requests && strcmp(requests[i].word, word) != 0)
		i++;
	if (i < sizeof requests / sizeof *requests)
		answer = requests[i].handle(&request);
	else
		err_set(&request.why, "%.40s: nothing that can be asked here", word);
	if (!answer && request.why.message[0])
		answer = refusal(&request);
	if (answer)
		control_answer(engine->control, client, answer);
}

// --- acknowledging ---------------------------------------------------------------------------------------------------

static void acknowledge(struct engine *engine, const struct engine_asked *asked)
{
	cJSON *answer = json_object();
	json_add_int(cJSON_AddObjectToObject(answer, "noted"), "seq", asked->seq);
	control_answer(engine->control, asked->client, answer);
}

// It stands in memory, and comes to the disk once that takes it, unless the session ends before.
static void disappoint(struct engine *engine, const struct engine_asked *asked)
{
	struct request request = {.engine = engine};
	struct err fault = {0};
	engine_fault(engine, &fault);
	const char *what = fault.message[0] ? fault.message : "the session has ended";
	if (!engine->is_ending)
		err_set(&request.why,
			"note: not on disk yet: %s; it is kept, and written when the disk takes "
			"it, or saved elsewhere when the session ends: do not repeat it",
			what);
	else if (engine->saved_path)
		err_set(&request.why,
			"note: not on disk: %s; the session has ended, and saved it in %s", what,
			engine->saved_path);
	else
		err_set(&request.why, "note: not on disk, and lost: %s", what);
	control_answer(engine->control, asked->client, refusal(&request));
}

void engine_look_at_control(struct engine *engine)
{
	int64_t durable = engine_durable_seq(engine);
	bool is_lost = engine_fault(engine, NULL);
	size_t kept = 0;
	for (size_t i = 0; i < engine->asked_count; i++) {
		struct engine_asked asked = engine->asked[i];
		if (asked.seq <= durable)
			acknowledge(engine, &asked);
		else if (is_lost)
			disappoint(engine, &asked);
		else
			engine->asked[kept++] = asked;
	}
	engine->asked_count = kept;
}

// --- its life --------------------------------------------------------------------------------------------------------

void engine_bind_control(struct engine *engine)
{
	if (!engine->setup.is_brief)
		engine->control_fd = control_bind(engine->directory, &engine->control_fault);
}

void engine_listen(struct engine *engine)
{
	if (engine->control_fd >= 0)
		engine->control = control_listen(&engine->loop, engine->control_fd,
			engine->directory, on_request, engine, &engine->control_fault);
	engine->control_fd = -1;
	if (!engine->control && !engine->setup.is_brief)
		engine_record_fault(engine, "nobody can take the incident or note from elsewhere",
			engine->control_fault.message);
}

static void answer_taker(struct engine *engine)
{
	struct engine_taker *taker = &engine->taker;
	cJSON *answer = json_object();
	cJSON *taken = cJSON_AddObjectToObject(answer, "taken");
	struct err fault;
	json_add_int(taken, "seq", taker->seq);
	if (engine_fault(engine, &fault))
		json_add_text(taken, "fault", fault.message);
	json_add_text(taken, "saved", engine->saved_path);
	control_answer(engine->control, taker->client, answer);
}

void engine_end_control(struct engine *engine)
{
	if (engine->control) {
		engine_look_at_control(engine);
		for (size_t i = 0; i < engine->asked_count; i++)
			disappoint(engine, &engine->asked[i]);
		if (engine->taker.words)
			answer_taker(engine);
	}
	control_close(engine->control);
	engine->control = NULL;
	if (engine->control_fd >= 0) // was never listened on, and refuses whoever finds it
		close(engine->control_fd);
	free(engine->asked);
	free(engine->taker.why);
	free(engine->taker.as);
	free(engine->taker.words);
	free(engine->saved_path);
	engine->saved_path = NULL;
	engine->asked = NULL;
	engine->taker = (struct engine_taker){0};
}
