// SPDX-License-Identifier: Apache-2.0
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "relight/diag.h"

const struct command_entry command_table[] = {
	{"demo", cmd_demo, "[--scenario NAME] [--speed N] [--auto] [--dir D]",
		"recover a simulated platform on this screen; needs nothing", false},
	{"run", cmd_run,
		"RUNBOOK [--input K=V|K=@FILE]... [--inputs FILE] [--dir D] [--operator NAME] "
		"[--key FILE|auto] [--drill] [--scenario F] [--speed N] [--observe] "
		"[--share GROUP] [--mirror FOLDER] [--theme T] "
		"[--headless "
		"[--answers F] [--parallel N]]",
		"open an incident and work through a runbook", false},
	{"resume", cmd_resume,
		"[INCIDENT] [--input K=V]... [--operator NAME] [--key FILE|auto] [--headless "
		"[--answers F] "
		"[--parallel N]]",
		"go on with an open incident, by default the newest", false},
	{"take", cmd_take,
		"INCIDENT [--why TEXT] [--operator NAME] [--key FILE|auto] [--input K=V]... "
		"[--headless [--answers F] "
		"[--parallel N]]",
		"take an incident from whoever has it open, and go on with it", false},
	{"note", cmd_note, "INCIDENT TEXT|- [--type T] [--at TIME]",
		"write a note into an open incident's record, from another terminal", false},
	{"watch", cmd_watch, "[INCIDENT] [--operator NAME]",
		"look on at an open incident, read-only", false},
	{"status", cmd_status, "[INCIDENT] [--step ID]",
		"ten lines to paste into a chat; with --step, whether that step is done", false},
	{"plan", cmd_plan, "RUNBOOK [--format text|json|dot|mermaid]",
		"the order of the steps, the critical path, and whether it fits the RTO", false},
	{"report", cmd_report, "TIMELINE [-o FILE] [--format markdown|json]",
		"what a reviewer reads: objectives, decisions, evidence, what went wrong", false},
	{"list", cmd_list, "[--format text|json]", "incidents of this machine, newest first",
		false},
	{"timeline", cmd_timeline,
		"verify|show|seal TIMELINE [--format text|json|jsonl] [--allowed-signers FILE] "
		"[--seal FILE] [--head HEX] [--key FILE] [-o FILE]",
		"whether the record is what was written; what is in it; sign it", false},
	{"check", cmd_check, "RUNBOOK... [--strict] [--live [--input K=V]...] [--format text|json]",
		"say what is wrong with a runbook, and what it lacks", false},
	{"health", cmd_health, "[FILE|-] [--format jsonl|text]",
		"judge Kubernetes objects without a cluster", false},
	{"schema", cmd_schema, "timeline", "the JSON Schema of a timeline's lines", false},
	{"probe", cmd_probe,
		"RUNBOOK [--once] [--only ID,...] [--input NAME=VALUE]... [--configured] [--base "
		"DIR] [--scenario FILE [--timeline FILE]]",
		"the sensor: observe every dependency, one JSON object a line", true},
	{"perform", cmd_perform, "--dir D --step S --attempt N",
		"the actuator: perform the one attempt that a JSON line on stdin asks for", true},
	{"launcher", cmd_launcher, "",
		"start actuators and look after them, by JSON lines on a socket", true},
	{"jq", cmd_jq, "", "contained jq: JSON lines in, JSON lines out", true},
};
const int command_count = sizeof command_table / sizeof command_table[0];

// Words of the contract whose commands are not there yet: better said than taken for a misspelling.
static const char *const not_built[] = {"do", "inject", "approve", "assign", "replay", "compare",
	"score", "advise", "catalog", "init", "theme", NULL};

static void print_entry(FILE *out, const struct command_entry *entry)
{
	fprintf(out, "  %-9s %s\n", entry->name, entry->help);
}

static void print_help(FILE *out)
{
	fputs("relight: recover a lost platform by checklist, and keep the record\n\n"
	      "usage: relight [--version] [--help] COMMAND ...\n\n",
		out);
	for (int i = 0; i < command_count; i++)
		if (!command_table[i].is_inner)
			print_entry(out, &command_table[i]);
	fputs("\nroles that it starts itself in, each useful alone:\n", out);
	for (int i = 0; i < command_count; i++)
		if (command_table[i].is_inner)
			print_entry(out, &command_table[i]);
	fputs("\nBegin with: relight demo --speed 20\n'relight COMMAND --help' shows a command's "
	      "options; relight(1) has the rest.\n",
		out);
}

static const struct command_entry *find_command(const char *name)
{
	for (int i = 0; i < command_count; i++)
		if (strcmp(command_table[i].name, name) == 0)
			return &command_table[i];
	return NULL;
}

static int unknown_command(const char *name)
{
	for (int i = 0; not_built[i]; i++)
		if (strcmp(not_built[i], name) == 0) {
			fprintf(stderr,
				"relight: %s: not built yet; 'relight --help' lists what is\n",
				name);
			return EXIT_USAGE;
		}
	const char *names[64] = {NULL};
	for (int i = 0; i < command_count && i < 63; i++)
		names[i] = command_table[i].name;
	const char *near = diag_nearest(name, names);
	struct err err;
	if (near)
		err_set(&err, "unknown command: %s; did you mean '%s'? 'relight --help' lists them",
			name, near);
	else
		err_set(&err, "unknown command: %s; 'relight --help' lists them", name);
	return command_fail(EXIT_USAGE, &err);
}

// A dumped core would hold the secrets that the record keeps out (DESIGN.md §7). The limit alone
// does not do where the kernel hands cores to a program (core(5)); a process that is not dumpable
// leaves none, and only root can look into it while it runs. What it starts is as usual, but for
// the limit.
static void forbid_core_dumps(void)
{
	prctl(PR_SET_DUMPABLE, 0);
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
}

// What is opened next must not become one of the three that everything reads and writes. False: it
// cannot be helped, and nobody could be told.
static bool open_standard_files(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return false;
	return true;
}

// What was printed must have arrived: a report that was cut off by a full disk is none.
static int check_printed(int code)
{
	struct err err;
	bool was_good = !ferror(stdout);
	if (fflush(stdout) == 0 && was_good)
		return code;
	err_errno(&err, errno ? errno : EIO, "stdout: cannot be written");
	return command_fail(EXIT_USAGE, &err);
}

static int run(int argc, char **argv)
{
	if (argc < 2) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("relight " RELIGHT_VERSION);
		return EXIT_GOOD;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
		strcmp(argv[1], "help") == 0) {
		print_help(stdout);
		return EXIT_GOOD;
	}
	const struct command_entry *entry = find_command(argv[1]);
	if (!entry)
		return unknown_command(argv[1]);
	for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0) {
			printf("usage: relight %s %s\n\n%s\n", entry->name, entry->usage,
				entry->help);
			return EXIT_GOOD;
		}
	return entry->run(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	if (!open_standard_files())
		return EXIT_USAGE;
	setlocale(LC_CTYPE, "");
	forbid_core_dumps();
	signal(SIGXFSZ, SIG_IGN); // a file that may not grow is a full disk, not a death
	command_on_exhausted(NULL);
	return check_printed(run(argc, argv));
}
