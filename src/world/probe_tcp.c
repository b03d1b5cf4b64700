// SPDX-License-Identifier: Apache-2.0
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "relight/memory.h"
#include "relight/moment.h"
#include "relight/probe.h"
#include "resolve.h"

// Checks of kind `tcp`: the name's addresses are tried one after the other until one accepts; where
// a banner is expected, the first bytes are read until it is there.

#define BANNER_MAX_BYTES 4096

// One try at one address. Outlives being given up until its handle is closed.
struct attempt {
	uv_tcp_t socket;
	uv_connect_t connect;
	struct work *work;
};

struct work {
	struct probing *probing; // NULL: cancelled, waiting for handles to close
	struct buf host, port;
	struct resolve *lookup; // NULL: none is under way
	struct addrinfo *addresses, *next;
	uv_timer_t deadline;     // of everything
	uv_timer_t patience;     // with one address, while others are left
	struct attempt *attempt; // NULL: none
	int open;                // handles that the memory must outlive;
	uint64_t started_ns, connected_ns;
	int error; // the most telling one of the addresses that did not accept, a libuv code
	struct buf banner;
};

static void release(struct work *work)
{
	if (--work->open > 0)
		return;
	if (work->addresses)
		freeaddrinfo(work->addresses);
	buf_fini(&work->host);
	buf_fini(&work->port);
	buf_fini(&work->banner);
	free(work);
}

static void on_timer_closed(uv_handle_t *handle)
{
	release(handle->data);
}

static void on_attempt_closed(uv_handle_t *handle)
{
	struct attempt *attempt = handle->data;
	release(attempt->work);
	free(attempt);
}

static void give_up(struct work *work)
{
	if (work->attempt)
		uv_close((uv_handle_t *)&work->attempt->socket, on_attempt_closed);
	work->attempt = NULL;
}

// That nobody is there says more than that this machine has no IPv6.
static void take_error(struct work *work, int error)
{
	if (work->error == 0 || work->error == UV_ENETUNREACH)
		work->error = error;
}

// Stops everything; the memory goes when the last handle is closed.
static void let_go(struct work *work)
{
	work->probing->work = NULL;
	work->probing = NULL;
	give_up(work);
	uv_close((uv_handle_t *)&work->deadline, on_timer_closed);
	uv_close((uv_handle_t *)&work->patience, on_timer_closed);
	if (work->lookup)
		resolve_cancel(work->lookup);
	work->lookup = NULL;
}

static void answer(struct work *work, struct outcome *outcome)
{
	struct probing *probing = work->probing;
	struct buf banner = work->banner;
	work->banner = (struct buf){0};
	outcome->latency_ms = -1;
	if (outcome->reach == REACH_ANSWERED)
		outcome->latency_ms = (int64_t)(work->connected_ns - work->started_ns) / 1000000;
	outcome->text = buf_str(&banner);
	outcome->length = banner.length;
	let_go(work);
	probing_judge(probing, outcome);
	buf_fini(&banner);
}

static void fail(struct work *work, enum reach reach, const char *why)
{
	answer(work, &(struct outcome){.reach = reach, .why = why});
}

// --- connecting ------------------------------------------------------------------------------------------------------

static void try_next(struct work *work);

static void fail_connecting(struct work *work, int error)
{
	struct err err;
	switch (error) {
	case UV_ECONNREFUSED: fail(work, REACH_SILENT, "connection refused"); break;
	case UV_EHOSTUNREACH: fail(work, REACH_SILENT, "no route to host"); break;
	case UV_ECONNRESET: fail(work, REACH_SILENT, "connection reset"); break;
	case UV_ETIMEDOUT: fail(work, REACH_SILENT, "timed out connecting"); break;
	case UV_ENETUNREACH: fail(work, REACH_PREVENTED, "network is unreachable"); break;
	default:
		err_set(&err, "cannot connect: %s", uv_strerror(error));
		fail(work, REACH_PREVENTED, err.message);
	}
}

static void on_deadline(uv_timer_t *timer)
{
	struct work *work = timer->data;
	char limit[DURATION_TEXT_BYTES];
	struct err err;
	duration_format(work->probing->timeout_ms, limit);
	if (work->lookup) {
		err_set(&err, "timed out: %s was not resolved within %s", buf_str(&work->host),
			limit);
		fail(work, REACH_PREVENTED, err.message);
	} else if (work->connected_ns) {
		err_set(&err, "timed out: connected, but what is expected was not said within %s",
			limit);
		fail(work, REACH_REFUSED, err.message);
	} else {
		err_set(&err, "timed out: no connection within %s", limit);
		fail(work, REACH_SILENT, err.message);
	}
}

static bool has_banner(struct work *work)
{
	struct buf banner = {0};
	const char *wanted = work->probing->check->expect.banner;
	bool is_there = !probe_text(work->probing->world, wanted, &banner, NULL) ||
			strstr(buf_str(&work->banner), buf_str(&banner));
	buf_fini(&banner);
	return is_there;
}

static void on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *buffer)
{
	(void)wanted;
	struct buf *banner = &((struct attempt *)handle->data)->work->banner;
	buf_reserve(banner, BANNER_MAX_BYTES);
	*buffer = uv_buf_init(banner->data + banner->length, BANNER_MAX_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	(void)buffer;
	struct attempt *attempt = stream->data;
	struct work *work = attempt->work;
	if (attempt != work->attempt || length == 0)
		return;
	if (length > 0) {
		work->banner.length += (size_t)length;
		work->banner.data[work->banner.length] = '\0';
	}
	if (length < 0 || work->banner.length >= BANNER_MAX_BYTES || has_banner(work))
		answer(work, &(struct outcome){.reach = REACH_ANSWERED});
}

static void on_connect(uv_connect_t *connect, int status)
{
	struct attempt *attempt = connect->data;
	struct work *work = attempt->work;
	if (attempt != work->attempt) // it was given up
		return;
	uv_timer_stop(&work->patience);
	if (status != 0) {
		take_error(work, status);
		give_up(work);
		try_next(work);
		return;
	}
	work->connected_ns = uv_hrtime();
	const struct expectation *expect = &work->probing->check->expect;
	if (expect->banner && !expect->unreachable)
		uv_read_start((uv_stream_t *)&attempt->socket, on_alloc, on_read);
	else
		answer(work, &(struct outcome){.reach = REACH_ANSWERED});
}

static void on_patience(uv_timer_t *timer)
{
	struct work *work = timer->data;
	take_error(work, UV_ETIMEDOUT);
	give_up(work);
	try_next(work);
}

// An address that stays silent gets half of the time that is left, as long as another one waits
// behind it.
static void be_patient(struct work *work)
{
	uint64_t left_ms = uv_timer_get_due_in(&work->deadline);
	if (work->next)
		uv_timer_start(&work->patience, on_patience, left_ms / 2, 0);
}

static bool connect_to(struct work *work, const struct sockaddr *address)
{
	struct attempt *attempt = memory_zeroed(1, sizeof *attempt);
	attempt->work = work;
	attempt->socket.data = attempt->connect.data = attempt;
	uv_tcp_init(work->probing->world->loop, &attempt->socket);
	work->attempt = attempt;
	work->open++;
	int error = uv_tcp_connect(&attempt->connect, &attempt->socket, address, on_connect);
	if (error == 0)
		return true;
	take_error(work, error);
	give_up(work);
	return false;
}

static void try_next(struct work *work)
{
	while (work->next) {
		const struct addrinfo *address = work->next;
		work->next = address->ai_next;
		if (connect_to(work, address->ai_addr)) {
			be_patient(work);
			return;
		}
	}
	fail_connecting(work, work->error);
}

// --- the name --------------------------------------------------------------------------------------------------------

static void fail_lookup(struct work *work, const char *why)
{
	struct err err;
	err_set(&err, "cannot resolve %s: %s", buf_str(&work->host), why);
	fail(work, REACH_PREVENTED, err.message);
}

static void on_lookup(void *context, struct addrinfo *addresses, const char *why)
{
	struct work *work = context;
	work->lookup = NULL;
	work->addresses = work->next = addresses;
	if (addresses)
		try_next(work);
	else
		fail_lookup(work, why);
}

static void look_up(struct work *work)
{
	work->lookup = resolve_start(work->probing->world->loop, buf_str(&work->host),
		buf_str(&work->port), on_lookup, work);
	if (!work->lookup)
		fail_lookup(work, "too many names are waiting for a resolver already");
}

// A literal address needs no resolver, and must not wait behind names that do. False: it is a name.
static bool connect_to_literal(struct work *work)
{
	struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	struct addrinfo *addresses = NULL;
	if (getaddrinfo(buf_str(&work->host), buf_str(&work->port), &hints, &addresses) != 0)
		return false;
	work->addresses = work->next = addresses;
	try_next(work);
	return true;
}

static bool is_port(const char *text)
{
	char *end;
	long port = strtol(text, &end, 10);
	return *text >= '0' && *text <= '9' && *end == '\0' && port > 0 && port < 65536;
}

static bool fill(struct work *work, struct err *err)
{
	const struct tcp_check *check = &work->probing->check->tcp;
	if (!probe_text(work->probing->world, check->host, &work->host, err) ||
		!probe_text(work->probing->world, check->port, &work->port, err))
		return false;
	if (!is_port(buf_str(&work->port)))
		return err_set(
			err, "port: %s: it must be a number from 1 to 65535", buf_str(&work->port));
	return true;
}

static void start(struct probing *probing)
{
	struct work *work = memory_zeroed(1, sizeof *work);
	uv_loop_t *loop = probing->world->loop;
	struct err err;
	work->probing = probing;
	probing->work = work;
	uv_timer_init(loop, &work->deadline);
	uv_timer_init(loop, &work->patience);
	work->deadline.data = work->patience.data = work;
	work->open = 2;
	work->started_ns = uv_hrtime();
	uv_timer_start(&work->deadline, on_deadline, (uint64_t)probing->timeout_ms, 0);
	if (!fill(work, &err))
		fail(work, REACH_PREVENTED, err.message);
	else if (!connect_to_literal(work))
		look_up(work);
}

static void cancel(struct probing *probing)
{
	let_go(probing->work);
}

const struct probe_kind probe_tcp = {.start = start, .cancel = cancel};
