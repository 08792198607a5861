/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "whole_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int read_all(FILE *file, char *text, size_t *length)
{
	*length = fread(text, 1, WHOLE_FILE_MAX + 1, file);
	if (ferror(file))
		return -EIO;
	if (*length > WHOLE_FILE_MAX)
		return -EFBIG;
	text[*length] = '\0';
	return 0;
}

int whole_file__read(const char *path, char **out, size_t *length)
{
	FILE *file = fopen(path, "re");
	char *text;
	int err;

	if (!file)
		return -errno;
	text = malloc(WHOLE_FILE_MAX + 1);
	err = text ? read_all(file, text, length) : -ENOMEM;
	fclose(file);
	if (err)
		free(text);
	else
		*out = text;
	return err;
}
