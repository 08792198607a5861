/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "connection.h"
#include "protocol/redis_commands.h"
#include "protocol/redis_details.h"
#include "protocol/redis_keys.h"
#include "rules/json_find.h"

#define HEAD DETAIL_BIT(DETAIL_REQUEST_HEAD)
#define KEYS DETAIL_BIT(DETAIL_ARGUMENTS)
#define HTTP PROTOCOL_HTTP1
#define ANY  PROTOCOL_UNKNOWN

const struct source_info sources[SOURCE_COUNT] = {
	[SOURCE_FIXED] = {"fixed", ANY, true, false, true, 0},
	[SOURCE_METHOD] = {"method", HTTP, false, false, true, 0},
	[SOURCE_ROUTE] = {"route", HTTP, false, false, true, 0},
	[SOURCE_STATUS] = {"status", HTTP, false, false, true, 0},
	[SOURCE_OUTCOME] = {"outcome", ANY, false, false, true, 0},
	[SOURCE_SERVICE] = {"service", ANY, false, false, true, 0},
	[SOURCE_SQL_VERB] = {"sql_verb", PROTOCOL_POSTGRES, false, false, true, 0},
	[SOURCE_SQL_TABLE] = {"sql_table", PROTOCOL_POSTGRES, false, false, true, 0},
	[SOURCE_COMMAND] = {"command", PROTOCOL_REDIS, false, false, true, 0},
	[SOURCE_LATENCY] = {"latency", ANY, false, false, false, 0},
	[SOURCE_ROUTE_PARAMETER] = {"route_parameter", HTTP, true, false, false, HEAD},
	[SOURCE_QUERY_PARAMETER] = {"query_parameter", HTTP, true, false, false, HEAD},
	[SOURCE_REQUEST_HEADER] = {"request_header", HTTP, true, false, false, HEAD},
	[SOURCE_RESPONSE_HEADER] = {"response_header", HTTP, true, false, false,
				    DETAIL_BIT(DETAIL_RESPONSE_HEAD)},
	[SOURCE_COOKIE] = {"cookie", HTTP, true, false, false, HEAD},
	[SOURCE_JWT_CLAIM] = {"jwt_claim", HTTP, true, false, false, HEAD},
	[SOURCE_REQUEST_JSON] = {"request_json", HTTP, true, false, false,
				 DETAIL_BIT(DETAIL_REQUEST_BODY)},
	[SOURCE_RESPONSE_JSON] = {"response_json", HTTP, true, false, false,
				  DETAIL_BIT(DETAIL_RESPONSE_BODY)},
	[SOURCE_SQL_PARAMETER] = {"sql_parameter", PROTOCOL_POSTGRES, false, true, false,
				  DETAIL_BIT(DETAIL_PARAMETERS)},
	[SOURCE_REDIS_KEY] = {"redis_key", PROTOCOL_REDIS, false, false, false, KEYS},
	[SOURCE_REDIS_KEY_PART] = {"redis_key_part", PROTOCOL_REDIS, false, true, false, KEYS},
	[SOURCE_REDIS_ARGUMENT] = {"redis_argument", PROTOCOL_REDIS, false, true, false, KEYS},
	[SOURCE_REDIS_REPLY] = {"redis_reply", PROTOCOL_REDIS, false, false, false,
				DETAIL_BIT(DETAIL_REPLY)},
};

static bool give(struct value *out, struct slice bytes)
{
	out->length = bytes.length < VALUE_MAX ? bytes.length : VALUE_MAX - 1;
	for (size_t i = 0; i < out->length; i++)
		out->text[i] =
			(char)(bytes.data[i] < 0x20 || bytes.data[i] == 0x7f ? '?' : bytes.data[i]);
	out->text[out->length] = '\0';
	return out->length > 0;
}

static bool give_text(struct value *out, const char *text)
{
	return give(out, slice__text(text));
}

static bool give_number(struct value *out, double number)
{
	char text[40];

	snprintf(text, sizeof(text), "%.17g", number);
	return give_text(out, text);
}

/* ---- Redis ---- */

bool redis__argument(const struct details *details, uint32_t index, struct slice *out)
{
	struct slice all = details__get(details, DETAIL_ARGUMENTS);
	struct redis_argument argument;

	for (; redis_argument__next(&all, &argument, out); index--)
		if (!index)
			return true;
	return false;
}

/* Index of redis_commands.h, with the subcommand where there is one. */
static uint32_t command_of(const struct details *details, struct slice name)
{
	uint32_t index = redis_command__find(name);
	struct slice subcommand;

	if (redis_command__get(index)->container && redis__argument(details, 1, &subcommand))
		index = redis_command__find_sub(index, subcommand);
	return index;
}

/* Where the first key is does not depend on how many arguments there are. */
#define MANY (1u << 20)

bool redis__key(const struct details *details, struct slice *out)
{
	struct slice rest = details__get(details, DETAIL_ARGUMENTS), name;
	struct redis_argument argument;
	struct redis_keys keys;
	uint32_t command;

	if (!redis_argument__next(&rest, &argument, &name))
		return false;
	command = command_of(details, name);
	if (redis_command__get(command)->keys == KEYS_NONE) /* a channel, or of an unknown one */
		return redis_argument__next(&rest, &argument, out);
	redis_keys__begin(&keys, command, MANY);
	for (uint32_t i = 1; redis_argument__next(&rest, &argument, out); i++)
		if (redis_keys__matters(&keys, i) && redis_keys__take(&keys, i, *out))
			return true;
	return false;
}

static bool key_part(struct slice key, char separator, uint32_t index, struct slice *out)
{
	for (; index > 1; index--) {
		ptrdiff_t at = slice__find(key, (uint8_t)separator);

		if (at < 0)
			return false;
		key = slice__from(key, (size_t)at + 1);
	}
	*out = key;
	if (slice__find(key, (uint8_t)separator) >= 0)
		*out = slice__sub(key, 0, (size_t)slice__find(key, (uint8_t)separator));
	return true;
}

static struct slice line_of(struct slice text)
{
	ptrdiff_t end = slice__find(text, '\n');
	struct slice line = end < 0 ? text : slice__sub(text, 0, (size_t)end);

	if (line.length && line.data[line.length - 1] == '\r')
		line.length--;
	return line;
}

static struct slice after_line(struct slice text)
{
	ptrdiff_t end = slice__find(text, '\n');

	return end < 0 ? (struct slice){0} : slice__from(text, (size_t)end + 1);
}

/* "used_memory:1234" of an INFO reply. */
static bool info_field(struct slice text, const char *name, struct slice *out)
{
	size_t length = strlen(name);

	for (; text.length; text = after_line(text)) {
		struct slice line = line_of(text);

		if (slice__starts(line, name) && line.length > length && line.data[length] == ':') {
			*out = slice__from(line, length + 1);
			return true;
		}
	}
	return false;
}

static bool reply(struct slice wire, const char *name, struct slice *out)
{
	struct slice line = line_of(wire);

	if (!line.length)
		return false;
	if (name)
		return info_field(wire, name, out);
	switch (line.data[0]) {
	case ':':
	case '+':
	case ',':
	case '#':
	case '(':
		*out = slice__from(line, 1);
		return true;
	case '$':
		*out = line_of(after_line(wire));
		return slice__equals(line, "$-1") == false;
	default:
		return false;
	}
}

static bool from_redis(const struct value_spec *spec, const struct details *details,
		       struct slice *out)
{
	switch (spec->source) {
	case SOURCE_REDIS_KEY:
		return redis__key(details, out);
	case SOURCE_REDIS_KEY_PART:
		return redis__key(details, out) &&
		       key_part(*out, spec->separator, spec->index, out);
	case SOURCE_REDIS_ARGUMENT:
		return redis__argument(details, spec->index, out);
	default:
		return reply(details__get(details, DETAIL_REPLY), spec->name, out);
	}
}

/* ---- PostgreSQL ---- */

static bool binary_parameter(struct slice bytes, struct value *out)
{
	uint64_t high;

	switch (bytes.length) {
	case 1:
		return give_number(out, bytes.data[0]);
	case 2:
		return give_number(out, (int16_t)slice__u16(bytes, 0));
	case 4:
		return give_number(out, (int32_t)slice__u32(bytes, 0));
	case 8:
		high = slice__u32(bytes, 0);
		return give_number(out, (double)(int64_t)(high << 32 | slice__u32(bytes, 4)));
	default:
		return give(out, bytes); /* of text types the binary form is the text */
	}
}

/* One format code for all, one for each, or none: text. */
static bool is_binary(struct slice formats, uint32_t count, uint32_t index)
{
	if (!count)
		return false;
	return slice__u16(formats, count == 1 ? 0 : 2 * (size_t)(index - 1)) == 1;
}

bool postgres__parameter(struct slice p, uint32_t index, struct value *out)
{
	struct slice formats;
	uint32_t format_count;

	if (p.length < 2 || !index)
		return false;
	format_count = slice__u16(p, 0);
	formats = slice__sub(p, 2, 2 * (size_t)format_count);
	p = slice__from(p, 2 + 2 * (size_t)format_count);
	if (formats.length < 2 * (size_t)format_count || p.length < 2 || slice__u16(p, 0) < index ||
	    (format_count > 1 && format_count < index))
		return false;
	p = slice__from(p, 2);
	for (uint32_t i = 1; p.length >= 4; i++) {
		uint32_t length = slice__u32(p, 0);
		bool null = length == UINT32_MAX;
		struct slice bytes = slice__sub(p, 4, null ? 0 : length);

		if (i == index && (null || bytes.length < length))
			return false;
		if (i == index)
			return is_binary(formats, format_count, index)
				       ? binary_parameter(bytes, out)
				       : give(out, bytes);
		p = slice__from(p, 4 + bytes.length);
	}
	return false;
}

/* ---- the door ---- */

static bool from_exchange(const struct value_spec *spec, const struct exchange *e,
			  const struct engine *engine, struct value *out)
{
	const struct label *label = labels__get(engine->labels, e->label);

	switch (spec->source) {
	case SOURCE_FIXED:
		return give_text(out, spec->name);
	case SOURCE_METHOD:
		return give_text(out, http_method__name(e->http.method));
	case SOURCE_STATUS:
		return e->http.status && give_number(out, e->http.status);
	case SOURCE_OUTCOME:
		return give_text(out, outcome__name(e->outcome));
	case SOURCE_SERVICE:
		return give_text(
			out, processes__service(engine->processes, e->connection->service)->name);
	case SOURCE_SQL_VERB:
		return give_text(out, label->verb);
	case SOURCE_SQL_TABLE:
		return give_text(out, label->table);
	case SOURCE_LATENCY:
		return give_number(out, (double)exchange__latency_ns(e) / 1e6);
	default: /* route, command */
		return give_text(out, label->text);
	}
}

static bool jwt_of(const struct value_spec *spec, struct slice head, struct slice *out)
{
	if (spec->cookie)
		return http__cookie(head, spec->cookie, out);
	if (!http__header(head, "authorization", out) || out->length < 7 ||
	    !slice__equals_nocase(slice__sub(*out, 0, 7), "bearer "))
		return false;
	*out = slice__from(*out, 7);
	return true;
}

static bool from_http(const struct value_spec *spec, const struct details *d, struct slice *out)
{
	struct slice head = details__get(d, DETAIL_REQUEST_HEAD);

	switch (spec->source) {
	case SOURCE_ROUTE_PARAMETER:
		return http__route_parameter(head, spec->route, spec->name, out);
	case SOURCE_QUERY_PARAMETER:
		return http__query(head, spec->name, out);
	case SOURCE_REQUEST_HEADER:
		return http__header(head, spec->name, out);
	case SOURCE_RESPONSE_HEADER:
		return http__header(details__get(d, DETAIL_RESPONSE_HEAD), spec->name, out);
	case SOURCE_COOKIE:
		return http__cookie(head, spec->name, out);
	case SOURCE_REQUEST_JSON:
		return json__find(details__get(d, DETAIL_REQUEST_BODY), spec->name, out);
	default:
		return json__find(details__get(d, DETAIL_RESPONSE_BODY), spec->name, out);
	}
}

bool value__extract(const struct value_spec *spec, const struct exchange *e,
		    const struct engine *engine, struct value *out)
{
	struct slice found;

	if (spec->source <= SOURCE_LATENCY)
		return from_exchange(spec, e, engine, out);
	if (spec->source == SOURCE_SQL_PARAMETER)
		return postgres__parameter(details__get(e->details, DETAIL_PARAMETERS), spec->index,
					   out);
	if (spec->source == SOURCE_JWT_CLAIM)
		return jwt_of(spec, details__get(e->details, DETAIL_REQUEST_HEAD), &found) &&
		       jwt__claim(found, spec->name, out);
	if (spec->source >= SOURCE_REDIS_KEY)
		return from_redis(spec, e->details, &found) && give(out, found);
	return from_http(spec, e->details, &found) && give(out, found);
}

bool value__number(const struct value *value, double *out)
{
	char *end;

	if (!value->length)
		return false;
	*out = strtod(value->text, &end);
	return end == value->text + value->length && isfinite(*out);
}

void value_spec__clear(struct value_spec *spec)
{
	free(spec->name);
	free(spec->cookie);
	free(spec->route);
	*spec = (struct value_spec){0};
}
