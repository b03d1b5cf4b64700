// SPDX-License-Identifier: Apache-2.0
#include "history.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "relight/file.h"
#include "relight/incident_files.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "seal.h"

#define SEAL_MOST_BYTES (64u << 10)

char *history_seal_path(const struct history *history)
{
	struct buf path = {0};
	struct stat status;
	bool is_directory = stat(history->path, &status) == 0 && S_ISDIR(status.st_mode);
	buf_printf(&path, "%s%s.seal", history->path, is_directory ? "/" TIMELINE_NAME : "");
	return buf_take(&path);
}

// --- one of them -----------------------------------------------------------------------------------------------------

static struct history_seal *add_seal(struct history *history, const char *where, int64_t seq)
{
	history->seals = memory_grow(history->seals, history->seal_count, &history->seal_capacity,
		sizeof *history->seals);
	struct history_seal *seal = &history->seals[history->seal_count++];
	*seal = (struct history_seal){.where = memory_copy_text(where), .seq = seq};
	return seal;
}

// The seq of the newest line below `before` that has this head; -1: none has.
static int64_t find_head(const struct history *history, const char *head, int64_t before)
{
	for (size_t i = history->event_count; head && i-- > 0;)
		if (history->events[i]->seq < before && strcmp(history->events[i]->h, head) == 0)
			return history->events[i]->seq;
	return -1;
}

// NULL where the line is damaged, or there is none. Behind damage a line's seq is not its index.
static const struct event *find_seq(const struct history *history, int64_t seq)
{
	for (size_t i = history->event_count; i-- > 0;)
		if (history->events[i]->seq == seq)
			return history->events[i];
	return NULL;
}

static bool check_signature(struct history *history, struct history_seal *seal, const char *head,
	const char *signature, const struct history_trust *trust, struct wall at)
{
	const struct seal_terms terms = {SEAL_OF_HEAD, MONO_NONE};
	struct seal_signer signer = {0};
	struct err err = {0};
	if (trust->heads_only)
		return true;
	bool is_good = seal_verify(&terms, head, signature, trust->signers, at, &signer, &err);
	if (signer.key.length > 0)
		seal->key = memory_copy_text(buf_str(&signer.key));
	if (signer.who.length > 0)
		seal->who = memory_copy_text(buf_str(&signer.who));
	if (!is_good)
		history_problem(history, "seal: %s: %s", seal->where, err.message);
	seal_signer_fini(&signer);
	return is_good;
}

// --- in the timeline -------------------------------------------------------------------------------------------------

static bool check_anchor(
	struct history *history, const struct event *event, const struct history_trust *trust)
{
	const char *head = json_text(event->data, "head");
	const char *signature = json_text(event->data, "signature");
	char where[48];
	snprintf(where, sizeof where, "event %lld", (long long)event->seq);
	struct history_seal *seal = add_seal(history, where, find_head(history, head, event->seq));
	seal->is_good = seal->seq >= 0;
	if (!seal->is_good)
		history_problem(
			history, "seal: %s: it anchors a head that no line before it has", where);
	if (!signature)
		return false;
	seal->is_good &=
		check_signature(history, seal, head ? head : "", signature, trust, event->ts);
	return seal->is_good;
}

// --- beside it -------------------------------------------------------------------------------------------------------

const char *history_log(const struct history *history)
{
	const struct event *first = history->event_count ? history->events[0] : NULL;
	return first && first->kind == EVENT_LOG_OPEN ? json_text(first->data, "log") : NULL;
}

// Whether the line that was sealed is there, and is what it was.
static bool compare(struct history *history, const char *path, const cJSON *object, int64_t seq)
{
	const char *head = json_text(object, "head"), *log = json_text(object, "log");
	const char *is = history_log(history);
	const struct event *sealed = find_seq(history, seq);
	long long last = (long long)history->chain.next_seq - 1;
	if (log && is && strcmp(log, is) != 0)
		history_problem(history, "seal: %s: it is of another timeline, log %s", path, log);
	else if (seq < 0 || !head)
		history_problem(history, "seal: %s: it names no line and no head", path);
	else if (seq >= history->chain.next_seq && history->is_broken)
		history_problem(history,
			"seal: %s: the line that it seals (seq %lld) is behind the damage", path,
			(long long)seq);
	else if (seq >= history->chain.next_seq)
		history_problem(history,
			"seal: %s: the end was cut off: sealed up to seq %lld, the timeline ends "
			"at "
			"seq %lld",
			path, (long long)seq, last);
	else if (!sealed)
		history_problem(history,
			"seal: %s: the line that it seals (seq %lld) is damaged or missing", path,
			(long long)seq);
	else if (strcmp(sealed->h, head) != 0)
		history_problem(history,
			"seal: %s: not the record that was sealed: seq %lld had head %.64s then, "
			"and has %.64s now",
			path, (long long)seq, head, sealed->h);
	else
		return true;
	return false;
}

static bool check_object(struct history *history, const char *path, const cJSON *object,
	const struct history_trust *trust)
{
	const char *signature = json_text(object, "signature"), *head = json_text(object, "head");
	int64_t seq = json_int(object, "seq", -1);
	struct history_seal *seal = add_seal(history, path, seq);
	struct wall at = WALL_NONE;
	if (json_int(object, "seal", 0) != 1) {
		history_problem(history, "seal: %s: no seal of a timeline, version 1", path);
		return false;
	}
	seal->is_good = compare(history, path, object, seq);
	if (!signature || !head || !wall_parse(json_text(object, "at"), &at)) {
		history_problem(history, "seal: %s: it is not signed", path);
		seal->is_good = false;
		return false;
	}
	seal->is_good &= check_signature(history, seal, head, signature, trust, at);
	return seal->is_good;
}

// True: a good signature.
static bool check_file(struct history *history, const struct history_trust *trust)
{
	bool is_stdin = strcmp(history->path, "-") == 0;
	char *beside = trust->seal_path || is_stdin ? NULL : history_seal_path(history);
	const char *path = trust->seal_path ? trust->seal_path : beside;
	struct buf text = {0};
	struct err err = {0};
	struct stat status;
	bool is_signed = false;
	if (path && (trust->seal_path || lstat(path, &status) == 0)) {
		cJSON *object = file_read(AT_FDCWD, path, SEAL_MOST_BYTES, &text, &err)
					? json_parse(buf_str(&text), text.length, &err)
					: NULL;
		if (object)
			is_signed = check_object(history, path, object, trust);
		else
			history_problem(history, "seal: %s: %s", path, err.message);
		cJSON_Delete(object);
	}
	buf_fini(&text);
	free(beside);
	return is_signed;
}

static void check_head(struct history *history, const char *head)
{
	int64_t seq = find_head(history, head, INT64_MAX);
	struct history_seal *seal = add_seal(history, "--head", seq);
	seal->is_good = seq >= 0;
	if (!seal->is_good)
		history_problem(history,
			"--head: %.64s: no line has it: the timeline was cut off before that "
			"line, rewritten, or is another one",
			head);
}

void history_check_seals(struct history *history, const struct history_trust *trust)
{
	bool is_signed = false;
	for (size_t i = 0; i < history->event_count; i++)
		if (history->events[i]->kind == EVENT_ANCHOR)
			is_signed |= check_anchor(history, history->events[i], trust);
	is_signed |= check_file(history, trust);
	if (trust->head)
		check_head(history, trust->head);
	if (trust->signers && !is_signed)
		history_problem(history, "seal: no good signature is in it or beside it");
}
