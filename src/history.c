// SPDX-License-Identifier: Apache-2.0
#include "history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frozen.h"
#include "load.h"
#include "plain.h"
#include "relight/file.h"
#include "relight/incident.h"
#include "relight/incident_files.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "relight/timeline.h"
#include "walk.h"

void history_problem(struct history *history, const char *format, ...)
{
	struct buf text = {0};
	va_list arguments;
	va_start(arguments, format);
	buf_vprintf(&text, format, arguments);
	va_end(arguments);
	history->problems = memory_grow(history->problems, history->problem_count,
		&history->problem_capacity, sizeof *history->problems);
	history->problems[history->problem_count++] = buf_take(&text);
}

void history_say_problems(const struct history *history, const char *before)
{
	struct buf text = {0};
	for (size_t i = 0; i < history->problem_count; i++) {
		buf_printf(&text, "relight: %s", before);
		plain_add(&text, history->problems[i]);
		buf_byte(&text, '\n');
	}
	fputs(buf_str(&text), stderr);
	buf_fini(&text);
}

void history_add_cover(const struct history *history, struct buf *out)
{
	const struct timeline_refuge *refuge = &history->refuge;
	if (refuge->lines > 0) {
		buf_printf(out, "seq %lld to %lld are in the record's refuge alone, ",
			(long long)refuge->from_seq,
			(long long)(refuge->from_seq + refuge->lines - 1));
		plain_add(out, refuge->path);
		buf_text(out, ", and were read with it");
		buf_text(out, history->is_broken ? "\n" : "; the next resume brings them home\n");
	}
	if (history->is_part) {
		buf_text(out, "this file alone was read, and the record goes on in others: name ");
		plain_add(out, history->directory);
		buf_byte(out, '\n');
	}
}

void history_say_cover(const struct history *history, const char *before)
{
	struct buf cover = {0};
	history_add_cover(history, &cover);
	if (cover.length > 0)
		fprintf(stderr, "relight: %s%s", before, buf_str(&cover));
	buf_fini(&cover);
}

// --- the timeline ---

// Damage may be in every line of a long file: so many are named, the rest counted.
#define NAMED_LINES 20

static void take_bad(struct history *history, const struct walked *line)
{
	if (!history->is_broken)
		history->first_bad_line = line->number;
	history->is_broken = true;
	if (++history->bad_lines <= NAMED_LINES)
		history_problem(history, "timeline: %s: %s", history->path, line->damage.message);
}

// {"blob":"<sha256>","bytes":n}, wherever a value was too large for its line.
static void name_blobs(struct history *history, int64_t seq, const cJSON *value)
{
	const char *sha256 = event_blob(value);
	if (sha256) {
		history->blobs = memory_grow(history->blobs, history->blobs_named,
			&history->blobs_capacity, sizeof *history->blobs);
		struct history_blob *blob = &history->blobs[history->blobs_named++];
		*blob = (struct history_blob){.seq = seq};
		memcpy(blob->sha256, sha256, sizeof blob->sha256);
	}
	if (cJSON_IsObject(value) || cJSON_IsArray(value))
		json_each (part, value)
			name_blobs(history, seq, part);
}

static bool fetch_blob(void *context, const char *sha256, struct buf *bytes)
{
	const struct history *history = context;
	return history->directory && timeline_read_blob(history->directory, sha256, bytes, NULL);
}

static void take_event(struct history *history, struct event *event)
{
	name_blobs(history, event->seq, event->data);
	event_restore(event, fetch_blob, history);
	history->events = memory_grow(history->events, history->event_count,
		&history->event_capacity, sizeof(struct event *));
	history->events[history->event_count++] = event;
	memcpy(history->chain.head, event->h, sizeof history->chain.head);
	history->chain.next_seq = event->seq + 1;
	history->chain.lines++;
}

// Good in itself, but what it follows from is not: it counts once the record itself says that
// somebody has looked at the damage and goes on behind it (`resume --past-damage`).
static void take_behind(struct history *history, struct event *event)
{
	history->behind = memory_grow(history->behind, history->behind_count,
		&history->behind_capacity, sizeof(struct event *));
	history->behind[history->behind_count++] = event;
	if (event->kind != EVENT_LOG_SEGMENT || !json_get(event->data, "first_bad_line"))
		return;
	for (size_t i = 0; i < history->behind_count; i++)
		take_event(history, history->behind[i]);
	history->behind_count = 0;
	history->is_continued = true;
}

static int64_t next_seq(const struct history *history)
{
	return history->behind_count > 0 ? history->behind[history->behind_count - 1]->seq + 1
					 : history->chain.next_seq;
}

static void take_line(void *context, struct walked *line)
{
	struct history *history = context;
	if (line->is_torn && line->bytes) {
		history->torn_bytes = line->length;
		return;
	}
	history->last_line = line->number;
	if (line->damage.message[0]) {
		history->is_continued = false;
		take_bad(history, line);
		// One that only follows from a bad one; but not a second time.
		if (!walked_is_as_written(line) || line->event->seq < next_seq(history))
			return;
	}
	if (history->is_broken && !history->is_continued)
		take_behind(history, line->event);
	else
		take_event(history, line->event);
	line->event = NULL;
}

// What is read more than once must be a file.
static int spool_stdin(struct err *err)
{
	char chunk[1 << 16];
	ssize_t got = 0;
	FILE *file = tmpfile();
	int fd = file ? fcntl(fileno(file), F_DUPFD_CLOEXEC, 0) : -1;
	bool is_good = fd >= 0;
	while (is_good && ((got = read(STDIN_FILENO, chunk, sizeof chunk)) > 0 ||
				  (got < 0 && errno == EINTR)))
		is_good = got < 0 || file_write(fd, chunk, (size_t)got, NULL);
	if (!is_good || got < 0 || lseek(fd, 0, SEEK_SET) != 0) {
		err_errno(err, errno, "timeline: standard input");
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	if (file)
		fclose(file);
	return fd;
}

static void tell_rest(struct history *history)
{
	int64_t line = history->chain.lines + 1;
	if (history->bad_lines > NAMED_LINES)
		history_problem(history, "timeline: %s: %lld more lines are bad", history->path,
			(long long)history->bad_lines - NAMED_LINES);
	// Of a record that is being written the last line may be on its way.
	if (history->torn_bytes > 0 && history->directory && timeline_is_held(history->directory))
		history->torn_bytes = 0;
	if (history->torn_bytes > 0)
		history_problem(history,
			"timeline: %s: line %lld: torn: %zu bytes without an end of line",
			history->path,
			(long long)(history->is_broken ? history->last_line + 1 : line),
			history->torn_bytes);
}

static bool is_directory(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool read_timeline(struct history *history, struct err *err)
{
	bool is_stdin = strcmp(history->path, "-") == 0;
	history->fd = is_stdin ? spool_stdin(err)
			       : timeline_open_all(history->path, &history->refuge, err);
	if (history->fd < 0)
		return false;
	struct err why = {0};
	history->is_part = history->directory && !is_directory(history->path) &&
			   timeline_goes_on(history->directory);
	if (history->refuge.why.message[0])
		history_problem(history, "%s: the record's refuge, which was not read: %s",
			history->refuge.path, history->refuge.why.message);
	if (is_directory(history->path) && !timeline_is_one(history->path, &why))
		history_problem(history, "%s", why.message);
	chain_init(&history->chain);
	if (!walk_lines(history->fd, history->path, take_line, history, err))
		return false;
	tell_rest(history);
	if (history->event_count == 0 && !history->is_broken)
		return err_set(err, "timeline: %s: no whole line in it", history->path);
	return true;
}

// --- where things are ---

// The path that `name` means: one that is there, else an incident by its name.
static char *find_path(const char *name, struct err *err)
{
	struct stat status;
	if (name && (strcmp(name, "-") == 0 || stat(name, &status) == 0 || strchr(name, '/')))
		return memory_copy_text(name);
	return incident_find(name, err);
}

// What is frozen stands beside the timeline; one that was copied away is alone.
static void find_directory(struct history *history)
{
	if (strcmp(history->path, "-") == 0)
		return;
	if (is_directory(history->path)) {
		history->directory = memory_copy_text(history->path);
		return;
	}
	char *base = load_base(history->path);
	struct buf frozen = {0};
	buf_printf(&frozen, "%s/" INCIDENT_FROZEN, base);
	if (is_directory(buf_str(&frozen)))
		history->directory = base;
	else
		free(base);
	buf_fini(&frozen);
}

// --- the runbook ---

// The newest event that names the runbook which counts from there on.
static const struct event *runbook_event(const struct history *history, bool changed_too)
{
	for (size_t i = history->event_count; i-- > 0;) {
		const struct event *event = history->events[i];
		if (event->kind == EVENT_RUNBOOK_LOADED ||
			(changed_too && event->kind == EVENT_RUNBOOK_CHANGED))
			return event;
	}
	return NULL;
}

static void load_runbook_as_frozen(struct history *history)
{
	const struct event *loaded = runbook_event(history, false);
	const struct event *newest = runbook_event(history, true);
	struct diags diags = {0};
	struct err err = {0};
	bool is_altered = false;
	if (!loaded) {
		history_problem(history, "no runbook.loaded in the timeline: which runbook it was "
					 "is not known");
		return;
	}
	history->runbook = frozen_runbook(history->directory, json_text(newest->data, "sha256"),
		json_text(loaded->data, "base"), &history->runbook_text, &is_altered, &diags, &err);
	if (err.message[0])
		history_problem(history, "%s", err.message);
	else if (!history->runbook)
		history_problem(history, "%s/" INCIDENT_FROZEN "/" FROZEN_RUNBOOK ": line %d: %s",
			history->directory, diags.count ? diags.items[0].line : 0,
			diags.count ? diags.items[0].message : "cannot be loaded");
	else if (is_altered)
		history_problem(history,
			"%s/" INCIDENT_FROZEN "/" FROZEN_RUNBOOK
			": was altered since the incident opened",
			history->directory);
	else
		history->frozen_count++;
	diags_fini(&diags);
}

// Stands in where the runbook is not there: what is about the incident as a whole can be folded all
// the same.
static struct runbook *stand_in(void)
{
	static const char text[] = "{relight: 1, name: unknown, steps: [{id: unknown}]}";
	struct diags diags = {.file = "stand-in"};
	struct runbook *runbook = runbook_load(text, sizeof text - 1, ".", &diags);
	diags_fini(&diags);
	return runbook;
}

static void fold(struct history *history)
{
	if (history->directory)
		load_runbook_as_frozen(history);
	history->has_runbook = history->runbook != NULL;
	if (!history->runbook)
		history->runbook = stand_in();
	history->plan = plan_new(history->runbook);
	history->state = state_new(history->runbook, history->plan);
	for (size_t i = 0; i < history->event_count; i++)
		state_apply(history->state, history->events[i]);
}

// --- opening and closing ---

bool history_open(struct history *history, const char *name, struct err *err)
{
	*history = (struct history){.fd = -1};
	chain_init(&history->chain);
	history->path = find_path(name, err);
	if (!history->path)
		return false;
	find_directory(history);
	if (!read_timeline(history, err))
		return false;
	fold(history);
	return true;
}

void history_fini(struct history *history)
{
	for (size_t i = 0; i < history->event_count; i++)
		event_free(history->events[i]);
	for (size_t i = 0; i < history->behind_count; i++)
		event_free(history->behind[i]);
	free(history->behind);
	for (size_t i = 0; i < history->problem_count; i++)
		free(history->problems[i]);
	for (size_t i = 0; i < history->seal_count; i++) {
		free(history->seals[i].where);
		free(history->seals[i].key);
		free(history->seals[i].who);
	}
	for (size_t i = 0; i < history->session_count; i++) {
		free(history->sessions[i].key);
		free(history->sessions[i].who);
		free(history->sessions[i].why);
	}
	free(history->sessions);
	free(history->events);
	free(history->blobs);
	free(history->problems);
	free(history->seals);
	state_free(history->state);
	plan_free(history->plan);
	runbook_free(history->runbook);
	buf_fini(&history->runbook_text);
	free(history->refuge.path);
	free(history->path);
	free(history->directory);
	if (history->fd >= 0)
		close(history->fd);
	*history = (struct history){0};
}

static bool see_closed(void *context, const char *line, size_t length, struct err *err)
{
	bool *is_closed = context;
	(void)err;
	*is_closed |= event_peek(line, length) == EVENT_INCIDENT_CLOSED;
	return true;
}

static bool is_open_incident(const char *directory)
{
	struct chain chain;
	bool is_closed = false;

	// One that cannot be read to its end is worth being told about.
	timeline_read(directory, see_closed, &is_closed, &chain, NULL, NULL);
	return incident_has_timeline(directory) && !is_closed;
}

char *history_newest_open(struct err *err)
{
	char *home = incident_home(err);
	char **names = home ? incident_names(err) : NULL;
	char *found = NULL;

	for (size_t i = 0; names && names[i]; i++) {
		struct buf path = {0};
		buf_printf(&path, "%s/%s", home, names[i]);
		if (!found && is_open_incident(buf_str(&path)))
			found = buf_take(&path);
		buf_fini(&path);
		free(names[i]);
	}
	if (names && !found)
		err_set(err, "resume: no incident in %s is open; 'relight run RUNBOOK' opens one",
			home);
	free(names);
	free(home);
	return found;
}
