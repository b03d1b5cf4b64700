// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "kubernetes_action_parts.h"
#include "relight/clock.h"
#include "relight/file.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "relight/moment.h"
#include "relight/pin.h"

#define HTTP_UNAUTHORIZED 401
#define LOOK_EVERY_MS     200
#define IDENTIFY_MS       10000
#define LOOK_MS           20000 // for what changes nothing
#define CHANGE_MS         60000 // the server gives up by itself before that; admission may take 30 s
#define FAILURES_MOST     5     // of the server itself: more do not help
#define FIRST_REST_MS     250
#define DOUBLINGS         5      // of the rest, at most
#define LONGEST_REST_MS   120000 // whatever the server asks for
#define OBJECT_MAX_BYTES  (16u << 20)

// --- words -------------------------------------------------------------------------------------------------------------

void acting_say(struct acting *acting, const char *format, ...)
{
	struct buf line = {0};
	va_list arguments;

	va_start(arguments, format);
	buf_vprintf(&line, format, arguments);
	va_end(arguments);
	acting->task->say(acting->task->context, buf_str(&line));
	buf_fini(&line);
}

bool acting_fail(struct acting *acting, const struct reply *reply, const char *format, ...)
{
	struct buf why = {0};
	va_list arguments;

	va_start(arguments, format);
	buf_vprintf(&why, format, arguments);
	va_end(arguments);
	acting->done->http_status = reply ? reply->status : 0;
	err_set(&acting->done->why, "%s", buf_str(&why));
	buf_fini(&why);
	return false;
}

void reply_fini(struct reply *reply)
{
	cJSON_Delete(reply->json);
	buf_fini(&reply->body);
	buf_fini(&reply->why);
	buf_fini(&reply->warnings);
	*reply = (struct reply){0};
}

bool reply_is_good(const struct reply *reply)
{
	return reply->reach == REACH_ANSWERED && reply->status >= 200 && reply->status < 300;
}

void reply_words(const struct reply *reply, const char *object, struct buf *words)
{
	if (reply->reach == REACH_ANSWERED)
		kubeapi_refusal(
			reply->status, buf_str(&reply->body), reply->body.length, object, words);
	if (reply->reach == REACH_ANSWERED && reply->expired[0])
		buf_printf(words, "; these credentials ended %s ago", reply->expired);
	if (reply->reach != REACH_ANSWERED)
		buf_text(words, buf_str(&reply->why));
}

// --- waiting -----------------------------------------------------------------------------------------------------------

static void on_look(uv_timer_t *timer)
{
	struct acting *acting = timer->data;

	if (acting->stopped_ms == 0 && acting->task->must_stop(acting->task->context))
		acting->stopped_ms = uv_now(&acting->loop) + 1;
}

static void on_rested(uv_timer_t *timer)
{
	struct acting *acting = timer->data;

	acting->is_rested = true;
}

bool acting_rest(struct acting *acting, int64_t ms)
{
	acting->is_rested = false;
	uv_timer_start(&acting->rest, on_rested, (uint64_t)ms, 0);
	while (!acting->is_rested && acting->stopped_ms == 0)
		uv_run(&acting->loop, UV_RUN_ONCE);
	uv_timer_stop(&acting->rest);
	return acting->stopped_ms == 0;
}

// What the server warns of is told once in an action, however many objects it is about.
static void tell_warnings(struct acting *acting, const char *warnings)
{
	for (const char *line = warnings, *end; *line; line = end + 1) {
		end = strchrnul(line, '\n');
		struct buf one = {0};
		buf_printf(&one, "\n%.*s\n", (int)(end - line), line);
		if (!strstr(buf_str(&acting->warned), buf_str(&one))) {
			buf_text(&acting->warned, buf_str(&one));
			acting_say(acting, "warning: %.*s", (int)(end - line), line);
		}
		buf_fini(&one);
		if (!*end)
			break;
	}
}

// An answer that cannot be read is as good as none.
static void spoil(struct reply *reply, const char *why)
{
	reply->reach = REACH_REFUSED;
	reply->status = 0;
	reply->is_fleeting = true;
	buf_text(&reply->why, why);
}

static void on_answer(void *context, const struct http_answer *answer)
{
	struct reply *reply = context;

	reply->is_there = true;
	reply->reach = answer->reach;
	reply->status = answer->reach == REACH_ANSWERED ? answer->status : 0;
	reply->retry_after_ms = answer->retry_after_ms;
	reply->is_fleeting = answer->is_fleeting;
	reply->was_sent = answer->was_sent;
	buf_text(&reply->why, answer->why ? answer->why : "");
	buf_text(&reply->warnings, answer->warnings);
	buf_add(&reply->body, answer->body, answer->length);
	if (!answer->is_cut)
		reply->json = json_parse(answer->body, answer->length, NULL);
	if (reply_is_good(reply) && !reply->json)
		spoil(reply, answer->is_cut ? "the answer is too long" : "the answer is no JSON");
}

static bool is_change(enum nature nature)
{
	return nature == NATURE_AGAIN || nature == NATURE_ONCE;
}

// What is only looked at is left at once when the action must stop. A change that is on its way is
// given one half of the grace to be answered, and the other half to be looked for.
static bool is_patient(const struct acting *acting, enum nature nature)
{
	uint64_t grace_ms = (uint64_t)acting->task->grace_ms;

	if (acting->stopped_ms == 0)
		return true;
	return nature != NATURE_LOOK &&
	       uv_now(&acting->loop) <
		       acting->stopped_ms + (is_change(nature) ? grace_ms / 2 : grace_ms);
}

static void ask_once(struct acting *acting, const struct question *question, struct reply *reply)
{
	struct kubernetes_exchange *exchange = kubernetes_ask(
		acting->client, &(struct kubernetes_request){
					.method = question->method,
					.path = question->path,
					.accept = question->accept,
					.content_type = question->content_type,
					.body = question->body,
					.body_length = question->body ? strlen(question->body) : 0,
					.once = question->nature == NATURE_ONCE,
					.timeout_ms = !acting->has_answered         ? IDENTIFY_MS
						      : is_change(question->nature) ? CHANGE_MS
										    : LOOK_MS,
					.max_body_bytes = OBJECT_MAX_BYTES,
					.done = on_answer,
					.context = reply,
				});

	while (!reply->is_there && is_patient(acting, question->nature))
		uv_run(&acting->loop, UV_RUN_ONCE);
	if (!reply->is_there)
		kubernetes_cancel(exchange);
	tell_warnings(acting, buf_str(&reply->warnings));
	acting->has_answered |= reply->is_there && reply->reach == REACH_ANSWERED;
}

// --- asking again ------------------------------------------------------------------------------------------------------

static bool says_any(const char *message, const char *const *parts)
{
	for (; *parts; parts++)
		if (strcasestr(message, *parts))
			return true;
	return false;
}

// One that is asked before anything is changed, and may come back any moment.
static bool is_of_webhook(const struct reply *reply)
{
	static const char *const parts[] = {"failed calling webhook", NULL};
	const char *message = json_text(reply->json, "message");

	return message && says_any(message, parts);
}

// An API server answers 500 to all that it has no number for: most often it did not like what was
// sent. Not so where it lost its storage over it, or where somebody else answers.
static bool is_of_storage(const struct reply *reply)
{
	static const char *const parts[] = {"etcdserver", "rpc error", "deadline exceeded",
		"timed out", "timeout", "transport", "connection", "EOF", NULL};
	const char *message = json_text(reply->json, "message");

	return !message || (says_any(message, parts) && !is_of_webhook(reply));
}

// Whether it may have been carried out without being told. A refusal for the number of requests, or
// for what was sent, says that it was not; a failure of the server, or of what stands before it,
// does not.
static bool leaves_doubt(const struct reply *reply, enum nature nature)
{
	if (!is_change(nature))
		return false;
	if (!reply->is_there)
		return true;
	if (reply->reach != REACH_ANSWERED)
		return reply->was_sent;
	return reply->status > 500 || (reply->status == 500 && is_of_storage(reply));
}

// Whether the same may be asked again, and help.
static bool may_help(const struct reply *reply, enum nature nature, int tries)
{
	if (nature == NATURE_ONCE && leaves_doubt(reply, nature))
		return false;
	if (reply->reach != REACH_ANSWERED)
		return reply->is_fleeting;
	if (reply->status == 500 && reply->retry_after_ms < 0)
		return tries + 1 < FAILURES_MOST && (is_of_storage(reply) || is_of_webhook(reply));
	return reply->status == 429 || reply->status == 500 ||
	       (reply->status >= 502 && reply->status <= 504);
}

static int64_t rest_ms(const struct reply *reply, int tries)
{
	int64_t ms = reply->retry_after_ms > 0
			     ? reply->retry_after_ms
			     : FIRST_REST_MS << (tries < DOUBLINGS ? tries : DOUBLINGS);

	return ms < LONGEST_REST_MS ? ms : LONGEST_REST_MS;
}

static bool is_in_time(const struct acting *acting, uint64_t began_ms, int64_t rest)
{
	int64_t patience_ms = acting->task->patience_ms;

	return patience_ms < 0 || (int64_t)(uv_now(&acting->loop) - began_ms) + rest <= patience_ms;
}

// The server says only that it does not take them.
static void note_expiry(const struct acting *acting, struct reply *reply)
{
	bool renews = false;
	struct wall at = kubernetes_expiry(acting->client, &renews), now = clock_wall();

	if (reply->reach == REACH_ANSWERED && reply->status == HTTP_UNAUTHORIZED &&
		wall_known(at) && at.us < now.us)
		duration_short((now.us - at.us) / US_PER_MS, reply->expired);
}

bool acting_ask(struct acting *acting, const struct question *question, struct reply *reply)
{
	uint64_t began_ms = uv_now(&acting->loop);
	bool is_doubtful = false;

	for (int tries = 0;; tries++) {
		struct buf words = {0};
		char limit[DURATION_TEXT_BYTES];

		reply_fini(reply);
		ask_once(acting, question, reply);
		note_expiry(acting, reply);
		is_doubtful |= leaves_doubt(reply, question->nature);
		reply->is_doubtful = is_doubtful;
		if (!reply->is_there)
			return false;
		int64_t ms = rest_ms(reply, tries);
		if (!may_help(reply, question->nature, tries) || !is_in_time(acting, began_ms, ms))
			return true;
		duration_format(ms, limit);
		reply_words(reply, NULL, &words);
		acting_say(acting, "asked again in %s: %s", limit, buf_str(&words));
		buf_fini(&words);
		if (!acting_rest(acting, ms))
			return false;
	}
}

// --- its beginning and end ---------------------------------------------------------------------------------------------

static bool open_client(struct acting *acting)
{
	const cJSON *cluster = json_get(acting->task->request, "cluster");
	const char *kubeconfig = json_text(cluster, "kubeconfig");
	char *path = kubeconfig ? file_expand_home(kubeconfig) : NULL;
	struct err err = {0};
	enum status status =
		kubernetes_open(acting->client, path, json_text(cluster, "context"), &err);

	free(path);
	if (status != STATUS_HEALTHY)
		return acting_fail(
			acting, NULL, "%s: %s", json_text(acting->action, "target"), err.message);
	const char *namespace = json_text(acting->action, "namespace");
	if (!namespace)
	namespace = json_text(cluster, "namespace");
	acting->namespace =
		memory_copy_text(namespace ? namespace : kubernetes_namespace(acting->client));
	return true;
}

static void on_secret(void *context, const char *name, const char *value)
{
	struct acting *acting = context;

	mask_secret(acting->task->mask, name, value);
}

bool acting_begin(struct acting *acting)
{
	struct err err = {0};

	uv_loop_init(&acting->loop);
	uv_timer_init(&acting->loop, &acting->look);
	uv_timer_init(&acting->loop, &acting->rest);
	acting->look.data = acting->rest.data = acting;
	uv_timer_start(&acting->look, on_look, 0, LOOK_EVERY_MS);
	acting->http = http_new(&acting->loop, &err);
	if (!acting->http)
		return acting_fail(acting, NULL, "%s", err.message);
	acting->client = kubernetes_new(&acting->loop, acting->http);
	kubernetes_confide(acting->client, on_secret, acting);
	return open_client(acting);
}

void acting_end(struct acting *acting)
{
	kubernetes_free(acting->client);
	http_free(acting->http);
	uv_close((uv_handle_t *)&acting->look, NULL);
	uv_close((uv_handle_t *)&acting->rest, NULL);
	uv_run(&acting->loop, UV_RUN_DEFAULT);
	uv_loop_close(&acting->loop);
	for (size_t i = 0; i < acting->kinds_count; i++)
		cJSON_Delete(acting->kinds[i].list);
	free(acting->kinds);
	free(acting->namespace);
	free(acting->creator);
	buf_fini(&acting->warned);
}

// --- who answers -------------------------------------------------------------------------------------------------------

static bool has_part(const char *pin, const char *part)
{
	char *value = pin_value(pin, part);

	if (!value)
		return false;
	free(value);
	return true;
}

// The target was pinned by what it is, and nothing of that can be seen now.
static bool is_in_the_dark(const char *pin, const cJSON *fingerprint)
{
	static const char *const parts[] = {"uid", "ca_sha256"};
	bool is_pinned = false, is_seen = false;

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		is_pinned |= has_part(pin, parts[i]);
		is_seen |= has_part(pin, parts[i]) && json_text(fingerprint, parts[i]);
	}
	return is_pinned && !is_seen;
}

static bool judge_identity(
	struct acting *acting, const cJSON *fingerprint, const struct reply *reply)
{
	const char *pin = json_path_text(acting->task->request, "cluster.pin");
	const char *target = json_text(acting->action, "target");
	char *now = pin_text(fingerprint);
	struct buf pinned = {0}, is = {0};
	bool is_right = true;

	pin_say(pin ? pin : "", &pinned);
	pin_say(now, &is);
	if (pin && !pin_agrees(pin, fingerprint))
		is_right = acting_fail(acting, NULL,
			"%s: another cluster answers at %s: %s, pinned was %s; nothing was changed",
			target, kubernetes_endpoint(acting->client), buf_str(&is),
			buf_str(&pinned));
	else if (pin && is_in_the_dark(pin, fingerprint))
		is_right = acting_fail(acting, reply,
			"%s: whether %s is the pinned cluster (%s) cannot be seen: namespace "
			"kube-system: HTTP %d; nothing was changed",
			target, kubernetes_endpoint(acting->client), buf_str(&pinned),
			reply->status);
	else
		acting_say(acting, "%s: %s%s%s%s%s", target, kubernetes_endpoint(acting->client),
			pin                      ? ", the pinned cluster"
			: acting->task->is_trial ? ""
						 : ", which was never pinned",
			is.length ? " (" : "", buf_str(&is), is.length ? ")" : "");
	buf_fini(&pinned);
	buf_fini(&is);
	free(now);
	return is_right;
}

static bool was_not_told(struct acting *acting, const struct reply *reply)
{
	struct buf words = {0};

	if (reply->is_there)
		reply_words(reply, NULL, &words);
	acting_fail(acting, reply->is_there ? reply : NULL, "%s: %s: %s",
		json_text(acting->action, "target"), kubernetes_endpoint(acting->client),
		reply->is_there ? buf_str(&words) : "it has not answered yet");
	buf_fini(&words);
	return false;
}

bool acting_identify(struct acting *acting)
{
	struct question question = {.path = KUBERNETES_IDENTITY_PATH};
	struct reply reply = {0};
	bool is_right = false;

	kubernetes_identity_begin(acting->client);
	if (acting_ask(acting, &question, &reply)) {
		bool is_told = reply.reach == REACH_ANSWERED &&
			       (reply.status == 200 || reply.status == 403 || reply.status == 404);
		kubernetes_identity_end(
			acting->client, is_told ? &(struct http_answer){.reach = reply.reach,
							  .status = reply.status,
							  .body = buf_str(&reply.body),
							  .length = reply.body.length}
						: NULL);
		cJSON *fingerprint = kubernetes_fingerprint(acting->client);
		is_right = is_told ? judge_identity(acting, fingerprint, &reply)
				   : was_not_told(acting, &reply);
		acting->done->cluster = json_object();
		json_add_text(
			acting->done->cluster, "endpoint", kubernetes_endpoint(acting->client));
		json_add(acting->done->cluster, "fingerprint", fingerprint);
	} else {
		kubernetes_identity_end(acting->client, NULL);
		was_not_told(acting, &reply);
	}
	reply_fini(&reply);
	return is_right;
}
