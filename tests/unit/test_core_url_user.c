// SPDX-License-Identifier: Apache-2.0
#include "relight/url_user.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void what_stands_before_the_host_is_masked(void **state)
{
	(void)state;
	static const struct {
		const char *url, *masked, *password; // NULL: none
	} examples[] = {
		{"https://api.example.com:6443", "https://api.example.com:6443", NULL},
		{"https://ana:S3cret@api:6443/k8s", "https://[masked]@api:6443/k8s", "S3cret"},
		{"https://ana:p%40ss%3a%zz%@api", "https://[masked]@api", "p@ss:%zz%"},
		{"https://ana:p@ss@api", "https://[masked]@api", "p@ss"},
		{"https://a-token@api", "https://[masked]@api", NULL},
		{"https://ana:@api", "https://[masked]@api", NULL},
		{"https://api/c/ana:x@y?z=b:c@d", "https://api/c/ana:x@y?z=b:c@d", NULL},
		{"https://[::1]:6443/a", "https://[::1]:6443/a", NULL},
		{"ana:S3cret@proxy:3128", "[masked]@proxy:3128", "S3cret"},
		{"https://ana:a%00b@api", "https://[masked]@api", "a%00b"},
		{"https://", "https://", NULL},
		{"", "", NULL},
	};

	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
		struct buf masked = {0}, password = {0};

		url_mask_user(examples[i].url, &masked);
		assert_string_equal(buf_str(&masked), examples[i].masked);
		assert_int_equal(
			url_password(examples[i].url, &password), examples[i].password != NULL);
		assert_string_equal(
			buf_str(&password), examples[i].password ? examples[i].password : "");
		buf_fini(&masked);
		buf_fini(&password);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_stands_before_the_host_is_masked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
