// SPDX-License-Identifier: Apache-2.0
//
// The end of the control socket that asks: for commands, which may wait, but not for ever.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control_parts.h"
#include "relight/buf.h"
#include "relight/clock.h"
#include "relight/json.h"

#define AGAIN_MS   20 // until the next try, where too many want to be let in
#define READ_BYTES 4096

static int64_t now_ms(void)
{
	return clock_mono().us / US_PER_MS;
}

// The socket itself, held so that nothing else can come in its place, and its directory's owner.
static enum control_reach open_socket(
	const char *directory, int *path_fd, uid_t *owner, struct err *err)
{
	int dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat is;

	*path_fd = -1;
	if (dir_fd < 0 || fstat(dir_fd, &is) < 0) {
		err_errno(err, errno, "incident: %s", directory);
		if (dir_fd >= 0)
			close(dir_fd);
		return CONTROL_FAILED;
	}
	*owner = is.st_uid;
	*path_fd = openat(dir_fd, CONTROL_NAME, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	int error = errno;

	close(dir_fd);
	if (*path_fd < 0) {
		err_errno(err, error, "%s/" CONTROL_NAME, directory);
		return error == ENOENT ? CONTROL_NOBODY : CONTROL_FAILED;
	}
	if (fstat(*path_fd, &is) < 0 || !S_ISSOCK(is.st_mode) ||
		(is.st_uid != *owner && is.st_uid != 0)) {
		err_set(err, "%s/" CONTROL_NAME ": is not a socket of the incident's owner",
			directory);
		close(*path_fd);
		*path_fd = -1;
		return CONTROL_FAILED;
	}
	return CONTROL_REACHED;
}

static enum control_reach try_to_connect(
	int path_fd, const char *directory, int64_t until_ms, int *fd, struct err *err)
{
	struct sockaddr_un address;

	control_address(path_fd, NULL, &address);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	// unix(7): EAGAIN is a queue that is full.
	while (*fd >= 0 && connect(*fd, (struct sockaddr *)&address, sizeof address) < 0) {
		if ((errno == EAGAIN || errno == EINTR) && now_ms() < until_ms) {
			poll(NULL, 0, AGAIN_MS);
			continue;
		}

		enum control_reach reach =
			errno == ECONNREFUSED || errno == ENOENT ? CONTROL_NOBODY : CONTROL_FAILED;

		err_errno(err, errno, "%s/" CONTROL_NAME, directory);
		close(*fd);
		*fd = -1;
		return reach;
	}
	if (*fd >= 0)
		return CONTROL_REACHED;
	err_errno(err, errno, "%s/" CONTROL_NAME, directory);
	return CONTROL_FAILED;
}

enum control_reach control_connect(const char *directory, int patience_ms, int *fd,
	struct control_peer *holder, struct err *err)
{
	int path_fd;
	uid_t owner;
	enum control_reach reach = open_socket(directory, &path_fd, &owner, err);

	*fd = -1;
	if (reach == CONTROL_REACHED)
		reach = try_to_connect(path_fd, directory, now_ms() + patience_ms, fd, err);
	if (path_fd >= 0)
		close(path_fd);
	if (reach != CONTROL_REACHED)
		return reach;
	if (control_peer_of(*fd, holder) && (holder->uid == owner || holder->uid == 0))
		return CONTROL_REACHED;
	err_set(err, "%s/" CONTROL_NAME ": somebody else than the incident's owner listens there",
		directory);
	close(*fd);
	*fd = -1;
	return CONTROL_FAILED;
}

// --- a request and its answer ----------------------------------------------------------------------------------------

// False: not in time (*is_silent), or the connection is lost.
static bool await(int fd, short events, int64_t until_ms, bool *is_silent)
{
	struct pollfd polled = {.fd = fd, .events = events};
	int64_t left_ms = until_ms - now_ms();
	int count = poll(&polled, 1, left_ms > 0 ? (int)left_ms : 0);

	*is_silent = count == 0;
	return count > 0 || (count < 0 && errno == EINTR);
}

static bool send_request(int fd, const struct buf *line, int64_t until_ms, bool *is_silent)
{
	for (size_t sent = 0; sent < line->length;) {
		ssize_t count = send(
			fd, line->data + sent, line->length - sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (count > 0)
			sent += (size_t)count;
		else if (count < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		else if (!await(fd, POLLOUT, until_ms, is_silent))
			return false;
	}
	return true;
}

// Up to its LF, which is left away.
static bool read_answer(int fd, struct buf *line, int64_t until_ms, bool *is_silent)
{
	char bytes[READ_BYTES];

	while (line->length < CONTROL_LINE_BYTES) {
		if (!await(fd, POLLIN, until_ms, is_silent))
			return false;

		ssize_t count = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);

		if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR))
			return false;
		if (count > 0)
			buf_add(line, bytes, (size_t)count);
		if (line->length > 0 && line->data[line->length - 1] == '\n') {
			line->data[--line->length] = '\0';
			return true;
		}
	}
	return false;
}

cJSON *control_ask(
	int fd, const char *word, cJSON *body, int patience_ms, bool *is_silent, struct err *err)
{
	int64_t until_ms = now_ms() + patience_ms;
	cJSON *request = json_object(), *answer = NULL;
	struct buf line = {0}, said = {0};

	*is_silent = false;
	json_add(request, word, body);
	json_write(&line, request);
	buf_byte(&line, '\n');
	// What was answered before the connection went is read all the same: a refusal comes so.
	bool is_sent = send_request(fd, &line, until_ms, is_silent);
	if ((is_sent || !*is_silent) && read_answer(fd, &said, until_ms, is_silent))
		answer = json_parse(said.data, said.length, err);
	else if (*is_silent)
		err_set(err, "no answer in %d s", patience_ms / 1000);
	else
		err_set(err, "the connection was lost before an answer came");
	cJSON_Delete(request);
	buf_fini(&line);
	buf_fini(&said);
	return answer;
}
