// SPDX-License-Identifier: Apache-2.0
#include "relight/proof.h"

#include <string.h>

#include "relight/chain.h"
#include "relight/json.h"

void proof_begin(struct event *event, const char *log, const char *after, struct wall at)
{
	cJSON *proof = json_object();
	json_add_text(proof, "log", log);
	json_add_text(proof, "after", after);
	json_add_wall(proof, "at", at);
	json_add(event->data, "proof", proof);
}

void proof_end(struct event *event, const char *key, const char *signature)
{
	cJSON *proof = cJSON_GetObjectItemCaseSensitive(event->data, "proof");
	json_add_text(proof, "key", key);
	json_add_text(proof, "signature", signature);
}

void proof_digest(const struct event *event, char hex[65])
{
	static const char *const tied[] = {"log", "after", "at"};
	const cJSON *proof = json_get(event->data, "proof");
	cJSON *said = json_object(), *data = json_object();
	struct buf text = {0};
	json_each (member, event->data)
		if (member != proof)
			json_add(data, member->string, cJSON_Duplicate(member, true));
	json_add_text(said, "kind", event->kind_word);
	json_add_text(said, "sid", event->sid);
	json_add_text(said, "by", event->by);
	json_add_text(said, "mode", event_mode_word(event->mode));
	json_add(said, "data", data);
	for (size_t i = 0; i < sizeof tied / sizeof *tied; i++)
		json_add_text(said, tied[i], json_text(proof, tied[i]));
	json_write(&text, said);
	sha256_hex(text.data, text.length, hex);
	buf_fini(&text);
	cJSON_Delete(said);
}

// A session begins by saying where it writes to.
static bool tells_where(const struct event *event)
{
	return event->kind == EVENT_LOG_OPEN || event->kind == EVENT_LOG_SEGMENT;
}

const char *proof_place(const struct event *event, struct event *const *before, size_t count)
{
	while (count > 0 && tells_where(before[count - 1]) &&
		strcmp(before[count - 1]->sid, event->sid) == 0)
		count--;
	return count > 0 ? before[count - 1]->h : CHAIN_START;
}
