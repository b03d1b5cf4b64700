// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "probe_kubernetes.h"
#include "relight/access_review.h"
#include "relight/json.h"
#include "relight/memory.h"

// Whether somebody may do something: the resource is looked up as for every check, then the API
// server is asked to review it. Nothing is done for it: a review is stored nowhere.

#define ANSWER_MAX_BYTES (1u << 20)

struct access_query {
	char *verb, *resource, *subresource, *as; // as the check has them; the last two may be NULL
	char **groups;
	struct access_question question; // of the texts above and of the query's
};

void access_free(struct access_query *access)
{
	if (!access)
		return;
	for (size_t i = 0; i < access->question.group_count; i++)
		free(access->groups[i]);
	free(access->groups);
	free(access->verb);
	free(access->resource);
	free(access->subresource);
	free(access->as);
	free(access);
}

static bool take_groups(struct query *query, struct err *err)
{
	const struct texts *groups = &query->check->groups;
	struct access_query *access = query->access;

	access->groups = memory_zeroed(groups->count + 1, sizeof *access->groups);
	access->question.group_count = groups->count;
	for (size_t i = 0; i < groups->count; i++)
		if (!target_text(query->probing->world, groups->items[i], &access->groups[i], err))
			return false;
	return true;
}

bool access_take(struct query *query, struct err *err)
{
	struct probe_world *world = query->probing->world;
	const struct kubernetes_check *check = query->check;
	struct access_query *access = memory_zeroed(1, sizeof *access);

	query->access = access;
	if (!target_text(world, check->verb, &access->verb, err) ||
		!target_text(world, check->resource, &access->resource, err) ||
		!target_text(world, check->subresource, &access->subresource, err) ||
		!target_text(world, check->as, &access->as, err) || !take_groups(query, err))
		return false;
	bool is_path = access->resource[0] == '/';
	return is_path || access_name_parse(access->resource, &query->name, err);
}

// --- the answer ---

static void say_refused(
	const struct query *query, const struct http_answer *answer, struct buf *words)
{
	kubernetes_refusal(query->client, answer, NULL, words);
	if (answer->reach == REACH_ANSWERED && answer->status == 403)
		buf_printf(words, "; to ask this takes the right to create %s.authorization.k8s.io",
			access_review_resource(&query->access->question));
}

static void reviewed(void *context, const struct http_answer *answer)
{
	struct query *query = context;
	const struct access_question *question = &query->access->question;
	struct buf words = {0};
	enum status status = STATUS_UNKNOWN;

	query_arrived(query, answer);
	if (answer->reach != REACH_ANSWERED || answer->status / 100 != 2) {
		say_refused(query, answer, &words);
	} else {
		cJSON *review = json_parse(answer->body, answer->length, NULL);
		status = access_review_judge(question, review, &words);
		cJSON_Delete(review);
	}
	query_end(query, status, NULL, "%s", buf_str(&words));
	buf_fini(&words);
}

// --- the question ---

static void review(struct query *query)
{
	const struct access_question *question = &query->access->question;
	cJSON *review = access_review_new(question);
	struct buf body = {0};

	json_write(&body, review);
	cJSON_Delete(review);
	query->exchange =
		kubernetes_ask(query->client, &(struct kubernetes_request){
						      .method = "POST",
						      .path = access_review_path(question),
						      .body = buf_str(&body),
						      .body_length = body.length,
						      .timeout_ms = query_time_left_ms(query),
						      .max_body_bytes = ANSWER_MAX_BYTES,
						      .done = reviewed,
						      .context = query,
					      });
	buf_fini(&body);
}

// A resource that is not there (yet) can be asked about where its group is written.
static void review_unknown(struct query *query, const char *words)
{
	if (access_question_name(&query->access->question, &query->name))
		review(query);
	else
		query_end(query, STATUS_UNKNOWN, NULL, "%s", words);
}

static void found(void *context, const struct kubeapi_type *type, const char *words)
{
	struct query *query = context;

	query->search = NULL;
	if (!type) {
		review_unknown(query, words);
		return;
	}
	query->type = *type;
	access_question_type(&query->access->question, &query->type);
	review(query);
}

static void look_up(struct query *query)
{
	struct buf words = {0};

	switch (kubernetes_find(query->client, &query->name, query_since_ms(query), &query->type)) {
	case KUBERNETES_THERE:
		access_question_type(&query->access->question, &query->type);
		review(query);
		break;
	case KUBERNETES_NOT_THERE:
		kubernetes_absence(query->client, &query->name, &words);
		review_unknown(query, buf_str(&words));
		break;
	case KUBERNETES_NOT_KNOWN:
		query->search = kubernetes_search(query->client, &query->name,
			query_since_ms(query), query_time_left_ms(query), found, query);
		break;
	}
	buf_fini(&words);
}

void access_ask(struct query *query)
{
	struct access_query *access = query->access;
	struct access_question *question = &access->question;

	question->verb = access->verb;
	question->subresource = access->subresource;
	question->name = query->object;
	question->namespace = query->namespace;
	question->as = access->as;
	question->groups = (const char *const *)access->groups;
	if (access->resource[0] == '/') {
		question->path = access->resource;
		review(query);
	} else if (query->name.resource[0] == '*') {
		review_unknown(query, "");
	} else {
		look_up(query);
	}
}
