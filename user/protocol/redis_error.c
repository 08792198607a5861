/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Prefixes of errors: Redis' server.c (createSharedObjects), cluster.c, sentinel.c, script.c,
 * acl.c, and Valkey's REDIRECT. The set is closed, since what a script answers is the user's own
 * text, and would become a label.
 */
#include "protocol/redis_internal.h"

const char *redis_error__prefix(struct slice text)
{
	static const char *const prefixes[] = {
		"ERR",	    "WRONGTYPE",  "NOAUTH",	 "NOPERM",	 "WRONGPASS",
		"OOM",	    "LOADING",	  "BUSY",	 "BUSYKEY",	 "BUSYGROUP",
		"NOGROUP",  "NOSCRIPT",	  "NOTBUSY",	 "MOVED",	 "ASK",
		"TRYAGAIN", "CROSSSLOT",  "CLUSTERDOWN", "MASTERDOWN",	 "MISCONF",
		"READONLY", "NOREPLICAS", "EXECABORT",	 "UNKILLABLE",	 "UNBLOCKED",
		"INPROG",   "NOPROTO",	  "IOERR",	 "NOMASTERLINK", "NOGOODSLAVE",
		"NOQUORUM", "NOADDR",	  "NOTREADY",	 "NOTFOUND",	 "DENIED",
		"STALE",    "SYNTAX",	  "REDIRECT",	 "INVALIDOBJ",	 "VERSIONMISMATCH",
	};
	ptrdiff_t space = slice__find(text, ' ');
	struct slice word = space < 0 ? text : slice__sub(text, 0, (size_t)space);

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (slice__equals(word, prefixes[i]))
			return prefixes[i];
	return "OTHER";
}
