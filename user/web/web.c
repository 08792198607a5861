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
#include "lent.h"
#include "metrics/metrics.h"
#include "web/endpoints.h"
#include "web/guard.h"
#include "web/listen.h"
#include "web/negotiate.h"
#include "web/web_auth.h"
#include "web/web_config.h"
#include "web/web_tls.h"

#define TIMEOUT_S	  120	      /* guard.c has the last word long before */
#define CONNECTION_MEMORY (32 * 1024) /* heads larger than that are refused (431) */
#define GZIP_MIN	  1024	      /* less is not worth it */

/* What the page may load: itself, and nothing from elsewhere (Content Security Policy Level 3). */
#define POLICY                                                                                     \
	"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "            \
	"img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/* One for TCP, one for the local socket. */
struct server {
	struct web *web;
	struct MHD_Daemon *daemon;
	struct guard *guard;
	const struct web_config *config; /* NULL: neither TLS nor users, as on the local socket */
	struct web_auth *auth;		 /* NULL: everybody may ask */
};

struct web {
	struct server tcp, local;
	char socket[108];
	struct snapshot *(*snapshot)(void *context);
	void *context;
	struct tail *tail;
	_Atomic uint64_t scrapes;
	_Atomic uint64_t scrape_ns;
	_Atomic uint64_t unauthorized;
	_Atomic uint64_t without_memory;
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
		reply->body.data = lent__adopt(out, z.total_out);
		reply->body.length = z.total_out;
		reply->gzip = true;
	} else {
		free(out);
	}
	deflateEnd(&z);
}

/* What the web configuration says of a header has the last word; "" leaves it out. */
static void add_header(const struct server *server, struct MHD_Response *response, const char *name,
		       const char *value)
{
	const struct web_config *c = server->config;

	for (size_t i = 0; c && i < c->header_count; i++)
		if (strcmp(c->header[i].name, name) == 0)
			value = c->header[i].value;
	if (value[0])
		MHD_add_response_header(response, name, value);
}

static void add_headers(const struct server *server, struct MHD_Response *response)
{
	add_header(server, response, "X-Content-Type-Options", "nosniff");
	add_header(server, response, "Content-Security-Policy", POLICY);
	MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	MHD_add_response_header(response, "Cross-Origin-Resource-Policy", "same-origin");
	add_header(server, response, "Strict-Transport-Security", "");
	add_header(server, response, "X-Frame-Options", "");
	add_header(server, response, "X-XSS-Protection", "");
}

/* Numbers are of now. The tag is weak: bodies differ by their encoding (RFC 9110 section 8.8.1). */
static void add_caching(struct MHD_Response *response, const struct reply *reply)
{
	char tag[32];

	MHD_add_response_header(response, "Cache-Control", reply->tag[0] ? "no-cache" : "no-store");
	if (!reply->tag[0])
		return;
	snprintf(tag, sizeof(tag), "W/\"%s\"", reply->tag);
	MHD_add_response_header(response, "ETag", tag);
}

static enum MHD_Result send_reply(const struct server *server, struct MHD_Connection *connection,
				  struct reply *reply)
{
	struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback(
		reply->body.length, reply->body.data, lent__free);
	enum MHD_Result result;

	if (!response) {
		buffer__clear(&reply->body);
		return MHD_NO;
	}
	MHD_add_response_header(response, "Content-Type", reply->type);
	add_headers(server, response);
	add_caching(response, reply);
	MHD_add_response_header(response, "Vary", "Accept, Accept-Encoding");
	if (reply->gzip)
		MHD_add_response_header(response, "Content-Encoding", "gzip");
	if (reply->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, "Allow", "GET, HEAD");
	if (reply->status == MHD_HTTP_UNAUTHORIZED) /* RFC 7617 section 2 */
		MHD_add_response_header(response, "WWW-Authenticate",
					"Basic realm=\"sonde\", charset=\"UTF-8\"");
	if (reply->status == MHD_HTTP_TOO_MANY_REQUESTS)
		MHD_add_response_header(response, "Retry-After", "5");
	result = MHD_queue_response(connection, reply->status, response);
	MHD_destroy_response(response);
	return result;
}

static void tell_counts(struct web *web, struct snapshot *snapshot)
{
	struct web_counts counts = {.scrapes = web->scrapes,
				    .last_seconds = (double)web->scrape_ns / 1e9,
				    .unauthorized = web->unauthorized,
				    .without_memory = web->without_memory};
	struct guard_counts closed = {0};

	if (web->tcp.guard)
		guard__counts(web->tcp.guard, &closed);
	counts.slow = closed.slow;
	counts.crowded = closed.crowded;
	snapshot__scraped(snapshot, &counts);
}

static void make_reply(struct web *web, const struct endpoint *endpoint,
		       const struct request *request, struct reply *reply)
{
	struct snapshot *snapshot = NULL;
	uint64_t begun = now_ns();

	if (endpoint->needs_snapshot) {
		snapshot = web->snapshot(web->context);
		if (!snapshot) {
			web->without_memory++;
			reply->status = MHD_HTTP_SERVICE_UNAVAILABLE;
			buffer__text(&reply->body,
				     "sonde is stopping, or has no memory left for this\n");
			return;
		}
		tell_counts(web, snapshot);
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

static const char *parameter(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);
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
			   &(struct request){url, header(connection, "Accept"),
					     header(connection, "If-None-Match"),
					     parameter(connection, "service"),
					     parameter(connection, "after"), web->tail},
			   reply);
	}
	if (reply->body.length >= GZIP_MIN &&
	    negotiate__gzip(header(connection, "Accept-Encoding")))
		compress_reply(reply);
}

/* False: refused, the reply says how. */
static bool is_permitted(struct server *server, struct MHD_Connection *connection,
			 struct reply *reply)
{
	enum auth_answer answer = AUTH_GOOD;

	if (server->auth)
		answer = web_auth__check(server->auth, header(connection, "Authorization"),
					 now_ns());
	if (answer == AUTH_GOOD)
		return true;
	server->web->unauthorized++;
	reply->status = answer == AUTH_LATER ? MHD_HTTP_TOO_MANY_REQUESTS : MHD_HTTP_UNAUTHORIZED;
	buffer__text(&reply->body, answer == AUTH_LATER ? "too many wrong passwords\n"
							: "a name and password are needed\n");
	return false;
}

static struct seat *seat_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_size, void **request)
{
	static int seen;
	struct server *server = context;
	struct reply reply = {
		.status = MHD_HTTP_OK, .type = "text/plain; charset=utf-8", .body = {.lent = true}};

	(void)version;
	(void)upload;
	if (!*request) { /* the head only; bodies are passed over */
		*request = &seen;
		guard__asked(server->guard, seat_of(connection), now_ns());
		return web_tls__admits(server->config, connection) ? MHD_YES : MHD_NO;
	}
	if (*upload_size) {
		*upload_size = 0;
		return MHD_YES;
	}
	if (is_permitted(server, connection, &reply))
		answer(server->web, connection, url, method, &reply);
	if (reply.body.failed) {
		buffer__clear(&reply.body);
		reply = (struct reply){.status = MHD_HTTP_INTERNAL_SERVER_ERROR,
				       .type = "text/plain; charset=utf-8",
				       .body = {.lent = true}};
		buffer__text(&reply.body, "no memory\n");
	}
	return send_reply(server, connection, &reply);
}

static void completed(void *context, struct MHD_Connection *connection, void **request,
		      enum MHD_RequestTerminationCode how)
{
	struct server *server = context;

	(void)request;
	(void)how;
	guard__answered(server->guard, seat_of(connection), now_ns());
}

static void enter(struct server *server, struct MHD_Connection *connection, void **seat)
{
	const union MHD_ConnectionInfo *fd =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	const union MHD_ConnectionInfo *from =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	if (fd)
		*seat = guard__enter(server->guard, fd->connect_fd, from ? from->client_addr : NULL,
				     now_ns());
}

static void connected(void *context, struct MHD_Connection *connection, void **seat,
		      enum MHD_ConnectionNotificationCode what)
{
	struct server *server = context;

	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		enter(server, connection, seat);
	else
		guard__leave(server->guard, *seat);
}

/* What goes wrong on single connections is theirs; it must not fill our log. */
static void ignore_log(void *context, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));
static void ignore_log(void *context, const char *format, va_list arguments)
{
	(void)context;
	(void)format;
	(void)arguments;
}

static struct MHD_Daemon *start(struct server *server, int fd)
{
	const struct web_config *c = server->config;
	bool tls = c && web_config__has_tls(c);
	struct MHD_OptionItem secure[] = {
		{MHD_OPTION_HTTPS_MEM_CERT, 0, tls ? c->certificate : NULL},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, tls ? c->key : NULL},
		{MHD_OPTION_HTTPS_PRIORITIES, 0, tls ? (void *)c->priorities : NULL},
		{tls && c->authority ? MHD_OPTION_HTTPS_MEM_TRUST : MHD_OPTION_END, 0,
		 tls ? c->authority : NULL},
		{MHD_OPTION_END, 0, NULL}};
	struct MHD_OptionItem plain[] = {{MHD_OPTION_END, 0, NULL}};

	/* clang-format off */
	return MHD_start_daemon(
		MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL | MHD_USE_ITC | MHD_USE_ERROR_LOG |
			(tls ? MHD_USE_TLS : 0),
		0, NULL, NULL, handle, server,
		MHD_OPTION_EXTERNAL_LOGGER, ignore_log, NULL,
		MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned int)GUARD_SEATS,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)TIMEOUT_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_NOTIFY_CONNECTION, connected, server,
		MHD_OPTION_NOTIFY_COMPLETED, completed, server,
		MHD_OPTION_ARRAY, tls ? secure : plain,
		MHD_OPTION_END);
	/* clang-format on */
}

static int serve(struct server *server, int fd, char *error, size_t size)
{
	bool users = server->config && server->config->user_count;

	if (fd < 0)
		return fd;
	server->guard = guard__new();
	server->auth = users ? web_auth__new(server->config) : NULL;
	if (server->guard && (server->auth || !users))
		server->daemon = start(server, fd);
	if (server->daemon)
		return 0;
	close(fd);
	snprintf(error, size, "libmicrohttpd does not start");
	return -EIO;
}

static int serve_both(struct web *web, const struct web_options *o, char *error, size_t size)
{
	int err = 0;

	web->tcp = (struct server){.web = web, .config = o->config};
	web->local = (struct server){.web = web};
	if (o->listen_address[0])
		err = serve(&web->tcp, listen__tcp(o->listen_address, error, size), error, size);
	if (!err && o->socket[0])
		err = serve(&web->local, listen__local(o->socket, o->socket_group, error, size),
			    error, size);
	return err;
}

int web__start(const struct web_options *options, struct web **out, char *error, size_t size)
{
	struct web *web = calloc(1, sizeof(*web));
	int err;

	if (!web) {
		snprintf(error, size, "no memory");
		return -ENOMEM;
	}
	web->snapshot = options->snapshot;
	web->context = options->context;
	web->tail = options->tail;
	err = serve_both(web, options, error, size);
	if (err) {
		web__stop(web);
		return err;
	}
	snprintf(web->socket, sizeof(web->socket), "%s", options->socket);
	*out = web;
	return 0;
}

void web__tick(struct web *web)
{
	if (web && web->tcp.guard)
		guard__tick(web->tcp.guard, now_ns());
	if (web && web->local.guard)
		guard__tick(web->local.guard, now_ns());
}

static void stop(struct server *server)
{
	if (server->daemon)
		MHD_stop_daemon(server->daemon);
	guard__free(server->guard);
	web_auth__free(server->auth);
}

void web__stop(struct web *web)
{
	if (!web)
		return;
	stop(&web->tcp);
	stop(&web->local);
	if (web->local.daemon && web->socket[0])
		unlink(web->socket);
	free(web);
}
