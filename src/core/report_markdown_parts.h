// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_CORE_REPORT_MARKDOWN_PARTS_H
#define RELIGHT_CORE_REPORT_MARKDOWN_PARTS_H

#include <stdbool.h>

#include "relight/buf.h"
#include "relight/json.h"

// Shared by the files of the report for people. Everything that came from outside (texts, names,
// messages) goes through markdown_text or what stands on it: it leaves no character that Markdown
// or HTML would obey. An item or a member may be NULL or of any type: it was read from a record.

// In one line; NULL is an empty text. Control, format and bidi characters stay as \u escapes, as in
// the timeline.
void markdown_text(struct buf *out, const char *text);
// The text of a member, "–" where there is none.
void markdown_member(struct buf *out, const cJSON *object, const char *key);
// The label, which is markup, and the text of a member; nothing where that is not there or empty.
void markdown_detail(struct buf *out, const cJSON *item, const char *label, const char *key);
// A number of seconds as a duration; "not known" for what is none or beyond DURATION_MOST_MS.
void markdown_seconds(struct buf *out, const cJSON *seconds);
// "2026-07-03 03:05:42", or only the time of day; "–" for what is no time.
void markdown_time(struct buf *out, const char *text, bool with_day);
// " (#3, #161)": the events that a figure rests on; nothing where there are none. The list holds
// numbers.
void markdown_rests(struct buf *out, const cJSON *list);

// Every list of the report under its title, in the order in which a reviewer asks.
void markdown_lists(struct buf *out, const cJSON *report);

#endif
