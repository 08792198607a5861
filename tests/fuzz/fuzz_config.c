/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The configuration: any text is accepted or refused with a line. */
#include <stdint.h>
#include <stdlib.h>
#include "config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config config;
	char error[256] = "";

	config__defaults(&config);
	if (config__parse("fuzz", (const char *)data, size, &config, error, sizeof(error)) &&
	    !error[0])
		abort();
	config__clear(&config);
	return 0;
}
