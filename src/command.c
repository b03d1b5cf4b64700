// SPDX-License-Identifier: Apache-2.0
#include "command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "relight/clock.h"
#include "relight/file.h"
#include "relight/memory.h"

#define SAY_US (200 * US_PER_MS)

static void say_exhausted(void)
{
	static const char words[] = "relight: out of memory: what was acknowledged is on disk; "
				    "'relight resume' goes on\n";
	ssize_t ignored = write(STDERR_FILENO, words, sizeof words - 1);
	(void)ignored;
}

void command_on_exhausted(void (*restore)(void))
{
	memory_on_exhausted(restore, say_exhausted);
}

// On a description of its own: making the shared one non-blocking would change it for the shell.
static int open_terminal(int fd)
{
	char path[256];
	if (!isatty(fd) || ttyname_r(fd, path, sizeof path) != 0)
		return -1;
	return open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

static void write_in_time(int fd, const char *text, size_t length)
{
	int64_t until_us = clock_mono().us + SAY_US, left_us = SAY_US;
	while (length > 0 && left_us > 0) {
		ssize_t count = write(fd, text, length);
		if (count < 0 && errno != EAGAIN && errno != EINTR)
			return;
		if (count > 0) {
			text += count;
			length -= (size_t)count;
		} else {
			struct pollfd polled = {.fd = fd, .events = POLLOUT};
			poll(&polled, 1, (int)(left_us / US_PER_MS));
		}
		left_us = until_us - clock_mono().us;
	}
}

void command_say(int fd, const char *text)
{
	int terminal = open_terminal(fd);
	fflush(fd == STDOUT_FILENO ? stdout : stderr);
	if (terminal < 0) {
		file_write(fd, text, strlen(text), NULL);
		return;
	}
	write_in_time(terminal, text, strlen(text));
	close(terminal);
}

int command_fail(enum exit_code code, const struct err *err)
{
	fprintf(stderr, "relight: %s%s%s\n", err->place, err->place[0] ? ": " : "", err->message);
	return code;
}

int command_usage(const char *command, const char *what)
{
	fprintf(stderr, "relight: %s: %s; 'relight %s --help' shows the usage\n", command, what,
		command);
	return EXIT_USAGE;
}

char *command_confide(char *assignment)
{
	char *copy = memory_copy_text(assignment), *value = strchr(assignment, '=');
	if (!value || value[1] == '\0' || value[1] == '@')
		return copy;
	memset(value + 1, '\0', strlen(value + 1));
	value[1] = '*';
	return copy;
}

int command_option(int argc, char **argv, const struct option *options)
{
	char letters[32] = ":"; // those of the options whose name is a single letter
	size_t length = 1;
	for (const struct option *option = options; option->name; option++) {
		if (option->name[1] != '\0' || length + 2 >= sizeof letters)
			continue;
		letters[length++] = option->name[0];
		if (option->has_arg == required_argument)
			letters[length++] = ':';
	}
	opterr = 0;
	int option = getopt_long(argc, argv, letters, options, NULL);
	if (option != '?' && option != ':')
		return option;
	char what[160];
	const char *shown = argv[optind - 1];
	snprintf(what, sizeof what,
		option == ':' ? "option %.80s needs a value" : "unknown option %.80s", shown);
	command_usage(argv[0], what);
	return '?';
}
