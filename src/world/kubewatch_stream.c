// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "kubewatch_parts.h"
#include "relight/clock.h"
#include "relight/json.h"
#include "relight/memory.h"

// What a watch says to the server and hears from it (kubernetes.io: "Kubernetes API Concepts":
// Retrieving large results sets in chunks, Efficient detection of changes, Watch bookmarks).

#define PAGE_OBJECTS 500
#define LIST_MS      600000 // a slow link may take its time, as long as something arrives
#define WATCH_S      240    // and up to twice that, so that not all end together
// Where watches do not share a connection nothing can be asked on it: there they are short, so that
// silence shows; and after a failure shorter, because its end shows that all is known again.
#define WATCH_ALONE_S   4
#define WATCH_RECOVER_S 1
#define WATCH_GRACE_S   3
// A watch that the server ends sooner is of no use.
#define WATCH_LEAST_MS 4000
// A server that starts refuses what it will soon permit: what was refused is tried again, after a
// time that doubles.
#define UNWATCHABLE_MS     4000
#define UNWATCHABLE_MAX_MS 300000

static void forget_items(struct kubewatch *watch)
{
	json_items_free(watch->items);
	watch->items = NULL;
	watch->trouble.message[0] = '\0';
	watch->has_expired = false;
}

void kubewatch_let_go(struct kubewatch *watch)
{
	if (watch->exchange)
		kubernetes_cancel(watch->exchange);
	if (watch->search)
		kubernetes_search_cancel(watch->search);
	watch->exchange = NULL;
	watch->search = NULL;
	if (watch->needs_pulse)
		kubepulse_leave(watch->config.pulse);
	watch->needs_pulse = false;
	forget_items(watch);
}

// --- what arrives ---

static void take_version(struct kubewatch *watch, const char *version)
{
	if (!version)
		return;
	free(watch->version);
	watch->version = memory_copy_text(version);
}

// An object of a list.
static bool on_item(void *context, const char *text, size_t length)
{
	struct kubewatch *watch = context;
	cJSON *object = json_parse(text, length, &watch->trouble);

	return object && kubewatch_take(watch, object, &watch->trouble);
}

// An ERROR event holds a Status.
static void take_error(struct kubewatch *watch, const cJSON *object)
{
	const char *message = json_text(object, "message");
	int64_t code = json_int(object, "code", 0);

	if (code == 410)
		watch->has_expired = true;
	else
		err_set(&watch->trouble, "the server ended the watch: %s",
			message ? message : "it does not say why");
}

// {"type":"ADDED|MODIFIED|DELETED|BOOKMARK|ERROR","object":{…}}
static bool take_event(struct kubewatch *watch, cJSON *event)
{
	const char *type = json_text(event, "type");
	cJSON *object = cJSON_DetachItemFromObjectCaseSensitive(event, "object");
	const char *version = json_path_text(object, "metadata.resourceVersion");
	bool good = true;

	if (!type || strcmp(type, "ERROR") == 0) {
		take_error(watch, object);
		good = false;
	} else {
		take_version(watch, version);
		if (strcmp(type, "DELETED") == 0) {
			kubewatch_remove(watch, object);
		} else if (strcmp(type, "BOOKMARK") != 0) {
			good = kubewatch_take(watch, object, &watch->trouble);
			object = NULL;
		}
	}
	cJSON_Delete(object);
	return good;
}

static bool on_event(void *context, const char *text, size_t length)
{
	struct kubewatch *watch = context;
	cJSON *event = json_parse(text, length, &watch->trouble);
	bool good = event && take_event(watch, event);

	cJSON_Delete(event);
	return good;
}

static bool on_data(void *context, const char *bytes, size_t length)
{
	struct kubewatch *watch = context;
	struct err err = {0};

	watch->progress_ms = uv_now(watch->config.loop);
	if (json_items_take(watch->items, bytes, length, &err))
		return true;
	if (err.message[0])
		watch->trouble = err;
	return false;
}

static void on_head(void *context, int status, bool is_shared)
{
	struct kubewatch *watch = context;

	if (status != 200)
		return;
	kubegate_passed(watch->config.pulse, kubewatch_gate(watch), watch->began_ms);
	watch->has_head = true;
	watch->is_shared = is_shared;
	watch->progress_ms = uv_now(watch->config.loop);
	// On a connection of its own a head tells nothing of what has happened since: its end does.
	if (watch->phase != KUBEWATCH_WATCHING || !is_shared)
		return;
	kubewatch_recover(watch);
	if (!watch->needs_pulse) {
		kubepulse_need(watch->config.pulse);
		watch->needs_pulse = true;
	}
}

// --- asking ---

// What of an object no verdict on it looks at, and is often the most of it: who set which field,
// and in a pod what its containers are, as opposed to how they are. Where a table of the user
// judges pods, nobody knows what it looks at.
static const char *const *keys_to_drop(const struct kubewatch *watch)
{
	static const char *const of_all[] = {"managedFields", NULL};
	static const char *const of_pods[] = {
		"managedFields", "containers", "initContainers", "volumes", NULL};
	bool is_pods = watch->type.group[0] == '\0' && strcmp(watch->type.plural, "pods") == 0;

	for (size_t i = 0; i < watch->view_count; i++)
		if (watch->views[i]->aim != KUBEWATCH_NAMES &&
			watch->views[i]->aim != KUBEWATCH_HEALTH)
			return NULL;
	return is_pods && !judge_heeds_user(watch->config.judge, "", "Pod") ? of_pods : of_all;
}

static void begin_items(struct kubewatch *watch, enum json_items_shape shape)
{
	forget_items(watch);
	watch->items = json_items_new(&(struct json_items_config){
		.shape = shape,
		.max_item_bytes = KUBEWATCH_MAX_OBJECT_BYTES,
		.dropped_keys = keys_to_drop(watch),
		.on_item = shape == JSON_ITEMS_OF_LIST ? on_item : on_event,
		.context = watch,
	});
}

static void add_selectors(const struct kubewatch *watch, struct buf *path)
{
	if (watch->scope.selector) {
		buf_text(path, "&labelSelector=");
		kubeapi_encode(path, watch->scope.selector);
	}
	if (watch->scope.object) {
		buf_text(path, "&fieldSelector=metadata.name%3D");
		kubeapi_encode(path, watch->scope.object);
	}
}

static void ask_server(struct kubewatch *watch, const struct buf *path, const char *metadata_type,
	int64_t timeout_ms, void (*done)(void *context, const struct http_answer *answer))
{
	struct buf accept = {0};

	if (kubewatch_needs_metadata_only(watch))
		buf_printf(&accept, "application/json;as=%s;v=v1;g=meta.k8s.io", metadata_type);
	watch->has_head = false;
	watch->began = clock_wall();
	watch->began_ms = watch->progress_ms = uv_now(watch->config.loop);
	watch->exchange = kubernetes_ask(
		watch->config.client, &(struct kubernetes_request){
					      .path = buf_str(path),
					      .accept = accept.length > 0 ? buf_str(&accept) : NULL,
					      .timeout_ms = timeout_ms,
					      .max_body_bytes = SIZE_MAX,
					      .on_head = on_head,
					      .on_data = on_data,
					      .done = done,
					      .context = watch,
				      });
	buf_fini(&accept);
}

// What stopped it: a refusal, no answer, or an answer that cannot be used.
static void fail(struct kubewatch *watch, const struct http_answer *answer)
{
	struct buf words = {0};
	enum status status = STATUS_UNKNOWN;
	bool is_answer = answer->reach == REACH_ANSWERED;
	int64_t retry_after_ms = is_answer ? answer->retry_after_ms : -1;
	int http_status = is_answer ? answer->status : 0;

	if (watch->trouble.message[0])
		buf_printf(&words, "the answer cannot be used: %s", watch->trouble.message);
	else if (is_answer && answer->status == 200)
		buf_text(&words, "the answer broke off");
	else
		status = kubernetes_refusal(
			watch->config.client, answer, watch->scope.object, &words);
	// The resource was there when discovery was asked: what it told is old.
	if (http_status == 404)
		kubernetes_forget(watch->config.client);
	kubewatch_fail(watch, status, http_status, retry_after_ms, buf_str(&words));
	buf_fini(&words);
}

// --- a list ---

static void page_over(struct kubewatch *watch);

// Whether a page that is said to follow is another one, and may still follow. False with `err`.
static bool page_follows(const struct kubewatch *watch, const char *token, struct err *err)
{
	if (strcmp(buf_str(&watch->next_page), token) == 0)
		return err_set(err, "its pages do not end: after this one comes this one again");
	if (uv_now(watch->config.loop) - watch->list_began_ms > LIST_MS)
		return err_set(err, "its pages have not come to an end within 10m");
	return true;
}

// Takes what stands around the items: where the next page is, and where to watch from. False with
// `err`: there is no version to watch from, or no end.
static bool take_frame(struct kubewatch *watch, struct err *err)
{
	const char *head = json_items_head(watch->items);
	cJSON *frame = json_parse(head, strlen(head), err);
	const char *token = json_path_text(frame, "metadata.continue");
	const char *version = json_path_text(frame, "metadata.resourceVersion");

	bool may_end = !token || !token[0] || page_follows(watch, token, err);

	buf_clear(&watch->next_page);
	if (token)
		buf_text(&watch->next_page, token);
	if (frame && !version)
		err_set(err, "it is no list: it has no resourceVersion");
	take_version(watch, version);
	cJSON_Delete(frame);
	return version != NULL && may_end;
}

// Pages are of one moment, which the server forgets after some minutes. A list that is slower than
// that begins anew, all of it in one answer, as the API's own clients do.
static bool restarts(struct kubewatch *watch, const struct http_answer *answer)
{
	if (answer->reach != REACH_ANSWERED || answer->status != 410 || watch->has_restarted ||
		watch->next_page.length == 0)
		return false;
	buf_clear(&watch->next_page);
	watch->has_restarted = true;
	kubewatch_ask_list(watch);
	return true;
}

static void on_page(void *context, const struct http_answer *answer)
{
	struct kubewatch *watch = context;
	bool is_page = answer->reach == REACH_ANSWERED && answer->status == 200;

	watch->exchange = NULL;
	if (restarts(watch, answer))
		return;
	if (!is_page || watch->trouble.message[0] || !json_items_are_whole(watch->items) ||
		!take_frame(watch, &watch->trouble)) {
		fail(watch, answer);
		return;
	}
	watch->latency_ms = answer->latency_ms;
	forget_items(watch);
	watch->phase = KUBEWATCH_JUDGING;
	page_over(watch);
}

void kubewatch_ask_list(struct kubewatch *watch)
{
	struct buf path = {0};
	bool is_first = watch->next_page.length == 0;

	kubeapi_path(&path, &watch->type, watch->scope.namespace, NULL);
	buf_printf(&path, "?limit=%d", watch->has_restarted ? 0 : PAGE_OBJECTS);
	add_selectors(watch, &path);
	if (!is_first) {
		buf_text(&path, "&continue=");
		kubeapi_encode(&path, buf_str(&watch->next_page));
	}
	watch->phase = KUBEWATCH_LISTING;
	begin_items(watch, JSON_ITEMS_OF_LIST);
	ask_server(watch, &path, "PartialObjectMetadataList", LIST_MS, on_page);
	if (is_first) {
		watch->list++;
		watch->list_began_ms = watch->began_ms;
		watch->list_began = watch->began;
	}
	buf_fini(&path);
}

// The next page is asked for once all of this one is judged: that bounds what waits for jq.
static void page_over(struct kubewatch *watch)
{
	if (watch->phase != KUBEWATCH_JUDGING || watch->waiting > 0)
		return;
	if (watch->next_page.length > 0)
		kubewatch_ask_list(watch);
	else
		kubewatch_listed(watch);
}

void kubewatch_verdict_came(struct kubewatch *watch)
{
	if (watch->waiting == 0 && watch->to_confirm_ms > 0)
		kubewatch_confirm(watch, watch->to_confirm_ms, watch->to_confirm);
	page_over(watch);
}

// --- a watch ---

// What may be listed, and not watched: there is no right to (403), or it is not offered (405).
static bool is_refusal_to_watch(const struct http_answer *answer)
{
	return answer->reach == REACH_ANSWERED && (answer->status == 403 || answer->status == 405);
}

// A watch that the server has ended at its time has told all that happened until then. When
// something arrives says nothing: it may have been under way for long.
static void confirm_ended(struct kubewatch *watch)
{
	uint64_t now_ms = uv_now(watch->config.loop);
	uint64_t lasted_ms = now_ms - watch->began_ms, asked_ms = (uint64_t)watch->watch_s * 1000;
	uint64_t sure_ms = lasted_ms < asked_ms ? 0 : asked_ms;

	kubewatch_confirm(watch, watch->began_ms + sure_ms,
		(struct wall){watch->began.us + (int64_t)sure_ms * US_PER_MS});
}

// Lists alone decide for a time. Jittered, as in rest_after.
static void rest_from_watching(struct kubewatch *watch)
{
	uint64_t ms = watch->unwatchable_ms * 2;

	if (ms < UNWATCHABLE_MS)
		ms = UNWATCHABLE_MS;
	watch->unwatchable_ms = ms < UNWATCHABLE_MAX_MS ? ms : UNWATCHABLE_MAX_MS;
	ms = watch->unwatchable_ms;
	watch->unwatchable_until_ms =
		uv_now(watch->config.loop) + ms + ms * (uv_hrtime() / 1024 % 256) / 1024;
}

// A watch has ended, after its head: it was of use, or asking for it again at once would be as
// costly as it is in vain.
static void take_end(struct kubewatch *watch)
{
	uint64_t now_ms = uv_now(watch->config.loop), lasted_ms = now_ms - watch->began_ms;

	if (lasted_ms >= WATCH_LEAST_MS || lasted_ms >= (uint64_t)watch->watch_s * 1000) {
		watch->broken = 0;
		watch->unwatchable_ms = 0;
	} else if (watch->broken++ > 0) {
		rest_from_watching(watch);
	}
	watch->broke_ms = now_ms;
	forget_items(watch);
	kubewatch_go_on(watch);
}

// There was no watch, or one that kept silent beyond its end. The first time that is told, for most
// often the server is gone; where lists have come since, it is no reason to know less than they.
static void take_failure(struct kubewatch *watch, const struct http_answer *answer)
{
	if (watch->has_head && watch->is_shared)
		watch->broken = 0;
	bool is_new = watch->broken == 0 || watch->listed_ms < watch->broke_ms;

	if (watch->broken == 0 || !is_new)
		watch->broken++;
	watch->broke_ms = uv_now(watch->config.loop);
	watch->is_mute = watch->has_head;
	if (is_new) {
		fail(watch, answer);
		return;
	}
	rest_from_watching(watch);
	if (answer->reach == REACH_ANSWERED && answer->retry_after_ms > 0)
		watch->not_before_ms = watch->broke_ms + (uint64_t)answer->retry_after_ms;
	forget_items(watch);
	kubewatch_go_on(watch);
}

static void on_watch_over(void *context, const struct http_answer *answer)
{
	struct kubewatch *watch = context;
	bool is_refused = answer->reach == REACH_ANSWERED && answer->status != 200;
	bool is_gone = watch->has_expired || (is_refused && answer->status == 410);
	// On a shared connection the pulse has told that the server is there.
	bool is_silent = answer->is_timeout &&
			 !(watch->is_shared && !kubernetes_is_silent(watch->config.client));

	watch->exchange = NULL;
	if (watch->needs_pulse)
		kubepulse_leave(watch->config.pulse);
	watch->needs_pulse = false;
	if (is_gone || watch->trouble.message[0]) {
		free(watch->version);
		watch->version = NULL;
	} else if (watch->has_head && answer->reach == REACH_ANSWERED) {
		confirm_ended(watch);
	}
	if (is_gone || watch->trouble.message[0] || (watch->has_head && !is_silent)) {
		take_end(watch);
	} else if (is_refusal_to_watch(answer)) {
		rest_from_watching(watch);
		kubewatch_go_on(watch);
	} else {
		take_failure(watch, answer);
	}
}

void kubewatch_ask_watch(struct kubewatch *watch)
{
	struct buf path = {0};
	int alone_s = watch->failed == STATUS_HEALTHY ? WATCH_ALONE_S : WATCH_RECOVER_S;
	int seconds = watch->is_shared ? WATCH_S + (int)(uv_hrtime() / 1024 % WATCH_S) : alone_s;

	kubeapi_path(&path, &watch->type, watch->scope.namespace, NULL);
	buf_text(&path, "?watch=true&allowWatchBookmarks=true&resourceVersion=");
	kubeapi_encode(&path, watch->version);
	buf_printf(&path, "&timeoutSeconds=%d", seconds);
	add_selectors(watch, &path);
	watch->phase = KUBEWATCH_WATCHING;
	begin_items(watch, JSON_ITEMS_OF_STREAM);
	ask_server(watch, &path, "PartialObjectMetadata", (int64_t)(seconds + WATCH_GRACE_S) * 1000,
		on_watch_over);
	watch->watch_began_ms = watch->began_ms;
	watch->watch_s = seconds;
	buf_fini(&path);
}
