// SPDX-License-Identifier: Apache-2.0
#include "holder.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "plain.h"
#include "relight/clock.h"
#include "relight/control.h"
#include "relight/event.h"
#include "relight/file.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "relight/timeline.h"

#define CONNECT_MS 3000
#define WHO_MS     3000
#define ANSWER_MS  30000
#define COMING_US  (10 * US_PER_S) // of one that is opening it, or leaving
#define LEAVING_US (15 * US_PER_S)
#define LOOK_MS    20

// --- who it is, for a person -----------------------------------------------------------------------------------------

static bool see_session(void *context, const char *line, size_t length, struct err *err)
{
	struct event **newest = context;
	enum event_kind kind = event_peek(line, length);
	if (kind != EVENT_SESSION_OPEN && kind != EVENT_SESSION_RESUMED)
		return true;
	struct event *event = event_decode(line, length, err);
	if (!event)
		return false;
	event_free(*newest);
	*newest = event;
	return true;
}

static void add_part(struct buf *out, const char *before, const char *text)
{
	if (!text)
		return;
	buf_text(out, before);
	plain_add(out, text);
}

// "ana has it (pid 4711, on db-1, at /dev/pts/3, from 192.0.2.7)", as its record says.
static void describe(const char *directory, pid_t pid, struct buf *out)
{
	struct event *session = NULL;
	struct chain chain;
	struct err ignored;
	timeline_read(directory, see_session, &session, &chain, NULL, &ignored);
	const cJSON *data = session ? session->data : NULL;
	const char *client = json_text(data, "ssh_client");
	char *from = client ? memory_copy_bytes(client, strcspn(client, " ")) : NULL;
	plain_add(out, session && session->by ? session->by : "somebody");
	buf_text(out, " has it (");
	if (pid > 0)
		buf_printf(out, "pid %d, ", (int)pid);
	add_part(out, "on ", json_text(data, "host") ? json_text(data, "host") : "this machine");
	add_part(out, ", at ", json_text(data, "tty"));
	add_part(out, ", from ", from);
	buf_byte(out, ')');
	free(from);
	event_free(session);
}

// proc(5): the state stands behind the name, which may hold anything but the last ")".
static bool is_stopped(pid_t pid)
{
	char path[64];
	struct buf text = {0};
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	bool is_read = pid > 0 && file_read(AT_FDCWD, path, 4096, &text, NULL);
	const char *state = is_read ? strrchr(buf_str(&text), ')') : NULL;
	bool is_so = state && (strncmp(state, ") T", 3) == 0 || strncmp(state, ") t", 3) == 0);
	buf_fini(&text);
	return is_so;
}

static enum holder_word say_silent(const char *directory, pid_t pid, struct err *err)
{
	struct buf who = {0};
	describe(directory, pid, &who);
	if (pid <= 0)
		err_set(err, "%s: %s and does not answer: end it there", directory, buf_str(&who));
	else if (is_stopped(pid))
		err_set(err,
			"%s: %s and is stopped: 'fg' in its terminal lets it go on, or without a "
			"shell there 'kill -CONT %d'; 'kill -KILL %d' ends it, running attempts go "
			"on; then try again",
			directory, buf_str(&who), (int)pid, (int)pid);
	else
		err_set(err,
			"%s: %s and does not answer: 'kill -KILL %d' ends it, running attempts go "
			"on and what was acknowledged is on disk; then try again",
			directory, buf_str(&who), (int)pid);
	buf_fini(&who);
	return HOLDER_SILENT;
}

// It holds the lock, and its socket is not there or cannot be used.
static enum holder_word say_unreachable(const char *directory, struct err *err)
{
	struct err why = *err;
	struct buf who = {0};
	describe(directory, 0, &who);
	err_set(err, "%s; %s: q leaves it there, 'fuser %s/lock' names its process here",
		why.message, buf_str(&who), directory);
	buf_fini(&who);
	return HOLDER_SILENT;
}

// --- between two holders ---------------------------------------------------------------------------------------------

static bool see_last(void *context, const char *line, size_t length, struct err *err)
{
	struct buf *last = context;
	(void)err;
	buf_clear(last);
	buf_add(last, line, length);
	return true;
}

// Nobody has it for a moment, but its record says who is about to: that one is not overtaken by
// whoever finds the lock free.
static bool is_promised(const char *directory)
{
	struct buf last = {0};
	struct chain chain;
	struct err ignored;
	timeline_read(directory, see_last, &last, &chain, NULL, &ignored);
	struct event *event =
		last.length ? event_decode(buf_str(&last), last.length, &ignored) : NULL;
	const cJSON *taker = event && event->kind == EVENT_SESSION_ENDED
				     ? json_get(event->data, "taken_by")
				     : NULL;
	pid_t pid = (pid_t)json_int(taker, "pid", 0);
	int64_t age_us = event ? clock_mono().us - event->mono.us : -1;
	bool is_there = pid > 0 && pid != getpid() && (kill(pid, 0) == 0 || errno == EPERM);
	event_free(event);
	buf_fini(&last);
	return is_there && age_us >= 0 && age_us < COMING_US;
}

// --- asking ------------------------------------------------------------------------------------------------------------

enum turn {
	TURN_OVER,
	TURN_AGAIN, // it was coming or going
};

static enum holder_word read_answer(cJSON *answer, cJSON **out, struct err *err)
{
	const char *refused = json_text(answer, "error");
	struct buf words = {0};
	if (!refused) {
		*out = answer;
		return HOLDER_ANSWERED;
	}
	plain_add(&words, refused);
	err_set(err, "%s", buf_str(&words));
	enum holder_word word = json_bool(answer, "usage", false) ? HOLDER_MISUSED : HOLDER_REFUSED;
	buf_fini(&words);
	cJSON_Delete(answer);
	return word;
}

static enum turn ask_it(const char *directory, int fd, const struct control_peer *holder,
	const char *word, const cJSON *body, enum holder_word *said, cJSON **answer,
	struct err *err)
{
	bool is_silent;
	cJSON *who = control_ask(fd, "who", json_object(), WHO_MS, &is_silent, err);
	if (!who && is_silent) {
		*said = say_silent(directory, holder->pid, err);
		return TURN_OVER;
	}
	if (!who)
		return TURN_AGAIN;
	*said = read_answer(who, &who, err);
	if (*said != HOLDER_ANSWERED) // too many ask at once
		return TURN_AGAIN;
	cJSON_Delete(who);
	cJSON *got = control_ask(fd, word, cJSON_Duplicate(body, true), ANSWER_MS, &is_silent, err);
	if (got)
		*said = read_answer(got, answer, err);
	else
		*said = is_silent ? say_silent(directory, holder->pid, err) : HOLDER_LOST;
	return TURN_OVER;
}

enum holder_word holder_ask(
	const char *directory, const char *word, const cJSON *body, cJSON **answer, struct err *err)
{
	int64_t until_us = clock_mono().us + COMING_US;
	enum holder_word said = HOLDER_SILENT;
	enum turn turn = TURN_AGAIN;
	bool was_reached = false;
	while (turn == TURN_AGAIN && clock_mono().us < until_us) {
		struct control_peer holder;
		int fd;
		enum control_reach reach =
			control_connect(directory, CONNECT_MS, &fd, &holder, err);
		was_reached = reach == CONTROL_REACHED;
		if (was_reached) {
			turn = ask_it(directory, fd, &holder, word, body, &said, answer, err);
			close(fd);
		} else if (!timeline_is_held(directory) && !is_promised(directory)) {
			return HOLDER_NOBODY;
		}
		if (turn == TURN_AGAIN)
			uv_sleep(LOOK_MS);
	}
	if (turn == TURN_AGAIN)
		said = was_reached ? HOLDER_REFUSED : say_unreachable(directory, err);
	return said;
}

void holder_await_end(const char *directory)
{
	int64_t until_us = clock_mono().us + LEAVING_US;
	while (timeline_is_held(directory) && clock_mono().us < until_us)
		uv_sleep(LOOK_MS);
}
