// SPDX-License-Identifier: Apache-2.0
#include "bench.h"
#include "screen.h"

#include <ctype.h>
#include <dirent.h>
#include <unistd.h>

// What a full-screen program that waits costs, with all the processes that it has started: CPU in
// percent of a core, resident and proportional memory in KiB, and how many processes that are.

enum { DEADLINE_MS = 15000, QUIT_MS = 3000, PROCESSES_MAX = 256 };

struct usage {
	int processes;
	long ticks; // of CPU time, theirs and that of their children which have ended
	long resident_kib;
	long proportional_kib;
};

struct process {
	int pid, parent;
	long ticks;
};

// Reads /proc/PID/stat (proc(5)); the name in parentheses may hold anything, so what counts is the
// last parenthesis.
static bool process_read(int pid, struct process *out)
{
	char path[64];
	char text[1024];
	long user, system, children_user, children_system;
	size_t bytes = 0;
	const char *rest;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	file = fopen(path, "r");
	if (file != NULL) {
		bytes = fread(text, 1, sizeof text - 1, file);
		fclose(file);
	}
	text[bytes] = '\0';
	rest = strrchr(text, ')');
	if (rest == NULL ||
		sscanf(rest + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld %ld %ld",
			&out->parent, &user, &system, &children_user, &children_system) != 5)
		return false;
	out->pid = pid;
	out->ticks = user + system + children_user + children_system;
	return true;
}

// The number behind a name ("VmRSS:", "Pss:") in a file of /proc/PID; 0 if it is not there.
static long memory_kib(int pid, const char *name, const char *field)
{
	char path[64];
	char line[256];
	long kib = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	file = fopen(path, "r");
	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		if (strncmp(line, field, strlen(field)) == 0) {
			kib = strtol(line + strlen(field), NULL, 10);
			break;
		}
	if (file != NULL)
		fclose(file);
	return kib;
}

static bool is_member(const struct process *members, int count, int pid)
{
	for (int i = 0; i < count; i++)
		if (members[i].pid == pid)
			return true;
	return false;
}

// The process and all that descend from it; a child has mostly a higher number than its parent, so
// pass until none is new.
static int tree_find(int root, struct process *members)
{
	struct process process;
	int count = 0;
	int before;

	if (process_read(root, &process))
		members[count++] = process;
	do {
		DIR *proc = opendir("/proc");

		before = count;
		for (struct dirent *e = proc ? readdir(proc) : NULL; e != NULL; e = readdir(proc)) {
			int pid = isdigit((unsigned char)e->d_name[0]) ? atoi(e->d_name) : 0;

			if (pid > 0 && count < PROCESSES_MAX && process_read(pid, &process) &&
				is_member(members, count, process.parent) &&
				!is_member(members, count, pid))
				members[count++] = process;
		}
		if (proc != NULL)
			closedir(proc);
	} while (count > before);
	return count;
}

static struct usage usage_read(int root)
{
	struct process members[PROCESSES_MAX];
	struct usage usage = {.processes = tree_find(root, members)};

	for (int i = 0; i < usage.processes; i++) {
		usage.ticks += members[i].ticks;
		usage.resident_kib += memory_kib(members[i].pid, "status", "VmRSS:");
		usage.proportional_kib += memory_kib(members[i].pid, "smaps_rollup", "Pss:");
	}
	return usage;
}

int main(int argc, char *argv[])
{
	const char *const *program =
		bench_program(argv, 5, "idle ROWS COLS SETTLE-SECONDS SECONDS TEXT");
	struct screen *s = screen_start(atoi(argv[1]), atoi(argv[2]), program, NULL);
	bool good = screen_wait_text(s, argv[5], DEADLINE_MS);
	struct usage before, after;
	int64_t began_us;
	double seconds;

	(void)argc;
	if (good) {
		screen_pause(s, atoi(argv[3]) * 1000);
		began_us = bench_now_us();
		before = usage_read((int)screen_pid(s));
		screen_pause(s, atoi(argv[4]) * 1000);
		after = usage_read((int)screen_pid(s));
		seconds = (double)(bench_now_us() - began_us) / 1000000;
		good = after.processes > 0;
		printf("%.3f %ld %ld %d\n",
			100.0 * (double)(after.ticks - before.ticks) /
				(double)sysconf(_SC_CLK_TCK) / seconds,
			after.resident_kib, after.proportional_kib, after.processes);
	}
	screen_hang_up(s);
	screen_wait_exit(s, QUIT_MS);
	screen_free(s);
	return good ? 0 : 1;
}
