/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Keys, one a line, to one learner: templates are printable and bounded, and a word that was seen
 * in fewer lines than it takes is in none. Then the lines as arguments of every command: what is
 * taken for a key is one of them.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "keys/key_template.h"
#include "keys/patterns.h"
#include "protocol/redis_commands.h"
#include "protocol/redis_keys.h"

#define MARK  "xqzkw" /* nothing of the templates' own words */
#define MARKS 19      /* one more could be told */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct slice next_line(struct slice *rest)
{
	ptrdiff_t end = slice__find(*rest, '\n');
	struct slice line = end < 0 ? *rest : slice__sub(*rest, 0, (size_t)end);

	*rest = end < 0 ? (struct slice){0} : slice__from(*rest, (size_t)end + 1);
	return line;
}

static void check_template(struct key_learner *l, struct slice key, bool marked)
{
	char out[KEY_TEMPLATE_MAX];
	size_t length = key_learner__template(l, key, out);

	if (length >= KEY_TEMPLATE_MAX || (length && out[length]))
		abort();
	for (size_t i = 0; i < length; i++)
		if (out[i] < ' ' || out[i] > '~' || out[i] == '"' || out[i] == '\\')
			abort();
	if (marked && length && strstr(out, MARK))
		abort();
}

static bool is_marked(struct slice key)
{
	return memmem(key.data, key.length, MARK, sizeof(MARK) - 1);
}

static void templates(struct slice rest)
{
	struct key_learner *l = key_learner__new();
	int marks = 0;

	while (l && rest.length) {
		struct slice key = next_line(&rest);
		bool marked = key.length && is_marked(key);

		marks += marked;
		if (key.length && key.length <= KEY_BYTES_MAX)
			check_template(l, key, marked && marks <= MARKS);
	}
	key_learner__free(l);
}

static void arguments(struct slice all)
{
	uint32_t count = 1;

	for (size_t i = 0; i < all.length; i++)
		count += all.data[i] == '\n';
	for (uint32_t command = 0; command < redis_command__count(); command++) {
		struct redis_keys keys;
		struct slice rest = all;

		redis_keys__begin(&keys, command, count);
		for (uint32_t i = 1; i < count; i++) {
			struct slice argument = next_line(&rest);

			if (redis_keys__matters(&keys, i))
				redis_keys__take(&keys, i, argument);
			if (keys.next >= count || (keys.next && keys.next <= i))
				abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	templates(slice__of(data, size));
	arguments(slice__of(data, size < 2048 ? size : 2048));
	return 0;
}
