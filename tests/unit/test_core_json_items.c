// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "relight/buf.h"
#include "relight/json_items.h"

struct taken {
	struct buf text; // each item and a line feed
	size_t count, wanted;
};

static bool take(void *context, const char *text, size_t length)
{
	struct taken *taken = context;
	buf_add(&taken->text, text, length);
	buf_byte(&taken->text, '\n');
	return ++taken->count != taken->wanted;
}

struct fed {
	bool is_good, is_whole;
	struct err err;
	struct taken taken;
	struct buf head;
};

// Feeds `text` in chunks of so many bytes.
static struct fed feed(const struct json_items_config *like, const char *text, size_t chunk)
{
	struct fed fed = {.is_good = true};
	struct json_items_config config = *like;
	config.on_item = take;
	config.context = &fed.taken;
	fed.taken.wanted = (size_t)(uintptr_t)like->context;
	struct json_items *items = json_items_new(&config);
	for (size_t at = 0, length = strlen(text); at < length && fed.is_good; at += chunk)
		fed.is_good = json_items_take(
			items, text + at, length - at < chunk ? length - at : chunk, &fed.err);
	fed.is_whole = json_items_are_whole(items);
	buf_text(&fed.head, json_items_head(items));
	json_items_free(items);
	return fed;
}

static void fed_fini(struct fed *fed)
{
	buf_fini(&fed->taken.text);
	buf_fini(&fed->head);
}

static const struct json_items_config list = {.shape = JSON_ITEMS_OF_LIST, .max_item_bytes = 200};
static const struct json_items_config stream = {
	.shape = JSON_ITEMS_OF_STREAM, .max_item_bytes = 200};
static const char *const dropped[] = {"managedFields", "containers", NULL};
static const struct json_items_config pruned = {
	.shape = JSON_ITEMS_OF_LIST, .max_item_bytes = 200, .dropped_keys = dropped};

// However the text is cut into chunks, the same comes out.
static void expect(const struct json_items_config *config, const char *text, const char *items,
	const char *head)
{
	for (size_t chunk = 1; chunk <= strlen(text); chunk++) {
		struct fed fed = feed(config, text, chunk);
		assert_true(fed.is_good);
		assert_true(fed.is_whole);
		assert_string_equal(buf_str(&fed.taken.text), items);
		assert_string_equal(buf_str(&fed.head), head);
		fed_fini(&fed);
	}
}

static void a_list_gives_its_items_and_what_stands_around_them(void **state)
{
	(void)state;
	expect(&list,
		"{\"kind\":\"PodList\",\"metadata\":{\"continue\":\"a]}\\\"\"},\"items\":[{\"a\":1}"
		" , "
		"{\"b\":[{},\"}\"]}],\"x\":[2]}\n",
		"{\"a\":1}\n{\"b\":[{},\"}\"]}\n",
		"{\"kind\":\"PodList\",\"metadata\":{\"continue\":\"a]}\\\"\"},\"items\":[],\"x\":["
		"2]}\n");
	expect(&list, "{\"items\":[]}", "", "{\"items\":[]}");
	expect(&list, "{\"items\":null}", "", "{\"items\":null}");
	expect(&list, "{\"a\":\"items\",\"b\":[{}]}", "", "{\"a\":\"items\",\"b\":[{}]}");
	expect(&list, "{\"a\":{\"items\":[{}]}}", "", "{\"a\":{\"items\":[{}]}}");
	expect(&list, "{\"items\":[1,\"two\",null, [3]]}", "1\n\"two\"\nnull\n[3]\n",
		"{\"items\":[]}");
}

static void a_stream_gives_value_after_value(void **state)
{
	(void)state;
	expect(&stream, "{\"type\":\"ADDED\",\"object\":{}}\n{\"type\":\"X\"}\n",
		"{\"type\":\"ADDED\",\"object\":{}}\n{\"type\":\"X\"}\n", "");
	expect(&stream, "{}{} [1] 7 ", "{}\n{}\n[1]\n7\n", "");
}

static void keys_are_left_out_but_nothing_that_only_looks_like_them(void **state)
{
	static const char text[] =
		"{\"items\":[{\"metadata\":{\"managedFields\":[{\"f\":{\"x\":\"]\"}}],\"name\":"
		"\"a\"}},"
		"{\"managedFields\" : "
		"7,\"containers\":[{\"volumes\":[]}],\"b\":\"managedFields\",\"c\":["
		"\"managedFields\"]}]}";
	(void)state;
	struct fed fed = feed(&pruned, text, strlen(text));
	assert_true(fed.is_good && fed.is_whole);
	assert_string_equal(buf_str(&fed.taken.text),
		"{\"metadata\":{\"managedFields\":[],\"name\":\"a\"}}\n"
		"{\"managedFields\" "
		":[],\"containers\":[],\"b\":\"managedFields\",\"c\":[\"managedFields\"]}\n");
	fed_fini(&fed);
	// In whatever chunks it comes, what is left is the same but for what was left in.
	for (size_t chunk = 1; chunk < strlen(text); chunk++) {
		fed = feed(&pruned, text, chunk);
		assert_true(fed.is_good && fed.is_whole);
		assert_int_equal(fed.taken.count, 2);
		assert_non_null(strstr(buf_str(&fed.taken.text), ",\"name\":\"a\"}}\n"));
		assert_non_null(strstr(buf_str(&fed.taken.text),
			",\"b\":\"managedFields\",\"c\":[\"managedFields\"]}\n"));
		fed_fini(&fed);
	}
}

static void what_cannot_be_a_list_is_refused(void **state)
{
	static const char *const texts[] = {"[{}]", "7", "\"x\"", "{\"items\":[{]}]}", "{\"a\":]}",
		"{}{}", "}", "{\"items\":[}]", "<html>"};
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		for (size_t chunk = 1; chunk <= strlen(texts[i]); chunk++) {
			struct fed fed = feed(&list, texts[i], chunk);
			assert_false(fed.is_good);
			assert_true(fed.err.message[0]);
			assert_false(fed.is_whole);
			fed_fini(&fed);
		}
}

static void half_of_it_is_not_whole(void **state)
{
	static const char text[] = "{\"items\":[{\"a\":\"b\"}]}", values[] = "{\"a\":1}\n{\"b\":2}";
	(void)state;
	for (size_t length = 0; length < strlen(text); length++) {
		char part[sizeof text] = "";
		memcpy(part, text, length);
		struct fed fed = feed(&list, part, 3);
		assert_true(fed.is_good);
		assert_false(fed.is_whole);
		fed_fini(&fed);
	}
	for (size_t length = 0; length < strlen(values); length++) {
		char part[sizeof values] = "";
		memcpy(part, values, length);
		struct fed fed = feed(&stream, part, 3);
		assert_int_equal(fed.is_whole, length == 0 || length == 7 || length == 8);
		fed_fini(&fed);
	}
}

static void what_is_too_large_or_too_deep_is_refused(void **state)
{
	struct buf text = {0};
	(void)state;
	buf_text(&text, "{\"items\":[");
	for (int i = 0; i < 98; i++)
		buf_byte(&text, '[');
	struct fed fed = feed(&list, buf_str(&text), 7);
	assert_true(fed.is_good);
	fed_fini(&fed);
	buf_byte(&text, '[');
	fed = feed(&list, buf_str(&text), 7);
	assert_false(fed.is_good);
	assert_non_null(strstr(fed.err.message, "100 deep"));
	fed_fini(&fed);

	static const char *const begins[] = {"{\"items\":[\"", "{\"x\":\"", "{"};
	for (size_t i = 0; i < 3; i++) {
		buf_clear(&text);
		buf_text(&text, begins[i]);
		for (int j = 0; j < 300; j++)
			buf_byte(&text, '1');
		for (size_t chunk = 1; chunk <= text.length; chunk += 50) {
			fed = feed(&list, buf_str(&text), chunk);
			assert_false(fed.is_good);
			fed_fini(&fed);
		}
	}
	buf_fini(&text);
}

static void nothing_more_is_taken_once_enough_was_seen(void **state)
{
	struct json_items_config config = list;
	(void)state;
	config.context = (void *)(uintptr_t)2;
	struct fed fed = feed(&config, "{\"items\":[1,2,3,4]}", 100);
	assert_false(fed.is_good);
	assert_string_equal(fed.err.message, "");
	assert_int_equal(fed.taken.count, 2);
	fed_fini(&fed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_gives_its_items_and_what_stands_around_them),
		cmocka_unit_test(a_stream_gives_value_after_value),
		cmocka_unit_test(keys_are_left_out_but_nothing_that_only_looks_like_them),
		cmocka_unit_test(what_cannot_be_a_list_is_refused),
		cmocka_unit_test(half_of_it_is_not_whole),
		cmocka_unit_test(what_is_too_large_or_too_deep_is_refused),
		cmocka_unit_test(nothing_more_is_taken_once_enough_was_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
