/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* HTTP/2 (RFC 9113), frames and streams; header blocks by hpack.h. */
#ifndef SONDE_HTTP2_H
#define SONDE_HTTP2_H

#include "protocol/protocol.h"

extern const struct protocol http2_protocol;

/*
 * The connection came by an upgrade from HTTP/1.1: the request that asked for it is stream 1,
 * already half closed (RFC 7540 section 3.2), and the client's preface is still to come. Takes the
 * entry over.
 */
void http2__upgraded(struct parser *parser, const struct pending *request);

#endif
