// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "relight/chain.h"
#include "relight/event.h"
#include "relight/json.h"
#include "relight/proof.h"

// Any bytes are a JSON value or are refused; what is written of one holds nothing that a terminal
// would obey and reads back as it was. Any line is an event or is refused; an event survives being
// written and read.

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void check_json(const char *text, size_t length)
{
	struct buf once = {0}, twice = {0};
	cJSON *value = json_parse(text, length, NULL), *again;

	if (!value)
		return;
	json_write(&once, value);
	for (size_t i = 0; i < once.length; i++) {
		if ((unsigned char)once.data[i] < 0x20 || once.data[i] == 0x7f)
			abort();
	}
	again = json_parse(once.data, once.length, NULL);
	if (!again)
		abort();
	json_write(&twice, again);
	if (once.length != twice.length || memcmp(once.data, twice.data, once.length) != 0)
		abort();
	cJSON_Delete(value);
	cJSON_Delete(again);
	buf_fini(&once);
	buf_fini(&twice);
}

// What a session signs is what a reader of its line finds signed.
static void check_proof(const struct event *event, const struct event *back)
{
	char written[65], read[65];

	proof_digest(event, written);
	proof_digest(back, read);
	if (strcmp(written, read) != 0)
		abort();
}

static void check_event(const char *text, size_t length)
{
	struct event *event = event_decode(text, length, NULL);
	struct chain chain;
	struct buf line = {0}, again = {0};
	char prev[65];

	if (!event)
		return;
	memcpy(prev, event->prev, sizeof prev);
	if (event_encode(event, prev, &line, NULL)) {
		struct event *back = event_decode(line.data, line.length, NULL);

		if (!back || !event_encode(back, prev, &again, NULL) ||
			again.length != line.length ||
			memcmp(again.data, line.data, line.length) != 0)
			abort();
		check_proof(event, back);
		event_free(back);
		chain_init(&chain);
		memcpy(chain.head, prev, sizeof prev);
		chain.next_seq = event->seq;
		if (!chain_link(&chain, line.data, line.length, NULL))
			abort();
	}
	event_free(event);
	buf_fini(&line);
	buf_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const char *text = (const char *)bytes;
	struct chain chain;

	check_json(text, length);
	check_event(text, length);
	chain_init(&chain);
	chain_link(&chain, text, length, NULL);
	return 0;
}
