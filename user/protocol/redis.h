/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Redis: RESP2, RESP3 and inline commands (redis.io, Redis serialization protocol specification).
 */
#ifndef SONDE_REDIS_H
#define SONDE_REDIS_H

#include "protocol/protocol.h"

extern const struct protocol redis_protocol;

#endif
