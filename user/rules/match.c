/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "match.h"

#include <stdlib.h>
#include "connection.h"
#include "details.h"
#include "rules/glob.h"
#include "rules/value.h"

static bool any_fits(const struct texts *texts, const char *text, bool nocase)
{
	struct slice s = slice__text(text);

	for (uint32_t i = 0; i < texts->count; i++)
		if (nocase ? glob__fits_nocase(texts->at[i], s) : glob__fits(texts->at[i], s))
			return true;
	return !texts->count;
}

/* Room for one more id; without memory nothing is remembered and the question is asked again. */
static uint8_t *remembered(struct answers *answers, uint32_t id)
{
	if (id >= answers->count) {
		uint32_t count = (id + 64) & ~63u;
		uint8_t *at = realloc(answers->at, count);

		if (!at)
			return NULL;
		memset(at + answers->count, 0, count - answers->count);
		answers->at = at;
		answers->count = count;
	}
	return &answers->at[id];
}

static bool label_fits(const struct match *m, const struct label *label)
{
	switch (m->protocol) {
	case PROTOCOL_HTTP1:
		return any_fits(&m->route, label->text, false);
	case PROTOCOL_POSTGRES:
		return any_fits(&m->verb, label->verb, true) &&
		       any_fits(&m->table, label->table, true) &&
		       any_fits(&m->fingerprint, label->fingerprint, true);
	default:
		return any_fits(&m->command, label->text, true);
	}
}

static bool label_of_fits(struct match *m, const struct exchange *e, const struct engine *engine)
{
	uint8_t *known = remembered(&m->labels, e->label);
	bool fits;

	if (known && *known)
		return *known == 2;
	fits = label_fits(m, labels__get(engine->labels, e->label));
	if (known)
		*known = fits ? 2 : 1;
	return fits;
}

static bool service_fits(struct match *m, const struct exchange *e, const struct engine *engine)
{
	uint32_t id = e->connection->service;
	uint8_t *known;
	bool fits;

	if (!m->service.count)
		return true;
	known = remembered(&m->services, id);
	if (known && *known)
		return *known == 2;
	fits = any_fits(&m->service, processes__service(engine->processes, id)->name, false);
	if (known)
		*known = fits ? 2 : 1;
	return fits;
}

static bool status_fits(const struct match *m, const struct exchange *e)
{
	for (uint32_t i = 0; i < m->status_count; i++)
		if (e->http.status >= m->status[i].low && e->http.status <= m->status[i].high)
			return true;
	return !m->status_count;
}

static bool key_fits(const struct match *m, const struct exchange *e)
{
	struct slice key;

	if (!m->key.count)
		return true;
	if (!redis__key(e->details, &key))
		return false;
	for (uint32_t i = 0; i < m->key.count; i++)
		if (glob__fits(m->key.at[i], key))
			return true;
	return false;
}

static enum protocol_id shown(uint8_t protocol)
{
	return protocol == PROTOCOL_HTTP2 ? PROTOCOL_HTTP1 : (enum protocol_id)protocol;
}

enum miss match__exchange(struct match *m, const struct exchange *e, const struct engine *engine)
{
	if (shown(e->protocol) != m->protocol)
		return MISS_PROTOCOL;
	if (m->sides && !(m->sides & 1u << e->side))
		return MISS_SIDE;
	if (!service_fits(m, e, engine))
		return MISS_SERVICE;
	if (!label_of_fits(m, e, engine))
		return MISS_LABEL;
	if (m->protocol == PROTOCOL_HTTP1 &&
	    !any_fits(&m->method, http_method__name(e->http.method), true))
		return MISS_METHOD;
	if (m->protocol == PROTOCOL_HTTP1 && !status_fits(m, e))
		return MISS_STATUS;
	if (m->outcomes && !(m->outcomes & 1u << e->outcome))
		return MISS_OUTCOME;
	return key_fits(m, e) ? MISS_NONE : MISS_KEY;
}

uint32_t match__wanted(const struct match *m)
{
	return m->key.count ? DETAIL_BIT(DETAIL_ARGUMENTS) : 0;
}

void texts__clear(struct texts *texts)
{
	for (uint32_t i = 0; i < texts->count; i++)
		free(texts->at[i]);
	texts->count = 0;
}

void match__clear(struct match *m)
{
	struct texts *all[] = {&m->service, &m->method,	     &m->route,	  &m->verb,
			       &m->table,   &m->fingerprint, &m->command, &m->key};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		texts__clear(all[i]);
	free(m->labels.at);
	free(m->services.at);
	*m = (struct match){0};
}
