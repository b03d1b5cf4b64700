// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_JQ_H
#define RELIGHT_JQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "relight/err.h"

// jq, contained: libjq 1.6 reads ~/.jq, exposes the environment, aborts the process on some inputs
// and may run for ever. So it only ever runs in a `relight jq` child with an empty environment,
// limits, no terminal, and a deadline after which it is killed.
//
// JSON lines to the child, and what it answers to each:
//   {"define":["prog0","prog1",…]}            {"error":{"index":i,"message":…}} for each bad one,
//   then {"defined":n}
//   {"id":n,"program":i,"input":VALUE}        {"id":n,"output":VALUE} (the first output only) or
//   {"id":n,"error":"…"}
//   {"id":n,"programs":[i,j],"text":"JSON"}   {"id":n,"results":[{"output":VALUE} | {"error":"…"},
//   …]}
// `text` is the input as a string, which may turn out to be no JSON: that is an error of each
// result. A later `define` replaces the earlier one. Refused in programs: import, include, input,
// inputs, env, $ENV, $__loc__, $__prog_args, debug, stderr, input_filename, input_line_number,
// halt, halt_error, modulemeta, get_search_list.

#define JQ_MAX_PROGRAMS      20000
#define JQ_MAX_PROGRAM_BYTES (64u << 10)
#define JQ_MAX_OUTPUT_BYTES  (1u << 20)

// --- for a loop ----------------------------------------------------------------------------------

struct jq;

// What one program made of an input; exactly one member is set. Borrowed: valid during the call.
struct jq_result {
	const char *output; // compact JSON of the first output
	const char *error;
};
typedef void jq_done(void *context, const struct jq_result *results, size_t count);

// Nothing is started before the first evaluation. `executable` is this program (its `jq` command is
// run); copied.
struct jq *jq_new(uv_loop_t *loop, const char *executable);
// Kills the child; callbacks of what is pending are not called. Not to be called from a callback of
// its own. The loop must run until it has no handles left, which reaps the child. NULL is safe.
void jq_free(struct jq *jq);

// The number of a program, for jq_evaluate; the same text gives the same number. Cheap until
// evaluated, but the child compiles all programs again after one was added: add them before the
// first evaluation where that is possible.
int jq_program(struct jq *jq, const char *text);

// Evaluates `count` programs over one JSON text (copied). `done` is called once from the loop,
// never from in here, within `timeout_ms` of the evaluation's turn: when it takes longer or ends
// the child, all its results are errors, the child is started again, and what else was pending is
// asked again. Gives a ticket for jq_cancel.
int64_t jq_evaluate(struct jq *jq, const int *programs, size_t count, const char *text,
	size_t length_bytes, int64_t timeout_ms, jq_done *done, void *context);
// `done` will not be called any more. An unknown ticket does nothing.
void jq_cancel(struct jq *jq, int64_t ticket);

// --- once, blocking ------------------------------------------------------------------------------

// Compiles all programs in one child and reports each bad one by index. False with `err` when they
// could not be compiled at all (no child, or it took over 2 minutes). Blocks: about 30 ms for a
// few, 150 ms for 300.
typedef void jq_bad_program(void *context, size_t index, const char *message);
bool jq_check_programs(const char *executable, const char *const *programs, size_t count,
	jq_bad_program *bad, void *context, struct err *err);

// The first output of one program over one JSON text, as compact JSON, to be freed by the caller;
// NULL with `err`. Blocks up to `timeout_ms`.
char *jq_evaluate_once(const char *executable, const char *program, const char *text,
	size_t length_bytes, int64_t timeout_ms, struct err *err);

// --- the child -----------------------------------------------------------------------------------

// Serves the protocol above on two descriptors until the end of the input: 0, or 2 where libjq
// cannot be loaded. That, and running out of memory, which ends the process, is said on `out_fd` as
// {"fatal":"…"}. Limits this process; never returns to a state in which anything else should run.
int jq_serve(int in_fd, int out_fd);

#endif
