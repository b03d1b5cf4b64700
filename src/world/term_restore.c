// SPDX-License-Identifier: Apache-2.0
#include "term_restore.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "relight/term.h"

#define PATIENCE_MS 50

static struct {
	volatile sig_atomic_t is_armed;
	int fd;
	struct termios original;
	char sequence[TERM_RESTORE_BYTES];
	size_t length;
} restore;

// Those whose default is to end the process and that can come while the screen is up. SIGINT and
// SIGTERM are usually taken by the loop; where they are not, curses would take them with a handler
// that is not async-signal-safe.
static const int ending[] = {
	SIGSEGV,
	SIGBUS,
	SIGFPE,
	SIGILL,
	SIGABRT,
	SIGINT,
	SIGTERM,
	SIGQUIT,
	SIGSYS,
};
static bool is_ours[sizeof ending / sizeof *ending];

// A terminal that takes nothing gets nothing, after a moment in which it may only be slow.
static void write_patiently(const char *bytes, size_t length)
{
	struct pollfd ready = {.fd = restore.fd, .events = POLLOUT};

	for (int tries = 0; length && tries < 4;) {
		ssize_t written = write(restore.fd, bytes, length);

		if (written > 0) {
			bytes += written;
			length -= (size_t)written;
		} else {
			poll(&ready, 1, PATIENCE_MS);
			tries++;
		}
	}
}

void term_restore(void)
{
	int saved = errno;

	if (!restore.is_armed)
		return;
	restore.is_armed = 0;
	write_patiently(restore.sequence, restore.length);
	tcsetattr(restore.fd, TCSANOW, &restore.original);
	errno = saved;
}

static void handle(int number)
{
	term_restore();
	// SA_RESETHAND has brought the default back, and SA_NODEFER lets it act at once.
	raise(number);
}

void term_restore_arm(
	int fd, const struct termios *original, const char *sequence, size_t length_bytes)
{
	struct sigaction action = {
		.sa_handler = handle, .sa_flags = (int)(SA_RESETHAND | SA_NODEFER)};

	restore.fd = fd;
	restore.original = *original;
	restore.length =
		length_bytes < sizeof restore.sequence ? length_bytes : sizeof restore.sequence;
	memcpy(restore.sequence, sequence, restore.length);
	restore.is_armed = 1;
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) {
		struct sigaction old;

		if (is_ours[i] || sigaction(ending[i], NULL, &old) || (old.sa_flags & SA_SIGINFO) ||
			old.sa_handler != SIG_DFL)
			continue;
		is_ours[i] = sigaction(ending[i], &action, NULL) == 0;
	}
}

void term_restore_disarm(void)
{
	restore.is_armed = 0;
	for (size_t i = 0; i < sizeof ending / sizeof *ending; i++) {
		struct sigaction now;

		if (is_ours[i] && !sigaction(ending[i], NULL, &now) && now.sa_handler == handle)
			signal(ending[i], SIG_DFL);
		is_ours[i] = false;
	}
}
