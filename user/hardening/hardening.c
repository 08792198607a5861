/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "hardening/hardening.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include "log.h"

static struct hardening_status status; /* written before any thread */

static bool done(const char *what, int err)
{
	if (err)
		log__write(LOG_WARN, "hardening", "%s: %s; it stays as it was", what,
			   strerror(-err));
	return !err;
}

/* Landlock and seccomp want no_new_privs first (their manuals), and no right but what is left. */
void hardening__apply(const struct hardening_options *options)
{
	int err;

	status.capabilities =
		done("dropping capabilities", capabilities__drop(options->socket_group));
	status.no_new_privileges =
		done("no_new_privs", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -errno : 0);
	err = files__confine(options->socket);
	if (err != -EBUSY)
		status.files = done("confining files (Landlock)", err);
	status.system_calls = done("confining system calls (seccomp)", system_calls__confine());
}

void hardening__status(struct hardening_status *out)
{
	*out = status;
	out->refused = system_calls__refused(&out->refused_last);
}

void hardening__probe(hardening_tell tell)
{
	bool filters = prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
	bool looks = capability__held(CAP_SYS_PTRACE) || capability__held(CAP_SYS_ADMIN);
	int version = files__version();

	rights__probe(tell);
	tell("seccomp", filters,
	     filters ? "system calls beyond a list will be refused" : "not in this kernel");
	tell("Landlock", version > 0 && !looks,
	     !version ? "not in this kernel, or not switched on (lsm=)"
	     : looks  ? "not used: it would forbid what CAP_SYS_PTRACE and CAP_SYS_ADMIN are for"
		      : "no file will be written but the local socket");
}
