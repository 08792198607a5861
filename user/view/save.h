/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A file that was not there before: the view may run as root in a folder that others write to, so
 * nothing is overwritten, no symbolic link is followed, and only the owner may read what comes out.
 */
#ifndef SONDE_VIEW_SAVE_H
#define SONDE_VIEW_SAVE_H

#include <stddef.h>

/* 0, or -errno with one line in error; then no file is left behind. */
int save__write(const char *path, const char *bytes, size_t length, char *error, size_t size);

#endif
