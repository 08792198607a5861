/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The table of protocols with the example in it, in place of user/protocol/protocol.c's. */
#ifndef SONDE_EXAMPLE_TABLE_H
#define SONDE_EXAMPLE_TABLE_H

#include "beanstalk.h"
#include "protocol/http1.h"
#include "protocol/http2.h"
#include "protocol/postgres.h"

const struct protocol *const protocols[] = {
	&http1_protocol, &http2_protocol, &postgres_protocol, &beanstalk_protocol, NULL,
};

const struct protocol *protocol__by_id(enum protocol_id id)
{
	for (const struct protocol *const *p = protocols; *p; p++)
		if ((*p)->id == id)
			return *p;
	return NULL;
}

#endif
