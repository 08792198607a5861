/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <string.h>
#include "queues/queue_kind.h"

static const struct queue_kind *const kinds[] = {&list_kind, &rq_kind, &bullmq_kind, &celery_kind,
						 &sidekiq_kind};

const struct queue_kind *queue_kind__named(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(kinds[i]->name, name) == 0)
			return kinds[i];
	return NULL;
}

const char *queue_kinds__names(void)
{
	return "list, rq, bullmq, celery, sidekiq";
}
