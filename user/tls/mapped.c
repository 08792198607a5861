/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tls/mapped.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RING_PAGES 16 /* some 500 records, each a file that a process maps */
#define RECORD_MAX 8192

struct processor {
	int fd;
	struct perf_event_mmap_page *page;
};

struct mapped {
	size_t bytes; /* of a ring, without its first page */
	int count;
	struct processor processor[];
};

/* What the kernel writes; the path follows, filled up with NULs to 8 bytes. */
struct mmap2_record {
	struct perf_event_header header;
	uint32_t pid, tid;
	uint64_t address, length, offset;
	uint32_t major, minor;
	uint64_t inode, generation;
	uint32_t protection, flags;
	char path[];
};

static int open_processor(struct processor *p, int cpu, size_t bytes)
{
	struct perf_event_attr attributes = {
		.size = sizeof(attributes),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.mmap = 1, /* of code alone */
		.mmap2 = 1,
		.watermark = 1, /* nobody is to be woken */
		.wakeup_watermark = UINT32_MAX,
	};
	void *page;

	p->fd = (int)syscall(SYS_perf_event_open, &attributes, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	if (p->fd < 0)
		return -errno;
	page = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, p->fd, 0);
	if (page == MAP_FAILED)
		return -errno;
	p->page = page;
	return 0;
}

struct mapped *mapped__open(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF), page = sysconf(_SC_PAGESIZE);
	size_t count = cpus > 0 ? (size_t)cpus : 1;
	struct mapped *m = calloc(1, sizeof(*m) + count * sizeof(m->processor[0]));
	int err;

	if (!m)
		return NULL;
	m->bytes = RING_PAGES * (size_t)page;
	for (int cpu = 0; cpu < (int)count; cpu++) {
		struct processor *p = &m->processor[m->count++];

		err = open_processor(p, cpu, m->bytes + (size_t)page);
		if (err == -ENODEV || err == -EINVAL) { /* offline */
			if (p->fd >= 0)
				close(p->fd);
			m->count--;
		} else if (err) {
			mapped__close(m);
			errno = -err;
			return NULL;
		}
	}
	return m;
}

void mapped__close(struct mapped *m)
{
	for (int i = 0; m && i < m->count; i++) {
		struct processor *p = &m->processor[i];

		if (p->page)
			munmap(p->page, m->bytes + (size_t)sysconf(_SC_PAGESIZE));
		if (p->fd >= 0)
			close(p->fd);
	}
	free(m);
}

static void tell(const struct mmap2_record *record,
		 void (*visit)(void *context, const struct mapped_file *file), void *context)
{
	struct mapped_file file = {
		.tgid = record->pid,
		.device = (uint64_t)record->major << 32 | record->minor,
		.inode = record->inode,
		.path = record->path,
	};

	if (file.inode && record->path[0] == '/')
		visit(context, &file);
}

/* A record may go on at the ring's begin. */
static void copy(const struct mapped *m, const struct processor *p, uint64_t at, void *out,
		 size_t size)
{
	const char *ring = (const char *)p->page + p->page->data_offset;
	size_t offset = at % m->bytes, first = m->bytes - offset;

	if (first > size)
		first = size;
	memcpy(out, ring + offset, first);
	memcpy((char *)out + first, ring, size - first);
}

static bool read_processor(const struct mapped *m, struct processor *p,
			   void (*visit)(void *context, const struct mapped_file *file),
			   void *context)
{
	static _Alignas(8) char bytes[RECORD_MAX + 1];
	struct perf_event_header *header = (struct perf_event_header *)bytes;
	uint64_t head = __atomic_load_n(&p->page->data_head, __ATOMIC_ACQUIRE);
	uint64_t tail = p->page->data_tail;
	bool whole = true;

	while (tail < head) {
		copy(m, p, tail, header, sizeof(*header));
		if (header->size < sizeof(*header))
			break;
		whole &= header->type != PERF_RECORD_LOST;
		if (header->type == PERF_RECORD_MMAP2 && header->size <= RECORD_MAX &&
		    header->size > sizeof(struct mmap2_record)) {
			copy(m, p, tail, bytes, header->size);
			bytes[header->size] = '\0';
			tell((const struct mmap2_record *)bytes, visit, context);
		}
		tail += header->size;
	}
	__atomic_store_n(&p->page->data_tail, head, __ATOMIC_RELEASE);
	return whole;
}

bool mapped__read(struct mapped *m, void (*visit)(void *context, const struct mapped_file *file),
		  void *context)
{
	bool whole = true;

	for (int i = 0; i < m->count; i++)
		whole &= read_processor(m, &m->processor[i], visit, context);
	return whole;
}
