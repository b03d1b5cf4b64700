// SPDX-License-Identifier: Apache-2.0
#include "cmd_timeline.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "history.h"
#include "load.h"
#include "plain.h"
#include "relight/clock.h"
#include "relight/file.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "relight/record.h"
#include "relight/session.h"
#include "seal.h"

struct sealing {
	struct history history;
	struct buf signature;
	struct seal_signer signer;
	const char *chosen_by; // what chose the key
	char *path;            // of the seal; NULL: standard output
	int64_t recorded_seq;  // of the anchor; -1: it is beside the timeline only, …
	struct err why;        // … because of this
};

static bool is_sealable(struct sealing *sealing)
{
	struct history *history = &sealing->history;
	const struct history_trust trust = {0};
	history_verify(history);
	history_check_seals(history, &trust);
	history_check_sessions(history, &trust);
	history_say_problems(history, "");
	return history->problem_count == 0;
}

static bool sign(struct sealing *sealing, const char *given, struct err *err)
{
	const struct seal_terms terms = {SEAL_OF_HEAD, MONO_NONE};
	struct seal_key key;
	const char *head = sealing->history.chain.head;
	bool is_signed = seal_choose(&key, given, MONO_NONE, err) &&
			 seal_sign(&key, &terms, head, &sealing->signature, err) &&
			 seal_verify(&terms, head, buf_str(&sealing->signature), NULL, clock_wall(),
				 &sealing->signer, err);
	if (!is_signed)
		err_prefix(err, "seal");
	sealing->chosen_by = key.from;
	seal_key_fini(&key);
	return is_signed;
}

// --- the seal --------------------------------------------------------------------------------------------------------

static void write_seal(const struct sealing *sealing, struct buf *out)
{
	const struct history *history = &sealing->history;
	const struct event *first = history->events[0];
	char *person = session_person();
	cJSON *seal = json_object();
	json_add_int(seal, "seal", 1);
	if (first->kind == EVENT_LOG_OPEN)
		json_add_text(seal, "log", json_text(first->data, "log"));
	json_add_text(seal, "incident", history->state->incident);
	json_add_int(seal, "seq", history->chain.next_seq - 1);
	json_add_text(seal, "head", history->chain.head);
	json_add_wall(seal, "at", clock_wall());
	json_add_text(seal, "by", person);
	json_add_text(seal, "key", buf_str(&sealing->signer.key));
	json_add_text(seal, "signature", buf_str(&sealing->signature));
	json_write(out, seal);
	buf_byte(out, '\n');
	cJSON_Delete(seal);
	free(person);
}

// The newest seal replaces the one beside the timeline; no other file is overwritten.
static bool save_seal(
	struct sealing *sealing, const char *output, const struct buf *seal, struct err *err)
{
	if (output && strcmp(output, "-") == 0) {
		fwrite(seal->data, 1, seal->length, stdout);
		return true;
	}
	sealing->path = output ? memory_copy_text(output) : history_seal_path(&sealing->history);
	if (output) {
		int fd = file_create(AT_FDCWD, output);
		bool is_saved =
			fd >= 0 && file_write(fd, seal->data, seal->length, NULL) && fsync(fd) == 0;
		if (!is_saved)
			err_errno(err, errno, "seal: %s", output);
		if (fd >= 0)
			close(fd);
		return is_saved;
	}
	char *folder = load_base(sealing->path);
	int dir_fd = file_open_directory(AT_FDCWD, folder, false, err);
	const char *name = strrchr(sealing->path, '/');
	bool is_saved = dir_fd >= 0 && file_save(dir_fd, name ? name + 1 : sealing->path,
					       seal->data, seal->length, true, err);
	if (!is_saved)
		err_prefix(err, "seal: %s; -o FILE puts it elsewhere", folder);
	if (dir_fd >= 0)
		close(dir_fd);
	free(folder);
	return is_saved;
}

// --- the anchor ------------------------------------------------------------------------------------------------------

static struct event *make_anchor(const struct sealing *sealing)
{
	struct event *event = event_new(EVENT_ANCHOR);
	json_add_text(event->data, "where", sealing->path ? sealing->path : "standard output");
	json_add_text(event->data, "head", sealing->history.chain.head);
	json_add_text(event->data, "key", buf_str(&sealing->signer.key));
	json_add_text(event->data, "signature", buf_str(&sealing->signature));
	return event;
}

// In a rehearsal the clock of the incident stands where it ended.
static struct moment now_of(const struct history *history)
{
	struct moment now = clock_now();
	if (history->state->mode == EVENT_REHEARSAL)
		now.wall = history->events[history->event_count - 1]->ts;
	return now;
}

static bool write_anchor(
	struct sealing *sealing, struct timeline *timeline, const struct chain *chain)
{
	const struct history *history = &sealing->history;
	struct record record = {.timeline = timeline,
		.chain = *chain,
		.mode = history->state->mode,
		.by = session_person()};
	if (strcmp(chain->head, history->chain.head) != 0) {
		record_fini(&record);
		return err_set(&sealing->why, "it was written meanwhile");
	}
	record_session(&record);
	struct event *folded = record_event(&record, make_anchor(sealing), now_of(history));
	bool is_durable = timeline_drain(timeline, &sealing->why);
	if (is_durable)
		sealing->recorded_seq = folded->seq;
	event_free(folded);
	record_fini(&record);
	return is_durable;
}

// Where another process writes the timeline, or it is a copy by itself, the seal beside it must do.
static void record_anchor(struct sealing *sealing)
{
	const struct history *history = &sealing->history;
	struct timeline_tail tail;
	bool is_held = false;
	sealing->recorded_seq = -1;
	if (!history->directory) {
		err_set(&sealing->why, "it is a copy by itself");
		return;
	}
	struct timeline *timeline = timeline_open(
		history->directory, NULL, NULL, NULL, NULL, &tail, &is_held, &sealing->why);
	if (timeline)
		write_anchor(sealing, timeline, &tail.chain);
	else if (is_held)
		err_set(&sealing->why, "another relight is writing it");
	timeline_close(timeline);
}

// --- what was done ---------------------------------------------------------------------------------------------------

static void print_sealed(const struct sealing *sealing)
{
	const struct history *history = &sealing->history;
	struct buf out = {0};
	buf_printf(&out, "sealed: seq %lld, head %s\nsigned with %s (%s)\n",
		(long long)history->chain.next_seq - 1, history->chain.head,
		buf_str(&sealing->signer.key), sealing->chosen_by);
	if (sealing->recorded_seq >= 0)
		buf_printf(&out, "recorded as event %lld\n", (long long)sealing->recorded_seq);
	else {
		buf_text(&out, "not recorded in the timeline: ");
		plain_add(&out, sealing->why.message);
		buf_byte(&out, '\n');
	}
	plain_add(&out, sealing->path);
	buf_text(&out, " has the seal: keep a copy where nobody can change both; it tells whether "
		       "the end was cut off\n");
	fputs(buf_str(&out), stdout);
	buf_fini(&out);
}

static int seal(struct sealing *sealing, const struct timeline_options *options)
{
	struct buf text = {0};
	struct err err = {0};
	if (!is_sealable(sealing)) {
		err_set(&err, "timeline: seal: %s: not sealed: it is not good", options->name);
		return command_fail(EXIT_NO, &err);
	}
	bool is_saved = sign(sealing, options->key, &err);
	if (is_saved) {
		write_seal(sealing, &text);
		is_saved = save_seal(sealing, options->output, &text, &err);
	}
	if (is_saved)
		record_anchor(sealing);
	if (is_saved && options->format && strcmp(options->format, "json") == 0 && sealing->path)
		fwrite(text.data, 1, text.length, stdout);
	else if (is_saved && sealing->path)
		print_sealed(sealing);
	buf_fini(&text);
	return is_saved ? EXIT_GOOD : command_fail(EXIT_USAGE, &err);
}

int timeline_seal(const struct timeline_options *options)
{
	struct sealing sealing = {0};
	struct err err = {0};
	int code = EXIT_USAGE;
	if (options->format && strcmp(options->format, "json") != 0 &&
		strcmp(options->format, "text") != 0)
		return command_usage("timeline", "seal --format is text or json");
	if (strcmp(options->name, "-") == 0)
		return command_usage("timeline", "seal names a file or an incident");
	if (history_open(&sealing.history, options->name, &err))
		code = seal(&sealing, options);
	else
		command_fail(EXIT_USAGE, &err);
	history_fini(&sealing.history);
	seal_signer_fini(&sealing.signer);
	buf_fini(&sealing.signature);
	free(sealing.path);
	return code;
}
