/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Templates of Redis keys, made without a word from anybody: "user:1234:session" becomes
 * "user:{id}:session". Numbers, UUIDs, dates and the like are told by their looks; of words nobody
 * says which ones a program wrote and which one is somebody's name, so that is learned.
 */
#ifndef SONDE_KEY_TEMPLATE_H
#define SONDE_KEY_TEMPLATE_H

#include <stddef.h>
#include "protocol/slice.h"

#define KEY_TEMPLATE_MAX 160

struct key_learner;

struct key_learner *key_learner__new(void);	     /* NULL: no memory */
void key_learner__free(struct key_learner *learner); /* tolerates NULL */
/*
 * Writes the template of a key, NUL-terminated, and learns from the key. Returns its length; 0:
 * what there is to learn has become too much, and this one is new.
 */
size_t key_learner__template(struct key_learner *learner, struct slice key,
			     char out[KEY_TEMPLATE_MAX]);

#endif
