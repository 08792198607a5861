/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the ways of naming share; nobody outside of this folder includes it. */
#ifndef SONDE_NAMING_H
#define SONDE_NAMING_H

#include "service/arguments.h"
#include "service/service.h"

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

/* A process on its way to a name. */
struct naming {
	char name[SERVICE_NAME_MAX]; /* the result; "" none yet */
	bool like_parent;
	char unit[SERVICE_NAME_MAX]; /* systemd's; "" none */
	const char *executable;	     /* base name */
	struct arguments arguments;
};

/* ---- naming.c: each sets n->name ---- */

/* Makes any bytes a name. */
void name__set(struct naming *n, const char *text, size_t length);
/* Up to the first of these bytes. */
void name__until(struct naming *n, const char *text, const char *ends);
/*
 * By a path, of whose last component `stem` bytes are the name: by its folder, or the unit, where
 * that name says nothing.
 */
void name__path(struct naming *n, const char *path, size_t stem);
/* A script's or program's path; its extension is no part of the name. */
void name__script(struct naming *n, const char *path);
/* Parts between `separator`s, the first (or the last) that says something; else the unit. */
void name__part(struct naming *n, const char *text, size_t length, char separator, bool last);
/* The unit, else this text. */
void name__unit_or(struct naming *n, const char *text);
bool name__says_nothing(const char *name, size_t length);

static inline bool name__is_set(const struct naming *n)
{
	return n->name[0] != '\0';
}

/* ---- each returns false where it knows no name ---- */

/* title.c: what programs write over their arguments. */
bool title__name(struct naming *n);
/* interpreter.c: by what an interpreter runs. */
bool interpreter__name(struct naming *n);
/* Is this an interpreter ("python3.11", "node")? */
bool interpreter__is(const char *base);
/* python.c */
bool python__name(struct naming *n);
/* Servers that run an application: gunicorn, uvicorn, celery ...; `from`: their arguments. */
bool python__server(struct naming *n, const char *program, int from);

#endif
