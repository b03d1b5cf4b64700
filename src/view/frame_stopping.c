// SPDX-License-Identifier: Apache-2.0
//
// What is said of a step that is being stopped: from then on it can neither be given more time nor
// be told to go on.
#include "frame_words.h"

#include <signal.h>

const char *signal_word(int signal)
{
	switch (signal) {
	case SIGTERM: return "TERM";
	case SIGINT: return "INT";
	case SIGHUP: return "HUP";
	case SIGQUIT: return "QUIT";
	case SIGUSR1: return "USR1";
	case SIGUSR2: return "USR2";
	case SIGKILL: return "KILL";
	default: return "a signal";
	}
}

bool stopping_words(const struct scene *scene, int step, bool is_brief, struct buf *out)
{
	const struct step_progress *progress = &scene->state->steps[step];
	const struct stopping *stopping = &progress->stopping;
	if (progress->state != STEP_RUNNING || stopping->after_ms == ABSENT_MS)
		return false;
	buf_text(out, stopping->signal ? signal_word(stopping->signal) : "the word to end");
	buf_text(out, is_brief ? " at " : " was sent at ");
	clock_words(stopping->after_ms, out);
	if (!stopping->signal)
		return true;
	int64_t left_ms = stopping->after_ms + stopping->grace_ms -
			  scene_age_ms(scene, progress->intent.mono);
	buf_text(out, left_ms > 0 ? "; KILL in " : "; KILL was due ");
	clock_words(left_ms > 0 ? left_ms : -left_ms, out);
	buf_text(out, left_ms > 0 ? "" : " ago");
	return true;
}

void stopping_say(const struct scene *scene, int step, struct buf *out)
{
	const struct step_progress *progress = &scene->state->steps[step];
	buf_printf(out, "STOPPING %s, ", scene->runbook->steps[step].id);
	if (progress->stopping.too_late_ms > 0) {
		duration_words(progress->stopping.too_late_ms, out);
		buf_text(out, " more TOO LATE: ");
	} else {
		buf_text(out, progress->cancel_asked ? "cancelled: " : "out of time: ");
	}
	if (!stopping_words(scene, step, false, out))
		buf_text(out, "its process is told");
	buf_byte(out, '.');
}
