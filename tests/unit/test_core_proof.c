// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "relight/chain.h"
#include "relight/identity.h"
#include "relight/json.h"
#include "relight/memory.h"
#include "relight/proof.h"

#define LOG "11111111-2222-4333-8444-555555555555"
#define AT  1783047942123456

static struct event *session(const char *by, const char *data)
{
	struct event *event = event_new(EVENT_SESSION_RESUMED);
	struct err err = {0};
	event->seq = 7;
	event->ts = (struct wall){AT};
	event->mono = (struct mono){1};
	strcpy(event->boot, "0b1c2d3e-0000-4000-8000-000000000001");
	strcpy(event->sid, "s-2");
	event->by = memory_copy_text(by);
	event->mode = EVENT_DRILL;
	cJSON_Delete(event->data);
	event->data = json_parse(data, strlen(data), &err);
	assert_non_null(event->data);
	return event;
}

static struct event *proved(const char *by, const char *data)
{
	struct event *event = session(by, data);
	proof_begin(event, LOG, CHAIN_START, (struct wall){AT});
	return event;
}

static void assert_word(enum identity identity, const char *word)
{
	assert_string_equal(identity_word(identity), word);
	assert_int_equal(identity_parse(word), identity);
	assert_true(identity_say(identity)[0] != '\0');
}

static void test_identities(void **state)
{
	(void)state;
	assert_word(IDENTITY_ASSERTED, "asserted");
	assert_word(IDENTITY_PEER, "peer");
	assert_word(IDENTITY_KEY, "key");
	assert_int_equal(identity_parse("keys"), IDENTITY_COUNT);
	assert_int_equal(identity_parse(""), IDENTITY_COUNT);
	assert_int_equal(identity_parse(NULL), IDENTITY_COUNT);
}

// Byte for byte what relight-timeline(5) says.
static void test_what_is_signed(void **state)
{
	const char *said =
		"{\"kind\":\"session.resumed\",\"sid\":\"s-2\",\"by\":\"ana\",\"mode\":\"drill\","
		"\"data\":{\"host\":\"h\",\"uid\":7,\"speed\":0.3},\"log\":\"" LOG
		"\",\"after\":\"" CHAIN_START "\",\"at\":\"2026-07-03T03:05:42.123456Z\"}";
	struct event *event = proved("ana", "{\"host\":\"h\",\"uid\":7,\"speed\":0.3}");
	char expected[65], is[65];
	(void)state;
	sha256_hex(said, strlen(said), expected);
	proof_digest(event, is);
	assert_string_equal(is, expected);
	// The signature cannot sign itself.
	proof_end(event, "ED25519 SHA256:x", "-----BEGIN");
	proof_digest(event, is);
	assert_string_equal(is, expected);
	assert_string_equal(json_path_text(event->data, "proof.key"), "ED25519 SHA256:x");
	assert_string_equal(json_path_text(event->data, "proof.signature"), "-----BEGIN");
	event_free(event);
}

// What is read back from the line is what was signed, whatever is in it.
static void test_survives_its_line(void **state)
{
	static const char *const names[] = {
		"ana", "", "a\xff\"\\\n\x1b[31m", "\xe2\x80\xae\xf0\x9f\x94\xa5"};
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct event *event =
			proved(names[i], "{\"speed\":2000.7,\"was\":\"\\u0007\\u202e\"}");
		struct buf line = {0};
		struct err err = {0};
		char signed_as[65], read_as[65];
		json_add_text(event->data, "host", names[i]);
		proof_digest(event, signed_as);
		proof_end(event, "k", "s");
		assert_true(event_encode(event, CHAIN_START, &line, &err));
		struct event *back = event_decode(line.data, line.length, &err);
		assert_non_null(back);
		proof_digest(back, read_as);
		assert_string_equal(read_as, signed_as);
		event_free(back);
		event_free(event);
		buf_fini(&line);
	}
}

static void replace(cJSON *object, const char *key, const char *text)
{
	cJSON *value = cJSON_CreateString(text);
	assert_true(cJSON_ReplaceItemInObjectCaseSensitive(object, key, value));
}

static void test_each_part_counts(void **state)
{
	enum { KIND, SID, BY, MODE, HOST, MORE, LESS, TIED_LOG, TIED_AFTER, TIED_AT, PARTS };
	struct event *event = proved("ana", "{\"host\":\"h\",\"uid\":7}");
	char digests[PARTS + 1][65];
	(void)state;
	proof_digest(event, digests[PARTS]);
	event_free(event);
	for (int part = 0; part < PARTS; part++) {
		event = proved(part == BY ? "eve" : "ana", "{\"host\":\"h\",\"uid\":7}");
		cJSON *proof = cJSON_GetObjectItem(event->data, "proof");
		switch (part) {
		case KIND:
			free(event->kind_word);
			event->kind_word = memory_copy_text("session.open");
			break;
		case SID: strcpy(event->sid, "s-3"); break;
		case MODE: event->mode = EVENT_LIVE; break;
		case HOST: replace(event->data, "host", "other"); break;
		case MORE: json_add_text(event->data, "tty", "/dev/pts/0"); break;
		case LESS: cJSON_DeleteItemFromObject(event->data, "uid"); break;
		case TIED_LOG: replace(proof, "log", ""); break;
		case TIED_AFTER: replace(proof, "after", LOG); break;
		case TIED_AT: replace(proof, "at", "2026-07-03T03:05:42.123457Z"); break;
		default: break;
		}
		proof_digest(event, digests[part]);
		event_free(event);
		for (int other = 0; other < part; other++)
			assert_string_not_equal(digests[part], digests[other]);
		assert_string_not_equal(digests[part], digests[PARTS]);
	}
}

// Nothing that a hostile line says instead of a proof may end the reader.
static void test_no_proof(void **state)
{
	static const char *const datas[] = {"{}", "{\"proof\":7}", "{\"proof\":[]}",
		"{\"proof\":{\"log\":[],\"after\":{},\"at\":null}}"};
	char digest[65];
	(void)state;
	for (size_t i = 0; i < sizeof datas / sizeof *datas; i++) {
		struct event *event = session("ana", datas[i]);
		digest[0] = '\0';
		proof_digest(event, digest);
		assert_int_equal(strlen(digest), 64);
		event_free(event);
	}
}

static struct event *line(enum event_kind kind, const char *sid, const char *h)
{
	struct event *event = event_new(kind);
	strcpy(event->sid, sid);
	strcpy(event->h, h);
	return event;
}

// Only where the record goes on may a session say before it says who it is.
static void test_place(void **state)
{
	struct event *before[] = {line(EVENT_LOG_OPEN, "s-1", "a"), line(EVENT_NOTE, "s-1", "b"),
		line(EVENT_LOG_SEGMENT, "s-1", "c"), line(EVENT_LOG_SEGMENT, "s-2", "d"),
		line(EVENT_NOTE, "s-2", "e")};
	struct event *event = line(EVENT_SESSION_RESUMED, "s-2", "f");
	struct event *first = line(EVENT_SESSION_OPEN, "s-1", "f");
	(void)state;
	assert_string_equal(proof_place(first, before, 0), CHAIN_START);
	assert_string_equal(proof_place(first, before, 1), CHAIN_START);
	assert_string_equal(proof_place(first, before, 2), "b");
	assert_string_equal(proof_place(event, before, 1), "a");
	assert_string_equal(proof_place(event, before, 3), "c");
	assert_string_equal(proof_place(event, before, 4), "c");
	assert_string_equal(proof_place(event, before, 5), "e");
	for (size_t i = 0; i < sizeof before / sizeof *before; i++)
		event_free(before[i]);
	event_free(event);
	event_free(first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identities),
		cmocka_unit_test(test_what_is_signed),
		cmocka_unit_test(test_survives_its_line),
		cmocka_unit_test(test_each_part_counts),
		cmocka_unit_test(test_no_proof),
		cmocka_unit_test(test_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
