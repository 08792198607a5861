/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The files of the web page (user/web/page/), which are part of the program. */
#ifndef SONDE_PAGE_FILES_H
#define SONDE_PAGE_FILES_H

#include <stddef.h>

struct page_file {
	const char *path; /* in URLs */
	const char *type; /* Content-Type */
	const char *data, *end;
};

const struct page_file *page_file__find(const char *path); /* NULL: there is none */
/* Tells contents apart: 16 hexadecimal digits and a NUL. */
void page_file__tag(const struct page_file *file, char out[17]);

#endif
