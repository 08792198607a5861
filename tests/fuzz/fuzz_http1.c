/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* HTTP/1 alone. */
#include "protocol.h"

#define REQUEST	 "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
#define RESPONSE "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct opening opening = {.protocol = PROTOCOL_HTTP1,
					       .port = 80,
					       .request = REQUEST,
					       .request_size = sizeof(REQUEST) - 1,
					       .response = RESPONSE,
					       .response_size = sizeof(RESPONSE) - 1};

	return fuzz_protocol(&opening, data, size);
}
