/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "hardening/hardening.h"

/* All that changes files; reading stays open everywhere. Those of the first version (Linux 5.13).
 */
#define WRITING                                                                                    \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                           \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR |                           \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |                               \
	 LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |                             \
	 LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_EXECUTE)

int files__version(void)
{
	long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return version > 0 ? (int)version : 0;
}

/* The local socket is made and removed there. */
static int allow_folder(int rules, const char *socket)
{
	struct landlock_path_beneath_attr folder = {
		.allowed_access = LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REMOVE_FILE};
	char path[128];
	int err;

	strncpy(path, socket, sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	folder.parent_fd = open(dirname(path), O_PATH | O_CLOEXEC);
	if (folder.parent_fd < 0)
		return -errno;
	err = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &folder, 0) ? -errno
											    : 0;
	close(folder.parent_fd);
	return err;
}

/*
 * A confined process may not look into one that is not (security/landlock/task.c,
 * hook_ptrace_access_check), which /proc/PID/exe and its like ask for: where we have the right to
 * that, it is worth more.
 */
int files__confine(const char *socket)
{
	struct landlock_ruleset_attr attributes = {.handled_access_fs = WRITING};
	int rules, err = 0;

	if (capability__held(CAP_SYS_PTRACE) || capability__held(CAP_SYS_ADMIN))
		return -EBUSY;
	rules = (int)syscall(SYS_landlock_create_ruleset, &attributes,
			     sizeof(attributes.handled_access_fs), 0);
	if (rules < 0)
		return -errno;
	if (socket[0])
		err = allow_folder(rules, socket);
	if (!err && syscall(SYS_landlock_restrict_self, rules, 0))
		err = -errno;
	close(rules);
	return err;
}
