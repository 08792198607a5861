/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Both ends' bytes of an HTTP/2 connection, put together with nghttp2's deflater. */
#ifndef SONDE_TEST_WIRE_H
#define SONDE_TEST_WIRE_H

#include <nghttp2/nghttp2.h>
#include "harness.h"

#define PREFACE	 "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* One end's bytes under construction. */
struct wire {
	nghttp2_hd_deflater *deflater;
	uint8_t bytes[16384];
	size_t length;
};

static inline void wire__open(struct wire *w)
{
	memset(w, 0, sizeof(*w));
	assert_int_equal(nghttp2_hd_deflate_new(&w->deflater, 4096), 0);
}

static inline void frame(struct wire *w, uint8_t type, uint8_t flags, uint32_t stream,
			 const void *payload, size_t length)
{
	uint8_t *p = w->bytes + w->length;

	p[0] = (uint8_t)(length >> 16);
	p[1] = (uint8_t)(length >> 8);
	p[2] = (uint8_t)length;
	p[3] = type;
	p[4] = flags;
	p[5] = (uint8_t)(stream >> 24);
	p[6] = (uint8_t)(stream >> 16);
	p[7] = (uint8_t)(stream >> 8);
	p[8] = (uint8_t)stream;
	memcpy(p + 9, payload, length);
	w->length += 9 + length;
}

#define NV(n, v)                                                                                   \
	{                                                                                          \
		(uint8_t *)(n), (uint8_t *)(v), strlen(n), strlen(v), NGHTTP2_NV_FLAG_NONE         \
	}

static inline size_t block(struct wire *w, const nghttp2_nv *nv, size_t count, uint8_t *out)
{
	ssize_t n = nghttp2_hd_deflate_hd(w->deflater, out, 4096, nv, count);

	assert_true(n > 0);
	return (size_t)n;
}

static inline void request(struct wire *w, uint32_t stream, const char *method, const char *path,
			   bool end)
{
	nghttp2_nv nv[] = {NV(":method", method), NV(":scheme", "http"), NV(":path", path),
			   NV("x-session", "constant")};
	uint8_t out[4096];
	size_t n = block(w, nv, COUNT(nv), out);

	frame(w, 1, (uint8_t)(4 | (end ? 1 : 0)), stream, out, n);
}

static inline void response(struct wire *w, uint32_t stream, const char *status, bool end)
{
	nghttp2_nv nv[] = {NV(":status", status), NV("server", "test"), NV("x-other", status)};
	uint8_t out[4096];
	size_t n = block(w, nv, COUNT(nv), out);

	frame(w, 1, (uint8_t)(4 | (end ? 1 : 0)), stream, out, n);
}

/* Hands over what was built since the last call. */
static inline struct step take(struct wire *w, uint64_t at_us, enum step_kind kind)
{
	struct step step = {at_us, kind, malloc(w->length), w->length};

	memcpy((void *)(uintptr_t)step.data, w->bytes, w->length);
	w->length = 0;
	return step;
}

static inline void preface(struct wire *client)
{
	memcpy(client->bytes, PREFACE, 24);
	client->length = 24;
	frame(client, 4, 0, 0, "", 0);
}

static inline void done(struct wire *client, struct wire *server, struct step *script, size_t count)
{
	nghttp2_hd_deflate_del(client->deflater);
	nghttp2_hd_deflate_del(server->deflater);
	for (size_t i = 0; i < count; i++)
		free((void *)(uintptr_t)script[i].data);
}

#endif
