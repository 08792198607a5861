/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The client's random number: 32 bytes in the clear in the ClientHello (RFC 8446 section 4.1.2),
 * and in the memory of both ends' TLS libraries. So a session and a socket are known to be one.
 */
#ifndef SONDE_TLS_HELLO_H
#define SONDE_TLS_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>
#include "tls.h"

/* The random number of a ClientHello that a connection's first bytes are; NULL: they are none. */
const uint8_t *hello__random(const uint8_t *bytes, size_t length);
/*
 * Looks for the number in the session's memory, and tells where it was. For libraries whose code
 * does not say it.
 */
bool hello__search(uint32_t tgid, uint64_t session, const uint8_t *random, struct tls_place *out);

#endif
