// SPDX-License-Identifier: Apache-2.0
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control_parts.h"

void control_address(int fd, const char *name, struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d%s%s", fd,
		name ? "/" : "", name ? name : "");
}

// Of the users in the machine's own file: a directory server that is asked for a name may be one of
// the things that are down, and would be waited for.
static void name_user(uid_t uid, char *name, size_t size)
{
	FILE *users = fopen("/etc/passwd", "re");
	struct passwd *user = NULL;

	while (users && (user = fgetpwent(users)) && user->pw_uid != uid)
		;
	if (user)
		snprintf(name, size, "%s", user->pw_name);
	else
		snprintf(name, size, "uid %u", (unsigned)uid);
	if (users)
		fclose(users);
}

bool control_peer_of(int fd, struct control_peer *peer)
{
	struct ucred seen;
	socklen_t size = sizeof seen;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &seen, &size) < 0 || size != sizeof seen)
		return false;
	*peer = (struct control_peer){.uid = seen.uid, .pid = seen.pid};
	name_user(seen.uid, peer->user, sizeof peer->user);
	return true;
}
