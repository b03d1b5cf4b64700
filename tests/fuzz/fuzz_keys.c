// SPDX-License-Identifier: Apache-2.0
#include "incident.h"

#include "relight/cells.h"
#include "relight/frame.h"
#include "relight/term_keys.h"

// Any bytes from a terminal become keys, the same ones however they are cut; keys move the screen
// and decide, and whatever came of it can be drawn at any size.
//
// The first two bytes of the input are the screen's size, the third how it is cut.

#define KEYS_MOST  4096
#define DRAW_EVERY 32 // keys

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static size_t decode(const uint8_t *bytes, size_t length, size_t piece, int *keys)
{
	struct term_keys decoder = {0};
	size_t count = 0;

	for (size_t at = 0; at < length; at += piece) {
		size_t size = length - at < piece ? length - at : piece;
		size_t got = term_keys_feed(&decoder, bytes + at, size, 0, keys + count);

		if (got > TERM_KEYS_ROOM(size))
			abort();
		count += got;
	}
	count += term_keys_expire(&decoder, TERM_KEYS_SEQUENCE_US, keys + count);
	if (term_keys_deadline_us(&decoder) >= 0)
		abort(); // it would be asked for ever
	return count;
}

static void draw(struct incident *of, struct ui *ui, struct grid *grid)
{
	struct frame_input input = {
		.facts = &of->facts, .ui = ui, .person = "ana", .output = {.step = -1}};

	ui_tick(ui, &of->facts, ui->now_us);
	frame_draw(grid, &input);
}

// What the keys want is decided and recorded, as the engine does.
static void want(struct incident *of, struct ui *ui, struct intent *intent)
{
	struct decision decision = {0};
	struct err why = {0};

	intent->by = "ana";

	bool is_done = decide_intent(&of->facts, intent, &decision, &why);

	if (!is_done && !why.message[0])
		abort(); // refused without a word
	if (is_done && intent->kind == INTENT_INPUT)
		incident_set_input(of, intent->input, intent->text);
	incident_decide(of, &decision);
	ui_answer(ui, is_done, is_done ? NULL : why.message);
}

static void type(
	struct incident *of, struct ui *ui, struct grid *grid, const int *keys, size_t count)
{
	for (size_t i = 0; i < count && !ui->wants_quit; i++) {
		struct decision due = {0};
		struct intent intent;

		of->facts.now.wall.us += US_PER_S;
		of->facts.now.mono.us += US_PER_S;
		ui->now_us = of->facts.now.mono.us;
		if (ui_key(ui, &of->facts, keys[i], &intent))
			want(of, ui, &intent);
		decide_due(&of->facts, &due);
		incident_decide(of, &due);
		if (i % DRAW_EVERY == 0)
			draw(of, ui, grid);
	}
	draw(of, ui, grid);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	if (length < 4 || length > KEYS_MOST)
		return 0;

	int rows = bytes[0] % 80 + 1, columns = bytes[1] % 250 + 1;
	int *whole = memory_alloc((length + 1) * 12 * sizeof *whole);
	int *pieces = memory_alloc((length + 1) * 12 * sizeof *pieces);
	size_t count = decode(bytes + 3, length - 3, length, whole);
	struct grid *grid = grid_new(rows, columns, bytes[2] & 1);
	struct incident of;
	struct ui ui;

	if (decode(bytes + 3, length - 3, bytes[2] % 16 + 1, pieces) != count ||
		(count && memcmp(whole, pieces, count * sizeof *whole) != 0))
		abort();
	incident_begin(&of);
	incident_tell(&of, EVENT_LOG_OPEN, NULL);
	incident_tell(&of, EVENT_SESSION_OPEN, NULL);
	incident_tell(&of, EVENT_INCIDENT_DECLARED, "{\"id\":\"i-1\"}");
	incident_tell(&of, EVENT_MODE_ARMED, NULL);
	ui_init(&ui, &of.facts, rows, columns);
	type(&of, &ui, grid, whole, count);
	ui_fini(&ui);
	incident_end(&of);
	grid_free(grid);
	free(whole);
	free(pieces);
	return 0;
}
