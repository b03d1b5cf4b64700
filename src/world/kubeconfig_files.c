// SPDX-License-Identifier: Apache-2.0
#include "relight/kubeconfig_files.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "relight/file.h"
#include "relight/memory.h"

bool kubeconfig_paths(const char *kubeconfig, struct buf *paths, struct err *err)
{
	const char *listed = getenv("KUBECONFIG"), *home = getenv("HOME");

	if (kubeconfig)
		buf_text(paths, kubeconfig);
	else if (listed && *listed)
		buf_text(paths, listed);
	else if (home && *home)
		buf_printf(paths, "%s/.kube/config", home);
	else
		return err_set(err, "no kubeconfig: neither KUBECONFIG nor HOME is set");
	return true;
}

static bool add_kubeconfig(
	struct kubeconfig *kubeconfig, const char *path, bool *is_there, struct err *err)
{
	const char *slash = strrchr(path, '/');
	char *folder =
		slash ? memory_copy_bytes(path, (size_t)(slash - path)) : memory_copy_text(".");
	struct buf text = {0};
	struct stat info;
	bool good = true;

	if (stat(path, &info) == 0 || (errno != ENOENT && errno != ENOTDIR)) {
		*is_there = true;
		good = file_read(AT_FDCWD, path, KUBECONFIG_FILE_BYTES, &text, err) &&
		       kubeconfig_add(kubeconfig, buf_str(&text), text.length, path, folder, err);
	}
	free(folder);
	buf_fini(&text);
	if (good)
		return true;
	return err->place[0] ? err_prefix(err, "kubeconfig: %s", err->place)
			     : err_prefix(err, "kubeconfig");
}

enum status kubeconfig_read(struct kubeconfig *kubeconfig, const char *paths, struct err *err)
{
	char *copy = memory_copy_text(paths), *rest = NULL;
	bool good = true, is_there = false;

	for (char *path = strtok_r(copy, ":", &rest); good && path;
		path = strtok_r(NULL, ":", &rest))
		good = add_kubeconfig(kubeconfig, path, &is_there, err);
	free(copy);
	if (!good)
		return STATUS_UNKNOWN;
	if (!is_there) {
		err_set(err, "kubeconfig: %s: is not there", paths);
		return STATUS_MISSING;
	}
	return STATUS_HEALTHY;
}

#define SERVICE_ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount"
#define NAMESPACE_BYTES 256 // more than its name may have

// Digits, letters and what addresses and names consist of: it goes into YAML.
static bool is_host(const char *text)
{
	return text && *text &&
	       text[strspn(text,
		       "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.:-")] ==
		       '\0';
}

bool kubeconfig_is_in_cluster(void)
{
	return is_host(getenv("KUBERNETES_SERVICE_HOST")) &&
	       is_host(getenv("KUBERNETES_SERVICE_PORT")) &&
	       access(SERVICE_ACCOUNT "/token", R_OK) == 0;
}

// Whoever wrote the pod may have told its namespace; else the service account's.
static void add_namespace(struct buf *namespace)
{
	const char *told = getenv("POD_NAMESPACE");

	if (told && *told)
		buf_text(namespace, told);
	else
		file_read(AT_FDCWD, SERVICE_ACCOUNT "/namespace", NAMESPACE_BYTES, namespace, NULL);
	while (namespace->length > 0 &&
		isspace((unsigned char)namespace->data[namespace->length - 1]))
	namespace->data[--namespace->length] = '\0';
}

bool kubeconfig_add_in_cluster(struct kubeconfig *kubeconfig)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST"),
		   *port = getenv("KUBERNETES_SERVICE_PORT");
	struct buf namespace = {0}, text = {0};
	struct err err;

	if (!host || !port || !kubeconfig_is_in_cluster())
		return false;
	add_namespace(&namespace);
	buf_printf(&text,
		strchr(host, ':') ? "clusters: [{name: pod, cluster: {server: 'https://[%s]:%s', "
				  : "clusters: [{name: pod, cluster: {server: 'https://%s:%s', ",
		host, port);
	buf_printf(&text,
		"certificate-authority: " SERVICE_ACCOUNT "/ca.crt}}]\n"
		"users: [{name: pod, user: {tokenFile: " SERVICE_ACCOUNT "/token}}]\n"
		"contexts: [{name: pod, context: {cluster: pod, user: pod, namespace: '%s'}}]\n"
		"current-context: pod\n",
		is_host(buf_str(&namespace)) ? buf_str(&namespace) : "default");
	bool good = kubeconfig_add(kubeconfig, buf_str(&text), text.length, "the pod's own access",
		SERVICE_ACCOUNT, &err);
	buf_fini(&namespace);
	buf_fini(&text);
	return good;
}

char *kubeconfig_current_context(const char *kubeconfig)
{
	struct kubeconfig *read = kubeconfig_new();
	struct buf paths = {0};
	struct err err = {0};
	char *current = NULL;

	if (kubeconfig_paths(kubeconfig, &paths, &err) &&
		kubeconfig_read(read, buf_str(&paths), &err) == STATUS_HEALTHY)
		current = memory_copy_text(kubeconfig_current(read));
	buf_fini(&paths);
	kubeconfig_free(read);
	return current;
}
