/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "web/web.h"

#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>
#include "metrics/metrics.h"
#include "web/endpoints.h"
#include "web/listen.h"
#include "web/negotiate.h"

#define CONNECTIONS_MAX	  64
#define TIMEOUT_S	  15
#define CONNECTION_MEMORY (32 * 1024) /* heads larger than that are refused (431) */
#define GZIP_MIN	  1024	      /* less is not worth it */

struct web {
	struct MHD_Daemon *tcp, *local;
	char socket[108];
	struct snapshot *(*snapshot)(void *context);
	void *context;
	_Atomic uint64_t scrapes;
	_Atomic uint64_t scrape_ns;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

/* In place; leaves the reply as it is where that fails. */
static void compress_reply(struct reply *reply)
{
	z_stream z = {0};
	char *out;
	size_t bound;

	/* windowBits 15 + 16: a gzip header (zlib.h, deflateInit2) */
	if (deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return;
	bound = deflateBound(&z, reply->body.length);
	out = malloc(bound);
	z.next_in = (unsigned char *)reply->body.data;
	z.avail_in = (unsigned int)reply->body.length;
	z.next_out = (unsigned char *)out;
	z.avail_out = (unsigned int)bound;
	if (out && deflate(&z, Z_FINISH) == Z_STREAM_END) {
		buffer__clear(&reply->body);
		reply->body.data = out;
		reply->body.length = z.total_out;
		reply->gzip = true;
	} else {
		free(out);
	}
	deflateEnd(&z);
}

static enum MHD_Result send_reply(struct MHD_Connection *connection, struct reply *reply)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		reply->body.length, reply->body.data, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result result;

	if (!response) {
		buffer__clear(&reply->body);
		return MHD_NO;
	}
	MHD_add_response_header(response, "Content-Type", reply->type);
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "Content-Security-Policy",
				"default-src 'none'; style-src 'unsafe-inline'");
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "Vary", "Accept, Accept-Encoding");
	if (reply->gzip)
		MHD_add_response_header(response, "Content-Encoding", "gzip");
	if (reply->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, "Allow", "GET, HEAD");
	result = MHD_queue_response(connection, reply->status, response);
	MHD_destroy_response(response);
	return result;
}

static void make_reply(struct web *web, const struct endpoint *endpoint,
		       const struct request *request, struct reply *reply)
{
	struct snapshot *snapshot = NULL;
	uint64_t begun = now_ns();

	if (endpoint->needs_snapshot) {
		snapshot = web->snapshot(web->context);
		if (!snapshot) {
			reply->status = MHD_HTTP_SERVICE_UNAVAILABLE;
			buffer__text(&reply->body, "sonde is stopping\n");
			return;
		}
		snapshot__scraped(snapshot, web->scrapes, (double)web->scrape_ns / 1e9);
	}
	endpoint->make(snapshot, request, reply);
	snapshot__free(snapshot);
	if (endpoint->counts_as_scrape) {
		web->scrapes++;
		web->scrape_ns = now_ns() - begun;
	}
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static void answer(struct web *web, struct MHD_Connection *connection, const char *url,
		   const char *method, struct reply *reply)
{
	const struct endpoint *endpoint = endpoint__find(url);

	if (!endpoint) {
		reply->status = MHD_HTTP_NOT_FOUND;
		buffer__text(&reply->body, "there is nothing here; / lists what there is\n");
	} else if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
		reply->status = MHD_HTTP_METHOD_NOT_ALLOWED;
		buffer__text(&reply->body, "only GET and HEAD\n");
	} else {
		make_reply(web, endpoint,
			   &(struct request){header(connection, "Accept"),
					     MHD_lookup_connection_value(
						     connection, MHD_GET_ARGUMENT_KIND, "service")},
			   reply);
	}
	if (reply->body.length >= GZIP_MIN &&
	    negotiate__gzip(header(connection, "Accept-Encoding")))
		compress_reply(reply);
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_size, void **request)
{
	static int seen;
	struct reply reply = {.status = MHD_HTTP_OK, .type = "text/plain; charset=utf-8"};

	(void)version;
	(void)upload;
	if (!*request) { /* the head only; bodies are passed over */
		*request = &seen;
		return MHD_YES;
	}
	if (*upload_size) {
		*upload_size = 0;
		return MHD_YES;
	}
	answer(context, connection, url, method, &reply);
	if (reply.body.failed) {
		buffer__clear(&reply.body);
		reply = (struct reply){.status = MHD_HTTP_INTERNAL_SERVER_ERROR,
				       .type = "text/plain; charset=utf-8"};
		buffer__text(&reply.body, "no memory\n");
	}
	return send_reply(connection, &reply);
}

static struct MHD_Daemon *start(struct web *web, int fd)
{
	return MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ITC, 0,
				NULL, NULL, handle, web, MHD_OPTION_LISTEN_SOCKET, fd,
				MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CONNECTIONS_MAX,
				MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)TIMEOUT_S,
				MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
				MHD_OPTION_END);
}

static int serve(struct web *web, int fd, struct MHD_Daemon **out, char *error, size_t size)
{
	if (fd < 0)
		return fd;
	*out = start(web, fd);
	if (*out)
		return 0;
	close(fd);
	snprintf(error, size, "libmicrohttpd does not start");
	return -EIO;
}

int web__start(const struct web_options *options, struct web **out, char *error, size_t size)
{
	struct web *web = calloc(1, sizeof(*web));
	int err = 0;

	if (!web) {
		snprintf(error, size, "no memory");
		return -ENOMEM;
	}
	web->snapshot = options->snapshot;
	web->context = options->context;
	if (options->listen_address[0])
		err = serve(web, listen__tcp(options->listen_address, error, size), &web->tcp,
			    error, size);
	if (!err && options->socket[0])
		err = serve(web, listen__local(options->socket, options->socket_group, error, size),
			    &web->local, error, size);
	if (err) {
		web__stop(web);
		return err;
	}
	snprintf(web->socket, sizeof(web->socket), "%s", options->socket);
	*out = web;
	return 0;
}

void web__stop(struct web *web)
{
	if (!web)
		return;
	if (web->tcp)
		MHD_stop_daemon(web->tcp);
	if (web->local)
		MHD_stop_daemon(web->local);
	if (web->local && web->socket[0])
		unlink(web->socket);
	free(web);
}
