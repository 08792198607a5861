/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* PostgreSQL alone. */
#include "protocol.h"

#define REQUEST	 "\0\0\0\x11\0\3\0\0user\0a\0\0\0"
#define RESPONSE "R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct opening opening = {.protocol = PROTOCOL_POSTGRES,
					       .port = 5432,
					       .request = REQUEST,
					       .request_size = sizeof(REQUEST) - 1,
					       .response = RESPONSE,
					       .response_size = sizeof(RESPONSE) - 1};

	return fuzz_protocol(&opening, data, size);
}
