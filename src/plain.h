// SPDX-License-Identifier: Apache-2.0
#ifndef RELIGHT_PLAIN_H
#define RELIGHT_PLAIN_H

#include "relight/buf.h"

// Appends a text from outside so that a terminal shows it and obeys nothing in it: control
// characters as ^X, format characters as <U+202E>, bytes that are no UTF-8 as \xNN. NULL adds
// nothing.
void plain_add(struct buf *out, const char *text);

#endif
