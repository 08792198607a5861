/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <linux/capability.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "hardening/hardening.h"
#include "log.h"

#define BIT(capability) (1ull << (capability))

/* What each is for while the daemon runs; without it the feature is off (docs/privileges.md). */
static const struct {
	unsigned int capability;
	const char *name;
	const char *lacks;
} rights[] = {
	{CAP_BPF, "CAP_BPF", NULL}, /* also TLS libraries that are found later */
	{CAP_PERFMON, "CAP_PERFMON", NULL},
	{CAP_SYS_PTRACE, "CAP_SYS_PTRACE",
	 "of other users' processes executables, TLS libraries outside of the usual folders, "
	 "listening sockets and Redis' own figures are not looked at"},
	{CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH",
	 "TLS libraries and executables in folders closed to this user are not probed"},
	{CAP_SYS_ADMIN, "CAP_SYS_ADMIN",
	 "the run time of the BPF programs is not measured, deleted TLS libraries are not probed"},
	{CAP_CHECKPOINT_RESTORE, "CAP_CHECKPOINT_RESTORE", NULL}, /* map_files, without SYS_ADMIN */
	{CAP_SYS_NICE, "CAP_SYS_NICE", "the draining thread has the usual priority"},
	{CAP_NET_BIND_SERVICE, "CAP_NET_BIND_SERVICE", NULL}, /* a port below 1024, by SIGHUP */
};

#define COUNT (sizeof(rights) / sizeof(rights[0]))

static int read_sets(uint64_t *permitted, uint64_t *effective)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	if (syscall(SYS_capget, &header, data))
		return -errno;
	*permitted = (uint64_t)data[1].permitted << 32 | data[0].permitted;
	*effective = (uint64_t)data[1].effective << 32 | data[0].effective;
	return 0;
}

static int write_sets(uint64_t held)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{.effective = (uint32_t)held, .permitted = (uint32_t)held},
		{.effective = (uint32_t)(held >> 32), .permitted = (uint32_t)(held >> 32)}};

	return syscall(SYS_capset, &header, data) ? -errno : 0;
}

bool capability__held(unsigned int capability)
{
	uint64_t permitted = 0, effective = 0;

	return read_sets(&permitted, &effective) == 0 && effective & BIT(capability);
}

/* Of no use to a process that cannot exec for more; needs CAP_SETPCAP, so it comes first. */
static void drop_bounding(uint64_t kept)
{
	for (unsigned int c = 0; prctl(PR_CAPBSET_READ, c, 0, 0, 0) >= 0; c++)
		if (!(kept & BIT(c)))
			prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
}

int capabilities__drop(bool socket_group)
{
	uint64_t permitted, effective, kept = socket_group ? BIT(CAP_CHOWN) : 0;
	int err = read_sets(&permitted, &effective);

	if (err)
		return err;
	for (size_t i = 0; i < COUNT; i++)
		kept |= BIT(rights[i].capability);
	drop_bounding(kept);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return write_sets(permitted & kept);
}

/* A unit's LimitNICE= is as good as CAP_SYS_NICE (setrlimit(2): 20 less the limit is the ceiling).
 */
static bool held(unsigned int capability)
{
	struct rlimit nice;

	if (capability == CAP_SYS_NICE && getrlimit(RLIMIT_NICE, &nice) == 0 && nice.rlim_cur >= 30)
		return true;
	return capability__held(capability);
}

void rights__say(void)
{
	for (size_t i = 0; i < COUNT; i++)
		if (rights[i].lacks && !held(rights[i].capability))
			log__write(LOG_INFO, "rights", "without %s %s", rights[i].name,
				   rights[i].lacks);
}

void rights__probe(hardening_tell tell)
{
	for (size_t i = 0; i < COUNT; i++)
		if (rights[i].lacks) {
			bool there = held(rights[i].capability);

			tell(rights[i].name, there, there ? "held" : rights[i].lacks);
		}
}
