// SPDX-License-Identifier: Apache-2.0
//
// Whether the sessions that say that a key proves who sat there were signed by one, where they
// stand; and whether those that say that the session before has seen who they are were named by it.
#include "history.h"

#include <stdio.h>
#include <string.h>

#include "relight/identity.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "relight/proof.h"
#include "seal.h"

static struct proof_verdict *add_session(struct history *history, const struct event *event)
{
	history->sessions = memory_grow(history->sessions, history->session_count,
		&history->session_capacity, sizeof *history->sessions);
	struct proof_verdict *session = &history->sessions[history->session_count++];
	*session = (struct proof_verdict){.seq = event->seq, .by = event->by};
	return session;
}

// What is signed names the record and the line before it.
static bool is_in_place(const struct history *history, size_t index, struct err *err)
{
	const struct event *event = history->events[index];
	const cJSON *proof = json_get(event->data, "proof");
	const char *log = json_text(proof, "log"), *after = json_text(proof, "after");
	const char *is_log = history_log(history);
	const char *is_after = proof_place(event, history->events, index);
	if (!log || strcmp(log, is_log ? is_log : "") != 0)
		return err_set(err, "it was signed for another record, log %.64s",
			log ? log : "not named");
	if (!after || strcmp(after, is_after) != 0)
		return err_set(err,
			"it was signed for another place: behind the head %.64s, and stands behind "
			"%.64s",
			after ? after : "not named", is_after);
	return true;
}

static bool check_signature(const struct history *history, size_t index,
	struct proof_verdict *session, const struct history_trust *trust, struct err *err)
{
	const struct seal_terms terms = {SEAL_OF_SESSION, MONO_NONE};
	const struct event *event = history->events[index];
	const cJSON *proof = json_get(event->data, "proof");
	const char *signature = json_text(proof, "signature"), *key = json_text(proof, "key");
	struct seal_signer signer = {0};
	struct wall at;
	char digest[65];
	if (!signature || !key || !wall_parse(json_text(proof, "at"), &at))
		return err_set(err, "it says that a key proves who it was, and carries no "
				    "signature");
	proof_digest(event, digest);
	bool is_good = seal_verify(&terms, digest, signature, trust->signers, at, &signer, err);
	if (is_good && strcmp(buf_str(&signer.key), key) != 0)
		is_good = err_set(err, "it names the key %.100s, and was signed with %s", key,
			buf_str(&signer.key));
	if (signer.key.length > 0)
		session->key = memory_copy_text(buf_str(&signer.key));
	if (signer.who.length > 0)
		session->who = memory_copy_text(buf_str(&signer.who));
	session->is_unasked = signer.is_unasked;
	seal_signer_fini(&signer);
	return is_good;
}

// Damage before it moves the numbers of the lines.
static void tell(struct history *history, const struct event *event, const char *why)
{
	struct buf where = {0};
	buf_printf(&where, "event %lld", (long long)event->seq);
	if (!history->is_broken)
		buf_printf(&where, " (line %lld)", (long long)event->seq + 1);
	history_problem(history, "session: %s, %s, %s: %s", buf_str(&where), event->kind_word,
		event->by, why);
	buf_fini(&where);
}

static void check_session(struct history *history, size_t index, const struct history_trust *trust)
{
	const struct event *event = history->events[index];
	struct proof_verdict *session = add_session(history, event);
	struct err err = {0};
	session->is_proved = check_signature(history, index, session, trust, &err) &&
			     is_in_place(history, index, &err);
	if (session->is_proved)
		return;
	session->why = memory_copy_text(err.message);
	if (!session->is_unasked || !trust->heads_only)
		tell(history, event, err.message);
}

static const struct event *find_event(const struct history *history, size_t before, int64_t seq)
{
	for (size_t i = before; i-- > 0;)
		if (history->events[i]->seq == seq)
			return history->events[i];
	return NULL;
}

// It follows from the end of a session, in the line before, which says that this user takes over.
static void check_peer(struct history *history, size_t index)
{
	const struct event *event = history->events[index];
	const struct event *ended = find_event(history, index, event->cause);
	const cJSON *taker = ended && ended->kind == EVENT_SESSION_ENDED
				     ? json_get(ended->data, "taken_by")
				     : NULL;
	if (!taker || strcmp(proof_place(event, history->events, index), ended->h) != 0)
		tell(history, event,
			"it says that the session before saw who it is, which does not say so");
	else if (json_int(taker, "uid", -1) != json_int(event->data, "uid", -2))
		tell(history, event,
			"it says another uid than the one that the session before saw");
}

static bool is_session(const struct event *event)
{
	return event->kind == EVENT_SESSION_OPEN || event->kind == EVENT_SESSION_RESUMED;
}

static bool claims_peer(const struct event *event)
{
	return is_session(event) &&
	       identity_parse(json_text(event->data, "identity")) == IDENTITY_PEER;
}

static bool claims_key(const struct event *event)
{
	return is_session(event) &&
	       (identity_parse(json_text(event->data, "identity")) == IDENTITY_KEY ||
		       json_get(event->data, "proof"));
}

void history_check_sessions(struct history *history, const struct history_trust *trust)
{
	for (size_t i = 0; i < history->event_count; i++) {
		if (claims_key(history->events[i]))
			check_session(history, i, trust);
		if (claims_peer(history->events[i]))
			check_peer(history, i);
	}
}
