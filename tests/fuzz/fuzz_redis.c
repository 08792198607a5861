/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Redis alone. */
#include "protocol.h"

#define REQUEST	 "*1\r\n$4\r\nPING\r\n"
#define RESPONSE "+PONG\r\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct opening opening = {.protocol = PROTOCOL_REDIS,
					       .port = 6379,
					       .request = REQUEST,
					       .request_size = sizeof(REQUEST) - 1,
					       .response = RESPONSE,
					       .response_size = sizeof(RESPONSE) - 1};

	return fuzz_protocol(&opening, data, size);
}
