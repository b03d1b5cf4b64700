// SPDX-License-Identifier: Apache-2.0
#include "shape_parts.h"

#include <string.h>
#include <strings.h>

#define MAX_SPACES 8  // between a keyword, its separator and its value
#define MAX_OPTION 64 // bytes of --name
// Letters alone are a word of prose up to here: "token: AccessDeniedException".
#define LONG_WORD 32

// A value beside a keyword: to the next delimiter of shells, JSON, connection strings and query
// strings.
static bool is_value(unsigned char c)
{
	return c > ' ' && !strchr("\"'`,;&<>{}()\\", c);
}

// The rest of a header line.
static bool is_header_value(unsigned char c)
{
	return c >= ' ' && !strchr("\"'\\", c);
}

static bool is_in_double_quotes(unsigned char c)
{
	return c != '"' && c != '\n';
}

static bool is_in_single_quotes(unsigned char c)
{
	return c != '\'' && c != '\n';
}

static bool is_option_name(unsigned char c)
{
	return shape_is_alnum(c) || c == '-' || c == '_' || c == '.';
}

static const struct keyword {
	const char *word; // lower case
	size_t least;     // bytes of a value that is worth hiding
	bool (*is_part)(unsigned char);
	const char *after; // only behind one of these; NULL: behind anything
	bool not_prose;    // the value is none that words are; people choose words as passwords
} keywords[] = {
	{"accountkey", 16, is_value, NULL}, // Azure: storage connection strings
	{"api_key", 8, is_value, NULL}, {"api-key", 8, is_value, NULL},
	{"apikey", 8, is_value, NULL},
	{"auth", 8, is_value, "\"'"},                // Docker: credentials of a registry
	{"authorization", 1, is_header_value, NULL}, // RFC 9110 §11.6.2, and Proxy-Authorization
	{"certificate-key", 16, is_value, NULL},     // kubeadm
	{"client-key-data", 16, is_value, NULL},     // kubeconfig
	{"clientsecret", 8, is_value, NULL},
	{"cookie", 1, is_header_value, NULL}, // RFC 6265 §4, and Set-Cookie
	{"passphrase", 4, is_value, NULL}, {"password", 4, is_value, NULL},
	{"passwd", 4, is_value, NULL}, {"private_key", 16, is_value, NULL},
	{"pwd", 4, is_value, ";_"},                // connection strings, MYSQL_PWD
	{"secret", 8, is_value, "_-"},             // client_secret, DB_SECRET
	{"secret_access_key", 16, is_value, NULL}, // AWS: environment, credentials file
	{"secretaccesskey", 16, is_value, NULL},   // AWS: STS answers
	{"secret_key", 8, is_value, NULL}, {"secretkey", 8, is_value, NULL},
	{"sharedaccesskey", 16, is_value, NULL},
	{"sig", 16, is_value, "?&"},             // Azure: shared access signatures
	{"token", 16, is_value, NULL, true},     // also session tokens of AWS, of Vault, GitLab …
	{"value", 88, shape_is_base64, "\"'"},   // Azure: a storage account's keys as listed
	{"x-amz-signature", 16, is_value, "?&"}, // AWS: presigned URLs
	{"x-goog-signature", 16, is_value, "?&"}, // Google: signed URLs
};

#define KEYWORDS (sizeof keywords / sizeof *keywords)

size_t shape_quoted(const struct shape_text *text, size_t at, char quote, size_t level)
{
	size_t backslashes = 0;

	for (; at < text->length; at++) {
		if (text->bytes[at] == quote && backslashes % (level ? 4 : 2) == level)
			return at + 1;
		backslashes = text->bytes[at] == '\\' ? backslashes + 1 : 0;
	}
	return 0;
}

// --- the separator ---------------------------------------------------------------------------------------------------

static size_t skip_spaces(const struct shape_text *text, size_t at)
{
	for (size_t n = 0; n < MAX_SPACES && at < text->length &&
			   shape_is_space((unsigned char)text->bytes[at]);
		n++)
		at++;
	return at;
}

// A quotation mark, which a backslash may escape.
static size_t skip_quote(const struct shape_text *text, size_t at, char *quote, size_t *level)
{
	size_t escape = at < text->length && text->bytes[at] == '\\';

	*quote = 0;
	*level = 0;
	if (at + escape >= text->length ||
		(text->bytes[at + escape] != '"' && text->bytes[at + escape] != '\''))
		return at + escape;
	*quote = text->bytes[at + escape];
	*level = escape;
	return at + escape + 1;
}

struct value {
	size_t at;
	char quote; // that it stands in; 0: none
	size_t level;
};

// Behind a keyword: `": "`, `=`, `\":\"` and the like. The verdict is on whether that is there.
static enum shape_verdict take_separator(
	const struct shape_text *text, size_t at, struct value *value)
{
	at = skip_quote(text, at, &value->quote, &value->level);
	at = skip_spaces(text, at);
	if (at >= text->length)
		return text->is_whole ? SHAPE_NONE : SHAPE_OPEN;
	if (text->bytes[at] != ':' && text->bytes[at] != '=')
		return SHAPE_NONE;
	at = skip_spaces(text, at + 1);
	value->at = skip_quote(text, at, &value->quote, &value->level);
	return SHAPE_FOUND;
}

// Where the value ends that stands in quotes: at their end, or at that of the line.
static size_t end_in_quotes(const struct shape_text *text, const struct value *value)
{
	size_t closed = shape_quoted(text, value->at, value->quote, value->level);
	size_t end = closed ? closed - 1 - value->level : text->length;
	const char *feed = memchr(text->bytes + value->at, '\n', end - value->at);

	return feed ? (size_t)(feed - text->bytes) : end;
}

static bool is_prose(const struct shape_text *text, size_t from, size_t end)
{
	for (size_t i = from; i < end; i++) {
		if ((text->bytes[i] | 0x20) < 'a' || (text->bytes[i] | 0x20) > 'z')
			return false;
	}
	return end - from < LONG_WORD;
}

static enum shape_verdict judge_value(const struct keyword *keyword, const struct shape_text *text,
	const struct value *value, struct shape_match *match)
{
	bool (*is_part)(unsigned char) = keyword->is_part;
	size_t end;

	if (!value->quote || value->at >= text->length) {
		size_t from = value->at < text->length ? value->at : text->length;

		end = shape_run(text, from, is_part);
		if (keyword->not_prose && is_prose(text, from, end))
			is_part = NULL;

		enum shape_verdict verdict =
			shape_judge(text, from, end, keyword->least, is_part, match);

		return verdict == SHAPE_FOUND && !is_part ? SHAPE_NONE : verdict;
	}
	end = end_in_quotes(text, value);
	if (keyword->is_part == shape_is_base64 &&
		shape_run(text, value->at, shape_is_base64) < end)
		return SHAPE_NONE;
	is_part = value->quote == '"' ? is_in_double_quotes : is_in_single_quotes;
	return shape_judge(text, value->at, end, keyword->least, is_part, match);
}

enum shape_verdict shape_keyword(const struct shape_text *text, struct shape_match *match)
{
	bool is_open = false;

	for (size_t i = 0; i < KEYWORDS; i++) {
		const struct keyword *keyword = &keywords[i];

		if ((text->bytes[0] | 0x20) != keyword->word[0])
			continue;

		enum shape_verdict verdict = shape_begins(text, 0, keyword->word, true);
		struct value value = {0};

		if (verdict == SHAPE_NONE ||
			(keyword->after &&
				(!text->before || !strchr(keyword->after, text->before))))
			continue;
		if (verdict == SHAPE_FOUND)
			verdict = take_separator(text, strlen(keyword->word), &value);
		if (verdict == SHAPE_FOUND)
			return judge_value(keyword, text, &value, match);
		is_open = is_open || verdict == SHAPE_OPEN;
	}
	return is_open ? SHAPE_OPEN : SHAPE_NONE;
}

// --- names -----------------------------------------------------------------------------------------------------------

static bool names_secret(const char *name, size_t length)
{
	for (size_t i = 0; i < KEYWORDS; i++) {
		size_t word_length = strlen(keywords[i].word);
		const char *after = keywords[i].after;

		if (length < word_length || strncasecmp(name + length - word_length,
						    keywords[i].word, word_length) != 0)
			continue;
		if (!after ||
			(length > word_length && strchr(after, name[length - word_length - 1])))
			return true;
	}
	return false;
}

bool shape_is_secret_key(const char *key)
{
	return key && names_secret(key, strlen(key));
}

// With a `=` it is a keyword with its separator.
enum shape_verdict shape_option(const struct shape_text *text, struct shape_match *match)
{
	enum shape_verdict verdict = shape_begins(text, 0, "--", false);
	const enum shape_verdict open = text->is_whole ? SHAPE_NONE : SHAPE_OPEN;

	if (verdict != SHAPE_FOUND || is_option_name((unsigned char)text->before))
		return verdict == SHAPE_FOUND ? SHAPE_NONE : verdict;

	size_t name_end = shape_run(text, 2, is_option_name);

	if (name_end > MAX_OPTION)
		return SHAPE_NONE;
	if (name_end == text->length)
		return open;
	if (!names_secret(text->bytes + 2, name_end - 2))
		return SHAPE_NONE;

	struct value value = {.at = skip_spaces(text, name_end)};

	if (value.at == text->length)
		return open;
	if (value.at == name_end)
		return SHAPE_NONE;
	value.at = skip_quote(text, value.at, &value.quote, &value.level);

	// Words of prose follow options too: "use --password to give one".
	const struct keyword any = {.least = 4, .is_part = is_value, .not_prose = true};

	return judge_value(&any, text, &value, match);
}
