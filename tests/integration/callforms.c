/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every call form that moves bytes through a socket, over TCP on IPv4 and IPv6 and over AF_UNIX,
 *and a reader of the capture beside it that knows what each byte must be: a function of its
 *position.
 *
 *	callforms [WAY]		0 all exact, 1 not, 77 BPF may not be loaded here
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "capture/capture.h"

#define LARGE (3u << 20)
#define PARTS 5 /* of vectors and batches */

/* The byte of a stream at a position. The first one tells the form and is moved by read and write.
 */
static uint8_t byte_at(uint32_t form, uint64_t position)
{
	return position ? (uint8_t)(position * 31 + (position >> 8) * 17 + 7) : (uint8_t)form;
}

static uint8_t out[LARGE + 1], in[LARGE + 1];

typedef ssize_t (*move_fn)(int fd, uint8_t *bytes, size_t length);

static ssize_t by_write(int fd, uint8_t *bytes, size_t length)
{
	return write(fd, bytes, length);
}

static ssize_t by_read(int fd, uint8_t *bytes, size_t length)
{
	return read(fd, bytes, length);
}

static ssize_t by_send(int fd, uint8_t *bytes, size_t length)
{
	return send(fd, bytes, length, 0);
}

static ssize_t by_recv(int fd, uint8_t *bytes, size_t length)
{
	return recv(fd, bytes, length, 0);
}

static ssize_t by_recv_waitall(int fd, uint8_t *bytes, size_t length)
{
	return recv(fd, bytes, length, MSG_WAITALL);
}

static ssize_t by_sendto(int fd, uint8_t *bytes, size_t length)
{
	return sendto(fd, bytes, length, MSG_NOSIGNAL, NULL, 0);
}

static ssize_t by_recvfrom(int fd, uint8_t *bytes, size_t length)
{
	struct sockaddr_storage from;
	socklen_t size = sizeof(from);

	return recvfrom(fd, bytes, length, 0, (struct sockaddr *)&from, &size);
}

/* Looks twice before it takes: once at a part, once at all. */
static ssize_t by_peek(int fd, uint8_t *bytes, size_t length)
{
	recv(fd, bytes, length / 2 + 1, MSG_PEEK);
	recv(fd, bytes, length, MSG_PEEK);
	return recv(fd, bytes, length, 0);
}

/* Entries of different sizes, an empty one among them. */
static void cut(struct iovec *vector, uint8_t *bytes, size_t length)
{
	size_t at = 0;

	for (int i = 0; i < PARTS; i++) {
		size_t part = i == 1 ? 0 : i == PARTS - 1 ? length - at : (length - at) / 3;

		vector[i] = (struct iovec){bytes + at, part};
		at += part;
	}
}

static ssize_t by_writev(int fd, uint8_t *bytes, size_t length)
{
	struct iovec vector[PARTS];

	cut(vector, bytes, length);
	return writev(fd, vector, PARTS);
}

static ssize_t by_readv(int fd, uint8_t *bytes, size_t length)
{
	struct iovec vector[PARTS];

	cut(vector, bytes, length);
	return readv(fd, vector, PARTS);
}

static ssize_t by_pwritev2(int fd, uint8_t *bytes, size_t length)
{
	struct iovec vector[PARTS];

	cut(vector, bytes, length);
	return pwritev2(fd, vector, PARTS, -1, 0);
}

static ssize_t by_preadv2(int fd, uint8_t *bytes, size_t length)
{
	struct iovec vector[PARTS];

	cut(vector, bytes, length);
	return preadv2(fd, vector, PARTS, -1, 0);
}

static ssize_t by_sendmsg(int fd, uint8_t *bytes, size_t length)
{
	struct iovec vector[PARTS];
	struct msghdr message = {.msg_iov = vector, .msg_iovlen = PARTS};

	cut(vector, bytes, length);
	return sendmsg(fd, &message, 0);
}

static ssize_t by_recvmsg(int fd, uint8_t *bytes, size_t length)
{
	struct iovec vector[PARTS];
	struct msghdr message = {.msg_iov = vector, .msg_iovlen = PARTS};

	cut(vector, bytes, length);
	return recvmsg(fd, &message, 0);
}

/* Every part a message of its own, of two entries. */
static void cut_batch(struct mmsghdr *batch, struct iovec (*pair)[2], uint8_t *bytes, size_t length)
{
	struct iovec vector[PARTS];

	cut(vector, bytes, length);
	vector[1].iov_base = bytes + length; /* no message is empty: it would end a receive */
	for (int i = 0, at = 0; i < PARTS; i++) {
		size_t half = vector[i].iov_len / 2;

		if (!vector[i].iov_len)
			continue;
		pair[at][0] = (struct iovec){vector[i].iov_base, half};
		pair[at][1] = (struct iovec){(uint8_t *)vector[i].iov_base + half,
					     vector[i].iov_len - half};
		batch[at] = (struct mmsghdr){.msg_hdr = {.msg_iov = pair[at], .msg_iovlen = 2}};
		at++;
	}
}

static ssize_t sum(const struct mmsghdr *batch, int count)
{
	ssize_t bytes = 0;

	for (int i = 0; i < count; i++)
		bytes += batch[i].msg_len;
	return count < 0 ? count : bytes;
}

static ssize_t by_sendmmsg(int fd, uint8_t *bytes, size_t length)
{
	struct mmsghdr batch[PARTS];
	struct iovec pair[PARTS][2];

	if (length < 64)
		return write(fd, bytes, length);
	cut_batch(batch, pair, bytes, length);
	return sum(batch, sendmmsg(fd, batch, PARTS - 1, 0));
}

static ssize_t by_recvmmsg(int fd, uint8_t *bytes, size_t length)
{
	struct mmsghdr batch[PARTS];
	struct iovec pair[PARTS][2];

	if (length < 64)
		return read(fd, bytes, length);
	cut_batch(batch, pair, bytes, length);
	/* all or nothing: a short message in the middle would leave a hole in the buffer */
	return sum(batch, recvmmsg(fd, batch, PARTS - 1, MSG_WAITALL, NULL));
}

static ssize_t by_sendfile(int fd, uint8_t *bytes, size_t length)
{
	int file = memfd_create("callforms", MFD_CLOEXEC);
	off_t at = 0;
	ssize_t moved;

	if (write(file, bytes, length) != (ssize_t)length)
		return -1;
	moved = sendfile(fd, file, &at, length);
	close(file);
	return moved;
}

static ssize_t by_splice_to(int fd, uint8_t *bytes, size_t length)
{
	int ends[2];
	ssize_t moved;

	if (pipe(ends))
		return -1;
	moved = write(ends[1], bytes, length < 4096 ? length : 4096);
	if (moved > 0)
		moved = splice(ends[0], NULL, fd, NULL, (size_t)moved, 0);
	close(ends[0]);
	close(ends[1]);
	return moved;
}

static ssize_t by_splice_from(int fd, uint8_t *bytes, size_t length)
{
	int ends[2];
	ssize_t moved;

	if (pipe(ends))
		return -1;
	moved = splice(fd, NULL, ends[1], NULL, length < 4096 ? length : 4096, 0);
	if (moved > 0)
		moved = read(ends[0], bytes, (size_t)moved);
	close(ends[0]);
	close(ends[1]);
	return moved;
}

/* What fits the socket's buffer, then the rest: partial results. */
static ssize_t by_send_some(int fd, uint8_t *bytes, size_t length)
{
	ssize_t moved = send(fd, bytes, length, MSG_DONTWAIT);

	if (moved < 0 && errno == EAGAIN) {
		poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, 1000);
		errno = EINTR;
	}
	return moved;
}

/* A little at a time. */
static ssize_t by_read_some(int fd, uint8_t *bytes, size_t length)
{
	return read(fd, bytes, length < 700 ? length : 700);
}

#define SEND_BARE 1 /* bytes without payload are allowed in this direction */
#define RECV_BARE 2
#define TCP_ONLY  4

static const struct form {
	const char *name;
	move_fn send, receive;
	uint32_t bytes;
	int flags;
} forms[] = {
	{"write, read", by_write, by_read, 1000, 0},
	{"write, read of 1 byte", by_write, by_read, 1, 0},
	{"write, read of 16384 bytes", by_write, by_read, 16384, 0},
	{"write, read of 200000 bytes", by_write, by_read, 200000, 0},
	{"write of more than a call's limit", by_write, by_read, LARGE, SEND_BARE | RECV_BARE},
	{"writev, readv", by_writev, by_readv, 5000, 0},
	{"writev, readv of 100000 bytes", by_writev, by_readv, 100000, 0},
	{"pwritev2, preadv2", by_pwritev2, by_preadv2, 5000, 0},
	{"send, recv", by_send, by_recv, 3000, 0},
	{"send, recv with MSG_WAITALL", by_send, by_recv_waitall, 100000, 0},
	{"send, recv with MSG_PEEK", by_send, by_peek, 3000, 0},
	{"sendto, recvfrom", by_sendto, by_recvfrom, 3000, 0},
	{"sendmsg, recvmsg", by_sendmsg, by_recvmsg, 6000, 0},
	{"sendmmsg, recvmmsg", by_sendmmsg, by_recvmmsg, 6000, 0},
	{"partial send, partial read", by_send_some, by_read_some, 300000, 0},
	{"sendfile", by_sendfile, by_read, 70000, SEND_BARE},
	{"splice to the socket", by_splice_to, by_read, 20000, SEND_BARE},
	{"splice from the socket", by_write, by_splice_from, 20000, RECV_BARE | TCP_ONLY},
};

#define FORMS	 (sizeof(forms) / sizeof(*forms))
#define FAMILIES 3

static const int families[FAMILIES] = {AF_INET, AF_INET6, AF_UNIX};
static const char *const family_names[FAMILIES] = {"IPv4", "IPv6", "AF_UNIX"};

static _Noreturn void die(const char *what)
{
	perror(what);
	_exit(3);
}

static void address(int family, struct sockaddr_storage *out_address, socklen_t *size)
{
	struct sockaddr_in *v4 = (void *)out_address;
	struct sockaddr_in6 *v6 = (void *)out_address;
	struct sockaddr_un *un = (void *)out_address;

	memset(out_address, 0, sizeof(*out_address));
	out_address->ss_family = (sa_family_t)family;
	*size = family == AF_INET ? sizeof(*v4) : sizeof(*v6);
	if (family == AF_INET)
		v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else if (family == AF_INET6)
		v6->sin6_addr = in6addr_loopback;
	else
		*size = (socklen_t)(sizeof(un->sun_family) + 1 +
				    (size_t)sprintf(un->sun_path + 1, "callforms-%d", getpid()));
}

static void connect_pair(int family, int pair[2])
{
	struct sockaddr_storage at;
	socklen_t size;
	int listener = socket(family, SOCK_STREAM, 0);

	address(family, &at, &size);
	if (listener < 0 || bind(listener, (void *)&at, size) || listen(listener, 1) ||
	    (family != AF_UNIX && getsockname(listener, (void *)&at, &size)))
		die("listen");
	pair[0] = socket(family, SOCK_STREAM, 0);
	if (pair[0] < 0 || connect(pair[0], (void *)&at, size))
		die("connect");
	pair[1] = accept(listener, NULL, NULL);
	if (pair[1] < 0)
		die("accept");
	close(listener);
}

static void move_all(move_fn move, int fd, uint8_t *bytes, uint32_t length)
{
	for (uint32_t done = 0; done < length;) {
		ssize_t moved = move(fd, bytes + done, length - done);

		if (moved > 0)
			done += (uint32_t)moved;
		else if (moved == 0 || errno != EINTR)
			die("move");
	}
}

/* The sender is a child of its own, so that neither end waits for the other. */
static void play(uint32_t index, int family)
{
	const struct form *form = &forms[index];
	int pair[2], status;
	pid_t sender;

	for (uint32_t i = 0; i <= form->bytes; i++)
		out[i] = byte_at(index, i);
	connect_pair(family, pair);
	sender = fork();
	if (sender == 0) {
		close(pair[1]);
		move_all(by_write, pair[0], out, 1);
		move_all(form->send, pair[0], out + 1, form->bytes);
		shutdown(pair[0], SHUT_WR);
		_exit(read(pair[0], in, 1) == 0 ? 0 : 1);
	}
	close(pair[0]);
	move_all(by_read, pair[1], in, 1);
	move_all(form->receive, pair[1], in + 1, form->bytes);
	if (read(pair[1], in, 1) != 0 ||
	    (form->receive != by_splice_from && memcmp(in + 1, out + 1, form->bytes)))
		die("compare");
	close(pair[1]);
	if (waitpid(sender, &status, 0) < 0 || status)
		die("sender");
}

/* What was seen of one connection. */
struct seen {
	uint64_t connection;
	uint32_t family, form; /* form + 1, 0 not known yet */
	uint64_t position[DIRECTION_COUNT], held[DIRECTION_COUNT];
	uint8_t role;
	bool existing, wrong, gap, closed, shut[DIRECTION_COUNT];
	uint64_t peer;
};

#define SEEN_MAX 1024

struct watch {
	struct seen seen[SEEN_MAX];
	size_t count;
	uint32_t processes[SEEN_MAX];
	size_t process_count, exits;
	uint64_t lost, unnamed;
};

static struct watch watched;

static struct seen *find(uint64_t connection)
{
	for (size_t i = watched.count; i-- > 0;)
		if (watched.seen[i].connection == connection)
			return &watched.seen[i];
	return NULL;
}

static void take_chunk(const struct chunk *chunk)
{
	struct seen *seen = find(chunk->connection);
	uint8_t direction = chunk->direction;
	bool named = false;

	if (!seen)
		return;
	for (size_t i = 0; i < watched.process_count; i++)
		named |= watched.processes[i] == chunk->tgid;
	watched.unnamed += !named;
	if (chunk->position == 0 && chunk->head)
		seen->form = chunk->data[0] + 1u;
	seen->gap |= chunk->position != seen->position[direction];
	for (uint32_t i = 0; i < chunk->head; i++)
		seen->wrong |= seen->form &&
			       chunk->data[i] != byte_at(seen->form - 1, chunk->position + i);
	seen->position[direction] = chunk->position + chunk->length;
	seen->held[direction] += chunk->head;
}

static void take_open(const struct open_event *open)
{
	if (watched.count == SEEN_MAX)
		return;
	watched.seen[watched.count++] = (struct seen){
		.connection = open->connection,
		.family = open->family,
		.role = open->role,
		.peer = open->peer,
		.existing = open->event.flags & OPEN_EXISTING,
	};
}

static void take_end(const struct end_event *end)
{
	struct seen *seen = find(end->connection);

	if (seen && end->event.type == EVENT_CLOSE)
		seen->closed = true;
	else if (seen)
		seen->shut[end->direction] = true;
}

static void take(void *context, const struct event *event, uint32_t size)
{
	(void)context;
	(void)size;
	switch (event->type) {
	case EVENT_CHUNK:
		take_chunk((const void *)event);
		break;
	case EVENT_OPEN:
		take_open((const void *)event);
		break;
	case EVENT_SHUT:
	case EVENT_CLOSE:
		take_end((const void *)event);
		break;
	case EVENT_PROCESS:
		if (watched.process_count < SEEN_MAX)
			watched.processes[watched.process_count++] =
				((const struct process_event *)event)->tgid;
		break;
	case EVENT_EXIT:
		watched.exits++;
		break;
	case EVENT_LOSS:
		watched.lost += ((const struct loss_event *)event)->events;
		break;
	default:
		break;
	}
}

static const struct seen *side(uint32_t form, int family, uint8_t role)
{
	for (size_t i = 0; i < watched.count; i++) {
		const struct seen *seen = &watched.seen[i];

		if (seen->form == form + 1 && seen->family == (uint32_t)family &&
		    seen->role == role)
			return seen;
	}
	return NULL;
}

static const char *judge(uint32_t index, const struct seen *seen, uint8_t direction, int bare)
{
	const struct form *form = &forms[index];
	uint64_t total = form->bytes + 1u;
	bool may_lack = form->flags & bare;

	if (!seen)
		return "not seen at all";
	if (seen->wrong)
		return "wrong bytes";
	if (seen->existing)
		return "taken for an old connection";
	if (seen->position[direction] != total)
		return "not all bytes seen";
	if (seen->gap)
		return "a gap";
	if (seen->held[direction] != total && !may_lack)
		return "bytes without payload";
	if (seen->family != AF_UNIX && (!seen->closed || !seen->shut[DIRECTION_RECV]))
		return "no end seen";
	return NULL;
}

static int report(uint32_t index, int family, const char *family_name)
{
	const char *sent =
		judge(index, side(index, family, ROLE_CLIENT), DIRECTION_SEND, SEND_BARE);
	const char *received =
		judge(index, side(index, family, ROLE_SERVER), DIRECTION_RECV, RECV_BARE);

	printf("%s %s: %s", sent || received ? "not ok" : "ok", family_name, forms[index].name);
	if (sent)
		printf("; client: %s", sent);
	if (received)
		printf("; server: %s", received);
	putchar('\n');
	return sent || received;
}

static bool played(uint32_t form, int family)
{
	return family != AF_UNIX || !(forms[form].flags & TCP_ONLY);
}

static void play_all(void)
{
	for (int f = 0; f < FAMILIES; f++)
		for (uint32_t i = 0; i < FORMS; i++)
			if (played(i, families[f]))
				play(i, families[f]);
	_exit(0);
}

static int watch_child(struct capture *capture, pid_t child)
{
	int status, quiet = 0;
	pid_t done = 0;

	while (quiet < 10) {
		capture__wait(capture, 10);
		if (!capture__drain(capture, 0, take, NULL) && done)
			quiet++;
		if (!done && waitpid(child, &status, WNOHANG) == child)
			done = child;
	}
	return status;
}

static int report_all(void)
{
	int failed = 0;

	for (int f = 0; f < FAMILIES; f++)
		for (uint32_t i = 0; i < FORMS; i++)
			if (played(i, families[f]))
				failed += report(i, families[f], family_names[f]);
	printf("%s every process named before its first bytes\n",
	       watched.unnamed ? "not ok" : "ok");
	printf("%s nothing lost (%llu)\n", watched.lost ? "not ok" : "ok",
	       (unsigned long long)watched.lost);
	failed += (watched.unnamed != 0) + (watched.lost != 0);
	printf("%d failed\n", failed);
	return failed;
}

int main(int argc, char **argv)
{
	struct capture_options options = {.ring_bytes = 32 << 20};
	struct capture *capture = NULL;
	char error[256];
	pid_t child;
	int err;

	if (argc > 1 && capture_way__parse(argv[1], &options.way)) {
		fprintf(stderr, "no such way in: %s\n", argv[1]);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	err = capture__open(&options, &capture, error, sizeof(error));
	if (err) {
		printf("skipped: %s\n", error);
		return 77;
	}
	printf("# by %s\n", capture_way__name(capture__way(capture)));
	usleep(200000); /* until it is ready: what is new to it at once is taken for old */
	child = fork();
	if (child == 0)
		play_all();
	if (watch_child(capture, child))
		puts("not ok: the calls themselves failed");
	err = report_all();
	capture__close(capture);
	return err ? 1 : 0;
}
