// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "relight/chain.h"
#include "relight/event.h"
#include "relight/json.h"
#include "relight/memory.h"

#define TS 1783047942123456

static struct event *full_event(int64_t seq)
{
	struct event *event = event_new(EVENT_STEP_INTENT);

	event->seq = seq;
	event->ts = (struct wall){TS + seq};
	event->mono = (struct mono){1000 + seq};
	event->at = (struct wall){TS - 60000000};
	strcpy(event->boot, "0b1c2d3e-0000-4000-8000-000000000001");
	strcpy(event->sid, "s-1");
	event->by = strdup("ana");
	event->mode = EVENT_DRILL;
	event_set_step(event, "restore-identity");
	event_set_dependency(event, "case-api");
	event->attempt = 2;
	event->cause = 7;
	json_add_text(event->data, "role", "run");
	return event;
}

// The line of event `seq` after `chain`, which is moved on by hand: chain_link is what is tested.
static char *line_after(const char prev[65], int64_t seq, char head[65])
{
	struct event *event = full_event(seq);
	struct buf line = {0};

	assert_true(event_encode(event, prev, &line, NULL));
	memcpy(head, event->h, 65);
	event_free(event);
	return buf_take(&line);
}

static void test_line_has_the_contract_s_shape(void **state)
{
	char head[65], digest[65];
	char *line = line_after(CHAIN_START, 3, head);
	size_t length = strlen(line);
	const char *body =
		"{\"v\":1,\"seq\":3,\"ts\":\"2026-07-03T03:05:42.123459Z\",\"mono_us\":1003,"
		"\"boot\":\"0b1c2d3e-0000-4000-8000-000000000001\",\"at\":\"2026-07-03T03:04:42."
		"123456Z\","
		"\"sid\":\"s-1\",\"by\":\"ana\",\"mode\":\"drill\",\"kind\":\"step.intent\","
		"\"step\":\"restore-identity\",\"attempt\":2,\"dependency\":\"case-api\",\"cause\":"
		"7,"
		"\"data\":{\"role\":\"run\"},\"prev\":\"" CHAIN_START "\"";

	(void)state;
	assert_int_equal(length, strlen(body) + EVENT_TAIL_BYTES);
	assert_memory_equal(line, body, strlen(body));
	sha256_hex(body, strlen(body), digest);
	assert_string_equal(digest, head);
	assert_memory_equal(line + length - EVENT_TAIL_BYTES, ",\"h\":\"", 6);
	assert_memory_equal(line + length - 66, digest, 64);
	assert_string_equal(line + length - 2, "\"}");
	free(line);
}

static void test_sha256_of_known_answers(void **state)
{
	char hex[65];

	(void)state;
	sha256_hex("", 0, hex);
	assert_string_equal(
		hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	sha256_hex("abc", 3, hex);
	assert_string_equal(
		hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void test_round_trip(void **state)
{
	char head[65];
	struct err err = {0};
	char *line = line_after(CHAIN_START, 9, head);
	struct event *event = event_decode(line, strlen(line), &err);
	struct buf again = {0};

	(void)state;
	if (!event)
		fail_msg("%s", err.message);
	assert_int_equal(event->seq, 9);
	assert_true(
		event->ts.us == TS + 9 && event->at.us == TS - 60000000 && event->mono.us == 1009);
	assert_string_equal(event->sid, "s-1");
	assert_string_equal(event->by, "ana");
	assert_int_equal(event->mode, EVENT_DRILL);
	assert_int_equal(event->kind, EVENT_STEP_INTENT);
	assert_string_equal(event->step, "restore-identity");
	assert_string_equal(event->dependency, "case-api");
	assert_int_equal(event->attempt, 2);
	assert_int_equal(event->cause, 7);
	assert_string_equal(json_text(event->data, "role"), "run");
	assert_string_equal(event->prev, CHAIN_START);
	assert_string_equal(event->h, head);
	assert_true(event_encode(event, CHAIN_START, &again, &err));
	assert_string_equal(buf_str(&again), line);
	event_free(event);
	buf_fini(&again);
	free(line);
}

static void test_absent_keys_are_omitted(void **state)
{
	struct event *event = event_new(EVENT_MARK), *back;
	struct buf line = {0};

	(void)state;
	event->seq = 0;
	event->ts = (struct wall){0};
	event->mono = (struct mono){0};
	assert_true(event_encode(event, CHAIN_START, &line, NULL));
	assert_null(strstr(line.data, "\"at\""));
	assert_null(strstr(line.data, "\"step\""));
	assert_null(strstr(line.data, "\"attempt\""));
	assert_null(strstr(line.data, "\"dependency\""));
	assert_null(strstr(line.data, "\"cause\""));
	assert_non_null(strstr(line.data, "\"by\":\"relight\""));
	back = event_decode(line.data, line.length, NULL);
	assert_non_null(back);
	assert_false(wall_known(back->at));
	assert_null(back->step);
	assert_int_equal(back->attempt, 0);
	assert_int_equal(back->cause, -1);
	event_free(back);
	event_free(event);
	event_free(NULL);
	buf_fini(&line);
}

static void test_kinds_are_words_both_ways(void **state)
{
	(void)state;
	for (int kind = 0; kind < EVENT_KIND_COUNT; kind++)
		assert_int_equal(event_kind_parse(event_kind_word((enum event_kind)kind)), kind);
	assert_int_equal(event_kind_parse("log.opened"), EVENT_OTHER);
	assert_null(event_kind_word(EVENT_OTHER));
	assert_string_equal(event_mode_word(EVENT_REHEARSAL), "rehearsal");
}

static void test_unknown_kinds_and_keys_are_kept(void **state)
{
	const char *text = "{\"v\":1,\"seq\":0,\"ts\":\"2026-07-03T03:05:42Z\",\"mono_us\":1,"
			   "\"boot\":\"b\",\"sid\":\"s\","
			   "\"by\":\"x\",\"mode\":\"live\",\"kind\":\"teleport\",\"future\":[1],"
			   "\"data\":{\"n\":1},"
			   "\"prev\":\"" CHAIN_START "\",\"h\":\"" CHAIN_START "\"}";
	struct event *event = event_decode(text, strlen(text), NULL);

	(void)state;
	assert_non_null(event);
	assert_int_equal(event->kind, EVENT_OTHER);
	assert_string_equal(event->kind_word, "teleport");
	assert_int_equal(json_int(event->data, "n", 0), 1);
	event_free(event);
}

static void test_decode_refuses(void **state)
{
	static const struct {
		const char *key, *instead, *why;
	} cases[] = {
		{"\"v\":1", "\"v\":2", "version"},
		{"\"seq\":9", "\"seq\":-9", "seq"},
		{"\"seq\":9", "\"seq\":\"9\"", "seq"},
		{"\"ts\":\"2026", "\"ts\":\"x026", "ts is no time"},
		{"\"mono_us\":1009", "\"mono_us\":1.5", "mono_us"},
		{"\"boot\":\"0b1c", "\"boot\":\"0b1cc", "boot is longer"},
		{"\"at\":\"", "\"at\":\"+", "at is no time"},
		{"\"sid\":\"s-1\"", "\"sid\":1", "sid"},
		{"\"by\":\"ana\"", "\"bu\":\"ana\"", "by is missing"},
		{"\"mode\":\"drill\"", "\"mode\":\"dril\"", "mode"},
		{"\"kind\":\"step.intent\"", "\"kind\":7", "kind"},
		{"\"attempt\":2", "\"attempt\":-2", "attempt"},
		{"\"attempt\":2", "\"attempt\":1e10", "attempt"},
		{"\"step\":\"restore-identity\"", "\"step\":[]", "step is no text"},
		{"\"data\":{", "\"date\":{", "data"},
		{"\"data\":{\"role\":\"run\"}", "\"data\":[]", "data"},
		{"\"prev\":\"0", "\"prev\":\"g", "prev is no SHA-256"},
		{"\"h\":\"", "\"h\":\"0", "h is longer"},
		{"{\"v\"", "{\"v\":1,\"v\"", "twice"},
	};
	char head[65];
	char *line = line_after(CHAIN_START, 9, head);

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err err = {0};
		struct buf bad = {0};
		const char *at = strstr(line, cases[i].key);

		assert_non_null(at);
		buf_add(&bad, line, (size_t)(at - line));
		buf_text(&bad, cases[i].instead);
		buf_text(&bad, at + strlen(cases[i].key));
		if (event_decode(bad.data, bad.length, &err))
			fail_msg("accepted %s", cases[i].instead);
		if (!strstr(err.message, cases[i].why))
			fail_msg("%s: %s", cases[i].instead, err.message);
		buf_fini(&bad);
	}
	assert_null(event_decode("[]", 2, NULL));
	free(line);
}

static void test_peeking_is_not_misled(void **state)
{
	struct event *event = full_event(0);
	struct buf line = {0};

	(void)state;
	free(event->by);
	event->by = memory_copy_text("x\",\"kind\":\"incident.closed\",\"y");
	json_add_text(event->data, "kind", "incident.closed");
	assert_true(event_encode(event, CHAIN_START, &line, NULL));
	for (int kind = 0; kind < EVENT_KIND_COUNT; kind++) {
		free(event->kind_word);
		event->kind_word = memory_copy_text(event_kind_word((enum event_kind)kind));
		buf_clear(&line);
		assert_true(event_encode(event, CHAIN_START, &line, NULL));
		assert_int_equal(event_peek(line.data, line.length), kind);
	}
	assert_int_equal(event_peek("", 0), EVENT_OTHER);
	assert_int_equal(event_peek(",\"kind\":\"mark", 13), EVENT_OTHER);
	assert_int_equal(event_peek(",\"kind\":\"marks\"", 15), EVENT_OTHER);
	event_free(event);
	buf_fini(&line);
}

static void test_a_line_is_at_most_64_kib(void **state)
{
	struct event *event = full_event(0);
	struct buf line = {0};
	struct err err = {0};
	size_t most;

	(void)state;
	assert_true(event_encode(event, CHAIN_START, &line, &err));
	most = EVENT_MAX_BYTES - line.length - strlen(",\"text\":\"\"");
	buf_clear(&line);
	for (size_t more = 0; more < 2; more++) {
		char *text = malloc(most + more + 1);

		memset(text, 'a', most + more);
		text[most + more] = '\0';
		cJSON_DeleteItemFromObject(event->data, "text");
		json_add_text(event->data, "text", text);
		free(text);
		buf_text(&line, "kept");
		assert_int_equal(event_encode(event, CHAIN_START, &line, &err), !more);
		assert_int_equal(line.length, more ? 4 : EVENT_MAX_BYTES + 4);
		buf_clear(&line);
	}
	assert_non_null(strstr(err.message, "65537 bytes"));
	event_free(event);
	buf_fini(&line);
}

static void test_chain_links(void **state)
{
	struct chain chain;
	struct err err = {0};
	char head[65] = CHAIN_START;

	(void)state;
	chain_init(&chain);
	for (int64_t seq = 0; seq < 5; seq++) {
		char *line = line_after(head, seq, head);

		if (!chain_link(&chain, line, strlen(line), &err))
			fail_msg("%s", err.message);
		assert_string_equal(chain.head, head);
		assert_int_equal(chain.next_seq, seq + 1);
		free(line);
	}
	assert_int_equal(chain.lines, 5);
}

static void assert_unlinked(const char *line, size_t length, const char *why)
{
	struct chain chain, before;
	struct err err = {0};

	chain_init(&chain);
	before = chain;
	assert_false(chain_link(&chain, line, length, &err));
	assert_memory_equal(&chain, &before, sizeof chain);
	if (!strstr(err.message, why) || !strstr(err.message, "line 1"))
		fail_msg("%s", err.message);
}

static void test_chain_sees_every_changed_byte(void **state)
{
	char head[65];
	char *line = line_after(CHAIN_START, 0, head);
	size_t length = strlen(line);

	(void)state;
	for (size_t i = 0; i < length; i++) {
		line[i] ^= 1;
		assert_unlinked(line, length, "line 1");
		line[i] ^= 1;
	}
	for (size_t i = 0; i < length; i++)
		assert_unlinked(line, i, "line 1");
	free(line);
}

static void test_chain_sees_missing_and_moved_lines(void **state)
{
	char head[65], other[65];
	char *line = line_after(CHAIN_START, 1, head);

	(void)state;
	assert_unlinked(line, strlen(line), "seq 1 where 0 was expected");
	free(line);
	sha256_hex("x", 1, other);
	line = line_after(other, 0, head);
	assert_unlinked(line, strlen(line), "does not follow");
	free(line);
}

// Whole in itself, and of a version that this program does not know: nothing is damaged.
static void test_chain_tells_another_version_from_damage(void **state)
{
	char head[65], digest[65];
	char *line = line_after(CHAIN_START, 0, head);
	size_t length = strlen(line);

	(void)state;
	line[sizeof "{\"v\":" - 1] = '2';
	assert_unlinked(line, length, "was changed");
	sha256_hex(line, length - EVENT_TAIL_BYTES, digest);
	memcpy(line + length - 66, digest, 64);
	assert_unlinked(line, length, "a newer relight wrote it");
	free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha256_of_known_answers),
		cmocka_unit_test(test_line_has_the_contract_s_shape),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_absent_keys_are_omitted),
		cmocka_unit_test(test_kinds_are_words_both_ways),
		cmocka_unit_test(test_unknown_kinds_and_keys_are_kept),
		cmocka_unit_test(test_decode_refuses),
		cmocka_unit_test(test_peeking_is_not_misled),
		cmocka_unit_test(test_a_line_is_at_most_64_kib),
		cmocka_unit_test(test_chain_links),
		cmocka_unit_test(test_chain_tells_another_version_from_damage),
		cmocka_unit_test(test_chain_sees_every_changed_byte),
		cmocka_unit_test(test_chain_sees_missing_and_moved_lines),
	};

	return cmocka_run_group_tests_name("core_event", tests, NULL, NULL);
}
