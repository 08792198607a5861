/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Content negotiation (RFC 9110 sections 12.4 and 12.5): pure functions of header values. */
#ifndef SONDE_NEGOTIATE_H
#define SONDE_NEGOTIATE_H

#include <stdbool.h>
#include "metrics/metrics.h"

/* accept NULL: none was sent. protobuf: it may be spoken. */
enum exposition negotiate__exposition(const char *accept, bool protobuf);
bool negotiate__gzip(const char *accept_encoding);
/* Is `tag` one of those that If-None-Match has (RFC 9110 section 13.1.2)? Without its quotes. */
bool negotiate__has_tag(const char *if_none_match, const char *tag);

#endif
