// SPDX-License-Identifier: Apache-2.0
#include "relight/jq.h"

#include <dlfcn.h>
#include <errno.h>
#include <jq.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "jq_program.h"
#include "relight/buf.h"
#include "relight/json.h"
#include "relight/memory.h"

// The contained side. Whatever libjq does in here (abort, loop, eat memory), only this process
// ends.

#define MEMORY_MAX_BYTES (512u << 20) // a body of 8 MiB can become a value thirty times as large
#define READ_BYTES       (64u << 10)
#define LINE_MAX_BYTES   (80u << 20)
#define PATIENCE_S       300 // for one line, in case the parent that should kill this process is gone
#define BATCH            128 // programs in one compiled unit: compiling is quadratic in them
#define ERROR_MAX_BYTES  400

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RELIGHT_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define RELIGHT_SANITIZED
#endif

// libjq is opened late, so that no other role pays for it.
// clang-format off
#define JQ_FUNCTIONS(X) \
	X(jq_init) X(jq_teardown) X(jq_compile) X(jq_start) X(jq_next) X(jq_set_error_cb) \
	X(jq_set_attr) X(jq_set_nomem_handler) X(jv_nomem_handler) X(jv_get_kind) X(jv_free) \
	X(jv_copy) X(jv_null) X(jv_number) X(jv_number_value) X(jv_string) X(jv_string_value) \
	X(jv_string_length_bytes) X(jv_array) X(jv_array_length) X(jv_array_get) \
	X(jv_array_append) X(jv_object_get) X(jv_parse_sized) X(jv_dump_string) \
	X(jv_invalid_has_msg) X(jv_invalid_get_msg)
// clang-format on

#define X(name) static __typeof__(name) *f_##name;
JQ_FUNCTIONS(X)
#undef X

struct batch {
	jq_state *state;
	size_t first, count; // programs
};
struct child {
	int out_fd;
	struct batch *batches;
	size_t batch_count, program_count;
	char complaint[ERROR_MAX_BYTES]; // the first one of a compilation
	int complaint_line;
};

static bool load(struct err *err)
{
	void *library = dlopen("libjq.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return err_set(err, "libjq: %s; install libjq1", dlerror());
#define X(name)                                                                                    \
	if (!(f_##name = (__typeof__(name) *)dlsym(library, #name)))                               \
		return err_set(err, "libjq: it has no %s", #name);
	JQ_FUNCTIONS(X)
#undef X
	return true;
}

static void limit(int resource, rlim_t value)
{
	setrlimit(resource, &(struct rlimit){value, value});
}

static void confine(void)
{
	clearenv();
	setsid();
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NOFILE, 0); // what is open stays open; nothing else can be opened
#ifndef RELIGHT_SANITIZED        // whose shadow needs terabytes of addresses
	limit(RLIMIT_AS, MEMORY_MAX_BYTES);
#endif
}

static void send_line(const struct child *child, struct buf *line)
{
	buf_byte(line, '\n');
	for (size_t sent = 0; sent < line->length;) {
		ssize_t n = write(child->out_fd, line->data + sent, line->length - sent);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(1); // nobody is there to be told
		sent += (size_t)n;
	}
}

// --- running out of memory
// ----------------------------------------------------------------------------------------

static int answer_fd; // for who is called without a context

static void say_exhausted(void)
{
	static const char line[] = "{\"fatal\":\"jq ran out of memory: it may use 512 MiB\"}\n";
	_Static_assert(MEMORY_MAX_BYTES == 512u << 20, "the line says how much");
	_exit(write(answer_fd, line, sizeof line - 1) > 0 ? 2 : 1);
}

// libjq 1.6 calls it in place of abort(), and forgets the context that it was given.
static void on_exhausted(void *context)
{
	(void)context;
	memory_exhausted();
}

// --- defining
// --------------------------------------------------------------------------------------------------------

// "jq: error: syntax error, … at <top-level>, line 3:\n…": the reason and the line of the joined
// program.
static void take_complaint(void *context, jv message)
{
	struct child *child = context;
	jv text = f_jv_get_kind(message) == JV_KIND_STRING ? message : f_jv_dump_string(message, 0);
	const char *words = f_jv_string_value(text);
	const char *prefix = "jq: error: ";
	if (strncmp(words, prefix, strlen(prefix)) == 0)
		words += strlen(prefix);
	const char *at = strstr(words, " at <top-level>, line ");
	if (child->complaint[0] == '\0' && at) {
		child->complaint_line =
			(int)strtol(at + strlen(" at <top-level>, line "), NULL, 10);
		snprintf(child->complaint, sizeof child->complaint, "%.*s", (int)(at - words),
			words);
		char *hint = strstr(child->complaint, " (Unix shell quoting issues?)");
		if (hint)
			*hint = '\0';
	}
	f_jv_free(text);
}

static jq_state *compile(struct child *child, const char *const *guarded, size_t count, int *lines)
{
	struct buf text = {0};
	jq_program_join(guarded, count, &text, lines);
	child->complaint[0] = '\0';
	child->complaint_line = 0;
	jq_state *state = f_jq_init();
	if (!state)
		memory_exhausted();
	// jq_init() of libjq 1.6 leaves it unset, and what stands there by chance would be called.
	f_jq_set_nomem_handler(state, on_exhausted, NULL);
	f_jq_set_error_cb(state, take_complaint, child);
	f_jq_set_attr(state, f_jv_string("JQ_LIBRARY_PATH"), f_jv_array());
	f_jq_set_attr(state, f_jv_string("JQ_ORIGIN"), f_jv_string("/dev/null"));
	f_jq_set_attr(state, f_jv_string("PROGRAM_ORIGIN"), f_jv_string("/dev/null"));
	if (!f_jq_compile(state, text.data))
		f_jq_teardown(&state); // leaves NULL
	buf_fini(&text);
	return state;
}

static void report_bad(struct child *child, size_t index, const char *message)
{
	struct buf line = {0};
	buf_printf(&line, "{\"error\":{\"index\":%zu,\"message\":", index);
	json_write_text(&line, message);
	buf_text(&line, "}}");
	send_line(child, &line);
	buf_fini(&line);
}

// Whether program `index` compiles alone; if not it is reported and taken out.
static bool weed(struct child *child, char **guarded, size_t first, size_t index)
{
	if (!guarded[index])
		return false;
	int lines[2];
	jq_state *state = compile(child, (const char *const *)&guarded[index], 1, lines);
	if (state) {
		f_jq_teardown(&state);
		return false;
	}
	const char *words = child->complaint[0] ? child->complaint : "it does not compile";
	// The bracket that closes the slot is not the author's.
	if (child->complaint_line == lines[1] - 1 && strstr(words, "unexpected ')'"))
		words = "syntax error, it ends too early";
	report_bad(child, first + index, words);
	free(guarded[index]);
	guarded[index] = NULL;
	return true;
}

// The program in which the complaint's line is; -1: in none.
static ssize_t blamed(const struct child *child, const int *lines, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (child->complaint_line >= lines[i] && child->complaint_line < lines[i + 1])
			return (ssize_t)i;
	return -1;
}

static jq_state *compile_batch(struct child *child, char **guarded, size_t first, size_t count)
{
	int lines[BATCH + 1];
	for (;;) {
		jq_state *state = compile(child, (const char *const *)guarded, count, lines);
		if (state)
			return state;
		ssize_t suspect = blamed(child, lines, count);
		if (suspect >= 0 && weed(child, guarded, first, (size_t)suspect))
			continue;
		// The line did not tell: each is tried alone.
		bool is_weeded = false;
		for (size_t i = 0; i < count; i++)
			is_weeded |= weed(child, guarded, first, i);
		if (!is_weeded)
			return NULL;
	}
}

static void forget_programs(struct child *child)
{
	for (size_t i = 0; i < child->batch_count; i++)
		if (child->batches[i].state)
			f_jq_teardown(&child->batches[i].state);
	free(child->batches);
	child->batches = NULL;
	child->batch_count = child->program_count = 0;
}

// The text of program `index` made safe, or NULL after it was reported.
static char *guard(struct child *child, jv programs, size_t index)
{
	struct buf out = {0};
	struct err err;
	bool is_good;
	jv program = f_jv_array_get(f_jv_copy(programs), (int)index);
	if (f_jv_get_kind(program) != JV_KIND_STRING)
		is_good = err_set(&err, "a program must be a string");
	else if ((size_t)f_jv_string_length_bytes(f_jv_copy(program)) > JQ_MAX_PROGRAM_BYTES)
		is_good = err_set(
			&err, "a program must not be over %u KiB", JQ_MAX_PROGRAM_BYTES >> 10);
	else
		is_good = jq_program_guard(f_jv_string_value(program), &out, &err);
	f_jv_free(program);
	if (is_good)
		return buf_take(&out);
	report_bad(child, index, err.message);
	buf_fini(&out);
	return NULL;
}

static void define_batch(struct child *child, jv programs, struct batch *batch)
{
	char *guarded[BATCH];
	for (size_t i = 0; i < batch->count; i++)
		guarded[i] = guard(child, programs, batch->first + i);
	batch->state = compile_batch(child, guarded, batch->first, batch->count);
	for (size_t i = 0; i < batch->count; i++)
		free(guarded[i]);
}

static void define(struct child *child, jv programs)
{
	forget_programs(child);
	size_t count = (size_t)f_jv_array_length(f_jv_copy(programs));
	if (count > JQ_MAX_PROGRAMS)
		count = JQ_MAX_PROGRAMS;
	child->program_count = count;
	child->batch_count = (count + BATCH - 1) / BATCH;
	child->batches = memory_zeroed(child->batch_count + 1, sizeof *child->batches);
	for (size_t i = 0; i < child->batch_count; i++) {
		struct batch *batch = &child->batches[i];
		batch->first = i * BATCH;
		batch->count = count - batch->first < BATCH ? count - batch->first : BATCH;
		define_batch(child, programs, batch);
	}
	struct buf line = {0};
	buf_printf(&line, "{\"defined\":%zu}", count);
	send_line(child, &line);
	buf_fini(&line);
}

// --- evaluating
// ------------------------------------------------------------------------------------------------------

static void add_error(struct buf *line, const char *prefix, const char *words)
{
	buf_text(line, "\"error\":");
	char shown[ERROR_MAX_BYTES];
	snprintf(shown, sizeof shown, "%s%s", prefix, words);
	// jq repeats the whole input after this; the reason stands before it.
	char *quote = strstr(shown, " (while parsing '");
	if (quote)
		*quote = '\0';
	json_write_text(line, shown);
}

// Consumes `invalid`; `otherwise` where it carries no message.
static void add_invalid(struct buf *line, const char *prefix, jv invalid, const char *otherwise)
{
	jv message = f_jv_invalid_has_msg(f_jv_copy(invalid))
			     ? f_jv_invalid_get_msg(f_jv_copy(invalid))
			     : f_jv_string(otherwise);
	f_jv_free(invalid);
	if (f_jv_get_kind(message) != JV_KIND_STRING)
		message = f_jv_dump_string(message, 0);
	add_error(line, prefix, f_jv_string_value(message));
	f_jv_free(message);
}

// Consumes `output`.
static void add_output(struct buf *line, jv output)
{
	jv text = f_jv_dump_string(output, 0);
	size_t length = (size_t)f_jv_string_length_bytes(f_jv_copy(text));
	if (length > JQ_MAX_OUTPUT_BYTES) {
		add_error(line, "", "its output is over 1 MiB");
	} else {
		buf_text(line, "\"output\":");
		buf_add(line, f_jv_string_value(text), length);
	}
	f_jv_free(text);
}

// Borrows `input`.
static void evaluate(const struct child *child, double number, jv input, struct buf *line)
{
	if (f_jv_get_kind(input) == JV_KIND_INVALID) {
		add_invalid(line, "not JSON: ", f_jv_copy(input), "it is empty");
		return;
	}
	if (!(number >= 0 && number < (double)child->program_count)) {
		add_error(line, "", "there is no such program");
		return;
	}
	const struct batch *batch = &child->batches[(size_t)number / BATCH];
	if (!batch->state) {
		add_error(line, "", "it does not compile");
		return;
	}
	jv pair = f_jv_array_append(
		f_jv_array(), f_jv_number((double)((size_t)number - batch->first)));
	f_jq_start(batch->state, f_jv_array_append(pair, f_jv_copy(input)), 0);
	jv output = f_jq_next(batch->state);
	if (f_jv_get_kind(output) == JV_KIND_INVALID)
		add_invalid(line, "", output, "it gave no output");
	else
		add_output(line, output);
	f_jq_start(batch->state, f_jv_null(), 0); // lets go of the input
}

// `input` as it came, or `text` parsed: then an invalid value says why it is no JSON.
static jv take_input(jv request)
{
	jv text = f_jv_object_get(f_jv_copy(request), f_jv_string("text"));
	if (f_jv_get_kind(text) != JV_KIND_STRING) {
		f_jv_free(text);
		return f_jv_object_get(f_jv_copy(request), f_jv_string("input"));
	}
	jv input = f_jv_parse_sized(
		f_jv_string_value(text), f_jv_string_length_bytes(f_jv_copy(text)));
	f_jv_free(text);
	return input;
}

static double as_number(jv value)
{
	double number = f_jv_get_kind(value) == JV_KIND_NUMBER ? f_jv_number_value(value) : -1;
	f_jv_free(value);
	return number;
}

static void answer(const struct child *child, jv request, jv programs)
{
	struct buf line = {0};
	buf_printf(&line, "{\"id\":%.0f,",
		as_number(f_jv_object_get(f_jv_copy(request), f_jv_string("id"))));
	jv input = take_input(request);
	if (f_jv_get_kind(programs) != JV_KIND_ARRAY) {
		evaluate(child,
			as_number(f_jv_object_get(f_jv_copy(request), f_jv_string("program"))),
			input, &line);
	} else {
		buf_text(&line, "\"results\":[");
		int count = f_jv_array_length(f_jv_copy(programs));
		for (int i = 0; i < count; i++) {
			buf_text(&line, i ? ",{" : "{");
			evaluate(child, as_number(f_jv_array_get(f_jv_copy(programs), i)), input,
				&line);
			buf_byte(&line, '}');
		}
		buf_byte(&line, ']');
	}
	f_jv_free(input);
	buf_byte(&line, '}');
	send_line(child, &line);
	buf_fini(&line);
}

static void handle_line(struct child *child, const char *text, size_t length)
{
	jv request = f_jv_parse_sized(text, (int)length);
	if (f_jv_get_kind(request) != JV_KIND_OBJECT) {
		struct buf line = {0};
		buf_text(&line, "{\"error\":\"not a request\"}");
		send_line(child, &line);
		buf_fini(&line);
		f_jv_free(request);
		return;
	}
	jv programs = f_jv_object_get(f_jv_copy(request), f_jv_string("define"));
	if (f_jv_get_kind(programs) == JV_KIND_ARRAY) {
		define(child, programs);
	} else {
		f_jv_free(programs);
		programs = f_jv_object_get(f_jv_copy(request), f_jv_string("programs"));
		answer(child, request, programs);
	}
	f_jv_free(programs);
	f_jv_free(request);
}

// `fresh` bytes at the end have not been looked at yet.
static void handle_lines(struct child *child, struct buf *in, size_t fresh)
{
	size_t begin = 0, look = in->length - fresh;
	char *end;
	while (look < in->length && (end = memchr(in->data + look, '\n', in->length - look))) {
		alarm(PATIENCE_S);
		handle_line(child, in->data + begin, (size_t)(end - in->data) - begin);
		alarm(0);
		begin = look = (size_t)(end - in->data) + 1;
	}
	buf_drop(in, begin);
	if (in->length == 0 && in->capacity > READ_BYTES * 4)
		buf_fini(in);
}

int jq_serve(int in_fd, int out_fd)
{
	struct child child = {.out_fd = out_fd};
	struct buf in = {0};
	struct err err;
	if (!load(&err)) {
		struct buf line = {0};
		buf_text(&line, "{\"fatal\":");
		json_write_text(&line, err.message);
		buf_byte(&line, '}');
		send_line(&child, &line);
		buf_fini(&line);
		return 2;
	}
	confine();
	answer_fd = out_fd;
	memory_on_exhausted(NULL, say_exhausted);
	f_jv_nomem_handler(on_exhausted, NULL); // until the first program brings its own
	for (;;) {
		buf_reserve(&in, READ_BYTES);
		ssize_t n = read(in_fd, in.data + in.length, READ_BYTES);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || in.length > LINE_MAX_BYTES)
			break;
		in.length += (size_t)n;
		handle_lines(&child, &in, (size_t)n);
	}
	forget_programs(&child);
	buf_fini(&in);
	return 0;
}
