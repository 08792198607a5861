/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the observation adds to one call: 120 bytes through a socket pair, reads of a file and a
 * call that does nothing; without us, with programs that do nothing on the same hooks, and with
 * ours. Rounds alternate, and the least of them counts: whatever else a machine does only adds.
 * A JSON object a line; `all` measures every way in, not just the one in use.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "capture/capture.h"
#include "empty.skel.h"

#define CALLS  60000
#define ROUNDS 12
#define BYTES  120

enum work { WORK_SOCKET, WORK_FILE, WORK_NOTHING, WORK_COUNT };
enum setting { WITHOUT, EMPTY, CAPTURED, IGNORED, SETTING_COUNT };

static const char *const setting_names[] = {"without", "empty", "captured", "ignored"};
static const char *const work_names[] = {"socket", "file", "nothing"};

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Microseconds a call. */
static double measure(enum work work, const int pair[2], int file)
{
	char bytes[BYTES] = {0};
	double start = now_us();

	for (int i = 0; i < CALLS; i++) {
		if (work == WORK_NOTHING)
			syscall(SYS_getppid);
		else if (work == WORK_FILE && pread(file, bytes, BYTES, 0) != BYTES)
			_exit(3);
		else if (work == WORK_SOCKET && (write(pair[0], bytes, BYTES) != BYTES ||
						 read(pair[1], bytes, BYTES) != BYTES))
			_exit(3);
	}
	return (now_us() - start) / CALLS / (work == WORK_SOCKET ? 2 : 1);
}

static uint64_t seen[2];

static void take(void *context, const struct event *event, uint32_t size)
{
	(void)context;
	(void)size;
	if (event->type == EVENT_OPEN) {
		const uint64_t id = ((const struct open_event *)event)->connection;

		seen[seen[0] && seen[0] != id] = id;
	}
}

/* The child, once a setting: a first pass to be known and decided about, then what counts. */
static void work_round(double *us, const _Atomic int *go, _Atomic int *ready)
{
	int pair[2], file = open("/proc/self/exe", O_RDONLY);

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || write(pair[0], us, 8) != 8 ||
	    write(pair[1], us, 8) != 8 || read(pair[1], us, 8) != 8 || read(pair[0], us, 8) != 8)
		_exit(3);
	*ready = 1;
	while (!*go)
		usleep(500);
	for (enum work w = 0; w < WORK_COUNT; w++)
		us[w] = measure(w, pair, file);
	_exit(0);
}

static void decide(struct capture *capture, enum setting setting)
{
	const struct verdict verdicts[] = {
		[CAPTURED] = {.protocol = PROTOCOL_REDIS, .depth = CAPTURE_ALL},
		[IGNORED] = {.protocol = PROTOCOL_OPAQUE, .depth = CAPTURE_NOTHING},
	};

	capture__drain(capture, 0, take, NULL);
	for (int i = 0; i < 2; i++)
		capture__verdict(capture, seen[i], &verdicts[setting]);
}

static int attach(enum setting setting, enum capture_way way, struct capture **capture,
		  struct empty_bpf **empty)
{
	struct capture_options options = {.way = way, .ring_bytes = 8 << 20};
	char error[256];

	if (setting == EMPTY) {
		*empty = empty_bpf__open_and_load();
		return !*empty || empty_bpf__attach(*empty);
	}
	if (setting == WITHOUT || capture__open(&options, capture, error, sizeof(error)) == 0)
		return 0;
	fprintf(stderr, "%s: %s\n", capture_way__name(way), error);
	return 1;
}

static int run_round(enum setting setting, enum capture_way way, double *shared)
{
	_Atomic int *flags = (void *)(shared + WORK_COUNT);
	struct capture *capture = NULL;
	struct empty_bpf *empty = NULL;
	pid_t child;

	flags[0] = flags[1] = 0;
	seen[0] = seen[1] = 0;
	if (attach(setting, way, &capture, &empty))
		return 77;
	child = fork();
	if (child == 0)
		work_round(shared, &flags[0], &flags[1]);
	while (!flags[1])
		usleep(500);
	if (setting >= CAPTURED)
		decide(capture, setting);
	flags[0] = 1;
	while (!waitpid(child, NULL, WNOHANG)) {
		if (capture && capture__wait(capture, 5) >= 0) /* as the daemon does */
			capture__drain(capture, 0, take, NULL);
		else
			usleep(5000);
	}
	capture__close(capture);
	empty_bpf__destroy(empty);
	return 0;
}

static int compare(enum capture_way way, double *shared)
{
	double least[SETTING_COUNT][WORK_COUNT];

	for (int round = 0; round < ROUNDS; round++)
		for (enum setting s = 0; s < SETTING_COUNT; s++) {
			if (run_round(s, way, shared))
				return 77;
			for (int w = 0; w < WORK_COUNT; w++)
				if (!round || shared[w] < least[s][w])
					least[s][w] = shared[w];
		}
	for (int w = 0; w < WORK_COUNT; w++) {
		printf("{\"way\": \"%s\", \"call\": \"%s\"", capture_way__name(way), work_names[w]);
		for (enum setting s = 0; s < SETTING_COUNT; s++)
			printf(", \"%s\": %.4f", setting_names[s], least[s][w]);
		puts("}");
	}
	return 0;
}

int main(int argc, char **argv)
{
	double *shared =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bool all = argc > 1 && strcmp(argv[1], "all") == 0;
	int good = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (enum capture_way way = CAPTURE_SOCKET_TRACEPOINTS; way < CAPTURE_WAY_COUNT; way++)
		if (all || !good)
			good += compare(way, shared) == 0;
	return good ? 0 : 77;
}
