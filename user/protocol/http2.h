/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* HTTP/2 (RFC 9113), frames and streams; header blocks by hpack.h. */
#ifndef SONDE_HTTP2_H
#define SONDE_HTTP2_H

#include "protocol/protocol.h"

extern const struct protocol http2_protocol;

#endif
