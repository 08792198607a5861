/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Commands: an array of bulk strings, or an inline line. The name and the few arguments that matter
 * are looked at, all others pass by length. The entry is opened with the command's last byte of
 * interest: as soon as its name (and subcommand) is known.
 */
#include "protocol/redis_internal.h"

#define UNTIL_NAME(r)                                                                              \
	((r)->at == 0 || ((r)->at == 1 && redis_command__get((r)->command)->container))

static struct request *request_of(struct parser *parser)
{
	return &((struct redis *)parser->state)->request;
}

static struct step contradiction(struct parser *parser, const struct run *run, size_t at)
{
	request_of(parser)->state = REQUEST_RESYNC;
	details__free(request_of(parser)->details);
	request_of(parser)->details = NULL;
	parser__contradiction(parser, true, run->time_ns);
	return (struct step){.used = run->bytes.length - at, .stop = true};
}

/* ---- details ---- */

/* Room for the reply, where that is wanted as well. */
#define RESERVED(r) ((r)->followed ? 2048 : 0)

static bool keeps(const struct parser *parser, const struct request *r)
{
	return r->followed || parser->wanted & DETAIL_BIT(DETAIL_ARGUMENTS);
}

static void keep(struct parser *parser, struct slice argument, uint64_t length)
{
	struct request *r = request_of(parser);
	struct pending *back = r->open ? pairing__back(&parser->pairing) : NULL;
	struct pending holder = {.details = r->details};
	struct pending *p = back ? back : &holder;
	struct redis_argument record = {.length = (uint32_t)length};

	if (!keeps(parser, r) || r->cut)
		return;
	argument = slice__sub(argument, 0, REDIS_DETAIL_MAX);
	record.kept = (uint32_t)argument.length;
	if (p->details && details__room(p->details, DETAIL_ARGUMENTS) <
				  sizeof(record) + argument.length + RESERVED(r)) {
		r->cut = true;
		return;
	}
	parser__keep_detail(parser, p, DETAIL_ARGUMENTS, slice__of(&record, sizeof(record)));
	parser__keep_detail(parser, p, DETAIL_ARGUMENTS, argument);
	if (!back)
		r->details = holder.details;
}

/* ---- one command ---- */

static void begin(struct parser *parser, const struct run *run, size_t at, uint32_t arguments)
{
	struct request *r = request_of(parser);

	details__free(r->details);
	r->details = NULL;
	r->open = r->told = r->over = r->followed = r->cut = false;
	r->keys = (struct redis_keys){0};
	r->named = 0;
	r->command = REDIS_COMMAND_UNKNOWN;
	r->arguments = arguments;
	r->at = 0;
	r->bytes = 0;
	r->start_ns = run__time(run, at);
	r->queue_ns = run__queue(run, at);
}

/* How many keys, channels or patterns it names; all arguments but the name, or what MGET and co.
 * ask. */
static uint32_t names_of(const struct request *r)
{
	return r->arguments > 1 ? r->arguments - 1 : 0;
}

static uint8_t flags_of(struct request *r, const struct redis_command *command)
{
	uint8_t flags = 0;

	if (command->kind == COMMAND_BLOCKING && !r->multi)
		flags |= ENTRY_BLOCKING;
	if (command->kind == COMMAND_ENDLESS && !r->multi) /* within EXEC it is refused */
		flags |= ENTRY_ENDLESS;
	if (command->kind == COMMAND_UNSUBSCRIBE && r->arguments == 1)
		flags |= ENTRY_ALL;
	if (command->name[0] == 'I' && strcmp(command->name, "INFO") == 0)
		flags |= ENTRY_INFO;
	if (r->followed)
		flags |= ENTRY_FOLLOWED;
	if (command->kind == COMMAND_PLAIN || command->kind == COMMAND_GET_OPTION)
		flags |= ENTRY_PLAIN;
	if (r->off || r->skip)
		flags |= ENTRY_NO_REPLY;
	r->skip = false;
	return flags;
}

static void follow_transaction(struct request *r, const struct redis_command *command)
{
	if (command->kind == COMMAND_MULTI)
		r->multi = true;
	else if (command->kind == COMMAND_EXEC || command->kind == COMMAND_DISCARD)
		r->multi = false;
	else if (command->kind == COMMAND_RESET)
		r->multi = r->off = r->skip = false;
}

static void open_entry(struct parser *parser, const struct run *run, size_t at)
{
	struct request *r = request_of(parser);
	const struct redis_command *command = redis_command__get(r->command);
	struct pending *p = parser__request(parser, run, at);
	uint8_t flags = flags_of(r, command);

	follow_transaction(r, command);
	r->told = true;
	r->open = p != NULL;
	if (!p) {
		details__free(r->details);
		r->details = NULL;
		return;
	}
	p->start_ns = r->start_ns;
	p->queue_ns = r->queue_ns;
	p->label = parser__command(parser, r->command);
	p->kind = r->command;
	p->number = names_of(r);
	p->flags = flags;
	p->details = r->details;
	r->details = NULL;
	if (redis_patterns__wanted(parser))
		redis_keys__begin(&r->keys, r->command, r->arguments);
}

/* "ON" answers again, "OFF" is silence from itself on, "SKIP" is silence for itself and the next.
 */
static void client_reply(struct parser *parser, struct slice how)
{
	struct request *r = request_of(parser);
	struct pending *p = r->open ? pairing__back(&parser->pairing) : NULL;

	if (slice__equals_nocase(how, "on")) {
		r->off = r->skip = false;
		if (p)
			p->flags &= (uint8_t)~ENTRY_NO_REPLY;
		return;
	}
	if (slice__equals_nocase(how, "off"))
		r->off = true;
	else if (slice__equals_nocase(how, "skip"))
		r->skip = !r->off;
	else
		return; /* refused */
	if (p)
		p->flags |= ENTRY_NO_REPLY;
}

/* Arguments behind the name that change what the command does. */
static void look_at_argument(struct parser *parser, struct slice argument)
{
	struct request *r = request_of(parser);
	struct pending *p = r->open ? pairing__back(&parser->pairing) : NULL;
	uint8_t kind = redis_command__get(r->command)->kind;

	if (kind == COMMAND_CLIENT_REPLY && r->at == 2)
		client_reply(parser, argument);
	if (!p)
		return;
	if (redis_keys__matters(&r->keys, r->at) && redis_keys__take(&r->keys, r->at, argument))
		redis_patterns__key(parser, p, argument);
	if (kind == COMMAND_GET_OPTION && r->at > 2 && slice__equals_nocase(argument, "get"))
		p->flags |= ENTRY_GET;
	if (kind == COMMAND_BLOCK_OPTION && !r->over && !r->multi &&
	    slice__equals_nocase(argument, "block"))
		p->flags |= ENTRY_BLOCKING;
	r->over |= kind == COMMAND_BLOCK_OPTION && slice__equals_nocase(argument, "streams");
}

/* Values never do, and keys where nobody asks for them: they may be long, and nothing is waited
 * for to look at them. */
static bool matters(const struct parser *parser, const struct request *r)
{
	uint8_t kind = redis_command__get(r->command)->kind;

	return UNTIL_NAME(r) || kind == COMMAND_CLIENT_REPLY ||
	       (kind == COMMAND_BLOCK_OPTION && !r->over) ||
	       (kind == COMMAND_GET_OPTION && r->at > 2) || redis_keys__matters(&r->keys, r->at) ||
	       keeps(parser, r);
}

static void take_argument(struct parser *parser, const struct run *run, size_t at,
			  struct slice argument, uint64_t length)
{
	struct request *r = request_of(parser);

	if (r->at == 0) {
		r->command = (uint16_t)redis_command__find(argument);
		r->followed = parser__follows(parser, r->command);
	}
	keep(parser, argument, length);
	if (r->at && UNTIL_NAME(r))
		r->command = (uint16_t)redis_command__find_sub(r->command, argument);
	if (r->at == 0 && redis_command__get(r->command)->container && r->arguments > 1)
		return; /* the name goes on */
	if (!r->told)
		open_entry(parser, run, at);
	else
		look_at_argument(parser, argument);
}

static void command_done(struct parser *parser, uint64_t time_ns)
{
	struct request *r = request_of(parser);
	struct pending *p = r->open ? pairing__back(&parser->pairing) : NULL;

	r->state = REQUEST_START;
	r->open = false;
	if (p) {
		p->request_bytes = r->bytes;
		p->complete = true;
	}
	redis__answer_silent(parser, time_ns);
}

static void argument_done(struct parser *parser, uint64_t time_ns)
{
	struct request *r = request_of(parser);

	r->state = REQUEST_HEADER;
	if (++r->at >= r->arguments)
		command_done(parser, time_ns);
}

/* ---- inline commands ---- */

/* The next word; quotes are taken as they come (Redis' sds.c, sdssplitargs). */
static bool next_word(struct slice *rest, struct slice *word)
{
	size_t begin = 0, end;
	uint8_t quote = 0;

	while (begin < rest->length && (rest->data[begin] == ' ' || rest->data[begin] == '\t'))
		begin++;
	for (end = begin; end < rest->length; end++) {
		uint8_t c = rest->data[end];

		if (quote && c == '\\' && quote == '"')
			end++;
		else if (quote && c == quote)
			quote = 0;
		else if (!quote && (c == '"' || c == '\''))
			quote = c;
		else if (!quote && (c == ' ' || c == '\t'))
			break;
	}
	if (end > rest->length)
		end = rest->length;
	*word = slice__sub(*rest, begin, end - begin);
	*rest = slice__from(*rest, end);
	if (word->length >= 2 && (word->data[0] == '"' || word->data[0] == '\''))
		*word = slice__sub(*word, 1, word->length - 2);
	return end > begin;
}

static void take_inline(struct parser *parser, const struct run *run, size_t at, struct slice line,
			size_t used)
{
	struct request *r = request_of(parser);
	struct slice rest = line, word;
	uint32_t words = 0;

	while (next_word(&rest, &word))
		words++;
	if (!words)
		return; /* an empty line is none */
	begin(parser, run, at, words);
	rest = line;
	for (; next_word(&rest, &word); r->at++)
		take_argument(parser, run, at, word, word.length);
	r->bytes = used;
	command_done(parser, run->time_ns);
}

/* ---- bytes ---- */

static struct step start_line(struct parser *parser, const struct run *run, size_t at,
			      struct slice line, size_t used)
{
	struct request *r = request_of(parser);
	int64_t count;

	if (!line.length || line.data[0] != '*') {
		take_inline(parser, run, at, line, used);
		return (struct step){.used = used};
	}
	if (!redis__number(slice__from(line, 1), &count) || count > REDIS_ARGUMENTS)
		return contradiction(parser, run, at);
	if (count > 0) { /* "*0" and "*-1" are none */
		begin(parser, run, at, (uint32_t)count);
		r->bytes = used;
		r->state = REQUEST_HEADER;
	}
	return (struct step){.used = used};
}

static struct step header_line(struct parser *parser, const struct run *run, size_t at,
			       struct slice line, size_t used)
{
	struct request *r = request_of(parser);
	int64_t length;

	if (line.length < 2 || line.data[0] != '$' ||
	    !redis__number(slice__from(line, 1), &length) || length < 0 || length > REDIS_BULK_MAX)
		return contradiction(parser, run, at);
	r->bytes += used + (uint64_t)length + 2;
	r->left = (uint64_t)length + 2;
	r->state = REQUEST_DATA;
	return (struct step){.used = used};
}

static struct step take_line(struct parser *parser, const struct run *run, size_t at)
{
	struct request *r = request_of(parser);
	struct slice line;
	bool cut;
	size_t used;

	if (!redis__line(slice__from(run->bytes, at), &line, &used, &cut))
		return (struct step){0};
	if (r->state == REQUEST_HEADER)
		return header_line(parser, run, at, line, used);
	if (cut)
		r->state = REQUEST_LONG_LINE;
	return start_line(parser, run, at, line, used);
}

static struct step pass_long_line(struct request *r, struct slice rest)
{
	ptrdiff_t end = slice__find(rest, '\n');

	if (end >= 0)
		r->state = REQUEST_START;
	return (struct step){.used = end < 0 ? rest.length : (size_t)end + 1};
}

static struct step pass_data(struct parser *parser, const struct run *run, size_t at)
{
	struct request *r = request_of(parser);
	size_t there = run->bytes.length - at;

	r->state = REQUEST_PASSING;
	if (r->left > there)
		return (struct step){.used = r->left, .stop = true};
	at += r->left;
	argument_done(parser, run__time(run, at - 1));
	return (struct step){.used = r->left};
}

static struct step take_data(struct parser *parser, const struct run *run, size_t at)
{
	struct request *r = request_of(parser);
	struct slice rest = slice__from(run->bytes, at);
	uint64_t length = r->left - 2;

	if (matters(parser, r)) {
		uint64_t enough = length < REDIS_DETAIL_MAX ? r->left : REDIS_DETAIL_MAX;

		if (rest.length < enough && !run->full)
			return (struct step){0};
		take_argument(parser, run, at, slice__sub(rest, 0, (size_t)length), length);
	}
	return pass_data(parser, run, at);
}

static struct step resync(struct parser *parser, const struct run *run, size_t at)
{
	struct slice rest = slice__from(run->bytes, at);
	enum detection d = at ? DETECT_NO : redis__begins_array(rest, false);

	if (d == DETECT_YES) {
		request_of(parser)->state = REQUEST_START;
		return take_line(parser, run, at);
	}
	if (d == DETECT_MORE && !run->full)
		return (struct step){0};
	parser__passed_over(parser, rest.length);
	return (struct step){.used = rest.length};
}

struct step redis__request(struct parser *parser, const struct run *run, size_t at)
{
	struct request *r = request_of(parser);

	switch (r->state) {
	case REQUEST_START:
	case REQUEST_HEADER:
		return take_line(parser, run, at);
	case REQUEST_DATA:
		return take_data(parser, run, at);
	case REQUEST_LONG_LINE:
		return pass_long_line(r, slice__from(run->bytes, at));
	default:
		return resync(parser, run, at);
	}
}

void redis__request_skipped(struct parser *parser, uint64_t time_ns)
{
	if (request_of(parser)->state == REQUEST_PASSING)
		argument_done(parser, time_ns);
}
