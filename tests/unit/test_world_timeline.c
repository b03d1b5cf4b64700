// SPDX-License-Identifier: Apache-2.0
#include "timeline_case.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "relight/file.h"

struct place {
	char directory[64], file[96];
};

static int setup(void **state)
{
	struct place *place = calloc(1, sizeof *place);

	unsetenv("XDG_RUNTIME_DIR"); // no refuge
	strcpy(place->directory, "/tmp/relight-timeline-XXXXXX");
	if (!mkdtemp(place->directory))
		return -1;
	snprintf(place->file, sizeof place->file, "%s/timeline.jsonl", place->directory);
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;
	int code = remove_tree(place->directory);

	free(place);
	return code;
}

// A timeline of `count` events in the place; returns its bytes.
static struct buf written(const struct place *place, int count)
{
	struct err err = {0};
	struct timeline *timeline = created(place->directory);
	struct record record = record_on(timeline, NULL);
	struct buf bytes = {0};

	add_notes(&record, count);
	drain(timeline);
	assert_int_equal(timeline_durable(timeline), count - 1);
	timeline_close(timeline);
	record_fini(&record);
	assert_true(file_read(AT_FDCWD, place->file, 64 << 20, &bytes, &err));
	return bytes;
}

static void overwrite(const struct place *place, const char *bytes, size_t length)
{
	int fd = open(place->file, O_WRONLY | O_TRUNC);

	assert_true(fd >= 0 && file_write(fd, bytes, length, NULL));
	close(fd);
}

static void test_ten_thousand_events_reopen(void **state)
{
	const struct place *place = *state;
	struct buf bytes = written(place, 10000);
	struct timeline_tail tail;
	struct err err = {0};
	struct stat status;
	int64_t count = 0;
	bool is_held;
	struct timeline *timeline = timeline_open(
		place->directory, count_line, &count, NULL, NULL, &tail, &is_held, &err);

	if (!timeline)
		fail_msg("%s", err.message);
	assert_int_equal(count, 10000);
	assert_int_equal(tail.chain.next_seq, 10000);
	assert_int_equal(tail.torn_bytes, 0);
	assert_int_equal(timeline_durable(timeline), 9999);
	assert_int_equal(stat(place->file, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);

	struct record record = record_on(timeline, NULL);

	record.chain = tail.chain;
	add_notes(&record, 5);
	timeline_close(timeline);

	struct chain chain;
	size_t torn = 7;

	count = 0;
	assert_true(timeline_read(place->directory, count_line, &count, &chain, &torn, &err));
	assert_int_equal(count, 10005);
	assert_int_equal(torn, 0);
	assert_string_equal(chain.head, record.chain.head);
	record_fini(&record);
	buf_fini(&bytes);
}

static void test_torn_tail_at_every_byte(void **state)
{
	const struct place *place = *state;
	struct buf bytes = written(place, 3);
	size_t last = bytes.length - 1;

	while (bytes.data[last - 1] != '\n')
		last--;
	for (size_t cut = last + 1; cut < bytes.length; cut++) {
		struct timeline_tail tail;
		struct chain chain;
		struct buf left = {0}, aside = {0};
		struct err err = {0};
		char name[200];
		size_t torn = 0;
		bool is_held;

		overwrite(place, bytes.data, cut);
		assert_true(timeline_read(place->file, NULL, NULL, &chain, &torn, &err));
		assert_int_equal(torn, cut - last);

		struct timeline *timeline = timeline_open(
			place->directory, NULL, NULL, NULL, NULL, &tail, &is_held, &err);

		if (!timeline)
			fail_msg("%s", err.message);
		assert_int_equal(tail.torn_bytes, cut - last);
		assert_int_equal(tail.chain.next_seq, 2);
		timeline_close(timeline);
		assert_true(file_read(AT_FDCWD, place->file, 1 << 20, &left, &err));
		assert_int_equal(left.length, last);
		snprintf(name, sizeof name, "%s/evidence/%s", place->directory, tail.torn_sha256);
		assert_true(file_read(AT_FDCWD, name, 1 << 20, &aside, &err));
		assert_int_equal(aside.length, cut - last);
		assert_memory_equal(aside.data, bytes.data + last, cut - last);
		buf_fini(&left);
		buf_fini(&aside);
	}
	buf_fini(&bytes);
}

static void test_damage_in_the_middle_names_the_line(void **state)
{
	const struct place *place = *state;
	struct buf bytes = written(place, 5);
	char *third = strchr(strchr(bytes.data, '\n') + 1, '\n') + 1;
	struct timeline_tail tail;
	struct chain chain;
	struct err err = {0};
	bool is_held;

	*strstr(third, "ana") = 'A';
	overwrite(place, bytes.data, bytes.length);
	assert_false(timeline_read(place->file, NULL, NULL, &chain, NULL, &err));
	assert_non_null(strstr(err.message, "line 3: was changed"));
	assert_int_equal(chain.lines, 2);
	assert_null(timeline_open(place->directory, NULL, NULL, NULL, NULL, &tail, &is_held, &err));
	assert_non_null(strstr(err.message, "line 3: was changed"));
	assert_false(is_held);
	buf_fini(&bytes);
}

static void test_a_line_without_end_is_refused(void **state)
{
	const struct place *place = *state;
	struct buf bytes = written(place, 1);
	struct chain chain;
	struct err err = {0};

	for (int i = 0; i < 70000; i++)
		buf_byte(&bytes, 'x');
	overwrite(place, bytes.data, bytes.length);
	assert_false(timeline_read(place->file, NULL, NULL, &chain, NULL, &err));
	assert_non_null(strstr(err.message, "line 2: longer than 65536 bytes"));
	buf_fini(&bytes);
}

static bool stop_at_two(void *context, const char *line, size_t length, struct err *err)
{
	int *count = context;

	(void)line;
	(void)length;
	return ++*count < 2 || err_set(err, "enough");
}

static void test_the_reader_may_stop(void **state)
{
	const struct place *place = *state;
	struct buf bytes = written(place, 5);
	struct chain chain;
	struct err err = {0};
	int count = 0;

	assert_false(timeline_read(place->file, stop_at_two, &count, &chain, NULL, &err));
	assert_int_equal(count, 2);
	assert_string_equal(err.message, "enough");
	buf_fini(&bytes);
}

static void test_second_opener_is_told(void **state)
{
	const struct place *place = *state;
	struct err err = {0};
	struct timeline *timeline = timeline_create(place->directory, NULL, NULL, &err);
	struct timeline_tail tail;
	bool is_held = false;

	assert_non_null(timeline);
	assert_null(timeline_open(place->directory, NULL, NULL, NULL, NULL, &tail, &is_held, &err));
	assert_true(is_held);
	assert_non_null(strstr(err.message, "relight watch"));
	assert_null(timeline_create(place->directory, NULL, NULL, &err));
	assert_non_null(strstr(err.message, "relight resume"));
	timeline_close(timeline);
	timeline = timeline_open(place->directory, NULL, NULL, NULL, NULL, &tail, &is_held, &err);
	assert_non_null(timeline);
	assert_false(is_held);
	timeline_close(timeline);
	timeline_close(NULL);
}

static void test_the_lock_is_inherited_by_nobody(void **state)
{
	const struct place *place = *state;
	struct err err = {0};
	struct timeline *timeline = timeline_create(place->directory, NULL, NULL, &err);
	struct timeline_tail tail;
	bool is_held;
	int gate[2];
	pid_t child;

	assert_int_equal(pipe(gate), 0);
	child = fork();
	if (!child) {
		dup2(gate[0], 0);
		close(gate[1]);
		execlp("cat", "cat", (char *)NULL);
		_exit(1);
	}
	// Once the child executes, its copies are gone: this close() unlocks.
	fcntl(gate[1], F_SETFL, O_NONBLOCK);
	for (int i = 0; i < 12000; i++) {
		char exe[64], target[64] = "";

		snprintf(exe, sizeof exe, "/proc/%d/exe", (int)child);
		if (readlink(exe, target, sizeof target - 1) > 0 && strstr(target, "cat"))
			break;
		usleep(5000);
	}
	timeline_close(timeline);
	timeline = timeline_open(place->directory, NULL, NULL, NULL, NULL, &tail, &is_held, &err);
	if (!timeline)
		fail_msg("%s", err.message);
	timeline_close(timeline);
	close(gate[0]);
	close(gate[1]);
	waitpid(child, NULL, 0);
}

static void refused(const char *path, const char *why)
{
	struct chain chain;
	struct err err = {0};

	assert_false(timeline_read(path, NULL, NULL, &chain, NULL, &err));
	if (!strstr(err.message, why))
		fail_msg("%s: %s", path, err.message);
}

static void test_what_is_no_timeline(void **state)
{
	const struct place *place = *state;
	char path[96], link[96];
	struct err err = {0};

	refused(place->directory, "no timeline.jsonl");
	refused("/nonexistent/x", "No such file");
	snprintf(path, sizeof path, "%s/fifo", place->directory);
	assert_int_equal(mkfifo(path, 0600), 0);
	refused(path, "not a regular file");
	assert_null(timeline_create("/nonexistent/x", NULL, NULL, &err));
	assert_non_null(strstr(err.message, "timeline: /nonexistent/x"));
	snprintf(link, sizeof link, "%s/elsewhere", place->directory);
	assert_int_equal(symlink(link, place->file), 0);
	assert_null(timeline_create(place->directory, NULL, NULL, &err));
	assert_int_not_equal(access(link, F_OK), 0);
}

static void wake(void *context)
{
	atomic_fetch_add((atomic_int *)context, 1);
}

static void append(const struct place *place, const struct buf *bytes)
{
	FILE *file = fopen(place->file, "a");

	assert_int_equal(fwrite(bytes->data, 1, bytes->length, file), bytes->length);
	assert_int_equal(fclose(file), 0);
}

static void test_a_full_disk_is_a_fault(void **state)
{
	const struct place *place = *state;
	struct rlimit before, limit;
	struct err err = {0};
	atomic_int woken = 0;
	struct timeline *timeline = timeline_create(place->directory, wake, &woken, &err);
	struct record record = record_on(timeline, NULL);
	struct buf pending = {0};
	char segment[32];

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	add_notes(&record, 10);
	assert_true(timeline_drain(timeline, &err));
	// The writer wakes after it has said that all is durable.
	for (int tries = 0; woken == 0 && tries < 60000; tries++)
		usleep(1000);
	assert_true(woken > 0);
	limit = before;
	limit.rlim_cur = 8192;
	setrlimit(RLIMIT_FSIZE, &limit);
	add_notes(&record, 40);
	assert_false(timeline_drain(timeline, &err));
	assert_non_null(strstr(err.message, "cannot be written: File too large"));
	assert_true(timeline_fault(timeline, &err));

	// Nothing is forgotten, and what comes now waits behind it.
	int64_t durable = timeline_durable(timeline);

	assert_true(durable >= 9 && durable < 49);
	add_notes(&record, 1);
	assert_false(timeline_drain(timeline, &err));
	assert_int_equal(timeline_durable(timeline), durable);

	// Once there is room again all of it is written, in one unbroken chain.
	struct chain chain;
	int64_t count = 0;

	setrlimit(RLIMIT_FSIZE, &before);
	for (int i = 0; i < 6000 && timeline_fault(timeline, NULL); i++)
		usleep(10000);
	assert_false(timeline_fault(timeline, NULL));
	assert_true(timeline_drain(timeline, &err));
	assert_int_equal(timeline_durable(timeline), 50);
	assert_true(timeline_read(place->file, count_line, &count, &chain, NULL, &err));
	assert_int_equal(count, 51);

	// At the end what is still pending is handed out, and not written behind anybody's back.
	int64_t lines = 0;

	setrlimit(RLIMIT_FSIZE, &limit);
	add_notes(&record, 3);
	assert_false(timeline_drain(timeline, &err));
	timeline_pending(timeline, &pending, segment);
	assert_string_equal(segment, "timeline-2.jsonl");
	setrlimit(RLIMIT_FSIZE, &before);
	for (size_t i = 0; i < pending.length; i++)
		lines += pending.data[i] == '\n';
	assert_int_equal(lines, 3);
	timeline_close(timeline);
	append(place, &pending);
	assert_true(timeline_read(place->file, NULL, NULL, &chain, NULL, &err));
	assert_int_equal(chain.next_seq, 54);
	buf_fini(&pending);
	record_fini(&record);
}

static void test_large_values_become_evidence(void **state)
{
	const struct place *place = *state;
	struct err err = {0};
	struct timeline *timeline = timeline_create(place->directory, NULL, NULL, &err);
	struct record record = record_on(timeline, NULL);
	struct event *event = event_new(EVENT_NOTE);
	char text[9001], name[200];
	struct buf blob = {0}, lines = {0};

	memset(text, 'a', 9000);
	text[9000] = '\0';
	json_add_text(event->data, "text", text);
	json_add_text(event->data, "type", "observation");
	event = record_event(&record, event, at_second(0));
	assert_string_equal(json_text(event->data, "type"), "observation");

	// Whoever goes on with it has it whole; its line has a reference.
	assert_string_equal(json_text(event->data, "text"), text);
	assert_true(timeline_drain(timeline, &err));
	snprintf(name, sizeof name, "%s/timeline.jsonl", place->directory);
	assert_true(file_read(AT_FDCWD, name, 1 << 20, &lines, &err));

	cJSON *line = json_parse(lines.data, lines.length, &err);
	const cJSON *reference = json_path(line, "data.text");

	assert_int_equal(json_int(reference, "bytes", 0), 9000);
	snprintf(name, sizeof name, "%s/evidence/%s", place->directory,
		json_text(reference, "blob"));
	assert_true(file_read(AT_FDCWD, name, 1 << 20, &blob, &err));
	assert_string_equal(buf_str(&blob), text);
	buf_fini(&blob);
	buf_fini(&lines);
	cJSON_Delete(line);
	event_free(event);

	// Too many small values for a line: said, instead of lost in silence.
	event = event_new(EVENT_DECISION);
	event_set_step(event, "topology");
	for (int i = 0; i < 20; i++) {
		char key[16];

		snprintf(key, sizeof key, "k%d", i);
		text[8000] = '\0';
		json_add_text(event->data, key, text);
	}
	event = record_event(&record, event, at_second(1));
	assert_int_equal(event->kind, EVENT_FAULT);
	assert_int_equal(event->seq, 1);
	assert_string_equal(event->step, "topology");
	assert_non_null(strstr(json_text(event->data, "what"), "kind decision"));
	assert_non_null(strstr(json_text(event->data, "error"), "bytes"));
	event_free(event);
	timeline_close(timeline);
	record_fini(&record);
}

static void test_the_write_path_masks(void **state)
{
	struct record record = record_on(NULL, NULL);
	struct event *event = event_new(EVENT_NOTE);

	(void)state;
	record.mask = mask_new();
	mask_secret(record.mask, "db", "hunter2!");
	json_add_text(event->data, "text", "it was hunter2!");
	event->by = strdup("hunter2!");
	event->at = (struct wall){INT64_MAX};
	event = record_event(&record, event, (struct moment){{INT64_MAX}, {-5}});
	assert_string_equal(json_text(event->data, "text"), "it was [masked db]");
	assert_string_equal(event->by, "[masked db]");
	assert_true(event->ts.us == 0 && event->mono.us == 0);
	assert_false(wall_known(event->at));
	assert_string_equal(event->sid, record.sid);
	assert_int_equal(strlen(event->sid), 16);
	assert_int_equal(strlen(event->boot), 36);
	assert_string_equal(event->prev, CHAIN_START);
	assert_string_equal(event->h, record.chain.head);
	event_free(event);
	record_fini(&record);
}

// Whoever looks on reads what has come since the last look, and goes on in the same chain.
static void test_a_scan_goes_on_where_the_last_one_ended(void **state)
{
	const struct place *place = *state;
	struct err err = {0};
	struct timeline *timeline = timeline_create(place->directory, NULL, NULL, &err);
	struct record record = record_on(timeline, NULL);
	struct chain chain;
	size_t torn = 0;
	int64_t count = 0;
	int fd = open(place->file, O_RDONLY | O_CLOEXEC);

	chain_init(&chain);
	for (int round = 1; round <= 3; round++) {
		add_notes(&record, 4);
		assert_true(timeline_drain(timeline, &err));
		assert_true(timeline_scan(fd, "it", count_line, &count, &chain, &torn, &err));
		assert_int_equal(count, 4 * round);
		assert_int_equal(chain.next_seq, 4 * round);
		assert_int_equal(torn, 0);
	}
	close(fd);
	timeline_close(timeline);
	record_fini(&record);
}

// FORMATS.md §5 promises that ten lines of shell verify the file.
static void test_ten_lines_of_shell_verify_it(void **state)
{
	const struct place *place = *state;
	struct buf bytes = written(place, 20);
	const char *script = "prev=$(printf %064d 0); while IFS= read -r line; do\n"
			     "  body=$(printf %s \"$line\" | head -c -72)\n"
			     "  h=$(printf %s \"$body\" | sha256sum | cut -c1-64)\n"
			     "  case $line in "
			     "*\",\\\"prev\\\":\\\"$prev\\\",\\\"h\\\":\\\"$h\\\"}\") prev=$h ;;\n"
			     "  *) exit 1 ;; esac\n"
			     "done";
	char command[1024];

	snprintf(command, sizeof command, "%s <'%s'", script, place->file);
	assert_int_equal(system(command), 0);
	*strstr(bytes.data + bytes.length / 2, "ana") = 'x';
	overwrite(place, bytes.data, bytes.length);
	assert_int_not_equal(system(command), 0);
	buf_fini(&bytes);
}

// In another process, which has the lock already when this returns; it lets go with its end.
static pid_t look_for_a_moment(const struct place *place)
{
	char path[96], byte;
	int ends[2];

	snprintf(path, sizeof path, "%s/lock", place->directory);
	assert_int_equal(pipe(ends), 0);

	pid_t pid = fork();

	if (pid == 0) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		if (flock(fd, LOCK_SH) < 0 || write(ends[1], "l", 1) != 1)
			_exit(1);
		nanosleep(&(struct timespec){.tv_nsec = 20 * 1000000}, NULL);
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	close(ends[1]);
	return pid;
}

// Whoever looks whether somebody writes shares the lock meanwhile.
static void test_a_look_keeps_nobody_from_writing(void **state)
{
	const struct place *place = *state;
	struct buf bytes = written(place, 1);
	struct timeline_tail tail;
	struct err err = {0};
	bool is_held;
	int status;
	pid_t looks = look_for_a_moment(place);
	struct timeline *timeline =
		timeline_open(place->directory, NULL, NULL, NULL, NULL, &tail, &is_held, &err);

	if (!timeline)
		fail_msg("%s", err.message);
	timeline_close(timeline);
	assert_int_equal(waitpid(looks, &status, 0), looks);
	assert_int_equal(status, 0);
	buf_fini(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ten_thousand_events_reopen, setup, teardown),
		cmocka_unit_test_setup_teardown(test_torn_tail_at_every_byte, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_damage_in_the_middle_names_the_line, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_a_line_without_end_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_reader_may_stop, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_a_scan_goes_on_where_the_last_one_ended, setup, teardown),
		cmocka_unit_test_setup_teardown(test_second_opener_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_a_look_keeps_nobody_from_writing, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_the_lock_is_inherited_by_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_no_timeline, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_full_disk_is_a_fault, setup, teardown),
		cmocka_unit_test_setup_teardown(test_large_values_become_evidence, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_write_path_masks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ten_lines_of_shell_verify_it, setup, teardown),
	};

	return cmocka_run_group_tests_name("world_timeline", tests, NULL, NULL);
}
