/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Titles: what programs write over their arguments to tell `ps` what they are doing. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "service/naming.h"

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* "gunicorn: worker [shop]": until `ends` within the brackets. */
static bool set_bracketed(struct naming *n, const char *title, const char *ends)
{
	const char *open = strchr(title, '[');

	if (open)
		name__until(n, open + 1, ends);
	return name__is_set(n);
}

/* "[celeryd: celery@host:MainProcess] -active- (-A shop worker)" */
static bool set_celery(struct naming *n, const char *title)
{
	const char *app = strstr(title, "-A ");

	name__until(n, app ? app + strlen("-A ") : "celery", " .:)");
	return name__is_set(n);
}

/* "php-fpm: pool www", "php-fpm: master process (/etc/php/8.2/fpm/php-fpm.conf)" */
static bool set_php_fpm(struct naming *n, const char *title)
{
	const char *pool = strstr(title, "pool ");
	char name[SERVICE_NAME_MAX];

	snprintf(name, sizeof(name), "php-fpm%s%s", pool ? "-" : "",
		 pool ? pool + strlen("pool ") : "");
	name__until(n, name, " ");
	return true;
}

/* "resque-2.6.0" is resque in every version. */
static size_t without_version(const char *text, size_t length)
{
	for (size_t i = 1; i + 1 < length; i++)
		if (text[i] == '-' && isdigit((unsigned char)text[i + 1]))
			return i;
	return length;
}

/* "nginx: worker process", "postgres: shop shop 127.0.0.1(4711) idle": what is before the colon. */
static bool set_before_colon(struct naming *n, const char *title)
{
	size_t length = strcspn(title, ":");

	if (title[0] == '-' || title[length] != ':' || title[length + 1] != ' ' ||
	    strcspn(title, " /") < length)
		return false;
	name__set(n, title, without_version(title, length));
	return name__is_set(n);
}

/*
 * An interpreter whose first argument is not its own name was told another one ("rq:worker:4f2a:
 * Listening", "unicorn worker[0] -c unicorn.rb", "npm run start", exec -a billing).
 */
static bool set_other_name(struct naming *n)
{
	const char *first = n->arguments.count ? n->arguments.at[0] : "";
	const char *base = argument__base_name(first);
	size_t length = strcspn(base, " :[(");

	if (!interpreter__is(n->executable) || interpreter__is(base) || base[0] == '-')
		return false;
	name__set(n, base, without_version(base, length));
	return name__is_set(n);
}

bool title__name(struct naming *n)
{
	const char *title = n->arguments.title;

	if (starts(title, "gunicorn: "))
		return set_bracketed(n, title, "].:") || set_before_colon(n, title);
	if (starts(title, "puma"))
		return set_bracketed(n, title, "]") || set_other_name(n);
	if (starts(title, "[celeryd: "))
		return set_celery(n, title);
	if (starts(title, "php-fpm: "))
		return set_php_fpm(n, title);
	return set_before_colon(n, title) || set_other_name(n);
}
