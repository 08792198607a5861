/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What /proc adds to a process's event, as long as the process lives. */
#ifndef SONDE_PROCESS_FACTS_H
#define SONDE_PROCESS_FACTS_H

#include <stddef.h>
#include <linux/types.h>
#include "event.h"

/*
 * Fills what the event lacks (executable, cgroup), and takes the command line to text: that of
 * /proc, where a title may have been written since exec and an event has room for little, else the
 * event's. Returns its length. proc NULL: nowhere to look.
 */
size_t process_facts__complete(const char *proc, struct process_event *event, char *text,
			       size_t size);

#endif
