/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "exchange_file.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "exchange_json.h"

struct exchange_file {
	FILE *file;
	struct engine *engine;
	struct buffer line;
	atomic_int err; /* of the first write that failed */
};

static void take(void *context, const struct exchange *exchange)
{
	struct exchange_file *f = context;

	if (f->err)
		return;
	f->line.length = 0;
	exchange__to_json(exchange, f->engine, &f->line);
	if (f->line.failed)
		f->err = -ENOMEM;
	else if (fwrite(f->line.data, 1, f->line.length, f->file) != f->line.length)
		f->err = -errno;
}

int exchange_file__flush(struct exchange_file *f)
{
	if (f && !f->err && fflush(f->file))
		f->err = -errno;
	return f ? f->err : 0;
}

int exchange_file__open(const char *path, struct engine *engine, struct exchange_file **out,
			char *error, size_t size)
{
	struct exchange_file *f = calloc(1, sizeof(*f));
	int err = f ? 0 : -ENOMEM;

	if (f) {
		f->engine = engine;
		f->file = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
		if (!f->file)
			err = -errno;
	}
	if (!err)
		err = engine__add_sink(engine, (struct sink){.exchange = take, .context = f});
	if (err) {
		snprintf(error, size, "%s: %s", path, strerror(-err));
		if (f && f->file && f->file != stdout)
			fclose(f->file);
		free(f);
		return err;
	}
	*out = f;
	return 0;
}

int exchange_file__close(struct exchange_file *f)
{
	int err;

	if (!f)
		return 0;
	err = f->err;
	if (f->file == stdout ? fflush(stdout) : fclose(f->file))
		err = err ? err : -errno;
	buffer__clear(&f->line);
	free(f);
	return err;
}
