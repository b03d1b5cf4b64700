// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* LD_PRELOAD: the machine has slept for as many seconds as the file $ASLEEP says; none where there
 * is no such file. Its clocks show it as after a real sleep: CLOCK_MONOTONIC stood still, the
 * others went on. */

static long slept_s(void)
{
	const char *path = getenv("ASLEEP");
	int errnum = errno, fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	char digits[24] = "";
	ssize_t length = fd < 0 ? 0 : read(fd, digits, sizeof digits - 1);

	if (fd >= 0)
		close(fd);
	errno = errnum;
	return length > 0 ? strtol(digits, NULL, 10) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *at)
{
	int result = (int)syscall(SYS_clock_gettime, clock, at);

	if (result == 0 && (clock == CLOCK_BOOTTIME || clock == CLOCK_REALTIME))
		at->tv_sec += slept_s();
	return result;
}
