/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <ucontext.h>
#include "hardening/hardening.h"

static _Atomic uint64_t refused;
static atomic_int refused_last;

/* By name: not each is there on every machine, nor known to every libseccomp. */
static const char *const allowed[] = {
	/* files, those of /proc most of all */
	"read", "readv", "pread64", "preadv", "open", "openat", "close", "close_range", "stat",
	"lstat", "fstat", "newfstatat", "statx", "statfs", "fstatfs", "lseek", "getdents64",
	"readlink", "readlinkat", "access", "faccessat", "faccessat2", "fcntl", "dup", "dup2",
	"dup3", "getcwd", "ioctl", "flock", "memfd_create",
	/* what was opened to be written, and the local socket's file */
	"write", "writev", "pwrite64", "fsync", "fdatasync", "ftruncate", "unlink", "unlinkat",
	"umask", "chmod", "fchmod", "fchmodat", "chown", "lchown", "fchown", "fchownat",
	/* memory and threads */
	"mmap", "munmap", "mprotect", "mremap", "madvise", "brk", "mlock", "munlock", "membarrier",
	"futex", "set_robust_list", "get_robust_list", "rseq", "set_tid_address", "exit",
	"exit_group", "sched_yield", "sched_getaffinity", "getcpu", "setpriority", "getpriority",
	"gettid", "getpid", "getppid", "tgkill", "getuid", "geteuid", "getgid", "getegid",
	"getgroups", "getrandom", "uname", "sysinfo", "getrusage", "prlimit64", "getrlimit",
	"capget",
	/* time and signals */
	"clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time",
	"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait", "rt_sigpending",
	"sigaltstack", "restart_syscall",
	/* the endpoint */
	"bind", "listen", "accept", "accept4", "connect", "sendto", "sendmsg", "sendfile",
	"recvfrom", "recvmsg", "shutdown", "getsockopt", "setsockopt", "getsockname", "getpeername",
	"socketpair", "poll", "ppoll", "select", "pselect6", "epoll_create1", "epoll_ctl",
	"epoll_wait", "epoll_pwait", "eventfd2", "pipe2",
	/* the observation; libraries are probed when they are found */
	"bpf", "perf_event_open", "process_vm_readv"};

static int allow_named(scmp_filter_ctx filter)
{
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		int number = seccomp_syscall_resolve_name(allowed[i]);
		int err = number < 0 ? 0 : seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);

		if (err)
			return err;
	}
	return 0;
}

/* libcap asks for the bounding set when it is loaded, as modules that look up groups do (NSS). */
static int allow_prctl(scmp_filter_ctx filter)
{
	static const int questions[] = {PR_SET_NAME, PR_SET_VMA, PR_CAPBSET_READ};
	int err = 0;

	for (size_t i = 0; i < sizeof(questions) / sizeof(*questions) && !err; i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
				       SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)questions[i]));
	return err;
}

/* Threads and no processes. clone3() takes its flags from memory, where no filter sees them: C
 * libraries use clone() where there is none (ENOSYS). */
static int allow_by_argument(scmp_filter_ctx filter)
{
	static const int families[] = {AF_UNIX, AF_INET, AF_INET6};
	int err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				   SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));

	if (!err)
		err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	for (size_t i = 0; i < sizeof(families) / sizeof(*families) && !err; i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
				       SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
	return err ? err : allow_prctl(filter);
}

/* The call returns -EPERM to who made it (seccomp(2), SECCOMP_RET_TRAP). */
static void count_refusal(int number, siginfo_t *info, void *context)
{
	ucontext_t *where = context;

	(void)number;
	refused++;
	refused_last = info->si_syscall;
#if defined(__x86_64__)
	where->uc_mcontext.gregs[REG_RAX] = -EPERM;
#else /* arm64 */
	where->uc_mcontext.regs[0] = (unsigned long long)-EPERM;
#endif
}

static int catch_refusals(void)
{
	struct sigaction action = {.sa_sigaction = count_refusal,
				   .sa_flags = SA_SIGINFO | SA_NODEFER};

	sigemptyset(&action.sa_mask);
	return sigaction(SIGSYS, &action, NULL) ? -errno : 0;
}

int system_calls__confine(void)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);
	int err = filter ? catch_refusals() : -ENOMEM;

	if (!err)
		err = allow_named(filter);
	if (!err)
		err = allow_by_argument(filter);
	if (!err)
		err = seccomp_load(filter);
	seccomp_release(filter);
	return err;
}

uint64_t system_calls__refused(int *last)
{
	*last = refused_last;
	return refused;
}
