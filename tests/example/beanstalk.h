/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The worked example of docs/adding-a-protocol.md: the work queue beanstalkd (its
 * doc/protocol.txt). It is compiled and tested, and no part of sonde.
 */
#ifndef SONDE_EXAMPLE_BEANSTALK_H
#define SONDE_EXAMPLE_BEANSTALK_H

#include "protocol/protocol.h"

/* In the product: a number of its own in include/event.h. Here it stands in Redis' place. */
#define PROTOCOL_BEANSTALK PROTOCOL_REDIS

enum beanstalk_command {
	BEANSTALK_UNKNOWN = 0,
	BEANSTALK_PUT,
	BEANSTALK_RESERVE,
	BEANSTALK_RESERVE_WITH_TIMEOUT,
	BEANSTALK_DELETE,
	BEANSTALK_RELEASE,
	BEANSTALK_BURY,
	BEANSTALK_TOUCH,
	BEANSTALK_USE,
	BEANSTALK_WATCH,
	BEANSTALK_IGNORE,
	BEANSTALK_STATS_JOB,
	BEANSTALK_STATS_TUBE,
	BEANSTALK_QUIT,
	BEANSTALK_COMMAND_COUNT
};

extern const struct protocol beanstalk_protocol;

#endif
