// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_WORLD_HTTP_CURL_H
#define RELIGHT_WORLD_HTTP_CURL_H

#include <curl/curl.h>
#include <stdbool.h>

#include "relight/err.h"
#include "relight/http.h"

// libcurl, opened when it is first needed: with everything that it is linked to it takes longer to
// start than the rest of the program together.
// clang-format off
#define HTTP_CURL_FUNCTIONS(X) \
	X(curl_global_init) X(curl_easy_init) X(curl_easy_setopt) X(curl_easy_getinfo) \
	X(curl_easy_cleanup) X(curl_easy_strerror) X(curl_multi_init) X(curl_multi_cleanup) \
	X(curl_multi_setopt) X(curl_multi_add_handle) X(curl_multi_remove_handle) \
	X(curl_multi_socket_action) X(curl_multi_assign) X(curl_multi_info_read) \
	X(curl_slist_append) X(curl_slist_free_all) X(curl_url) X(curl_url_set) X(curl_url_get) \
	X(curl_url_cleanup) X(curl_free)
// clang-format on

// curl.h wraps three of them in macros that check types; these are the functions.
#undef curl_easy_setopt
#undef curl_easy_getinfo
#undef curl_multi_setopt

struct http_curl {
#define X(name) __typeof__(name) *name;
	HTTP_CURL_FUNCTIONS(X)
#undef X
};

// The table, or NULL with `err` where libcurl is not there.
const struct http_curl *http_curl_load(struct err *err);

// A function of libcurl or of a library below it, or NULL; http_curl_load came before.
void *http_curl_symbol(const char *name);

// The SHA-256, in hexadecimal, of the certificate (DER) that the server's chain ends in: of the CA
// that is trusted for it, or where nothing is verified of one that signed itself. To be called
// while the answer arrives. False with "": there is no TLS, or it cannot be known.
bool http_curl_anchor(CURL *easy, const struct http_curl *curl, char sha256[65]);

#define HTTP_WORDS_BYTES 320
struct http_failed {
	CURL *easy;
	CURLcode code;
	const char *errors; // curl's own words, may be empty
	bool is_tls;
	bool has_asked_for_name; // a resolver was asked
	int64_t timeout_ms, connect_timeout_ms;
	char *words; // of at least HTTP_WORDS_BYTES, for the explanation
};
struct http_failure {
	enum reach reach;
	bool is_timeout, is_fleeting;
};

// What a failed transfer means.
struct http_failure http_curl_explain(const struct http_failed *failed);

#endif
