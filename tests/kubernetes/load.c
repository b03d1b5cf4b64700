// SPDX-License-Identifier: Apache-2.0
// usage: load CLUSTER fill COUNT | load CLUSTER churn COUNT RATE SECONDS
//
// fill: makes COUNT pods that run, of about 14 kB each with what the server adds, in twenty
// namespaces. churn: changes the status of RATE of them a second, turning readiness on and off;
// prints how many were changed.
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "client.h"

#define THREADS    8
#define NAMESPACES 20
#define BODY_BYTES 32768

static const char *cluster;
static int count;

static void pod_path(int pod, const char *below, char path[256])
{
	snprintf(path, 256, "/api/v1/namespaces/load-%d/pods/pod-%05d%s", pod % NAMESPACES, pod,
		below);
}

// A container as they are: variables, mounts, a probe.
static int container(char *body, size_t size, int number, int pod)
{
	int length = snprintf(body, size,
		"{\"name\":\"main-%d\",\"image\":\"registry.example.com/shop/app:1.%d\",\"env\":[",
		number, pod);
	for (int i = 0; i < 24; i++)
		length += snprintf(body + length, size - (size_t)length,
			"%s{\"name\":\"VARIABLE_%d\",\"value\":\"the value of variable %d of pod "
			"%d\"}",
			i ? "," : "", i, i, pod);
	return length +
	       snprintf(body + length, size - (size_t)length,
		       "],\"resources\":{\"limits\":{\"cpu\":\"1\",\"memory\":\"1Gi\"}},"
		       "\"volumeMounts\":[{\"name\":\"config\",\"mountPath\":\"/etc/shop\"}],"
		       "\"livenessProbe\":{\"httpGet\":{\"path\":\"/healthz\",\"port\":8080}}}");
}

static void pod_body(int pod, char body[BODY_BYTES])
{
	int length = snprintf(body, BODY_BYTES,
		"{\"metadata\":{\"name\":\"pod-%05d\",\"labels\":{\"app\":\"shop-%d\"},"
		"\"annotations\":{\"note\":\"%0200d\"}},"
		"\"spec\":{\"volumes\":[{\"name\":\"config\",\"configMap\":{\"name\":\"shop\"}}],"
		"\"containers\":[",
		pod, pod % 50, pod);
	for (int i = 0; i < 2; i++) {
		length +=
			snprintf(body + length, (size_t)(BODY_BYTES - length), "%s", i ? "," : "");
		length += container(body + length, (size_t)(BODY_BYTES - length), i, pod);
	}
	snprintf(body + length, (size_t)(BODY_BYTES - length), "]}}");
}

static void status_body(bool is_ready, const char *note, char body[BODY_BYTES])
{
	snprintf(body, BODY_BYTES,
		"{\"status\":{\"phase\":\"Running\",\"message\":\"%s\",\"conditions\":[{\"type\":"
		"\"Ready\",\"status\":\"%s\"}],"
		"\"containerStatuses\":[{\"name\":\"main-0\",\"ready\":%s,\"restartCount\":0,"
		"\"image\":\"x\",\"imageID\":\"x\","
		"\"state\":{\"running\":{\"startedAt\":\"2026-01-01T00:00:00Z\"}}}]}}",
		note, is_ready ? "True" : "False", is_ready ? "true" : "false");
}

static void must(long status, long wanted, const char *what)
{
	if (status == wanted || status == 409) // it is there already
		return;
	fprintf(stderr, "load: %s: HTTP %ld\n", what, status);
	exit(1);
}

static void *fill(void *context)
{
	struct client client;
	char path[256], body[BODY_BYTES];
	client_open(&client, cluster);
	for (int pod = (int)(intptr_t)context; pod < count; pod += THREADS) {
		snprintf(path, sizeof path, "/api/v1/namespaces/load-%d/pods", pod % NAMESPACES);
		pod_body(pod, body);
		must(client_ask(&client, "POST", path, CLIENT_JSON, body), 201, "a pod");
		pod_path(pod, "/status", path);
		status_body(true, "", body);
		must(client_ask(&client, "PATCH", path, CLIENT_PODS, body), 200, "its status");
	}
	curl_easy_cleanup(client.easy);
	return NULL;
}

static void fill_all(void)
{
	pthread_t threads[THREADS];
	struct client client;
	client_open(&client, cluster);
	for (int i = 0; i < NAMESPACES; i++) {
		char body[128];
		snprintf(body, sizeof body, "{\"metadata\":{\"name\":\"load-%d\"}}", i);
		must(client_ask(&client, "POST", "/api/v1/namespaces", CLIENT_JSON, body), 201,
			"a namespace");
	}
	for (intptr_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, fill, (void *)i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static double now_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

// --- changes ---

static double began;
static int rate, seconds;
static atomic_int changes; // begun

// Takes the next change, waits until it is due, and makes it: several at once, so that a server
// that takes its time is still asked at the rate.
static void *churn(void *context)
{
	struct client client;
	char path[256], body[BODY_BYTES], note[64];
	unsigned seed = (unsigned)(intptr_t)context;
	client_open(&client, cluster);
	for (;;) {
		int change = atomic_fetch_add(&changes, 1);
		double wait = began + (double)change / rate - now_s();
		if (change >= rate * seconds || now_s() - began >= seconds) {
			atomic_fetch_sub(&changes, 1);
			break;
		}
		if (wait > 0)
			usleep((useconds_t)(wait * 1e6));
		snprintf(note, sizeof note, "%d of %.0f", change, began);
		pod_path((int)((long)change * 37 % count), "/status", path);
		status_body(rand_r(&seed) % 2 == 0, note, body);
		must(client_ask(&client, "PATCH", path, CLIENT_PODS, body), 200, "a change");
	}
	curl_easy_cleanup(client.easy);
	return NULL;
}

static void churn_all(void)
{
	pthread_t threads[THREADS];
	began = now_s();
	for (intptr_t i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, churn, (void *)i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("%d\n", atomic_load(&changes));
}

int main(int argc, char **argv)
{
	bool is_fill = argc == 4 && strcmp(argv[2], "fill") == 0;
	if (!is_fill && !(argc == 6 && strcmp(argv[2], "churn") == 0)) {
		fprintf(stderr,
			"usage: load CLUSTER fill COUNT | load CLUSTER churn COUNT RATE SECONDS\n");
		return 2;
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	cluster = argv[1];
	count = atoi(argv[3]);
	if (is_fill) {
		fill_all();
	} else {
		rate = atoi(argv[4]);
		seconds = atoi(argv[5]);
		churn_all();
	}
	return 0;
}
