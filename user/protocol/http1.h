/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* HTTP/1.0 and HTTP/1.1 (RFC 9110, RFC 9112), both sides. */
#ifndef SONDE_HTTP1_H
#define SONDE_HTTP1_H

#include "protocol/protocol.h"

extern const struct protocol http1_protocol;

#endif
