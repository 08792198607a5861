/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* beanstalkd alone. */
#include "../fuzz/protocol.h"
#include "table.h"

#define REQUEST	 "reserve\r\n"
#define RESPONSE "RESERVED 1 2\r\nab\r\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct opening opening = {.protocol = PROTOCOL_BEANSTALK,
					       .port = 11300,
					       .request = REQUEST,
					       .request_size = sizeof(REQUEST) - 1,
					       .response = RESPONSE,
					       .response_size = sizeof(RESPONSE) - 1};

	return fuzz_protocol(&opening, data, size);
}
