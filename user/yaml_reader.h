/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Structured YAML read against tables of keys, over libyaml's document. Whatever is wrong stops the
 * reading with one line: "FILE:LINE: what is wrong; what would be right".
 */
#ifndef SONDE_YAML_READER_H
#define SONDE_YAML_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

struct yaml_reader {
	yaml_document_t document;
	const char *text; /* what it was read from */
	size_t length;
	const char *name; /* of the file, for messages */
	char *error;
	size_t size;
	bool failed;
};

/* One key of a mapping: how its value gets into the target. */
struct yaml_key {
	const char *name;
	void (*read)(struct yaml_reader *reader, const yaml_node_t *node,
		     const struct yaml_key *key, void *target);
	size_t offset;		     /* of the field in the target */
	size_t size;		     /* of a text's array */
	long long low, high;	     /* bounds of a number */
	const struct yaml_key *keys; /* of a mapping below */
	const char *const *choices;  /* of a text; NULL-terminated; NULL: any */
};

/* 0, or -EINVAL with the line in error. End it with yaml_reader__close() in both cases. */
int yaml_reader__open(struct yaml_reader *reader, const char *name, const char *text, size_t length,
		      char *error, size_t size);
void yaml_reader__close(struct yaml_reader *reader);
/* NULL where the document is empty. */
const yaml_node_t *yaml_reader__root(struct yaml_reader *reader);

/* The first complaint counts. */
void yaml__fail(struct yaml_reader *reader, const yaml_node_t *node, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Every key must be in the table (ends with {0}) and appear once. */
void yaml__mapping(struct yaml_reader *reader, const yaml_node_t *node, const struct yaml_key *keys,
		   void *target);
/* Value of a mapping's key; NULL where there is none. */
const yaml_node_t *yaml__get(struct yaml_reader *reader, const yaml_node_t *mapping,
			     const char *key);
/* A scalar's text; NULL (and a complaint) for everything else. Lives as long as the reader. */
const char *yaml__scalar(struct yaml_reader *reader, const yaml_node_t *node);
/* Calls take for each item of a sequence; a scalar or mapping is a sequence of one. */
void yaml__each(struct yaml_reader *reader, const yaml_node_t *node,
		void (*take)(struct yaml_reader *reader, const yaml_node_t *item, void *context),
		void *context);
/* "250ms", "10s", "5m", "1h", "2d" in nanoseconds; 0 and a complaint where it is none. */
unsigned long long yaml__duration(struct yaml_reader *reader, const yaml_node_t *node);

/* ---- readers for tables ---- */
void yaml__read_mapping(struct yaml_reader *reader, const yaml_node_t *node,
			const struct yaml_key *key, void *target);
void yaml__read_text(struct yaml_reader *reader, const yaml_node_t *node,
		     const struct yaml_key *key, void *target); /* char[size] */
void yaml__read_copy(struct yaml_reader *reader, const yaml_node_t *node,
		     const struct yaml_key *key, void *target); /* char *, owned */
void yaml__read_u32(struct yaml_reader *reader, const yaml_node_t *node, const struct yaml_key *key,
		    void *target);
void yaml__read_seconds(struct yaml_reader *reader, const yaml_node_t *node,
			const struct yaml_key *key, void *target); /* uint32_t, from a duration */
void yaml__read_bytes(struct yaml_reader *reader, const yaml_node_t *node,
		      const struct yaml_key *key, void *target); /* uint32_t, "8MiB" */
/* Of the text that the node was read from (FNV-1a). */
unsigned long long yaml__fingerprint(const struct yaml_reader *reader, const yaml_node_t *node);
/* The value is read elsewhere. */
void yaml__ignore(struct yaml_reader *reader, const yaml_node_t *node, const struct yaml_key *key,
		  void *target);
void yaml__read_bool(struct yaml_reader *reader, const yaml_node_t *node,
		     const struct yaml_key *key, void *target);

#endif
