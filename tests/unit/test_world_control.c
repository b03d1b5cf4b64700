// SPDX-License-Identifier: Apache-2.0
//
// Both ends of the control socket. The listening one is turned by hand, so that what comes first
// and what later is certain.
#include "relight/control.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "relight/buf.h"
#include "relight/file.h"
#include "relight/json.h"

struct post {
	uv_loop_t loop;
	struct control *control;
	char directory[512];
	struct buf heard; // "word:body;" of each request
	int64_t client;   // of the last one
	struct control_peer peer;
	bool is_late; // requests are not answered by themselves
};

static void on_request(void *context, int64_t client, const struct control_peer *peer,
	const char *word, const cJSON *body)
{
	struct post *post = context;
	cJSON *answer = json_object();
	buf_printf(&post->heard, "%s:", word);
	json_write(&post->heard, body);
	buf_byte(&post->heard, ';');
	post->client = client;
	post->peer = *peer;
	json_add_text(answer, "heard", word);
	if (post->is_late)
		cJSON_Delete(answer);
	else
		control_answer(post->control, client, answer);
}

#define PLACE "/tmp/test_world_control-XXXXXX"

static void make_place(struct post *post, size_t length, mode_t mode)
{
	snprintf(post->directory, sizeof post->directory, PLACE);
	assert_non_null(mkdtemp(post->directory));
	for (size_t at = strlen(post->directory); at + 60 < length; at = strlen(post->directory)) {
		memset(post->directory + at, 'x', 60);
		post->directory[at] = '/';
		post->directory[at + 60] = '\0';
		assert_int_equal(mkdir(post->directory, 0700), 0);
	}
	assert_int_equal(chmod(post->directory, mode), 0);
}

static void listen_there(struct post *post)
{
	struct err err = {0};
	int fd = control_bind(post->directory, &err);
	if (fd < 0)
		fail_msg("%s", err.message);
	uv_loop_init(&post->loop);
	post->control = control_listen(&post->loop, fd, post->directory, on_request, post, &err);
	if (!post->control)
		fail_msg("%s", err.message);
}

static void open_post(struct post *post, size_t length, mode_t mode)
{
	*post = (struct post){.client = -1};
	make_place(post, length, mode);
	listen_there(post);
}

static void turn(struct post *post)
{
	for (int i = 0; i < 20; i++)
		uv_run(&post->loop, UV_RUN_NOWAIT);
}

static void remove_place(struct post *post)
{
	char command[600];
	snprintf(command, sizeof command, "rm -rf '%.*s'", (int)strlen(PLACE), post->directory);
	assert_int_equal(system(command), 0);
	buf_fini(&post->heard);
}

static void close_post(struct post *post)
{
	control_close(post->control);
	uv_run(&post->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&post->loop), 0);
	remove_place(post);
}

static int reach(const struct post *post)
{
	struct control_peer holder;
	struct err err = {0};
	int fd;
	if (control_connect(post->directory, 1000, &fd, &holder, &err) != CONTROL_REACHED)
		fail_msg("%s", err.message);
	assert_int_equal(holder.pid, getpid());
	assert_int_equal(holder.uid, geteuid());
	return fd;
}

static void say(int fd, const char *bytes)
{
	assert_int_equal(send(fd, bytes, strlen(bytes), MSG_NOSIGNAL), strlen(bytes));
}

// What has come so far; "" nothing, "EOF" the end.
static const char *answer_of(int fd)
{
	static char bytes[4096];
	ssize_t count = recv(fd, bytes, sizeof bytes - 1, MSG_DONTWAIT);
	if (count == 0 || (count < 0 && errno == ECONNRESET))
		return "EOF";
	bytes[count > 0 ? count : 0] = '\0';
	return bytes;
}

static void expect_there(struct post *post, mode_t mode)
{
	struct stat is;
	char path[600];
	snprintf(path, sizeof path, "%s/" CONTROL_NAME, post->directory);
	assert_int_equal(lstat(path, &is), 0);
	assert_true(S_ISSOCK(is.st_mode));
	assert_int_equal(is.st_mode & 07777, mode);
}

static void expect_heard(struct post *post)
{
	int fd = reach(post);
	say(fd, "{\"a\":{}}\n");
	turn(post);
	assert_string_equal(answer_of(fd), "{\"heard\":\"a\"}\n");
	close(fd);
}

static void test_a_request_is_answered(void **state)
{
	struct post post;
	(void)state;
	open_post(&post, 0, 0700);
	expect_there(&post, 0600);
	int fd = reach(&post);
	say(fd, "{\"note\":{\"text\":\"a\"}}\n");
	turn(&post);
	assert_string_equal(buf_str(&post.heard), "note:{\"text\":\"a\"};");
	assert_string_equal(answer_of(fd), "{\"heard\":\"note\"}\n");
	assert_int_equal(post.peer.uid, geteuid());
	assert_int_equal(post.peer.pid, getpid());
	close(fd);
	close_post(&post);
}

static void test_lines_come_in_pieces_and_together(void **state)
{
	struct post post;
	(void)state;
	open_post(&post, 0, 0700);
	int fd = reach(&post);
	for (const char *at = "{\"a\":{}}\n{\"b\":{}"; *at; at++) {
		char piece[2] = {*at, '\0'};
		say(fd, piece);
		turn(&post);
	}
	assert_string_equal(buf_str(&post.heard), "a:{};");
	say(fd, "}\n{\"c\":{}}\n{\"d\":{}}\n");
	turn(&post);
	assert_string_equal(buf_str(&post.heard), "a:{};b:{};c:{};d:{};");
	assert_string_equal(answer_of(fd),
		"{\"heard\":\"a\"}\n{\"heard\":\"b\"}\n{\"heard\":\"c\"}\n"
		"{\"heard\":\"d\"}\n");
	close(fd);
	close_post(&post);
}

// One at a time: what is asked meanwhile waits, and the answer is the answer to what was asked.
static void test_an_answer_may_come_later(void **state)
{
	struct post post;
	(void)state;
	open_post(&post, 0, 0700);
	post.is_late = true;
	int fd = reach(&post);
	say(fd, "{\"a\":{}}\n{\"b\":{}}\n");
	turn(&post);
	assert_string_equal(buf_str(&post.heard), "a:{};");
	assert_string_equal(answer_of(fd), "");
	control_answer(post.control, post.client, json_object());
	assert_string_equal(buf_str(&post.heard), "a:{};b:{};");
	assert_string_equal(answer_of(fd), "{}\n");
	control_answer(post.control, post.client + 1, json_object()); // nobody
	control_answer(post.control, post.client, json_object());
	control_answer(post.control, post.client, json_object()); // has its answer
	assert_string_equal(answer_of(fd), "{}\n");
	close(fd);
	close_post(&post);
}

static void expect_refused(const char *line, const char *words)
{
	struct post post;
	open_post(&post, 0, 0700);
	int fd = reach(&post), other = reach(&post);
	say(fd, line);
	turn(&post);
	const char *answer = answer_of(fd);
	if (!strstr(answer, words) || strncmp(answer, "{\"error\":", 9) != 0)
		fail_msg("%s is answered with %s", line, answer);
	assert_string_equal(answer_of(fd), "EOF");
	assert_string_equal(buf_str(&post.heard), "");
	say(other, "{\"a\":{}}\n"); // and nobody else is harmed
	turn(&post);
	assert_string_equal(answer_of(other), "{\"heard\":\"a\"}\n");
	close(fd);
	close(other);
	close_post(&post);
}

static void test_what_is_no_request_is_refused(void **state)
{
	(void)state;
	expect_refused("\n", "request: ");
	expect_refused("GET / HTTP/1.1\r\n", "request: ");
	expect_refused("[]\n", "one word a line");
	expect_refused("{}\n", "one word a line");
	expect_refused("{\"a\":1}\n", "one word a line");
	expect_refused("{\"a\":{},\"b\":{}}\n", "one word a line");
	expect_refused("{\"a\":{}}{\"b\":{}}\n", "request: ");
	expect_refused("{\"a\":{}\xff}\n", "request: ");
}

static void test_a_line_without_an_end_is_cut_off(void **state)
{
	struct post post;
	char bytes[4096];
	ssize_t sent = 0, count = 1;
	(void)state;
	open_post(&post, 0, 0700);
	int fd = reach(&post);
	memset(bytes, 'x', sizeof bytes);
	while (count > 0 && sent < (1 << 20)) {
		count = send(fd, bytes, sizeof bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
		sent += count > 0 ? count : 0;
		turn(&post);
	}
	assert_true(sent < 4 * CONTROL_LINE_BYTES);
	assert_non_null(strstr(answer_of(fd), "over 64 KiB"));
	close(fd);
	close_post(&post);
}

static void test_who_has_gone_is_not_obeyed(void **state)
{
	struct post post;
	(void)state;
	open_post(&post, 0, 0700);
	int fd = reach(&post);
	say(fd, "{\"take\":{}}\n");
	close(fd);
	turn(&post);
	assert_string_equal(buf_str(&post.heard), "");
	fd = reach(&post);
	say(fd, "{\"note\":{}}\n");
	shutdown(fd, SHUT_WR); // waits for its answer
	turn(&post);
	assert_string_equal(buf_str(&post.heard), "note:{};");
	assert_string_equal(answer_of(fd), "{\"heard\":\"note\"}\n");
	close(fd);
	close_post(&post);
}

static void test_there_is_room_for_so_many(void **state)
{
	struct post post;
	int fds[70], refused = 0;
	(void)state;
	open_post(&post, 0, 0700);
	for (int i = 0; i < 70; i++) {
		fds[i] = reach(&post);
		turn(&post);
	}
	for (int i = 0; i < 70; i++)
		refused += strstr(answer_of(fds[i]), "too many") != NULL;
	assert_int_equal(refused, 6);
	for (int i = 0; i < 70; i++)
		close(fds[i]);
	turn(&post);
	expect_heard(&post);
	close_post(&post);
}

// Of the same loop: however long that stands still, what is due before comes before.
static void on_late(uv_timer_t *late)
{
	(void)late;
}

static void test_who_says_nothing_is_cut_off(void **state)
{
	struct post post;
	uv_timer_t late;
	uint64_t begun;
	(void)state;
	open_post(&post, 0, 0700);
	int fd = reach(&post);
	begun = uv_hrtime();
	uv_timer_init(&post.loop, &late);
	uv_timer_start(&late, on_late, 13000, 0);
	while (strcmp(answer_of(fd), "") == 0 && uv_is_active((uv_handle_t *)&late))
		uv_run(&post.loop, UV_RUN_ONCE);
	assert_string_equal(answer_of(fd), "EOF");
	assert_true((uv_hrtime() - begun) / 1000000u >= 9000);
	uv_close((uv_handle_t *)&late, NULL);
	close(fd);
	close_post(&post);
}

static void test_the_path_may_be_long(void **state)
{
	struct post post;
	(void)state;
	open_post(&post, 400, 0700);
	assert_true(strlen(post.directory) > 300);
	expect_there(&post, 0600);
	expect_heard(&post);
	close_post(&post);
}

static void test_a_shared_one_is_its_groups(void **state)
{
	struct post post;
	(void)state;
	mode_t before = umask(0077);
	open_post(&post, 0, 0750);
	expect_there(&post, 0660);
	close_post(&post);
	umask(before);
}

static void test_its_name_goes_with_it_and_a_stale_one_is_replaced(void **state)
{
	struct post post;
	struct err err = {0};
	struct control_peer holder;
	int fd;
	(void)state;
	open_post(&post, 0, 0700);
	control_close(post.control);
	uv_run(&post.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&post.loop), 0);
	assert_int_equal(control_connect(post.directory, 100, &fd, &holder, &err), CONTROL_NOBODY);
	close(control_bind(post.directory, &err)); // a killed one leaves its name
	assert_int_equal(control_connect(post.directory, 100, &fd, &holder, &err), CONTROL_NOBODY);
	listen_there(&post);
	close(reach(&post));
	close_post(&post);
}

static void expect_left_alone(struct post *post, const char *target)
{
	struct err err = {0};
	struct control_peer holder;
	struct stat before, after;
	int fd;
	assert_int_equal(lstat(target, &before), 0);
	assert_int_equal(control_bind(post->directory, &err), -1);
	assert_non_null(strstr(err.message, "not a socket"));
	assert_int_equal(lstat(target, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(before.st_mode, after.st_mode);
	assert_int_equal(control_connect(post->directory, 100, &fd, &holder, &err), CONTROL_FAILED);
}

static void test_what_is_no_socket_stays_as_it_is(void **state)
{
	struct post post = {.client = -1};
	char path[600], elsewhere[600];
	(void)state;
	make_place(&post, 0, 0700);
	snprintf(path, sizeof path, "%s/" CONTROL_NAME, post.directory);
	snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", post.directory);
	close(open(path, O_CREAT | O_WRONLY, 0644));
	expect_left_alone(&post, path);
	unlink(path);
	close(open(elsewhere, O_CREAT | O_WRONLY, 0644));
	assert_int_equal(symlink(elsewhere, path), 0);
	expect_left_alone(&post, elsewhere);
	unlink(path);
	assert_int_equal(mkfifo(path, 0644), 0);
	expect_left_alone(&post, path);
	remove_place(&post);
}

// Whoever owns neither the incident nor the machine could say that everything is on disk.
static void test_somebody_elses_socket_is_not_asked(void **state)
{
	struct post post;
	struct err err = {0};
	struct control_peer holder;
	char path[600];
	int fd;
	(void)state;
	if (geteuid() != 0)
		skip();
	open_post(&post, 0, 0700);
	snprintf(path, sizeof path, "%s/" CONTROL_NAME, post.directory);
	assert_int_equal(chown(path, 65534, (gid_t)-1), 0);
	assert_int_equal(control_connect(post.directory, 100, &fd, &holder, &err), CONTROL_FAILED);
	assert_non_null(strstr(err.message, "not a socket of the incident's owner"));
	close_post(&post);
}

// Nobody turns the loop: it is stopped, or hangs.
static void test_who_does_not_answer_is_waited_for_so_long(void **state)
{
	struct post post;
	struct err err = {0};
	bool is_silent = false;
	(void)state;
	open_post(&post, 0, 0700);
	int fd = reach(&post);
	assert_null(control_ask(fd, "who", json_object(), 100, &is_silent, &err));
	assert_true(is_silent);
	close(fd);
	fd = reach(&post);
	control_close(post.control);
	post.control = NULL;
	assert_null(control_ask(fd, "who", json_object(), 1000, &is_silent, &err));
	assert_false(is_silent);
	close(fd);
	close_post(&post);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_request_is_answered),
		cmocka_unit_test(test_lines_come_in_pieces_and_together),
		cmocka_unit_test(test_an_answer_may_come_later),
		cmocka_unit_test(test_what_is_no_request_is_refused),
		cmocka_unit_test(test_a_line_without_an_end_is_cut_off),
		cmocka_unit_test(test_who_has_gone_is_not_obeyed),
		cmocka_unit_test(test_there_is_room_for_so_many),
		cmocka_unit_test(test_who_says_nothing_is_cut_off),
		cmocka_unit_test(test_the_path_may_be_long),
		cmocka_unit_test(test_a_shared_one_is_its_groups),
		cmocka_unit_test(test_its_name_goes_with_it_and_a_stale_one_is_replaced),
		cmocka_unit_test(test_what_is_no_socket_stays_as_it_is),
		cmocka_unit_test(test_somebody_elses_socket_is_not_asked),
		cmocka_unit_test(test_who_does_not_answer_is_waited_for_so_long),
	};
	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
