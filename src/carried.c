// SPDX-License-Identifier: Apache-2.0
#include "carried.h"

#include <string.h>

#include "carried.inc"

const struct carried_file *carried_find(const char *path)
{
	for (size_t i = 0; i < sizeof carried_files / sizeof *carried_files; i++)
		if (strcmp(carried_files[i].path, path) == 0)
			return &carried_files[i];
	return NULL;
}

const struct carried_file *carried_below(const char *folder, size_t nth)
{
	for (size_t i = 0; i < sizeof carried_files / sizeof *carried_files; i++)
		if (strncmp(carried_files[i].path, folder, strlen(folder)) == 0 && nth-- == 0)
			return &carried_files[i];
	return NULL;
}
