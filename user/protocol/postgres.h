/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The PostgreSQL frontend/backend protocol, version 3 (manual, chapter "Frontend/Backend
 * Protocol").
 */
#ifndef SONDE_POSTGRES_H
#define SONDE_POSTGRES_H

#include "protocol/protocol.h"

extern const struct protocol postgres_protocol;

#endif
