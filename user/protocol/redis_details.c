/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "protocol/redis_details.h"

bool redis_argument__next(struct slice *rest, struct redis_argument *out, struct slice *bytes)
{
	if (rest->length < sizeof(*out))
		return false;
	memcpy(out, rest->data, sizeof(*out));
	*bytes = slice__sub(*rest, sizeof(*out), out->kept);
	*rest = slice__from(*rest, sizeof(*out) + out->kept);
	return bytes->length == out->kept;
}

bool redis_value__next(struct slice *rest, struct redis_value *out, struct slice *bytes)
{
	if (rest->length < sizeof(*out))
		return false;
	memcpy(out, rest->data, sizeof(*out));
	*bytes = slice__sub(*rest, sizeof(*out), out->kept);
	*rest = slice__from(*rest, sizeof(*out) + out->kept);
	return bytes->length == out->kept;
}

static bool take(struct slice *rest, void *out, size_t size)
{
	if (rest->length < size)
		return false;
	memcpy(out, rest->data, size);
	*rest = slice__from(*rest, size);
	return true;
}

bool redis_pattern__next(struct slice *rest, uint16_t *out)
{
	return take(rest, out, sizeof(*out));
}

bool redis_found__next(struct slice *rest, struct redis_found *out)
{
	return take(rest, out, sizeof(*out));
}
