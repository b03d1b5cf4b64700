// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_COMMAND_H
#define RELIGHT_COMMAND_H

#include <getopt.h>
#include <stdbool.h>

#include "relight/err.h"

// The exit codes of FORMATS.md §8.
enum exit_code {
	EXIT_GOOD = 0,
	EXIT_NO = 1,     // the answer is no
	EXIT_USAGE = 2,  // wrong usage or unreadable input
	EXIT_PERSON = 3, // stopped, waiting for a person
	EXIT_INTERRUPTED = 130,
};

// One word of the command line. The table in main.c gives dispatch, `relight --help` and shell
// completion.
struct command_entry {
	const char *name;
	int (*run)(int argc, char **argv); // argv[0] is the command's name; returns an exit code
	const char *usage;                 // after "relight NAME "
	const char *help;                  // what it does, in one line
	bool is_inner; // a role that the program starts itself in; not listed first
};
extern const struct command_entry command_table[];
extern const int command_count;

int cmd_check(int argc, char **argv);
int cmd_demo(int argc, char **argv);
int cmd_health(int argc, char **argv);
int cmd_jq(int argc, char **argv);
int cmd_launcher(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_note(int argc, char **argv);
int cmd_perform(int argc, char **argv);
int cmd_plan(int argc, char **argv);
int cmd_probe(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_resume(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_schema(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_take(int argc, char **argv);
int cmd_timeline(int argc, char **argv);
int cmd_watch(int argc, char **argv);

// getopt_long for a command: the next option's value, -1 at the end. What is wrong is said in one
// line and '?' returned; the caller returns EXIT_USAGE. An option whose name is a single letter is
// written -o. Options may stand anywhere among the operands. Start with optind = 1 (main does).
int command_option(int argc, char **argv, const struct option *options);

// A copy of NAME=VALUE, to be wiped by the caller; the value is overwritten where it came from, as
// everybody on the machine can read the arguments of a process. NAME=@FILE stays.
char *command_confide(char *assignment);

// "relight: message" on stderr, in one line, with the place in front where there is one. Returns
// `code`.
int command_fail(enum exit_code code, const struct err *err);
// Says so in one line when memory runs out, after `restore` (may be NULL) has brought the terminal
// back.
void command_on_exhausted(void (*restore)(void));
// Writes a text to stdout or stderr. A terminal that takes nothing any more, because its connection
// is half open, is waited for 200 ms at most.
void command_say(int fd, const char *text);
int command_usage(
	const char *command, const char *what); // the same for wrong usage; returns EXIT_USAGE

#endif
