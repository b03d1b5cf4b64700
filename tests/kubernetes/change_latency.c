// SPDX-License-Identifier: Apache-2.0
// usage: change_latency CLUSTER COUNT TEXT -- PROGRAM [ARGUMENT]...
//
// From the moment at which the API server has taken a change of the ConfigMap default/clock (data.n
// counts up) until "n=N" stands on the terminal of the program, which shows TEXT once it is ready:
// median, 99th percentile and maximum in milliseconds. d is pressed first: the pane of the
// dependencies.
#include "../bench/bench.h"
#include "client.h"
#include "screen.h"

enum { DEADLINE_MS = 20000, CHANGE_DEADLINE_MS = 5000, QUIT_MS = 2000 };
enum { GAP_MIN_MS = 60, GAP_SPAN_MS = 120 };

static bool change(struct client *client, int n)
{
	char body[64];

	snprintf(body, sizeof body, "{\"data\":{\"n\":\"%d.\"}}", n);
	return client_ask(client, "PATCH", "/api/v1/namespaces/default/configmaps/clock",
		       CLIENT_MERGE, body) == 200;
}

static bool measure(struct screen *s, struct client *client, int count, int64_t *latency_us)
{
	char text[32];

	for (int i = 0; i < count; i++) {
		screen_pause(s, GAP_MIN_MS + rand() % GAP_SPAN_MS);
		if (!change(client, i + 100))
			return false;
		int64_t began_us = bench_now_us();
		snprintf(text, sizeof text, "n=%d.", i + 100);
		if (!screen_wait_text(s, text, CHANGE_DEADLINE_MS))
			return false;
		latency_us[i] = bench_now_us() - began_us;
	}
	return true;
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static double percentile_ms(const int64_t *latency_us, int count, int percent)
{
	int rank = (count * percent + 99) / 100;

	return (double)latency_us[rank - 1] / 1000;
}

int main(int argc, char *argv[])
{
	const char *const *program = bench_program(argv, 3, "change_latency CLUSTER COUNT TEXT");
	int count = atoi(argv[2]);
	int64_t *latency_us = calloc((size_t)count + 1, sizeof *latency_us);
	struct client client;

	(void)argc;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	client_open(&client, argv[1]);
	struct screen *s = screen_start(60, 200, program, NULL);
	bool good = latency_us && count > 0 && screen_wait_text(s, argv[3], DEADLINE_MS);
	screen_press(s, "d");
	good = good && measure(s, &client, count, latency_us);
	if (good) {
		qsort(latency_us, (size_t)count, sizeof *latency_us, by_value);
		printf("%.1f %.1f %.1f\n", percentile_ms(latency_us, count, 50),
			percentile_ms(latency_us, count, 99),
			percentile_ms(latency_us, count, 100));
	}
	screen_hang_up(s);
	screen_wait_exit(s, QUIT_MS);
	screen_free(s);
	free(latency_us);
	curl_easy_cleanup(client.easy);
	return good ? 0 : 1;
}
