// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_VIEW_FRAME_TRUST_H
#define RELIGHT_VIEW_FRAME_TRUST_H

#include "relight/cells.h"
#include "frame_scene.h"
#include "frame_sheet.h"

// Draws the third row of the header, which `area` is; on a narrow one in short words.
void trust_draw(struct area area, const struct scene *scene);
// Of each function whether it serves; without functions of the whole.
void functions_draw(struct pen *pen, const struct scene *scene);

#endif
