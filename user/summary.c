/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "summary.h"

#include <stdio.h>
#include <string.h>

struct total {
	const char *protocol;
	long long seen, lost;
};

#define PROTOCOLS 8

static long long integer(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static size_t add_up(const json_t *rows, struct total *totals)
{
	size_t count = 0, index;
	json_t *row;

	json_array_foreach(rows, index, row)
	{
		const char *protocol = json_string_value(json_object_get(row, "protocol"));
		size_t i = 0;

		while (i < count && protocol && strcmp(totals[i].protocol, protocol) != 0)
			i++;
		if (!protocol || i == PROTOCOLS)
			continue;
		if (i == count)
			totals[count++] = (struct total){.protocol = protocol};
		totals[i].seen += integer(row, "seen");
		totals[i].lost += integer(row, "lost");
	}
	return count;
}

/* Exchanges that had begun before sonde was attached. */
static long long attached_of(const json_t *model)
{
	long long sum = 0;
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(model, "losses"), i, row)
	{
		const char *reason = json_string_value(json_object_get(row, "reason"));

		if (reason && strcmp(reason, "attached") == 0)
			sum += integer(row, "exchanges");
	}
	return sum;
}

void summary__line(const struct snapshot *snapshot, char *out, size_t size)
{
	json_t *model = snapshot__model(snapshot), *sonde = json_object_get(model, "sonde");
	struct total totals[PROTOCOLS];
	size_t count = add_up(json_object_get(model, "totals"), totals), used = 0;
	long long lost = 0, attached = attached_of(model);

	out[0] = '\0';
	for (size_t i = 0; i < count && used < size; i++) {
		lost += totals[i].lost;
		if (totals[i].seen)
			used += (size_t)snprintf(out + used, size - used, "%s%s %lld",
						 used ? ", " : "", totals[i].protocol,
						 totals[i].seen);
	}
	if (used < size)
		snprintf(out + used, size - used,
			 "%s; lost %lld (and %lld half over at the start); %lld connections, %lld "
			 "MiB resident",
			 used ? " exchanges" : "no exchange yet", lost - attached, attached,
			 integer(sonde, "connections"), integer(sonde, "resident_bytes") >> 20);
	json_decref(model);
}
