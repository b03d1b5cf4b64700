// SPDX-License-Identifier: Apache-2.0
#include "relight/judge.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "relight/json.h"
#include "relight/memory.h"

// Objects that wait for jq. Nothing of an object is kept but what jq is asked and what the rules in
// C say of it.

#define BUSY_OBJECTS 512
#define BUSY_BYTES   (8u << 20)

struct judging {
	struct judge *judge;
	int64_t ticket; // jq's
	struct health_inquiry inquiry;
	size_t bytes;
	judge_done *done;
	void *context;
	UT_hash_handle hh;
};

struct judge {
	struct jq *jq;
	const struct health_tables *tables;
	struct judging *pending; // by ticket
	size_t pending_bytes;
};

struct judge *judge_new(struct jq *jq, const struct health_tables *tables)
{
	struct judge *judge = memory_zeroed(1, sizeof *judge);

	judge->jq = jq;
	judge->tables = tables;
	return judge;
}

static void forget(struct judging *judging)
{
	judging->judge->pending_bytes -= judging->bytes;
	HASH_DEL(judging->judge->pending, judging);
	free(judging);
}

void judge_free(struct judge *judge)
{
	if (!judge)
		return;
	while (judge->pending) {
		jq_cancel(judge->jq, judge->pending->ticket);
		forget(judge->pending);
	}
	free(judge);
}

static void answered(void *context, const struct jq_result *results, size_t count)
{
	struct judging *judging = context;
	judge_done *done = judging->done;
	void *for_whom = judging->context;
	struct health_answer answers[HEALTH_LAYERS] = {0};
	cJSON *outputs[HEALTH_LAYERS] = {0};
	struct err errors[HEALTH_LAYERS];
	struct health health;

	for (size_t i = 0; i < count; i++) {
		const char *output = results[i].output;
		answers[i].error = results[i].error;
		if (!output)
			continue;
		outputs[i] = json_parse(output, strlen(output), &errors[i]);
		answers[i].output = outputs[i];
		answers[i].error = outputs[i] ? NULL : errors[i].message;
	}
	health_conclude(&judging->inquiry, answers, &health);
	for (size_t i = 0; i < count; i++)
		cJSON_Delete(outputs[i]);
	forget(judging);
	done(for_whom, &health);
}

int64_t judge_object(struct judge *judge, const cJSON *object, struct wall now, int64_t timeout_ms,
	judge_done *done, void *context)
{
	struct health_inquiry inquiry;
	int programs[HEALTH_LAYERS];
	struct buf text = {0};

	health_inquire(judge->tables, object, now, &inquiry);
	if (inquiry.count == 0) {
		done(context, &inquiry.otherwise);
		return 0;
	}
	struct judging *judging = memory_zeroed(1, sizeof *judging);
	*judging = (struct judging){
		.judge = judge, .inquiry = inquiry, .done = done, .context = context};
	for (size_t i = 0; i < inquiry.count; i++)
		programs[i] = jq_program(judge->jq, health_table_program(inquiry.tables[i]));
	health_table_input(object, now, &text);
	judging->bytes = text.length + sizeof *judging;
	judging->ticket = jq_evaluate(judge->jq, programs, inquiry.count, buf_str(&text),
		text.length, timeout_ms, answered, judging);
	buf_fini(&text);
	judge->pending_bytes += judging->bytes;
	HASH_ADD(hh, judge->pending, ticket, sizeof judging->ticket, judging);
	return judging->ticket;
}

void judge_cancel(struct judge *judge, int64_t ticket)
{
	struct judging *judging;

	HASH_FIND(hh, judge->pending, &ticket, sizeof ticket, judging);
	if (!judging)
		return;
	jq_cancel(judge->jq, ticket);
	forget(judging);
}

bool judge_heeds_user(const struct judge *judge, const char *group, const char *kind)
{
	return health_table_find(judge->tables, HEALTH_USER, group, kind) != NULL;
}

bool judge_is_busy(const struct judge *judge)
{
	return HASH_COUNT(judge->pending) >= BUSY_OBJECTS || judge->pending_bytes >= BUSY_BYTES;
}
