/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the daemon gives away once it is set up (docs/privileges.md): capabilities that nothing
 * needs, new privileges by exec, system calls beyond a list, writing to files. It holds for threads
 * that begin afterwards.
 */
#ifndef SONDE_HARDENING_H
#define SONDE_HARDENING_H

#include <stdbool.h>
#include <stdint.h>

struct hardening_options {
	const char *socket; /* of the local socket, "" none: its folder stays writable */
	bool socket_group;  /* it is to be given to a group */
};

struct hardening_status {
	bool capabilities; /* dropped but for those in use */
	bool no_new_privileges;
	bool system_calls; /* only those of the list */
	bool files;	   /* Landlock: none can be written outside of the socket's folder */
	uint64_t refused;  /* system calls that were not on the list and failed with EPERM */
	int refused_last;  /* number of the newest of them */
};

/* Each part that can be done is; what cannot is said in a line. Before any thread. */
void hardening__apply(const struct hardening_options *options);
void hardening__status(struct hardening_status *out); /* from any thread */

/* Says in one line each which features are off for want of a right. */
void rights__say(void);

/* For doctor: what can be given away here, and which rights there are. present: 1 yes, 0 no. */
typedef void (*hardening_tell)(const char *name, int present, const char *detail);
void hardening__probe(hardening_tell tell);
void rights__probe(hardening_tell tell);
int files__version(void); /* of Landlock; 0: the kernel has none */

/* ---- the parts; 0 or -errno ---- */

/* CAP_*; of those that are held now. */
bool capability__held(unsigned int capability);
int capabilities__drop(bool socket_group);
/* Others fail with EPERM and are counted. */
int system_calls__confine(void);
uint64_t system_calls__refused(int *last);
/* -EBUSY where the right to look into other processes is held, which Landlock would end. */
int files__confine(const char *socket);

#endif
