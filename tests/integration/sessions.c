/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Probes as in a TLS library, in functions of this program, called by a child: whatever way the
 * kernel has to set them, plaintext comes out under the socket's name, and no ciphertext.
 *
 *	sessions [WAY]		0 all as it was, 1 not, 77 BPF may not be loaded here
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <arpa/inet.h>
#include <sys/wait.h>
#include <unistd.h>
#include "capture/capture.h"
#include "elf_file.h"

#define ROUNDS	  7
#define PLAINTEXT "what is said"

/* A record of a handshake, then of data (RFC 8446 section 5.1). */
static const char hello[] = "\x16\x03\x01\x00\x03one", data[] = "\x17\x03\x03\x00\x05other";

static struct told {
	_Atomic int go;
	uint64_t cookie;
} * told;

struct session {
	int fd;
	bool greeted;
};

/* Neither is to be folded into its caller, or to end in another function. */
static __attribute__((noinline, noclone)) int session_write(struct session *session,
							    const char *text, int size)
{
	const char *record = session->greeted ? data : hello;
	volatile int length = size;

	if (write(session->fd, record, 8) != 8)
		return -1;
	session->greeted = true;
	asm volatile("" : : "r"(text) : "memory");
	return length;
}

static __attribute__((noinline, noclone)) int session_read(struct session *session, char *text,
							   int size)
{
	char record[64];
	volatile int length = (int)strlen(PLAINTEXT);

	if (read(session->fd, record, sizeof(record)) <= 0 || size < length)
		return -1;
	memcpy(text, PLAINTEXT, (size_t)length);
	return length;
}

static void connect_pair(int pair[2])
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	pair[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (void *)&at, sizeof(at)) || listen(listener, 1) ||
	    getsockname(listener, (void *)&at, &size) ||
	    connect(pair[0], (void *)&at, sizeof(at)) ||
	    (pair[1] = accept(listener, NULL, NULL)) < 0)
		_exit(3);
}

static _Noreturn void live(void)
{
	struct session session = {0};
	socklen_t size = sizeof(told->cookie);
	char text[64];
	int pair[2];

	while (told->go != 1)
		usleep(1000);
	connect_pair(pair);
	session.fd = pair[0];
	getsockopt(pair[0], SOL_SOCKET, SO_COOKIE, &told->cookie, &size);
	for (int i = 0; i < ROUNDS; i++) {
		session_write(&session, PLAINTEXT, (int)strlen(PLAINTEXT));
		if (read(pair[1], text, sizeof(text)) != 8 || write(pair[1], data, 8) != 8)
			_exit(3);
		session_read(&session, text, sizeof(text));
	}
	told->go = 2;
	_exit(0);
}

static struct seen {
	uint32_t said[DIRECTION_COUNT], garbled, ciphertext;
} seen;

static void take(void *context, const struct event *event, uint32_t size)
{
	const struct chunk *chunk = (const void *)event;
	const char *text = (const char *)(chunk + 1);

	(void)context;
	if (event->type != EVENT_CHUNK || chunk->connection != told->cookie)
		return;
	if (!(event->flags & CHUNK_PLAINTEXT))
		seen.ciphertext++;
	else if (size < sizeof(*chunk) + strlen(PLAINTEXT) ||
		 memcmp(text, PLAINTEXT, strlen(PLAINTEXT)) != 0)
		seen.garbled++;
	else
		seen.said[chunk->direction & 1]++;
}

extern const char __executable_start;

static uint64_t offset_of(const struct elf_file *self, const void *function)
{
	uint64_t offset = 0;

	if (!elf_file__code_offset(self,
				   (uint64_t)((uintptr_t)function - (uintptr_t)&__executable_start),
				   &offset))
		_exit(3);
	return offset;
}

static int probe(struct capture *capture, struct tls_links **links)
{
	struct elf_file self;
	int err = elf_file__open("/proc/self/exe", &self);
	uint64_t write_at = err ? 0 : offset_of(&self, (const void *)session_write);
	uint64_t read_at = err ? 0 : offset_of(&self, (const void *)session_read);
	const struct tls_point points[] = {
		{write_at, TLS_WRITE, TLS_AT_BEGIN},
		{write_at, TLS_WRITE, TLS_AT_RETURN},
		{read_at, TLS_READ, TLS_AT_BEGIN},
		{read_at, TLS_READ, TLS_AT_RETURN},
	};

	if (!err)
		err = capture__tls_attach(capture, "/proc/self/exe", 0, points, 4, links);
	elf_file__close(&self);
	return err;
}

static int failed;

static void check(bool good, const char *what)
{
	printf("%s %s\n", good ? "ok" : "not ok", what);
	failed += !good;
}

static void drain(struct capture *capture)
{
	for (int quiet = 0; quiet < 20;) {
		capture__wait(capture, 10);
		if (!capture__drain(capture, 0, take, NULL) && told->go == 2)
			quiet++;
	}
}

int main(int argc, char **argv)
{
	struct capture_options options = {.ring_bytes = 8 << 20};
	struct capture *capture = NULL;
	struct tls_links *links = NULL;
	char error[256];
	pid_t child;

	if (argc > 1 && capture_way__parse(argv[1], &options.way))
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (capture__open(&options, &capture, error, sizeof(error))) {
		printf("skipped: %s\n", error);
		return 77;
	}
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	child = fork();
	if (child == 0)
		live();
	check(probe(capture, &links) == 0, "functions are probed");
	told->go = 1;
	drain(capture);
	waitpid(child, NULL, 0);
	capture__tls_detach(capture, links);
	capture__close(capture);
	check(seen.said[DIRECTION_SEND] == ROUNDS, "every write is seen");
	check(seen.said[DIRECTION_RECV] == ROUNDS, "every read is seen");
	check(!seen.garbled, "as it was");
	check(!seen.ciphertext, "and no ciphertext");
	printf("%d failed\n", failed);
	return failed ? 1 : 0;
}
