/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The TCP ports that a process listens on, from /proc. */
#ifndef SONDE_LISTENING_H
#define SONDE_LISTENING_H

#include "service/service_set.h"

/* Adds those of the process's listening ports that the set asks for. Its descriptors are looked
 * through only where somebody in its network namespace listens on such a port. */
void listening__ports(const char *proc, uint32_t tgid, const struct service_set *set,
		      struct ports *out);

#endif
