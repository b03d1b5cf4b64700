// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_KUBERNETES_CLIENT_H
#define TESTS_KUBERNETES_CLIENT_H

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The administrator of a test cluster (cluster.sh), for programs that change much: one connection
// each, which stays.

struct client {
	CURL *easy;
	char url[128], ca[512], cert[512], key[512];
};

static inline size_t client_drop(char *bytes, size_t size, size_t count, void *context)
{
	(void)bytes, (void)context;
	return size * count;
}

// `cluster` is the folder that cluster.sh filled. Ends the program where it cannot be used.
static inline void client_open(struct client *client, const char *cluster)
{
	char path[600];
	snprintf(path, sizeof path, "%s/url", cluster);
	FILE *file = fopen(path, "re");
	if (!file || !fgets(client->url, sizeof client->url, file)) {
		fprintf(stderr, "%s: there is no cluster\n", path);
		exit(2);
	}
	fclose(file);
	client->url[strcspn(client->url, "\n")] = '\0';
	snprintf(client->ca, sizeof client->ca, "%s/ca.crt", cluster);
	snprintf(client->cert, sizeof client->cert, "%s/admin.crt", cluster);
	snprintf(client->key, sizeof client->key, "%s/admin.key", cluster);
	client->easy = curl_easy_init();
	curl_easy_setopt(client->easy, CURLOPT_CAINFO, client->ca);
	curl_easy_setopt(client->easy, CURLOPT_SSLCERT, client->cert);
	curl_easy_setopt(client->easy, CURLOPT_SSLKEY, client->key);
	curl_easy_setopt(client->easy, CURLOPT_WRITEFUNCTION, client_drop);
	curl_easy_setopt(client->easy, CURLOPT_TIMEOUT, 30L);
	curl_easy_setopt(client->easy, CURLOPT_NOSIGNAL, 1L);
}

// Sends one request and waits for its answer: the HTTP status, or 0.
static inline long client_ask(struct client *client, const char *method, const char *path,
	const char *type, const char *body)
{
	char url[700], header[128];
	long status = 0;
	snprintf(url, sizeof url, "%s%s", client->url, path);
	snprintf(header, sizeof header, "Content-Type: %s", type);
	struct curl_slist *headers = curl_slist_append(NULL, header);
	curl_easy_setopt(client->easy, CURLOPT_URL, url);
	curl_easy_setopt(client->easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(client->easy, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(client->easy, CURLOPT_CUSTOMREQUEST, method);
	if (curl_easy_perform(client->easy) == CURLE_OK)
		curl_easy_getinfo(client->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_slist_free_all(headers);
	return status;
}

#define CLIENT_JSON  "application/json"
#define CLIENT_MERGE "application/merge-patch+json"
#define CLIENT_PODS  "application/strategic-merge-patch+json"

#endif
