/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "view/save.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FLAGS (O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY)
#define MODE  0600

/*
 * O_EXCL does not follow a link at the end of the path (open(2)); those in the middle of it are
 * refused by openat2, which Linux has since 5.6.
 */
static int create(const char *path)
{
	const struct open_how how = {.flags = FLAGS, .mode = MODE, .resolve = RESOLVE_NO_SYMLINKS};
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));

	if (fd < 0 && errno == ENOSYS)
		fd = open(path, FLAGS, MODE);
	return fd < 0 ? -errno : fd;
}

static int write_all(int fd, const char *bytes, size_t length)
{
	while (length) {
		ssize_t written = write(fd, bytes, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		bytes += written;
		length -= (size_t)written;
	}
	return 0;
}

/* What open's errors mean to somebody who gave a name. */
static const char *reason(int err)
{
	switch (err) {
	case -EEXIST:
		return "there is such a file already; choose another name";
	case -ELOOP:
		return "the way there is a symbolic link; name the folder itself";
	case -ENOENT:
		return "there is no such folder";
	case -EISDIR:
		return "that is a folder";
	default:
		return strerror(-err);
	}
}

/* Taken away only where it is still the one that was made here. */
static void remove_own(int fd, const char *path)
{
	struct stat own, there;

	if (fstat(fd, &own) == 0 && lstat(path, &there) == 0 && own.st_dev == there.st_dev &&
	    own.st_ino == there.st_ino)
		unlink(path);
}

int save__write(const char *path, const char *bytes, size_t length, char *error, size_t size)
{
	int fd = create(path), err = fd < 0 ? fd : write_all(fd, bytes, length);

	/* Network file systems tell of a full disk only now (close(2)). */
	if (fd >= 0 && !err && fsync(fd) && errno != EINVAL && errno != EROFS)
		err = -errno;
	if (fd >= 0 && err)
		remove_own(fd, path);
	if (fd >= 0)
		close(fd);
	if (err)
		snprintf(error, size, "not saved: %s", reason(err));
	return err;
}
