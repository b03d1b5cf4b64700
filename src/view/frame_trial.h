// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_VIEW_FRAME_TRIAL_H
#define RELIGHT_VIEW_FRAME_TRIAL_H

#include "frame_sheet.h"

// Adds what dry runs have told of the selected step: how it ended and when, and the server's words.
void trial_add(struct sheet *sheet, const struct scene *scene);

#endif
