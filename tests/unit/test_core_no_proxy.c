// SPDX-License-Identifier: Apache-2.0
#include "relight/no_proxy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static void this_machine_is_always_asked_directly(void **unused)
{
	(void)unused;
	assert_true(no_proxy_covers(NULL, "https://localhost:6443"));
	assert_true(no_proxy_covers("", "https://127.0.0.1:6443/base"));
	assert_true(no_proxy_covers(NULL, "http://127.8.9.1"));
	assert_true(no_proxy_covers(NULL, "https://[::1]:6443"));
	assert_false(no_proxy_covers(NULL, "https://localhost.example.com"));
	assert_false(no_proxy_covers(NULL, "https://128.0.0.1"));
	assert_false(no_proxy_covers(NULL, "https://[::2]"));
	assert_true(no_proxy_covers(NULL, "https://"));
}

static void addresses_and_networks(void **unused)
{
	(void)unused;
	assert_true(no_proxy_covers("192.0.2.2", "https://192.0.2.2:6443"));
	assert_false(no_proxy_covers("192.0.2.2", "https://192.0.2.20:6443"));
	assert_true(no_proxy_covers("10.0.0.0/8, 192.0.2.0/24", "https://192.0.2.255"));
	assert_false(no_proxy_covers("192.0.2.0/25", "https://192.0.2.128"));
	assert_true(no_proxy_covers("0.0.0.0/0", "https://192.0.2.128"));
	assert_false(no_proxy_covers("0.0.0.0/0", "https://example.com"));
	assert_true(no_proxy_covers("2001:db8::/32", "https://[2001:db8::5]:6443"));
	assert_true(no_proxy_covers("2001:db8::5", "https://[2001:0db8::5]:6443"));
	assert_true(no_proxy_covers("[2001:db8::5]:6443", "https://[2001:db8::5]:6443"));
	assert_false(no_proxy_covers("192.0.2.0/33", "https://192.0.2.1"));
	assert_false(no_proxy_covers("192.0.2.0/", "https://192.0.2.0"));
	assert_false(no_proxy_covers("/8", "https://192.0.2.0"));
}

static void domains(void **unused)
{
	(void)unused;
	assert_true(no_proxy_covers("example.com", "https://example.com"));
	assert_true(no_proxy_covers("Example.COM", "https://api.example.com/x"));
	assert_false(no_proxy_covers("example.com", "https://badexample.com"));
	assert_false(no_proxy_covers(".example.com", "https://example.com"));
	assert_true(no_proxy_covers(".example.com", "https://api.example.com"));
	assert_true(no_proxy_covers("*.example.com", "https://a.b.example.com"));
	assert_false(no_proxy_covers("*.example.com", "https://example.com"));
	assert_true(no_proxy_covers("a,\t* ,b", "https://example.com"));
}

static void ports(void **unused)
{
	(void)unused;
	assert_true(no_proxy_covers("192.0.2.2:6443", "https://192.0.2.2:6443"));
	assert_false(no_proxy_covers("192.0.2.2:6443", "https://192.0.2.2"));
	assert_true(no_proxy_covers("example.com:443", "https://api.example.com"));
	assert_true(no_proxy_covers("example.com:80", "http://api.example.com"));
	assert_false(no_proxy_covers("example.com:99999999", "https://example.com"));
}

static void nonsense_covers_nothing(void **unused)
{
	char longest[600];

	(void)unused;
	for (size_t i = 0; i < sizeof longest - 1; i++)
		longest[i] = 'a';
	longest[sizeof longest - 1] = '\0';
	assert_false(no_proxy_covers(longest, "https://example.com"));
	assert_false(no_proxy_covers(",, ,:,:443,[,],[]:", "https://example.com"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(this_machine_is_always_asked_directly),
		cmocka_unit_test(addresses_and_networks),
		cmocka_unit_test(domains),
		cmocka_unit_test(ports),
		cmocka_unit_test(nonsense_covers_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
