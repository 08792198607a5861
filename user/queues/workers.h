/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who takes jobs, and how much of their time they are busy. A worker is whatever does one job at a
 * time: a thread or process that asks for jobs; where one of them has several at once, it counts as
 * many as it ever had.
 */
#ifndef SONDE_QUEUES_WORKERS_H
#define SONDE_QUEUES_WORKERS_H

#include <stdbool.h>
#include <stdint.h>

#define WORKERS_MAX    1024 /* that ask for jobs of one queue; further ones are not told apart */
#define WORKER_SLOTS   60   /* of the sliding window of five minutes */
#define WORKER_SLOT_NS 5000000000ull

struct worker {
	uint64_t identity;   /* 0: an empty place */
	uint64_t connection; /* that it asked on last */
	uint64_t seen_ns;
	uint64_t ended_ns;	/* its last job; 0: none */
	uint32_t tgid;		/* 0: on another node */
	uint32_t running, most; /* jobs now, and at once at most */
};

struct workers {
	struct worker *at; /* NULL until there is one */
	uint32_t count;	   /* places in use or used once */
	uint32_t given;	   /* by the configuration; 0: counted */
	uint32_t seats;	   /* of all workers there are: sum of `most`, at least one each */
	uint32_t running;  /* jobs now, of unknown workers, too */
	uint64_t since_ns; /* up to here time is accounted for */
	uint64_t busy_ns[WORKER_SLOTS], there_ns[WORKER_SLOTS];
};

void workers__clear(struct workers *workers);
/*
 * It asks for jobs (since then_ns), or reports one. 0 as identity: nobody knows who. As `most` 1,
 * or 0 for one that another one, seen as well, counts for.
 */
void workers__see(struct workers *workers, const struct worker *who, uint64_t then_ns,
		  uint64_t now_ns);
/* A job begins or ends; `then_ns` is when it really did so, a little before now. */
void workers__begin(struct workers *workers, uint64_t identity, uint64_t then_ns, uint64_t now_ns);
void workers__end(struct workers *workers, uint64_t identity, uint64_t then_ns, uint64_t now_ns);
/*
 * A job that was not known to run has been done by one that does one at a time: it cannot have
 * begun before its last one ended. When it did begin.
 */
uint64_t workers__did(struct workers *workers, uint64_t identity, uint64_t from_ns, uint64_t to_ns,
		      uint64_t now_ns);
/* It has ended a job that was known to run. */
void workers__ended(struct workers *workers, uint64_t identity, uint64_t time_ns);
/* Drops those for which `gone` says since when; 0: it is there. */
void workers__sweep(struct workers *workers, uint64_t now_ns,
		    uint64_t (*gone)(void *context, const struct worker *worker), void *context);
/* How many there are. */
uint32_t workers__count(const struct workers *workers);
/* In percent; -1 where no worker was there within five minutes. */
double workers__utilisation(struct workers *workers, uint64_t now_ns);

#endif
