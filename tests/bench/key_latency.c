// SPDX-License-Identifier: Apache-2.0
#include "bench.h"
#include "screen.h"

// From a key that moves the selection until the moved selection stands on the terminal: median,
// 99th percentile and maximum in milliseconds. Between the keys pass random times, as with a
// person, so that they meet whatever else goes on.

enum { DEADLINE_MS = 10000, KEY_DEADLINE_MS = 2000, QUIT_MS = 2000 };
enum { GAP_MIN_MS = 5, GAP_SPAN_MS = 75, SPAN_ROWS = 8, NAME_BYTES = 24 };

struct look {
	int rows;
	uint64_t selection; // where the selection was before the key
};

static uint64_t mixed(uint64_t hash, uint64_t value)
{
	return (hash ^ value) * UINT64_C(0x100000001b3);
}

static uint64_t mixed_text(uint64_t hash, const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes && text[i] != '\0'; i++)
		hash = mixed(hash, (unsigned char)text[i]);
	return hash;
}

// A selection shows as a mark or reverse video in the first column, or as the cursor's row. Where
// the list scrolls under the mark, what has changed is the name beside it; what stands further
// right may tick by itself.
static uint64_t selection_of(struct screen *s, int rows)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	int cursor_row;

	for (int row = 0; row < rows; row++) {
		struct screen_cell cell = screen_cell(s, row, 0);

		hash = mixed(mixed_text(hash, cell.text, sizeof cell.text), cell.reverse ? 2 : 1);
		if (cell.text[0] == '>' || cell.reverse)
			hash = mixed_text(hash, screen_row(s, row), NAME_BYTES);
	}
	return screen_cursor(s, &cursor_row, NULL) ? mixed(hash, (uint64_t)cursor_row) : hash;
}

static bool has_moved(struct screen *s, void *context)
{
	const struct look *look = context;

	return selection_of(s, look->rows) != look->selection;
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

// Moves up and down within the first rows; fills keys latencies. Returns false if one key had no
// effect.
static bool measure(
	struct screen *s, struct look *look, const char *names[2], int keys, int64_t *latency_us)
{
	int position = 0;

	for (int i = 0; i < keys; i++) {
		bool up = position == SPAN_ROWS || (position > 0 && rand() % 2 == 0);
		int64_t began_us;

		screen_pause(s, GAP_MIN_MS + rand() % GAP_SPAN_MS);
		look->selection = selection_of(s, look->rows);
		began_us = bench_now_us();
		screen_press(s, names[up]);
		if (!screen_wait(s, has_moved, look, "the selection to move", KEY_DEADLINE_MS))
			return false;
		latency_us[i] = bench_now_us() - began_us;
		position += up ? -1 : 1;
	}
	return true;
}

// Of sorted latencies, in milliseconds, by the nearest rank.
static double percentile_ms(const int64_t *latency_us, int count, int percent)
{
	int rank = (count * percent + 99) / 100;

	return (double)latency_us[rank - 1] / 1000;
}

int main(int argc, char *argv[])
{
	const char *const *program =
		bench_program(argv, 6, "key_latency ROWS COLS KEYS DOWN-KEY UP-KEY TEXT");
	struct look look = {.rows = atoi(argv[1])};
	int keys = atoi(argv[3]);
	int64_t *latency_us = calloc((size_t)keys, sizeof *latency_us);
	struct screen *s = screen_start(look.rows, atoi(argv[2]), program, NULL);
	bool good = latency_us != NULL && keys > 0 && screen_wait_text(s, argv[6], DEADLINE_MS) &&
		    measure(s, &look, (const char *[]){argv[4], argv[5]}, keys, latency_us);

	(void)argc;
	if (good) {
		qsort(latency_us, (size_t)keys, sizeof *latency_us, by_value);
		printf("%.3f %.3f %.3f\n", percentile_ms(latency_us, keys, 50),
			percentile_ms(latency_us, keys, 99), percentile_ms(latency_us, keys, 100));
	}
	screen_hang_up(s);
	screen_wait_exit(s, QUIT_MS);
	screen_free(s);
	free(latency_us);
	return good ? 0 : 1;
}
