/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is observed of services' health, pools and use, as JSON (docs/health.md). What was not
 * observed is null. With ?service=NAME of that one only; 404 where there is none of that name.
 */
#ifndef SONDE_WEB_HEALTH_H
#define SONDE_WEB_HEALTH_H

#include "web/endpoints.h"

void health__make(const struct snapshot *snapshot, const struct request *request,
		  struct reply *reply);
void health__make_detailed(const struct snapshot *snapshot, const struct request *request,
			   struct reply *reply);
void health__make_pool_config(const struct snapshot *snapshot, const struct request *request,
			      struct reply *reply);
void health__make_summary(const struct snapshot *snapshot, const struct request *request,
			  struct reply *reply);

#endif
