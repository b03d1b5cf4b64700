// SPDX-License-Identifier: Apache-2.0
#include "perform.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "relight/file.h"
#include "relight/incident_files.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "relight/moment.h"

#define SILENCE_MS                                                                                 \
	1000 // how long others may keep the output open, saying nothing, after the command's end
#define DRAIN_MS   5000 // and saying something
#define READ_BYTES 65536
#define PIPE_BYTES (1 << 20)

extern char **environ;

struct run {
	const struct order *order;
	struct files *files;
	int dir_fd;
	struct output *output;
	struct ending *ending;
	struct stop_watch watch;

	pid_t pid;               // and its process group; 0: a simulation
	int pipes[STREAM_COUNT]; // -1: closed
	bool has_ended;
	int64_t ended_ms, heard_ms; // when the command ended, when anything was last read
	int64_t stopped_ms;         // when it was signalled; -1: it was not
	bool is_killed;
};

static void wait_for(struct pollfd *fds, nfds_t count, int64_t ms)
{
	struct timespec patience = {.tv_sec = ms > 0 ? ms / MS_PER_S : 0,
		.tv_nsec = ms > 0 ? ms % MS_PER_S * 1000000 : 0};
	sigset_t none;

	sigemptyset(&none);
	if (ppoll(fds, count, &patience, &none) < 0) {
		for (nfds_t i = 0; i < count; i++)
			fds[i].revents = 0;
	}
}

// --- stopping --------------------------------------------------------------------------------------------------------

static void signal_group(const struct run *run, int signal)
{
	if (!run->pid)
		return;
	kill(-run->pid, signal);
	kill(-run->pid, SIGCONT); // a stopped process takes no signal but KILL
}

static void look_for_stop(struct run *run)
{
	int64_t now = stop_now_ms();

	if (run->has_ended && run->stopped_ms < 0)
		return;
	if (run->stopped_ms >= 0) {
		if (!run->is_killed && now - run->stopped_ms >= run->order->grace_ms) {
			signal_group(run, SIGKILL);
			run->is_killed = true;
		}
		return;
	}
	if (!stop_is_due(&run->watch, run->ending))
		return;
	run->stopped_ms = now;
	signal_group(run, run->order->signal);
}

// How long may be waited without missing any of that.
static int64_t patience_ms(const struct run *run)
{
	if (run->stopped_ms < 0)
		return stop_patience_ms(&run->watch);
	int64_t left = run->stopped_ms + run->order->grace_ms - stop_now_ms();
	if (run->is_killed || left > STOP_LOOK_MS)
		return STOP_LOOK_MS;
	return left > 0 ? left : 0;
}

static struct run run_begin(const struct order *order, struct files *files, struct output *output,
	struct ending *ending)
{
	*ending = (struct ending){.exit = -1};
	return (struct run){
		.order = order,
		.files = files,
		.dir_fd = files->dir_fd,
		.output = output,
		.ending = ending,
		.watch = stop_begin(order, files->dir_fd),
		.pipes = {-1, -1},
		.stopped_ms = -1,
	};
}

// --- the command -----------------------------------------------------------------------------------------------------

// The argv as posix_spawn wants it; the strings are borrowed.
static char **argv_of(const struct order *order)
{
	static const char *const shell[] = {"sh", "-eu", "-c"};
	size_t count = order->shell ? 4 : (size_t)cJSON_GetArraySize(order->command), i = 0;
	char **argv = memory_zeroed(count + 1, sizeof *argv);

	if (order->shell) {
		for (; i < 3; i++)
			argv[i] = (char *)shell[i];
		argv[i] = (char *)order->shell;
		return argv;
	}
	json_each (argument, order->command)
		argv[i++] = argument->valuestring;
	return argv;
}

static void describe_child(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes,
	int work_fd, int ends[STREAM_COUNT][2], int alive_fd)
{
	sigset_t none, all;

	posix_spawn_file_actions_init(actions);
	posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(actions, ends[STREAM_OUT][1], STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(actions, ends[STREAM_ERR][1], STDERR_FILENO);
	// A descriptor that is given its own number loses its close-on-exec.
	posix_spawn_file_actions_adddup2(actions, alive_fd, alive_fd);
	for (int i = 0; i < STREAM_COUNT; i++)
		posix_spawn_file_actions_adddup2(actions, ends[i][0], ends[i][0]);
	if (work_fd >= 0)
		posix_spawn_file_actions_addfchdir_np(actions, work_fd);
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(attributes);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setsigdefault(attributes, &all);
	posix_spawnattr_setpgroup(attributes, 0);
	posix_spawnattr_setflags(
		attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static int spawn_in(struct run *run, int work_fd, int ends[STREAM_COUNT][2], int alive_fd)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	char **argv = argv_of(run->order);

	describe_child(&actions, &attributes, work_fd, ends, alive_fd);

	// The environment, PATH included, was completed by order_read.
	int errnum =
		run->order->shell
			? posix_spawn(&run->pid, "/bin/sh", &actions, &attributes, argv, environ)
			: posix_spawnp(&run->pid, argv[0], &actions, &attributes, argv, environ);

	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	free(argv);
	return errnum;
}

static void close_all(int ends[STREAM_COUNT][2], int side)
{
	for (int i = 0; i < STREAM_COUNT; i++) {
		if (ends[i][side] >= 0)
			close(ends[i][side]);
		ends[i][side] = -1;
	}
}

// The command has the reading ends of its output too: should the actuator be killed, its next line
// must not end it with SIGPIPE, half-way through what it does. What it prints unattended stays in
// the pipe, which is made large for that.
static bool make_pipes(int ends[STREAM_COUNT][2])
{
	for (int i = 0; i < STREAM_COUNT; i++) {
		if (pipe2(ends[i], O_CLOEXEC) < 0)
			return false;
		fcntl(ends[i][0], F_SETPIPE_SZ, PIPE_BYTES); // as far as the system allows
	}
	return true;
}

// Descriptors 0 to 2 are open in every process that comes here (perform_attempt sees to it), so
// that none of these is one of them.
static bool start_command(struct run *run, struct err *err)
{
	int ends[STREAM_COUNT][2] = {{-1, -1}, {-1, -1}};
	int work_fd = -1, errnum = 0;
	bool is_started = false;

	if (run->order->dir) {
		work_fd = file_open_directory(AT_FDCWD, run->order->dir, false, err);
		if (work_fd < 0)
			return err_prefix(err, "dir");
	}
	if (!make_pipes(ends)) {
		err_errno(err, errno, "cannot be started");
		goto out;
	}
	errnum = spawn_in(run, work_fd, ends, run->files->alive_fd);
	if (errnum) {
		run->pid = 0;
		err_errno(err, errnum, "%s",
			run->order->shell ? "/bin/sh" : run->order->command->child->valuestring);
		goto out;
	}
	for (int i = 0; i < STREAM_COUNT; i++) {
		run->pipes[i] = ends[i][0];
		ends[i][0] = -1;
	}
	is_started = true;
out:
	close_all(ends, 0);
	close_all(ends, 1);
	// While somebody holds it, something of the command lives: this process must not.
	close(run->files->alive_fd);
	run->files->alive_fd = -1;
	if (work_fd >= 0)
		close(work_fd);
	return is_started;
}

// One read of what is there: poll said that it does not block.
static void read_stream(struct run *run, enum stream stream)
{
	char bytes[READ_BYTES];
	ssize_t n = read(run->pipes[stream], bytes, sizeof bytes);

	if (n > 0) {
		run->heard_ms = stop_now_ms();
		output_take(run->output, stream, bytes, (size_t)n);
	} else if (n == 0 || errno != EINTR) {
		close(run->pipes[stream]);
		run->pipes[stream] = -1;
	}
}

static void read_streams(struct run *run)
{
	struct pollfd fds[STREAM_COUNT];
	enum stream of[STREAM_COUNT];
	nfds_t count = 0;

	for (int i = 0; i < STREAM_COUNT; i++) {
		if (run->pipes[i] < 0)
			continue;
		fds[count] = (struct pollfd){.fd = run->pipes[i], .events = POLLIN};
		of[count++] = (enum stream)i;
	}
	wait_for(fds, count, patience_ms(run));
	for (nfds_t i = 0; i < count; i++) {
		if (fds[i].revents)
			read_stream(run, of[i]);
	}
}

// The child is left as a zombie until the end: so its number, and that of its group, stay its own
// and can be signalled safely.
static void look_at_child(struct run *run)
{
	siginfo_t info = {0};

	if (run->has_ended)
		return;
	if (waitid(P_PID, (id_t)run->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || !info.si_pid)
		return;
	run->has_ended = true;
	run->ended_ms = run->heard_ms = stop_now_ms();
	run->ending->duration_ms = stop_passed_ms(&run->watch);
	if (info.si_code == CLD_EXITED)
		run->ending->exit = info.si_status;
	else
		run->ending->signal = info.si_status;
}

// What a command leaves running may keep its output open. After a normal end it is left alone;
// after a stop it is part of what must end, and has the grace for it.
static bool is_over(const struct run *run)
{
	bool is_closed = run->pipes[STREAM_OUT] < 0 && run->pipes[STREAM_ERR] < 0;
	int64_t now = stop_now_ms();

	if (!run->has_ended)
		return false;
	if (run->stopped_ms >= 0 && !run->is_killed &&
		file_is_locked(run->dir_fd, ATTEMPT_ALIVE_NAME))
		return false;
	return is_closed || now - run->heard_ms >= SILENCE_MS || now - run->ended_ms >= DRAIN_MS;
}

void run_command(const struct order *order, struct files *files, struct output *output,
	struct ending *ending)
{
	struct run run = run_begin(order, files, output, ending);
	struct err err = {0};

	look_for_stop(&run);
	if (run.stopped_ms >= 0) // cancelled between the intent and the request
		return;
	if (!start_command(&run, &err)) {
		// As a shell says it, so that hints and people find it where they look for it.
		ending->exit = 127;
		ending->why = memory_copy_text(err.message);
		err_prefix(&err, "relight");
		output_take(output, STREAM_ERR, err.message, strlen(err.message));
		output_take(output, STREAM_ERR, "\n", 1);
		return;
	}
	while (!is_over(&run)) {
		read_streams(&run);
		look_at_child(&run);
		look_for_stop(&run);
	}
	if (run.stopped_ms >= 0) {
		signal_group(&run, SIGKILL);
		ending->is_left = file_is_locked(run.dir_fd, ATTEMPT_ALIVE_NAME);
	}
	for (int i = 0; i < STREAM_COUNT; i++) {
		if (run.pipes[i] >= 0)
			close(run.pipes[i]);
	}
	while (waitpid(run.pid, NULL, 0) < 0 && errno == EINTR)
		;
}

// --- a rehearsal -----------------------------------------------------------------------------------------------------

static size_t lines_in(const char *text)
{
	size_t lines = 0;

	for (const char *c = text; *c; c++)
		lines += *c == '\n' || !c[1];
	return lines;
}

// Simulated time goes on while the machine sleeps. Line `index` of `count` comes when its share of
// the time has passed, so that there is something to watch.
static const char *play_lines(
	struct run *run, const char *text, size_t *index, size_t count, int64_t takes_ms)
{
	int64_t passed_ms = stop_passed_ms(&run->watch);

	while (*text && takes_ms * (int64_t)(*index + 1) / (int64_t)(count + 1) <= passed_ms) {
		size_t length = strcspn(text, "\n");

		output_take(run->output, STREAM_OUT, text, length);
		output_take(run->output, STREAM_OUT, "\n", 1);
		text += length + (text[length] == '\n');
		++*index;
	}
	return text;
}

void run_simulation(const struct order *order, struct files *files, struct output *output,
	struct ending *ending)
{
	struct run run = run_begin(order, files, output, ending);
	int64_t takes_ms = json_int(order->simulation, "takes_ms", 0);
	const char *text = json_text(order->simulation, "output");
	size_t count, index = 0;

	text = text ? text : "";
	count = lines_in(text);
	for (;;) {
		text = play_lines(&run, text, &index, count, takes_ms);
		if (stop_passed_ms(&run.watch) >= takes_ms)
			break;
		look_for_stop(&run);
		if (run.stopped_ms >= 0)
			break;

		int64_t left_ms = takes_ms - stop_passed_ms(&run.watch);
		int64_t piece_ms = takes_ms / (int64_t)(count + 1) + 1;
		int64_t wait_ms = patience_ms(&run);

		wait_ms = left_ms < wait_ms ? left_ms : wait_ms;
		wait_for(NULL, 0, piece_ms < wait_ms ? piece_ms : wait_ms);
	}
	if (run.stopped_ms >= 0)
		ending->signal = order->signal;
	else
		ending->exit = (int)json_int(order->simulation, "exit", 0);
	ending->duration_ms = stop_passed_ms(&run.watch);
}
