// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_VIEW_UI_PLAN_H
#define RELIGHT_VIEW_UI_PLAN_H

#include "ui_inner.h"

// The lines in which dialogs speak of a step. Values of secret inputs are masked in them.

// All that matters before it runs, in lines. The caller frees.
char *plan_say(const struct facts *facts, int step, bool is_rollback);
// "namespace shop, the kubeconfig's". False, and nothing, where none is acted in or it is not
// known.
bool plan_say_namespace(struct buf *out, const struct facts *facts, int step, bool is_rollback);
// A line behind a label for each file that the action applies: what it holds, by name. Nothing for
// others.
void plan_say_files(
	struct buf *out, const struct facts *facts, int step, bool is_rollback, const char *label);
// The beginning of a text of the runbook: lines that its file broke where that was convenient are
// joined again, to be wrapped where the screen ends; blank lines part paragraphs, lists stay lists.
void plan_join_lines(struct buf *out, const char *text, size_t length_bytes);
// The same, as much as a dialog should hold, and a line feed.
void plan_add_paragraphs(struct buf *out, const struct facts *facts, const char *text);
void plan_say_text(struct buf *out, const struct facts *facts, const struct step *of);
// "done   when healthy: api, db"; nothing for a step that restores nothing.
void plan_say_restores(struct buf *out, const struct facts *facts, const struct step *of);

#endif
