/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What of the exposition can be chosen (docs/formats.md). */
#ifndef SONDE_FORMATS_H
#define SONDE_FORMATS_H

#include <stdbool.h>

enum naming {
	NAMING_SPEC, /* the fixed names alone */
	NAMING_OTEL, /* OpenTelemetry's where it has one, else the fixed one */
	NAMING_BOTH,
	NAMING_COUNT
};

struct formats {
	enum naming naming;
	bool native_histograms; /* protobuf is spoken, with them in it */
	bool exemplars;		/* trace ids leave the process */
};

/* "spec", "otel", "both", NULL */
extern const char *const naming_names[];
/* 0, or -EINVAL. */
int naming__parse(const char *text, enum naming *out);

#endif
