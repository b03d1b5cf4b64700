// SPDX-License-Identifier: Apache-2.0
#include "relight/service_proxy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void the_path_goes_through_the_service(void **state)
{
	static const struct {
		const char *service, *port, *path, *wanted;
	} examples[] = {
		{"web", "80", NULL, "web:80/proxy/"},
		{"web", "http", "/", "web:http/proxy/"},
		{"https:web", "443", "healthz?deep=1&x=a%20b",
			"https:web:443/proxy/healthz?deep=1&x=a%20b"},
		{"web", "80", "/a b#c\xC3\xA9", "web:80/proxy/a%20b%23c%C3%A9"},
		{"web", "80", "/...//x/.well-known?up=../..",
			"web:80/proxy/...//x/.well-known?up=../.."},
	};

	(void)state;
	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
		struct buf path = {0}, wanted = {0};
		struct err err;
		assert_true(service_proxy_path(&path, "shop", examples[i].service, examples[i].port,
			examples[i].path, &err));
		buf_printf(&wanted, "/api/v1/namespaces/shop/services/%s", examples[i].wanted);
		assert_string_equal(buf_str(&path), buf_str(&wanted));
		buf_fini(&path);
		buf_fini(&wanted);
	}
}

static void nothing_leads_out_of_the_service(void **state)
{
	static const struct {
		const char *namespace, *service, *port, *path;
	} examples[] = {
		{"shop", "web", "80", "/../../../secrets"},
		{"shop", "web", "80", "a/.."},
		{"shop", "web", "80", ".."},
		{"shop", "web", "80", "/%2E%2e/x"},
		{"shop", "web", "80", "/.%2e?x"},
		{"shop", "web", "80", "/./x"},
		{"shop", "web/../x", "80", "/"},
		{"shop", "ftp:web", "80", "/"},
		{"shop", "", "80", "/"},
		{"shop", "web", "", "/"},
		{"shop", "web", "80/x", "/"},
		{"shop/..", "web", "80", "/"},
		{"*", "web", "80", "/"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
		struct buf path = {0};
		struct err err = {0};
		assert_false(service_proxy_path(&path, examples[i].namespace, examples[i].service,
			examples[i].port, examples[i].path, &err));
		assert_true(err.message[0]);
		buf_fini(&path);
	}
}

#define STATUS(code, reason, message, details)                                                     \
	"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"message\":\"" message \
	"\",\"reason\":\"" reason "\",\"details\":{" details "},\"code\":" code "}"

static void whose_answer_it_is(void **state)
{
	static const struct {
		int status;
		const char *service, *body;
		enum service_answerer wanted;
		const char *words;
	} examples[] = {
		{200, "web", "ok", SERVICE_ANSWERED, ""},
		{503, "web", "busy", SERVICE_ANSWERED, ""},
		{503, "web", "", SERVICE_ANSWERED, ""},
		{503, "web", "{\"kind\":\"Busy\"}", SERVICE_ANSWERED, ""},
		{404, "web", "404 page not found\n", SERVICE_ANSWERED, ""},
		{503, "web",
			STATUS("503", "ServiceUnavailable",
				"no endpoints available for service \\\"web\\\"", ""),
			SERVICE_UNREACHABLE, "no endpoints available for service \"web\""},
		{503, "web",
			STATUS("503", "ServiceUnavailable",
				"no service port \\\"x\\\" found for service \\\"web\\\"", ""),
			SERVICE_UNREACHABLE, "no service port \"x\" found for service \"web\""},
		{503, "web",
			STATUS("503", "ServiceUnavailable",
				"error trying to reach service: dial tcp: refused", ""),
			SERVICE_UNREACHABLE, "error trying to reach service: dial tcp: refused"},
		{500, "web",
			STATUS("500", "", "error trying to reach service: dial tcp: refused", ""),
			SERVICE_UNREACHABLE, "error trying to reach service: dial tcp: refused"},
		{500, "web", STATUS("500", "InternalError", "etcd failed", ""), SERVICE_REFUSED,
			"HTTP 500: etcd failed"},
		{503, "web", "Error trying to reach service: 'dial tcp: refused'\n",
			SERVICE_UNREACHABLE, "Error trying to reach service: 'dial tcp: refused'"},
		{404, "web",
			STATUS("404", "NotFound", "services \\\"web\\\" not found",
				"\"name\":\"web\",\"kind\":\"services\""),
			SERVICE_ABSENT, "services \"web\" not found"},
		{404, "https:web",
			STATUS("404", "NotFound", "services \\\"web\\\" not found",
				"\"name\":\"https:web:443\",\"kind\":\"services\""),
			SERVICE_ABSENT, "services \"web\" not found"},
		// An API behind the service says what it has not got in the same form.
		{404, "web",
			STATUS("404", "NotFound", "services \\\"other\\\" not found",
				"\"name\":\"other\",\"kind\":\"services\""),
			SERVICE_ANSWERED, ""},
		{404, "web", STATUS("404", "NotFound", "pods not found", "\"kind\":\"pods\""),
			SERVICE_ANSWERED, ""},
		{403, "web",
			STATUS("403", "Forbidden", "services \\\"web:80\\\" is forbidden",
				"\"name\":\"web:80\",\"kind\":\"services\""),
			SERVICE_REFUSED, "HTTP 403, not allowed: services \"web:80\" is forbidden"},
		{403, "web", STATUS("403", "Forbidden", "pods is forbidden", "\"kind\":\"pods\""),
			SERVICE_ANSWERED, ""},
		{401, "web", STATUS("401", "Unauthorized", "Unauthorized", ""), SERVICE_REFUSED,
			"HTTP 401, the credentials were refused: Unauthorized"},
		{401, "web", "who are you", SERVICE_ANSWERED, ""},
		{429, "web", STATUS("429", "TooManyRequests", "slow down", ""), SERVICE_REFUSED,
			"HTTP 429, the server asks to slow down: slow down"},
		// A Status of another answer, said by the service.
		{500, "web", STATUS("404", "NotFound", "x", ""), SERVICE_ANSWERED, ""},
		{200, "web", STATUS("200", "", "x", ""), SERVICE_ANSWERED, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
		struct buf words = {0};
		assert_int_equal(service_answerer(examples[i].status, examples[i].body,
					 strlen(examples[i].body), examples[i].service, &words),
			examples[i].wanted);
		assert_string_equal(buf_str(&words), examples[i].words);
		buf_fini(&words);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_path_goes_through_the_service),
		cmocka_unit_test(nothing_leads_out_of_the_service),
		cmocka_unit_test(whose_answer_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
