/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * To which database a connection is whose startup packet was sent before the observation began.
 * PostgreSQL's processes write it in their titles (manual, section "Standard Unix Tools"), so it is
 * known where the server is on this node.
 */
#ifndef SONDE_DATABASE_NAME_H
#define SONDE_DATABASE_NAME_H

#include <stdbool.h>
#include <stddef.h>

struct engine;

/* Looks at connections that were not looked at before, some at a time. Once in a while. */
void database_names__resolve(struct engine *engine);

/* "postgres: main: user database 127.0.0.1(40000) idle": pure, for tests. */
bool database_name__of_title(const char *title, char *out, size_t size);

#endif
