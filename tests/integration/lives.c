/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The lives of connections and processes: how they begin and end, who owns them, what was there
 * before. A child lives them and leaves the sockets' numbers in shared memory; its parent captures.
 *
 *	lives [WAY]		0 all as it was, 1 not, 77 BPF may not be loaded here
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "capture/capture.h"

#define EVENTS_MAX 4096
#define INODE_BIT  (1ull << 63) /* bpf/numbered.h */

/* What the child tells: the two ends of each connection, and processes. */
static struct told {
	_Atomic int ready, go;
	uint64_t old_tcp[2], old_unix[2], reset[2], orderly[2], half[2], shared[2], brief[2],
		ring[2], living[2];
	uint32_t brief_tgid, shared_tgid, child_tgid;
	int io_uring;
} * told;

static enum capture_way way;

static _Noreturn void die(const char *what)
{
	perror(what);
	_exit(3);
}

static uint64_t number(int fd)
{
	struct sockaddr_storage name;
	socklen_t size = sizeof(name);
	uint64_t cookie = 0;
	struct stat about;

	if (getsockname(fd, (void *)&name, &size))
		die("getsockname");
	if (name.ss_family == AF_UNIX && way == CAPTURE_SYS_EXIT) {
		fstat(fd, &about);
		return INODE_BIT | about.st_ino;
	}
	size = sizeof(cookie);
	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &size))
		die("SO_COOKIE");
	return cookie;
}

static int listen_on(int family, struct sockaddr_storage *at, socklen_t *size)
{
	struct sockaddr_un *un = (void *)at;
	struct sockaddr_in *in = (void *)at;
	int fd = socket(family, SOCK_STREAM, 0);

	memset(at, 0, sizeof(*at));
	at->ss_family = (sa_family_t)family;
	*size = sizeof(*in);
	if (family == AF_UNIX)
		*size = (socklen_t)(sizeof(un->sun_family) + 1 +
				    (size_t)sprintf(un->sun_path + 1, "lives-%d", getpid()));
	else
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (void *)at, *size) || listen(fd, 8))
		die("listen");
	if (family != AF_UNIX && getsockname(fd, (void *)at, size))
		die("getsockname");
	return fd;
}

/* pair[0] connects, pair[1] accepts. The listener goes, unless it is asked for. */
static void connect_pair(int family, int pair[2], uint64_t numbers[2], int *listener)
{
	struct sockaddr_storage at;
	socklen_t size;
	int fd = listen_on(family, &at, &size);

	pair[0] = socket(family, SOCK_STREAM, 0);
	if (connect(pair[0], (void *)&at, size))
		die("connect");
	pair[1] = accept(fd, NULL, NULL);
	if (pair[1] < 0)
		die("accept");
	if (listener)
		*listener = fd;
	else
		close(fd);
	numbers[0] = number(pair[0]);
	numbers[1] = number(pair[1]);
}

static void pass(int from, int to, const char *text)
{
	char bytes[64];
	size_t length = strlen(text);

	if (write(from, text, length) != (ssize_t)length ||
	    read(to, bytes, sizeof(bytes)) != (ssize_t)length)
		die("pass");
}

static void live_reset(void)
{
	struct linger linger = {.l_onoff = 1};
	int pair[2];
	char byte;

	connect_pair(AF_INET, pair, told->reset, NULL);
	pass(pair[0], pair[1], "reset");
	setsockopt(pair[1], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(pair[1]);
	if (read(pair[0], &byte, 1) >= 0 || errno != ECONNRESET)
		die("reset");
	close(pair[0]);
}

static void live_orderly(void)
{
	int pair[2];
	char byte;

	connect_pair(AF_INET, pair, told->orderly, NULL);
	pass(pair[0], pair[1], "orderly");
	close(pair[0]);
	if (read(pair[1], &byte, 1) != 0)
		die("orderly");
	close(pair[1]);
}

/* Both FINs have passed before the client reads what was sent to it. */
static void live_half_closed(void)
{
	char bytes[64];
	int pair[2];

	connect_pair(AF_INET, pair, told->half, NULL);
	pass(pair[0], pair[1], "question");
	shutdown(pair[0], SHUT_WR);
	if (write(pair[1], "late answer", 11) != 11)
		die("write");
	close(pair[1]);
	usleep(50000);
	if (read(pair[0], bytes, sizeof(bytes)) != 11)
		die("half closed");
	close(pair[0]);
}

static void live_refused(void)
{
	struct sockaddr_storage at;
	socklen_t size;
	int listener = listen_on(AF_INET, &at, &size), fd = socket(AF_INET, SOCK_STREAM, 0);

	close(listener);
	if (!connect(fd, (void *)&at, size) || errno != ECONNREFUSED)
		die("refused");
	close(fd);
}

/* One socket, used by its heir under another number. */
static void live_shared(void)
{
	int pair[2], status;
	pid_t heir;

	connect_pair(AF_INET, pair, told->shared, NULL);
	pass(pair[0], pair[1], "parent");
	heir = fork();
	if (heir == 0) {
		dup2(pair[0], 77);
		close(pair[0]);
		told->shared_tgid = (uint32_t)getpid();
		pass(77, pair[1], "heir");
		_exit(0);
	}
	waitpid(heir, &status, 0);
	pass(pair[0], pair[1], "parent again");
	close(pair[0]);
	close(pair[1]);
}

/* A process that writes once and is gone. */
static void live_brief(void)
{
	int pair[2], status;
	pid_t brief;

	connect_pair(AF_UNIX, pair, told->brief, NULL);
	brief = fork();
	if (brief == 0) {
		told->brief_tgid = (uint32_t)getpid();
		_exit(write(pair[0], "brief", 5) == 5 ? 0 : 1);
	}
	waitpid(brief, &status, 0);
	close(pair[0]);
	close(pair[1]);
}

/* One send by io_uring, by hand: there is no library to be asked for it everywhere. */
static void live_io_uring(void)
{
	struct io_uring_params params = {0};
	struct io_uring_sqe *entry;
	int pair[2], fd = (int)syscall(SYS_io_uring_setup, 4, &params);
	unsigned char *ring;

	if (fd < 0)
		return;
	ring = mmap(NULL, params.sq_off.array + params.sq_entries * sizeof(unsigned int),
		    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQ_RING);
	entry = mmap(NULL, params.sq_entries * sizeof(*entry), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQES);
	if (ring == MAP_FAILED || (void *)entry == MAP_FAILED)
		return;
	connect_pair(AF_INET, pair, told->ring, NULL);
	*entry = (struct io_uring_sqe){
		.opcode = IORING_OP_SEND,
		.fd = pair[0],
		.addr = (uintptr_t) "by a ring",
		.len = 9,
	};
	*(unsigned int *)(ring + params.sq_off.array) = 0;
	*(_Atomic unsigned int *)(ring + params.sq_off.tail) += 1;
	if (syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) == 1)
		told->io_uring = 1;
	close(pair[0]);
	close(pair[1]);
	close(fd);
}

static _Noreturn void live(void)
{
	int tcp[2], local[2], listeners[2], pair[2];

	told->child_tgid = (uint32_t)getpid();
	connect_pair(AF_INET, tcp, told->old_tcp, &listeners[0]);
	connect_pair(AF_UNIX, local, told->old_unix, &listeners[1]);
	pass(tcp[0], tcp[1], "before");
	pass(local[0], local[1], "before");
	told->ready = 1;
	while (!told->go)
		usleep(1000);
	pass(tcp[0], tcp[1], "after");
	pass(local[0], local[1], "after");
	close(tcp[0]);
	close(local[0]);
	close(listeners[1]);
	live_reset();
	live_orderly();
	live_half_closed();
	live_refused();
	live_shared();
	live_brief();
	live_io_uring();
	connect_pair(AF_UNIX, pair, told->living, NULL);
	pass(pair[0], pair[1], "living");
	told->ready = 2;
	while (told->go != 2)
		usleep(1000);
	_exit(0);
}

static struct noted {
	uint16_t type, flags;
	uint64_t connection, length;
	uint32_t tgid;
	uint8_t role, direction;
	int32_t error;
} noted[EVENTS_MAX];
static size_t noted_count;

static void take(void *context, const struct event *event, uint32_t size)
{
	const struct chunk *chunk = (const void *)event;
	const struct open_event *open = (const void *)event;
	const struct end_event *end = (const void *)event;
	struct noted *note = &noted[noted_count];

	(void)context;
	(void)size;
	if (noted_count == EVENTS_MAX)
		return;
	*note = (struct noted){.type = event->type, .flags = event->flags};
	if (event->type == EVENT_CHUNK) {
		note->connection = chunk->connection;
		note->length = chunk->length;
		note->tgid = chunk->tgid;
		note->direction = chunk->direction;
	} else if (event->type == EVENT_OPEN || event->type == EVENT_CONNECT_FAILED) {
		note->connection = open->connection;
		note->tgid = open->tgid;
		note->role = open->role;
		note->error = open->error;
	} else if (event->type == EVENT_SHUT || event->type == EVENT_CLOSE) {
		note->connection = end->connection;
		note->error = end->error;
		note->direction = end->direction;
	} else if (event->type == EVENT_PROCESS || event->type == EVENT_EXIT) {
		note->tgid = event->type == EVENT_EXIT
				     ? ((const struct exit_event *)event)->tgid
				     : ((const struct process_event *)event)->tgid;
	}
	noted_count++;
}

/* The first event of a kind from `from` on; by connection or by process where they are not 0. */
static const struct noted *first(uint16_t type, uint64_t connection, uint32_t tgid)
{
	for (size_t i = 0; i < noted_count; i++)
		if (noted[i].type == type && (!connection || noted[i].connection == connection) &&
		    (!tgid || noted[i].tgid == tgid))
			return &noted[i];
	return NULL;
}

static uint64_t bytes(uint64_t connection, uint8_t direction)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < noted_count; i++)
		if (noted[i].type == EVENT_CHUNK && noted[i].connection == connection &&
		    noted[i].direction == direction)
			sum += noted[i].length;
	return sum;
}

static int failed;

static void check(bool good, const char *what)
{
	printf("%s %s\n", good ? "ok" : "not ok", what);
	failed += !good;
}

static bool opened(uint64_t connection, uint8_t role, uint16_t flags)
{
	const struct noted *open = first(EVENT_OPEN, connection, 0);

	return open && open->role == role && (open->flags & OPEN_EXISTING) == flags;
}

static bool closed(uint64_t connection, int32_t error)
{
	const struct noted *close_event = first(EVENT_CLOSE, connection, 0);

	return close_event && close_event->error == error;
}

static void check_old(void)
{
	check(opened(told->old_tcp[0], ROLE_CLIENT, OPEN_EXISTING), "old TCP client known as such");
	check(opened(told->old_tcp[1], ROLE_SERVER, OPEN_EXISTING), "old TCP server known as such");
	check(opened(told->old_unix[0], ROLE_CLIENT, OPEN_EXISTING),
	      "old AF_UNIX client known as such");
	check(opened(told->old_unix[1], ROLE_SERVER, OPEN_EXISTING),
	      "old AF_UNIX server known as such");
	check(bytes(told->old_tcp[0], DIRECTION_SEND) == 5 &&
		      bytes(told->old_unix[1], DIRECTION_RECV) == 5,
	      "bytes after the start, and only those");
}

static void check_ends(void)
{
	const struct noted *refused = first(EVENT_CONNECT_FAILED, 0, told->child_tgid);
	const struct noted *late = NULL;

	for (size_t i = 0; i < noted_count; i++)
		if (noted[i].type == EVENT_CHUNK && noted[i].connection == told->half[0] &&
		    noted[i].direction == DIRECTION_RECV)
			late = &noted[i];
	check(closed(told->reset[0], ECONNRESET), "a reset is told with its error");
	check(closed(told->orderly[0], 0) && closed(told->orderly[1], 0), "orderly ends");
	check(first(EVENT_SHUT, told->orderly[1], 0) != NULL, "the FIN is told");
	check(late && late->length == 11 && closed(told->half[0], 0) &&
		      late < first(EVENT_CLOSE, told->half[0], 0),
	      "what is read after both FINs comes before the end");
	check(refused && refused->error == ECONNREFUSED, "a refused connect is told");
}

static void check_owners(void)
{
	const struct noted *named = first(EVENT_PROCESS, 0, told->brief_tgid);
	const struct noted *chunk = first(EVENT_CHUNK, told->brief[0], told->brief_tgid);

	check(named && chunk && named < chunk, "a brief process is named before its bytes");
	check(first(EVENT_EXIT, 0, told->brief_tgid) != NULL, "and its exit is told");
	check(bytes(told->shared[0], DIRECTION_SEND) == 6 + 4 + 12 &&
		      first(EVENT_CHUNK, told->shared[0], told->shared_tgid),
	      "an inherited, duplicated socket stays one connection");
	check(!first(EVENT_CHUNK, 0, (uint32_t)getpid()), "we do not see ourselves");
}

/* The third way in does not see io_uring at all: documented, and doctor says so. */
static void check_io_uring(void)
{
	const struct noted *chunk = first(EVENT_CHUNK, told->ring[0], 0);

	if (told->io_uring && way != CAPTURE_SYS_EXIT)
		check(chunk && chunk->flags & CHUNK_IO_URING && chunk->length == 9,
		      "a send by io_uring is flagged");
}

static void note_gone(void *context, uint64_t id)
{
	uint64_t *ids = context;

	for (int i = 0; i < 3; i++)
		if (ids[i] == id)
			ids[i] = 0;
}

static void check_sweep(struct capture *capture)
{
	const uint64_t ids[3] = {told->living[0], told->brief[0], told->orderly[0]};
	uint64_t left[3];

	memcpy(left, ids, sizeof(left));
	check(capture__sweep(capture, ids, 3, note_gone, left) == 0 && left[0] && !left[1] &&
		      !left[2],
	      "a sweep finds who is gone, and nobody else");
}

static void drain(struct capture *capture, int until_ready)
{
	for (int quiet = 0; quiet < 10;) {
		capture__wait(capture, 10);
		if (!capture__drain(capture, 0, take, NULL) && told->ready >= until_ready)
			quiet++;
	}
}

/* Traffic of our own, which must not be seen. */
static void talk_to_ourselves(void)
{
	uint64_t numbers[2];
	int pair[2];

	connect_pair(AF_INET, pair, numbers, NULL);
	pass(pair[0], pair[1], "own");
	close(pair[0]);
	close(pair[1]);
}

int main(int argc, char **argv)
{
	struct capture_options options = {.ring_bytes = 8 << 20};
	struct capture *capture = NULL;
	char error[256];
	pid_t child;

	if (argc > 1 && capture_way__parse(argv[1], &options.way))
		return 2;
	if (capture__open(&options, &capture, error, sizeof(error))) {
		printf("skipped: %s\n", error);
		return 77;
	}
	/* Which way auto takes must be known before the child begins. */
	way = options.way = capture__way(capture);
	capture__close(capture);
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	setvbuf(stdout, NULL, _IOLBF, 0);
	child = fork();
	if (child == 0)
		live();
	while (!told->ready && !waitpid(child, NULL, WNOHANG))
		usleep(1000);
	if (capture__open(&options, &capture, error, sizeof(error)))
		return 1;
	printf("# by %s\n", capture_way__name(way));
	usleep(200000);
	told->go = 1;
	talk_to_ourselves();
	drain(capture, 2);
	check_old();
	check_ends();
	check_owners();
	check_io_uring();
	check_sweep(capture);
	check(capture__tls_ready(capture) == 0, "the programs for TLS libraries are loaded");
	told->go = 2;
	capture__close(capture);
	waitpid(child, NULL, 0);
	printf("%d failed\n", failed);
	return failed ? 1 : 0;
}
