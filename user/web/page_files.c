/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "web/page_files.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The assembler puts a file as it is between two symbols (GNU as, ".incbin"). */
#define EMBED(symbol, file)                                                                        \
	__asm__(".section .rodata\n.global page_" #symbol ", page_" #symbol "_end\npage_" #symbol  \
		":\n.incbin \"user/web/page/" file "\"\npage_" #symbol                             \
		"_end:\n.byte 0\n.previous\n");                                                    \
	extern const char page_##symbol[] __attribute__((visibility("hidden")));                   \
	extern const char page_##symbol##_end[] __attribute__((visibility("hidden")))

#define FILE_OF(path, type, symbol)                                                                \
	{                                                                                          \
		path, type, page_##symbol, page_##symbol##_end                                     \
	}

EMBED(index, "index.html");
EMBED(style, "style.css");
EMBED(page, "page.js");
EMBED(views, "views.js");
EMBED(columns, "columns.js");
EMBED(slow, "slow.js");
EMBED(draw, "draw.js");
EMBED(numbers, "numbers.js");

#define SCRIPT "text/javascript; charset=utf-8"

static const struct page_file files[] = {
	FILE_OF("/", "text/html; charset=utf-8", index),
	FILE_OF("/style.css", "text/css; charset=utf-8", style),
	FILE_OF("/page.js", SCRIPT, page),
	FILE_OF("/views.js", SCRIPT, views),
	FILE_OF("/columns.js", SCRIPT, columns),
	FILE_OF("/slow.js", SCRIPT, slow),
	FILE_OF("/draw.js", SCRIPT, draw),
	FILE_OF("/numbers.js", SCRIPT, numbers),
};

const struct page_file *page_file__find(const char *path)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (strcmp(path, files[i].path) == 0)
			return &files[i];
	return NULL;
}

/* FNV-1a: nobody gains from a collision with a file of this program. */
void page_file__tag(const struct page_file *file, char out[17])
{
	uint64_t hash = 0xcbf29ce484222325;

	for (const char *c = file->data; c < file->end; c++)
		hash = (hash ^ (unsigned char)*c) * 0x100000001b3;
	snprintf(out, 17, "%016" PRIx64, hash);
}
