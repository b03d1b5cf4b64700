// SPDX-License-Identifier: Apache-2.0
#include "relight/progress.h"

#include <stdio.h>
#include <string.h>

#include "relight/health.h"
#include "relight/json.h"

static const struct {
	const char *group, *kind, *done, *total;
	double total_otherwise; // where it is not written; 0: then there is none
	const char *unit;
} progress_table[] = {
	{"apps", "Deployment", "status.readyReplicas", "spec.replicas", 1, "pods"},
	{"apps", "StatefulSet", "status.readyReplicas", "spec.replicas", 1, "pods"},
	{"apps", "ReplicaSet", "status.readyReplicas", "spec.replicas", 1, "pods"},
	{"apps", "DaemonSet", "status.numberReady", "status.desiredNumberScheduled", 0, "pods"},
	{"", "ReplicationController", "status.readyReplicas", "spec.replicas", 1, "pods"},
	{"argoproj.io", "Rollout", "status.readyReplicas", "spec.replicas", 1, "pods"},
	{"batch", "Job", "status.succeeded", "spec.completions", 0, "completions"},
	{"postgresql.cnpg.io", "Cluster", "status.readyInstances", "spec.instances", 1,
		"instances"},
	{"velero.io", "Backup", "status.progress.itemsBackedUp", "status.progress.totalItems", 0,
		"items"},
	{"velero.io", "Restore", "status.progress.itemsRestored", "status.progress.totalItems", 0,
		"items"},
	{"velero.io", "PodVolumeBackup", "status.progress.bytesDone", "status.progress.totalBytes",
		0, "bytes"},
	{"velero.io", "PodVolumeRestore", "status.progress.bytesDone", "status.progress.totalBytes",
		0, "bytes"},
	{"velero.io", "DataUpload", "status.progress.bytesDone", "status.progress.totalBytes", 0,
		"bytes"},
	{"velero.io", "DataDownload", "status.progress.bytesDone", "status.progress.totalBytes", 0,
		"bytes"},
};

static double number_at(const cJSON *object, const char *path, double otherwise)
{
	const cJSON *number = json_path(object, path);

	return cJSON_IsNumber(number) && number->valuedouble >= 0 ? number->valuedouble : otherwise;
}

bool progress_read(const cJSON *object, struct progress *progress)
{
	const char *kind = json_text(object, "kind");
	char group[128];

	*progress = (struct progress){0};
	if (!kind)
		return false;
	health_group(object, group);
	for (size_t i = 0; i < sizeof progress_table / sizeof *progress_table; i++) {
		if (strcmp(progress_table[i].kind, kind) != 0 ||
			strcmp(progress_table[i].group, group) != 0)
			continue;
		double total = number_at(
			object, progress_table[i].total, progress_table[i].total_otherwise);
		double done = number_at(object, progress_table[i].done, 0);
		if (total <= 0)
			return false;
		progress->total = total;
		progress->done =
			done < total ? done : total; // a rollout may have more than it wants
		snprintf(progress->unit, sizeof progress->unit, "%s", progress_table[i].unit);
		return true;
	}
	return false;
}
