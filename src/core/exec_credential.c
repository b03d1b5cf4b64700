// SPDX-License-Identifier: Apache-2.0
#include "relight/exec_credential.h"

#include <string.h>

#include "relight/json.h"
#include "relight/memory.h"

char *exec_credential_info(const struct kubeconfig_exec *exec, const char *cluster)
{
	cJSON *info = json_object(), *spec = json_object();
	struct buf text = {0};

	json_add_text(info, "apiVersion", exec->api_version);
	json_add_text(info, "kind", "ExecCredential");
	json_add_bool(spec, "interactive", false);
	if (exec->wants_cluster && cluster)
		json_add(spec, "cluster", json_parse(cluster, strlen(cluster), NULL));
	json_add(info, "spec", spec);
	buf_text(&text, "KUBERNETES_EXEC_INFO=");
	json_write(&text, info);
	cJSON_Delete(info);
	return buf_take(&text);
}

// NULL for one that is not there or empty.
static const char *own_text(const cJSON *status, const char *key)
{
	const char *text = json_text(status, key);

	return text && *text ? memory_copy_text(text) : NULL;
}

static bool read_status(const cJSON *status, struct credentials *credentials, struct err *err)
{
	const char *expires = json_text(status, "expirationTimestamp");

	credentials->token = own_text(status, "token");
	credentials->cert = own_text(status, "clientCertificateData");
	credentials->key = own_text(status, "clientKeyData");
	if (expires && !wall_parse(expires, &credentials->expires))
		return err_set(err, "its expirationTimestamp is no time: %.60s", expires);
	if (!credentials->cert != !credentials->key)
		return err_set(err, "it gave a certificate or a key without the other");
	if (!credentials->token && !credentials->cert)
		return err_set(err, "it gave neither a token nor a certificate");
	return true;
}

bool exec_credential_read(const char *text, size_t length_bytes, const char *api_version,
	struct credentials *credentials, struct err *err)
{
	cJSON *answer = json_parse(text, length_bytes, NULL);
	const char *kind = json_text(answer, "kind"), *version = json_text(answer, "apiVersion");
	bool is_good = false;

	if (!answer)
		err_set(err, "what it printed is no JSON");
	else if (!kind || strcmp(kind, "ExecCredential") != 0)
		err_set(err, "what it printed is no ExecCredential");
	else if (!version || strcmp(version, api_version) != 0)
		err_set(err, "it speaks %.80s, the kubeconfig wants %s",
			version ? version : "no apiVersion", api_version);
	else
		is_good = read_status(json_get(answer, "status"), credentials, err);
	json_wipe(answer);
	return is_good;
}

void credentials_wipe(struct credentials *credentials)
{
	memory_wipe((char *)credentials->token);
	memory_wipe((char *)credentials->cert);
	memory_wipe((char *)credentials->key);
	*credentials = (struct credentials){.expires = WALL_NONE};
}
