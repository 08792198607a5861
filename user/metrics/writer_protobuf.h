/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The writer's third format: messages io.prometheus.client.MetricFamily, each behind its length
 * (Prometheus, "Exposition formats", Protobuf format). Only writer.c includes this.
 */
#ifndef SONDE_WRITER_PROTOBUF_H
#define SONDE_WRITER_PROTOBUF_H

#include "metrics/writer.h"

void writer_protobuf__label(struct writer *writer, const char *name, const char *value);
void writer_protobuf__number(struct writer *writer, double value);
void writer_protobuf__summary(struct writer *writer, double sum, uint64_t count);
void writer_protobuf__histogram(struct writer *writer, const struct histogram *histogram);
/* The family that was written until now goes to the output. */
void writer_protobuf__flush(struct writer *writer);

#endif
