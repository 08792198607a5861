/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "protocol/protocol.h"

/* each protocol: one include here, */

const struct protocol *const protocols[] = {
	/* one line there */
	NULL,
};

const struct protocol *protocol__by_id(enum protocol_id id)
{
	for (const struct protocol *const *p = protocols; *p; p++)
		if ((*p)->id == id)
			return *p;
	return NULL;
}
