// SPDX-License-Identifier: Apache-2.0
//
// The end of the control socket that listens. What is asked there is the hall's business.
#include "relight/control.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control_parts.h"
#include "relight/buf.h"
#include "relight/json.h"
#include "relight/memory.h"

#define CLIENTS_MOST   64
#define STRANGERS_MOST 32 // of other users: they cannot keep the owner out
#define REQUEST_MS     10000
#define LOOK_MS        1000 // for those whose time is over
#define READ_BYTES     4096
#define ACCEPT_MOST    16 // at one turn of the loop

struct client {
	uv_poll_t poll;
	struct control *control;
	int64_t id;
	int fd; // -1: gone, the handle is being closed
	struct control_peer peer;
	struct buf in;
	uint64_t due_ms;           // loop time by which a request must be whole
	bool is_asking, is_served; // waits for its answer; its lines are being gone through
};

struct control {
	uv_poll_t listener;
	uv_timer_t look;
	int open_handles;
	int fd, dir_fd;
	control_handler *handler;
	void *context;
	struct client *clients[CLIENTS_MOST];
	int64_t next_id;
	bool is_full; // of descriptors: nobody is let in until the next look
};

// --- its place -------------------------------------------------------------------------------------------------------

// One that an earlier holder was killed over. Whoever has the lock of the record is the only one
// who may listen, so that it is nobody's.
static bool make_room(int dir_fd, const char *directory, struct err *err)
{
	struct stat is;

	if (fstatat(dir_fd, CONTROL_NAME, &is, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT || err_errno(err, errno, "%s/" CONTROL_NAME, directory);
	if (!S_ISSOCK(is.st_mode) || is.st_uid != geteuid())
		return err_set(err,
			"%s/" CONTROL_NAME ": is not a socket of this user's and stays as it is; "
			"remove it and resume the incident",
			directory);
	return unlinkat(dir_fd, CONTROL_NAME, 0) == 0 ||
	       err_errno(err, errno, "%s/" CONTROL_NAME, directory);
}

// Its rights stand before anybody can connect, which is when it listens.
static bool set_rights(int dir_fd, const char *directory, struct err *err)
{
	struct stat is;
	bool is_shared = fstat(dir_fd, &is) == 0 && (is.st_mode & 0777) == 0750;
	bool is_set = !is_shared || fchownat(dir_fd, CONTROL_NAME, (uid_t)-1, is.st_gid,
					    AT_SYMLINK_NOFOLLOW) == 0;

	is_set = is_set && fchmodat(dir_fd, CONTROL_NAME, is_shared ? 0660 : 0600, 0) == 0;
	return is_set || err_errno(err, errno, "%s/" CONTROL_NAME, directory);
}

static bool bind_in(int fd, int dir_fd, const char *directory, struct err *err)
{
	struct sockaddr_un address;

	if (!make_room(dir_fd, directory, err))
		return false;
	control_address(dir_fd, CONTROL_NAME, &address);
	// unix(7): what is made gets the mode of the socket, less the umask; so it is never wider.
	if (fchmod(fd, 0600) < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
		return err_errno(err, errno, "%s/" CONTROL_NAME, directory);
	if (set_rights(dir_fd, directory, err))
		return true;
	unlinkat(dir_fd, CONTROL_NAME, 0);
	return false;
}

static int open_directory(const char *directory, struct err *err)
{
	int dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (dir_fd < 0)
		err_errno(err, errno, "%s", directory);
	return dir_fd;
}

int control_bind(const char *directory, struct err *err)
{
	int dir_fd = open_directory(directory, err);
	int fd = -1;

	if (dir_fd < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		err_errno(err, errno, "%s/" CONTROL_NAME, directory);
	} else if (!bind_in(fd, dir_fd, directory, err)) {
		close(fd);
		fd = -1;
	}
	close(dir_fd);
	return fd;
}

// --- clients ---------------------------------------------------------------------------------------------------------

static void on_client_closed(uv_handle_t *handle)
{
	struct client *client = handle->data;

	buf_fini(&client->in);
	free(client);
}

static void cut_off(struct client *client)
{
	struct control *control = client->control;

	for (int i = 0; i < CLIENTS_MOST; i++)
		if (control->clients[i] == client)
			control->clients[i] = NULL;
	uv_close((uv_handle_t *)&client->poll, on_client_closed);
	close(client->fd);
	client->fd = -1;
}

static cJSON *refusal(const char *why)
{
	cJSON *answer = json_object();

	json_add_text(answer, "error", why);
	return answer;
}

// An answer is far smaller than what a socket holds: one that does not go out at once is not read.
static bool send_line(int fd, cJSON *answer)
{
	struct buf line = {0};

	json_write(&line, answer);
	buf_byte(&line, '\n');

	ssize_t sent = send(fd, line.data, line.length, MSG_NOSIGNAL | MSG_DONTWAIT);
	bool is_sent = sent == (ssize_t)line.length;

	buf_fini(&line);
	cJSON_Delete(answer);
	return is_sent;
}

static void refuse(struct client *client, const char *why)
{
	send_line(client->fd, refusal(why));
	cut_off(client);
}

// Nobody is there any more to be answered: what such a one has asked for, and then not waited for,
// is not done. Half of a connection is enough to be there.
static bool has_left(const struct client *client)
{
	struct pollfd polled = {.fd = client->fd};

	return poll(&polled, 1, 0) == 1 && (polled.revents & (POLLHUP | POLLERR));
}

// {"WORD":{…}} and nothing else.
static void take_request(struct client *client, const char *line, size_t length)
{
	struct control *control = client->control;
	struct err err = {0};
	cJSON *request = json_parse(line, length, &err);
	const cJSON *body = cJSON_IsObject(request) ? request->child : NULL;

	if (!body || !cJSON_IsObject(body) || body->next) {
		err_prefix(&err, "request");
		refuse(client,
			request ? "request: not {\"WORD\":{…}}, one word a line" : err.message);
	} else if (has_left(client)) {
		cut_off(client);
	} else {
		client->is_asking = true;
		control->handler(control->context, client->id, &client->peer, body->string, body);
	}
	cJSON_Delete(request);
}

static void on_client(uv_poll_t *handle, int status, int events);

// One request at a time: what comes behind it waits, here and in the socket.
static void serve(struct client *client)
{
	char *end = NULL;

	client->is_served = true;
	while (client->fd >= 0 && !client->is_asking && client->in.length > 0 &&
		(end = memchr(client->in.data, '\n', client->in.length))) {
		size_t length = (size_t)(end - client->in.data);
		struct buf line = {0};

		buf_add(&line, client->in.data, length);
		buf_drop(&client->in, length + 1);
		take_request(client, buf_str(&line), length);
		buf_fini(&line);
	}
	client->is_served = false;
	if (client->fd < 0)
		return;
	if (client->is_asking)
		uv_poll_stop(&client->poll);
	else if (client->in.length >= CONTROL_LINE_BYTES)
		refuse(client, "request: a line is over 64 KiB");
	else
		uv_poll_start(&client->poll, UV_READABLE, on_client);
}

static void on_client(uv_poll_t *handle, int status, int events)
{
	struct client *client = handle->data;
	char bytes[READ_BYTES];
	ssize_t count;

	(void)events;
	count = status < 0 ? 0 : recv(client->fd, bytes, sizeof bytes, MSG_DONTWAIT);
	if (count < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (count <= 0) {
		cut_off(client);
		return;
	}
	buf_add(&client->in, bytes, (size_t)count);
	serve(client);
}

void control_answer(struct control *control, int64_t id, cJSON *answer)
{
	struct client *client = NULL;

	for (int i = 0; control && i < CLIENTS_MOST; i++)
		if (control->clients[i] && control->clients[i]->id == id)
			client = control->clients[i];
	if (!client || !client->is_asking) {
		cJSON_Delete(answer);
		return;
	}
	client->is_asking = false;
	client->due_ms = uv_now(client->poll.loop) + REQUEST_MS;
	if (!send_line(client->fd, answer))
		cut_off(client);
	else if (!client->is_served)
		serve(client);
}

// --- letting them in -------------------------------------------------------------------------------------------------

static void on_look(uv_timer_t *timer);
static void on_listener(uv_poll_t *handle, int status, int events);

static int find_place(const struct control *control, const struct control_peer *peer)
{
	int place = -1, strangers = 0;

	for (int i = 0; i < CLIENTS_MOST; i++) {
		const struct client *client = control->clients[i];

		if (!client)
			place = i;
		else if (client->peer.uid != geteuid() && client->peer.uid != 0)
			strangers++;
	}
	if (peer->uid != geteuid() && peer->uid != 0 && strangers >= STRANGERS_MOST)
		return -1;
	return place;
}

static void let_in(struct control *control, int fd)
{
	struct control_peer peer;
	int place = control_peer_of(fd, &peer) ? find_place(control, &peer) : -1;
	struct client *client = place < 0 ? NULL : memory_zeroed(1, sizeof *client);

	if (!client) {
		send_line(fd, refusal("too many are asking at once; try again in a moment"));
		close(fd);
		return;
	}
	client->control = control;
	client->fd = fd;
	client->peer = peer;
	client->id = control->next_id++;
	client->due_ms = uv_now(control->listener.loop) + REQUEST_MS;
	if (uv_poll_init(control->listener.loop, &client->poll, fd) != 0) {
		close(fd);
		free(client);
		return;
	}
	client->poll.data = client;
	control->clients[place] = client;
	uv_poll_start(&client->poll, UV_READABLE, on_client);
}

static void look_again(struct control *control)
{
	if (!uv_is_active((uv_handle_t *)&control->look))
		uv_timer_start(&control->look, on_look, LOOK_MS, 0);
}

static void on_listener(uv_poll_t *handle, int status, int events)
{
	struct control *control = handle->data;

	(void)events;
	for (int i = 0; i < ACCEPT_MOST && status == 0; i++) {
		int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			let_in(control, fd);
			continue;
		}
		control->is_full =
			errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
		break;
	}
	if (control->is_full || status < 0)
		uv_poll_stop(&control->listener);
	look_again(control);
}

static void on_look(uv_timer_t *timer)
{
	struct control *control = timer->data;
	bool has_clients = false;

	for (int i = 0; i < CLIENTS_MOST; i++) {
		struct client *client = control->clients[i];

		if (client && !client->is_asking && uv_now(timer->loop) >= client->due_ms)
			refuse(client, "no request came in 10 s");
		has_clients |= control->clients[i] != NULL;
	}
	if (control->is_full)
		uv_poll_start(&control->listener, UV_READABLE, on_listener);
	control->is_full = false;
	if (has_clients)
		look_again(control);
}

// --- its life --------------------------------------------------------------------------------------------------------

struct control *control_listen(uv_loop_t *loop, int fd, const char *directory,
	control_handler *handler, void *context, struct err *err)
{
	struct control *control = memory_zeroed(1, sizeof *control);

	*control = (struct control){.fd = fd, .handler = handler, .context = context};
	control->dir_fd = open_directory(directory, err);
	if (control->dir_fd < 0)
		goto fail;
	if (listen(fd, CLIENTS_MOST) < 0) {
		err_errno(err, errno, "%s/" CONTROL_NAME, directory);
		goto fail;
	}
	if (uv_poll_init(loop, &control->listener, fd) != 0) {
		err_set(err, "%s/" CONTROL_NAME ": cannot be watched", directory);
		goto fail;
	}
	uv_timer_init(loop, &control->look);
	control->open_handles = 2;
	control->listener.data = control->look.data = control;
	uv_poll_start(&control->listener, UV_READABLE, on_listener);
	return control;
fail:
	close(fd);
	if (control->dir_fd >= 0)
		close(control->dir_fd);
	free(control);
	return NULL;
}

static void on_closed(uv_handle_t *handle)
{
	struct control *control = handle->data;

	if (--control->open_handles == 0)
		free(control);
}

void control_close(struct control *control)
{
	if (!control)
		return;
	unlinkat(control->dir_fd, CONTROL_NAME, 0);
	for (int i = 0; i < CLIENTS_MOST; i++)
		if (control->clients[i])
			cut_off(control->clients[i]);
	uv_close((uv_handle_t *)&control->listener, on_closed);
	uv_close((uv_handle_t *)&control->look, on_closed);
	close(control->fd);
	close(control->dir_fd);
}
