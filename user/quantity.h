/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sizes and shares as people write them, on the command line and in the configuration. */
#ifndef SONDE_QUANTITY_H
#define SONDE_QUANTITY_H

#include <stdint.h>

/* "64M", "64MiB", "67108864": K, M and G count by 1024, as systemd's do. 0 or -EINVAL. */
int quantity__size(const char *text, uint64_t *bytes);
/* "2%", "1.5%", "0.02", in millionths: 20000. Above 1 it must be written with "%". 0 or -EINVAL. */
int quantity__share(const char *text, uint32_t *millionths);

#endif
