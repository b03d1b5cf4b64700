// SPDX-License-Identifier: Apache-2.0
//
// Who sits here: how a session says so, and how a key proves it (proof.h).
#include "engine.h"

#include <stdlib.h>
#include <string.h>

#include "relight/chain.h"
#include "relight/clock.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "relight/proof.h"
#include "relight/session.h"
#include "seal.h"

#define REFUSAL_BYTES  160 // of the line that is said, without the reason
#define KEY_PATIENCE_S 10  // enough to touch a key; what hangs holds the opening up no longer

// --- the key ---

static struct seal_terms begin_terms(void)
{
	struct mono now = clock_mono();
	return (struct seal_terms){SEAL_OF_SESSION, {now.us + KEY_PATIENCE_S * US_PER_S}};
}

// Signs a digest, and asks whose signature came of it. False with `err`.
static bool sign(const char *given, const char *digest, struct buf *signature,
	struct seal_signer *signer, struct err *err)
{
	const struct seal_terms terms = begin_terms();
	struct seal_key key;
	bool is_signed =
		seal_choose(&key, given, terms.until, err) &&
		seal_sign(&key, &terms, digest, signature, err) &&
		seal_verify(&terms, digest, buf_str(signature), NULL, WALL_NONE, signer, err);
	seal_key_fini(&key);
	return is_signed;
}

// Whoever asked to be known by a key is not recorded as somebody who merely says so; how to get in
// all the same must stand in the same line, however long the path is that stands before it.
static bool refuse(struct err *err)
{
	struct err why = *err;
	return err_set(err, "--key: %.*s; nothing was opened: without --key it opens as asserted",
		(int)sizeof err->message - REFUSAL_BYTES, why.message);
}

bool engine_try_key(const char *given, struct err *err)
{
	struct buf signature = {0};
	struct seal_signer signer = {0};
	bool is_signed = sign(given, CHAIN_START, &signature, &signer, err) || refuse(err);
	seal_signer_fini(&signer);
	buf_fini(&signature);
	return is_signed;
}

// --- what it says ---

// The session before has said of this process, as the kernel told it, that it takes over; in the
// very line before, so that nobody else has come in between.
static bool is_peer(const struct engine *engine)
{
	int64_t taken_seq = engine->setup.taken_seq;
	return taken_seq > 0 && engine->record.chain.next_seq == taken_seq + 1;
}

static struct event *describe(const struct engine *engine, enum event_kind kind)
{
	const struct texts *env = &engine->runbook->env;
	const char *was = engine->state->session_by;
	enum identity identity = engine->setup.key ? IDENTITY_KEY
				 : is_peer(engine) ? IDENTITY_PEER
						   : IDENTITY_ASSERTED;
	struct event *event = event_new(kind);
	cJSON_Delete(event->data);
	event->data = session_describe(engine->setup.executable, identity);
	if (is_peer(engine))
		event->cause = engine->setup.taken_seq;
	if (engine->simulated)
		cJSON_AddNumberToObject(event->data, "speed", engine->setup.speed);
	json_add_text(event->data, "was", was);
	cJSON *names = cJSON_AddArrayToObject(event->data, "env");
	for (size_t i = 0; i < env->count; i++)
		if (getenv(env->items[i]))
			json_append_text(names, env->items[i]);
	return event;
}

// As it will be recorded: what is masked or added later would not be what was signed.
static void complete(const struct record *record, struct event *event)
{
	struct buf by = {0};
	mask_text(record->mask, record->by, strlen(record->by), &by);
	event->by = buf_take(&by);
	event->mode = record->mode;
	memcpy(event->sid, record->sid, sizeof event->sid);
	mask_json(record->mask, event->data);
}

static bool is_short(const struct event *event, struct err *err)
{
	struct buf text = {0};
	json_write(&text, event->data);
	size_t length = text.length;
	buf_fini(&text);
	return length <= PROOF_MOST_BYTES ||
	       err_set(err, "what the session says of itself is over %d bytes", PROOF_MOST_BYTES);
}

static bool prove(struct engine *engine, struct event *event, const char *after, struct err *err)
{
	struct buf signature = {0};
	struct seal_signer signer = {0};
	char digest[65];
	complete(&engine->record, event);
	bool is_proved = is_short(event, err);
	if (is_proved) {
		proof_begin(event, engine->log, after, clock_wall());
		proof_digest(event, digest);
		is_proved = sign(engine->setup.key, digest, &signature, &signer, err);
	}
	if (is_proved)
		proof_end(event, buf_str(&signer.key), buf_str(&signature));
	seal_signer_fini(&signer);
	buf_fini(&signature);
	return is_proved || refuse(err);
}

bool engine_meet(struct engine *engine, enum event_kind kind, const char *after, struct err *err)
{
	struct event *event = describe(engine, kind);
	bool is_met = !engine->setup.key || prove(engine, event, after, err);
	if (is_met)
		engine->session = event;
	else
		event_free(event);
	return is_met;
}

void engine_record_session(struct engine *engine)
{
	struct event *event = engine->session;
	engine->session = NULL;
	engine_record(engine, event);
}
