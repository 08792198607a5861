/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "metrics/internal.h"
#include "metrics/writer.h"

static void expose_family(struct writer *w, const struct family *family, enum side side,
			  const struct snapshot *snapshot)
{
	const struct snapshot_table *table = &snapshot->table[family->group][side];

	if (!family->name[side])
		return;
	writer__family(w, family->name[side], family->type, family->unit, family->help);
	for (uint32_t i = 0; i < table->count; i++)
		family->write(w, family, &table->series[i]);
}

void snapshot__expose(const struct snapshot *snapshot, enum exposition format, struct buffer *out)
{
	struct writer writer;

	writer__init(&writer, format, out);
	for (size_t i = 0; i < family_count; i++)
		for (int side = 0; side < SIDE_COUNT; side++)
			expose_family(&writer, &families[i], (enum side)side, snapshot);
	writer__clear_labels(&writer);
	self__expose(&writer, snapshot);
	writer__finish(&writer);
}
