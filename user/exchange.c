/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "exchange.h"

#include <stddef.h>

#define NAME_OF(table, index)                                                                      \
	((size_t)(index) < sizeof(table) / sizeof((table)[0]) && (table)[index] ? (table)[index]   \
										: "?")

const char *outcome__name(enum outcome outcome)
{
	static const char *const names[OUTCOME_COUNT] = {
		[OUTCOME_OK] = "ok",
		[OUTCOME_ERROR] = "error",
		[OUTCOME_ABORTED] = "aborted",
		[OUTCOME_LOST] = "lost",
	};

	return NAME_OF(names, outcome);
}

const char *side__name(enum side side)
{
	return side == SIDE_CLIENT ? "client" : "server";
}

const char *http_method__name(enum http_method method)
{
	static const char *const names[HTTP_METHOD_COUNT] = {
		[HTTP_OTHER] = "OTHER",	    [HTTP_GET] = "GET",		[HTTP_HEAD] = "HEAD",
		[HTTP_POST] = "POST",	    [HTTP_PUT] = "PUT",		[HTTP_DELETE] = "DELETE",
		[HTTP_CONNECT] = "CONNECT", [HTTP_OPTIONS] = "OPTIONS", [HTTP_TRACE] = "TRACE",
		[HTTP_PATCH] = "PATCH",
	};

	return NAME_OF(names, method);
}

const char *rpc_type__name(enum rpc_type type)
{
	static const char *const names[RPC_TYPE_COUNT] = {
		[RPC_UNARY] = "unary",
		[RPC_CLIENT_STREAM] = "client_stream",
		[RPC_SERVER_STREAM] = "server_stream",
		[RPC_BIDI_STREAM] = "bidi_stream",
	};

	return NAME_OF(names, type);
}

const char *grpc_status__name(unsigned int code)
{
	static const char *const names[] = {"0", "1",  "2",  "3",  "4",	 "5",  "6",  "7", "8",
					    "9", "10", "11", "12", "13", "14", "15", "16"};

	if (code < sizeof(names) / sizeof(*names))
		return names[code];
	if (code == GRPC_STATUS_UNTOLD)
		return "?";
	return code == GRPC_STATUS_NONE ? "none" : "other";
}

bool grpc_status__is_failure(unsigned int code, enum side side)
{
	if (side == SIDE_CLIENT)
		return code != 0 && code != GRPC_STATUS_UNTOLD;
	return code == 2 || code == 4 || (code >= 12 && code <= 15) || code == GRPC_STATUS_OTHER ||
	       code == GRPC_STATUS_NONE;
}

const char *protocol_id__name(enum protocol_id protocol)
{
	static const char *const names[PROTOCOL_COUNT] = {
		[PROTOCOL_UNKNOWN] = "unknown", [PROTOCOL_HTTP1] = "http",
		[PROTOCOL_HTTP2] = "http2",	[PROTOCOL_POSTGRES] = "postgres",
		[PROTOCOL_REDIS] = "redis",	[PROTOCOL_TLS] = "tls",
		[PROTOCOL_OPAQUE] = "opaque",
	};

	return NAME_OF(names, protocol);
}

const char *loss_reason__name(enum loss_reason reason)
{
	static const char *const names[LOSS_REASON_COUNT] = {
		[LOSS_RING_FULL] = "ring_full",
		[LOSS_UNREADABLE] = "unreadable",
		[LOSS_CAP] = "cap",
		[LOSS_RESYNC] = "resync",
		[LOSS_ATTACHED] = "attached",
		[LOSS_NO_BUFFER] = "no_buffer",
		[LOSS_STATE] = "state",
		[LOSS_MISSED] = "missed",
		[LOSS_PARSER] = "parser",
		[LOSS_SAMPLED] = "sampled",
		[LOSS_MEMORY] = "memory_limit",
	};

	return NAME_OF(names, reason);
}
