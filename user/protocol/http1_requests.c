/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "protocol/http1_known.h"

#define SLOTS_BITS   8
#define NIBBLES	     0xf0f0f0f0f0f0f0f0ull
#define PATH	     (sizeof("GET /") - 1)
#define LENGTH_LEAST (PATH + WORD_BYTES)

struct known_request {
	struct http1_known known;
	struct http1_request request;
};

static _Thread_local struct known_request requests[1 << SLOTS_BITS];

/* By how long it is and how its path begins; which digits there are makes no difference. */
static struct known_request *slot_of(struct slice bytes)
{
	uint64_t path = word__at(bytes.data + PATH) & NIBBLES;

	return &requests[(path ^ bytes.length) * 0x9e3779b97f4a7c15ull >> (64 - SLOTS_BITS)];
}

const struct http1_head *http1_requests__find(struct slice bytes, struct http1_request **request)
{
	struct known_request *r;

	if (bytes.length < LENGTH_LEAST)
		return NULL;
	r = slot_of(bytes);
	if (!http1_known__fits(&r->known, bytes))
		return NULL;
	*request = &r->request;
	return http1_known__head(&r->known, bytes);
}

/* A query may be another one, and so may numbers that have no say in what the route is. */
void http1_target__allow(const struct request_line *line, uint8_t *least, uint8_t *spread)
{
	size_t path = line->path.length;

	if (!path)
		return;
	raw_key__allow(line->target.data, line->path, least, spread);
	if (path < line->target.length)
		ranges__allow(least, spread, path + 1, line->target.length - path - 1, '!', '~');
}

void http1_requests__learn(struct slice bytes, const struct request_line *line, size_t start,
			   const struct http1_head *fields)
{
	size_t target = (size_t)(line->target.data - bytes.data);
	struct known_request *r;

	if (bytes.length < LENGTH_LEAST)
		return;
	r = slot_of(bytes);
	if (!http1_known__gives_way(&r->known) ||
	    !http1_known__learn(&r->known, slice__sub(bytes, 0, start + fields->length), start,
				fields))
		return;
	http1_target__allow(line, r->known.least + target, r->known.spread + target);
	r->request = (struct http1_request){.target = (uint16_t)target,
					    .target_length = (uint16_t)line->target.length,
					    .method = (uint8_t)line->method,
					    .version = line->version};
}
