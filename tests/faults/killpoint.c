// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mark.h"

/* killpoint ROLE N COMMAND…: runs it, and kills the process that plays ROLE as hard as it gets when
 * it is about to make its Nth system call; with N 0 it only counts. Prints "calls COUNT" on
 * descriptor 3 and exits with the command's exit code, 128 + signal where a signal ended it.
 *
 * `strace -f -e inject=all:signal=KILL:when=N` counts for each thread by itself and kills whatever
 * comes so far; here the roles are told apart by their descent, and the calls of all threads of a
 * role count together. What a role has started lives on when that role dies.
 *
 * ROLE@ counts from the mark on that a shim sets (mark.h). */

enum role { COCKPIT, LAUNCHER, ACTUATOR, SENSOR, COMMAND, ROLES };
static const char *const role_words[ROLES] = {
	"cockpit", "launcher", "actuator", "sensor", "command"};

#define TASKS_MOST 4096

struct task {
	pid_t tid, process;
	enum role role;
	bool is_entering;
	bool is_early; /* stopped before its parent's stop told whose child it is */
};

static struct task tasks[TASKS_MOST];
static size_t task_count;

static struct task *find(pid_t tid)
{
	for (size_t i = 0; i < task_count; i++) {
		if (tasks[i].tid == tid)
			return &tasks[i];
	}
	return NULL;
}

static pid_t process_of(pid_t tid)
{
	char path[64], line[128];
	int process = tid;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/status", (int)tid);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof line, file)) {
		if (sscanf(line, "Tgid: %d", &process) == 1)
			break;
	}
	if (file)
		fclose(file);
	return process;
}

static enum role child_of(enum role parent)
{
	switch (parent) {
	case COCKPIT: return LAUNCHER; /* until it loads a program */
	case LAUNCHER: return ACTUATOR;
	case ACTUATOR: return COMMAND;
	default: return parent;
	}
}

static struct task *add(pid_t tid, const struct task *parent)
{
	struct task *task = find(tid);

	if (task)
		return task;
	if (task_count == TASKS_MOST)
		abort();
	task = &tasks[task_count++];
	*task = (struct task){.tid = tid, .process = process_of(tid)};
	if (parent)
		task->role =
			task->process == parent->process ? parent->role : child_of(parent->role);
	return task;
}

static void forget(pid_t tid)
{
	struct task *task = find(tid);

	if (task)
		*task = tasks[--task_count];
}

/* A child of the cockpit that loads a program is the sensor. */
static void on_exec(struct task *task)
{
	if (task->role == LAUNCHER)
		task->role = SENSOR;
}

static pid_t start(char **argv)
{
	pid_t pid = fork();

	if (pid == 0) {
		raise(SIGSTOP);
		execvp(argv[0], argv);
		_exit(127);
	}
	return pid;
}

struct count {
	enum role role;
	bool takes_all;
	bool waits; /* for the mark */
	long at, calls;
	pid_t killed;
	bool is_gone; /* it has been */
};

static bool is_mark(pid_t tid)
{
	struct __ptrace_syscall_info is = {0};

	return ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof is, &is) > 0 &&
	       is.op == PTRACE_SYSCALL_INFO_ENTRY && is.entry.nr == SYS_prctl &&
	       is.entry.args[0] == KILLPOINT_MARK;
}

static void on_call(struct count *count, const struct task *task)
{
	if (task->role != count->role || task->process == count->killed)
		return;
	if (count->waits) {
		count->waits = !is_mark(task->tid);
		return;
	}
	if (++count->calls == count->at) {
		count->killed = task->process;
		for (size_t i = 0; count->takes_all && i < task_count; i++)
			kill(tasks[i].process, SIGKILL);
		kill(task->process, SIGKILL);
	}
}

/* One that was made in the very moment in which its parent was killed: no stop of that one tells of
 * it any more. */
static void take_orphans(const struct count *count)
{
	for (size_t i = 0; i < task_count; i++) {
		if (!tasks[i].is_early)
			continue;
		tasks[i].is_early = false;
		tasks[i].role = child_of(count->role);
		if (count->takes_all)
			kill(tasks[i].process, SIGKILL);
		ptrace(PTRACE_SYSCALL, tasks[i].tid, NULL, 0L);
	}
}

/* Of a stopped task: what it stopped for, and on. */
static void go_on(struct count *count, pid_t tid, int status)
{
	struct task *task = find(tid);
	int event = status >> 16, number = WSTOPSIG(status), deliver = 0;

	if (!task) {
		add(tid, NULL)->is_early = true;
		if (count->is_gone)
			take_orphans(count);
		return;
	}
	if (number == (SIGTRAP | 0x80)) {
		task->is_entering = !task->is_entering;
		if (task->is_entering)
			on_call(count, task);
	} else if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK ||
		   event == PTRACE_EVENT_CLONE) {
		unsigned long child = 0;

		if (ptrace(PTRACE_GETEVENTMSG, tid, NULL, &child) == 0) {
			struct task parent = *task;
			struct task *early = find((pid_t)child);
			bool is_early = early && early->is_early;

			forget((pid_t)child);
			add((pid_t)child, &parent);
			if (is_early)
				ptrace(PTRACE_SYSCALL, (pid_t)child, NULL, 0L);
		}
	} else if (event == PTRACE_EVENT_EXEC) {
		on_exec(task);
	} else if (event == 0) {
		deliver = number;
	}
	ptrace(PTRACE_SYSCALL, tid, NULL, (long)deliver);
}

/* +cockpit@: all of them are killed, from the mark on. */
static bool parse_role(const char *word, struct count *count)
{
	size_t length;

	count->takes_all = word[0] == '+';
	word += count->takes_all;
	length = strcspn(word, "@");
	count->waits = word[length] == '@';
	for (int i = 0; i < ROLES; i++) {
		if (strlen(role_words[i]) == length && memcmp(role_words[i], word, length) == 0) {
			count->role = (enum role)i;
			return true;
		}
	}
	return false;
}

int main(int argc, char **argv)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			     PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
	struct count count = {0};
	int status, code = 127;
	pid_t first, tid;

	if (argc < 4 || !parse_role(argv[1], &count)) {
		fprintf(stderr, "usage: killpoint ROLE N COMMAND…\n");
		return 2;
	}
	count.at = atol(argv[2]);
	first = start(argv + 3);
	waitpid(first, &status, WUNTRACED);
	if (ptrace(PTRACE_SEIZE, first, NULL, options) < 0) {
		perror("killpoint: ptrace");
		kill(first, SIGKILL);
		return 2;
	}
	add(first, NULL);
	kill(first, SIGCONT);
	ptrace(PTRACE_INTERRUPT, first, NULL, NULL);
	while ((tid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		if (tid < 0)
			continue;
		if (WIFSTOPPED(status)) {
			go_on(&count, tid, status);
			continue;
		}
		forget(tid);
		if (tid == count.killed) {
			count.is_gone = true;
			take_orphans(&count);
		}
		if (tid == first)
			code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
	dprintf(3, "calls %ld\n", count.calls);
	return code;
}
