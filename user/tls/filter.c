/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tls/filter.h"

#include <errno.h>
#include <string.h>

int tls_names__add(struct tls_names *names, const char *name)
{
	size_t length = strlen(name);

	if (!length || length >= TLS_NAME_BYTES || strchr(name, '/'))
		return -EINVAL;
	if (names->count == TLS_NAMES_MAX)
		return -E2BIG;
	memcpy(names->name[names->count++], name, length + 1);
	return 0;
}

static bool holds(const struct tls_names *names, const char *name)
{
	for (uint32_t i = 0; i < names->count; i++)
		if (!strcmp(names->name[i], name))
			return true;
	return false;
}

bool tls_filter__allows(const struct tls_filter *filter, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	return (!filter->include.count || holds(&filter->include, name)) &&
	       !holds(&filter->exclude, name);
}
