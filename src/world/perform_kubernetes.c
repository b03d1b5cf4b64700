// SPDX-License-Identifier: Apache-2.0
#include "perform.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "relight/json.h"
#include "relight/kubernetes_action.h"
#include "relight/memory.h"
#include "relight/moment.h"

// An attempt that talks to an API server: what ends a command ends it too, and what happens goes
// the way of a command's output.

#define GRACE_MOST_MS     5000 // an answer that has not come by then tells nothing in time
#define TRIAL_PATIENCE_MS 5000 // who only tries wants to know how it is now
#define PATIENCE_MS       (2 * 60 * MS_PER_S) // where nobody has set a limit

struct talk {
	struct stop_watch watch;
	struct output *output;
	struct ending *ending;
};

static bool must_stop(void *context)
{
	struct talk *talk = context;

	return stop_is_due(&talk->watch, talk->ending);
}

static void say(void *context, const char *line)
{
	struct talk *talk = context;

	output_take(talk->output, STREAM_ERR, line, strlen(line));
	output_take(talk->output, STREAM_ERR, "\n", 1);
}

// Plugins of a kubeconfig are children: their ends must be heard of.
static void let_children_be_heard(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

// Programs that read the output get the objects, not the words about them.
static void keep_answer(struct output *output, const cJSON *answer)
{
	struct buf json = {0};

	if (answer)
		json_write(&json, answer);
	output_keep(output, buf_str(&json), json.length);
	buf_fini(&json);
}

// As long as the step's time allows, which must_stop knows.
static int64_t patience_ms(const struct order *order)
{
	if (order->is_trial)
		return TRIAL_PATIENCE_MS;
	return order->timeout_ms >= 0 ? -1 : PATIENCE_MS;
}

// Why it was stopped, and how far it had come. "unknown" does not say that it was stopped, the
// other outcomes do.
static void take_why(struct ending *ending, const struct kubernetes_done *done)
{
	struct buf why = {0};

	if (done->is_unknown && ending->stop != STOP_NONE)
		buf_text(&why, ending->stop == STOP_CANCEL ? "cancelled" : "its time was up");
	if (ending->why)
		buf_printf(&why, "%s%s", why.length ? ": " : "", ending->why);
	if (done->why.message[0])
		buf_printf(&why, "%s%s", why.length ? "; " : "", done->why.message);
	free(ending->why);
	ending->why = buf_take(&why);
}

// When it had to stop, there was nothing left to do.
static void forget_stop(struct ending *ending)
{
	free(ending->why);
	ending->why = NULL;
	ending->stop = STOP_NONE;
}

static void take_done(struct talk *talk, struct kubernetes_done *done)
{
	talk->ending->cluster = done->cluster;
	done->cluster = NULL;
	talk->ending->http_status = done->http_status;
	keep_answer(talk->output, done->answer);
	talk->ending->is_unknown = done->is_unknown;
	if (done->is_done)
		forget_stop(talk->ending);
	else
		take_why(talk->ending, done);
}

void run_kubernetes(const struct order *order, struct files *files, struct output *output,
	struct ending *ending)
{
	struct talk talk = {stop_begin(order, files->dir_fd), output, ending};
	struct kubernetes_done done;
	struct kubernetes_task task = {
		.request = order->request,
		.directory = order->directory,
		.mask = order->mask,
		.is_trial = order->is_trial,
		.patience_ms = patience_ms(order),
		.grace_ms = order->grace_ms < GRACE_MOST_MS ? order->grace_ms : GRACE_MOST_MS,
		.must_stop = must_stop,
		.say = say,
		.context = &talk,
	};

	*ending = (struct ending){.exit = -1};
	if (must_stop(&talk)) // cancelled between the intent and the request
		return;
	let_children_be_heard();
	kubernetes_act(&task, &done);
	ending->duration_ms = stop_passed_ms(&talk.watch);
	take_done(&talk, &done);
	kubernetes_done_fini(&done);
}
