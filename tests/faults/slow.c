// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* LD_PRELOAD: a disk that answers no sync while the file $SLOW_WHILE is there, for ten minutes
 * at most. */

int fdatasync(int fd)
{
	const char *path = getenv("SLOW_WHILE");

	for (int i = 0; path && i < 60000 && access(path, F_OK) == 0; i++)
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	return (int)syscall(SYS_fdatasync, fd);
}
