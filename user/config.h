/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The configuration: one YAML file, every key optional, an unknown key or bad value refused by
 * line. */
#ifndef SONDE_CONFIG_H
#define SONDE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "capture/capture.h"
#include "engine.h"
#include "metrics/formats.h"
#include "tls/filter.h"

struct health_settings;
struct pool_settings;
struct queue_settings;
struct rule_set;
struct service_set;

#define CONFIG_LIST_MAX 64

struct config {
	struct {
		char listen_address[128]; /* "127.0.0.1:9867", "[::1]:9867"; "" serves no TCP */
		char socket[108];	  /* local socket for sonde top; "" none */
		char socket_group[32];	  /* group that may read it; "" only the owner */
		char config_file[256];	  /* TLS and users (web/web_config.h); "" none */
	} web;
	struct capture_options capture;
	bool areas; /* of the CPUs, for short records (bpf/area.h) */
	struct {
		bool enabled; /* TLS libraries are probed */
		struct tls_filter filter;
	} tls;
	struct {
		bool enabled; /* rights are given away after the start */
	} hardening;
	bool time_shares; /* where the time of requests went is told */
	struct {
		uint32_t connections;
		uint32_t routes_per_service;
		uint32_t statements;
		uint32_t series;
		uint32_t idle_seconds;
		uint32_t cpu;	 /* millionths of one core; 0: whatever it takes */
		uint64_t memory; /* bytes resident; 0: whatever it takes */
	} limits;
	struct {
		char logs[256]; /* the kubelet's links to containers' logs; "" are not looked at */
	} kubernetes;
	struct formats formats;
	char *routes[CONFIG_LIST_MAX + 1]; /* patterns, NULL-terminated, owned */
	struct {
		char *patterns[CONFIG_LIST_MAX + 1]; /* of Redis keys, the same */
		bool automatic;			     /* templates of keys are made */
		uint32_t templates;		     /* at most so many */
	} keys;
	uint16_t http_ports[CONFIG_LIST_MAX + 1]; /* zero-terminated */
	struct service_set *services;		  /* owned; NULL: none */
	struct rule_set *rules;			  /* owned; NULL: none */
	struct queue_settings *queues;		  /* owned; NULL: none */
	struct pool_settings *pools;		  /* owned; NULL: none */
	struct health_settings *health;		  /* owned; NULL: its defaults */
	struct {
		char level[8];	/* error, warn, info, debug */
		char format[8]; /* logfmt, json */
	} log;
};

void config__defaults(struct config *config);
/* limits.cpu as it is written: "2%", "0.02", "none" (0). 0, or -EINVAL with what would be right in
 * error. */
int config__cpu(const char *text, uint32_t *millionths, char *error, size_t size);
/* limits.memory: "64MiB", "64M", "none" (0). The same. */
int config__memory(const char *text, uint64_t *bytes, char *error, size_t size);
/* What does not fit together; 0, or -EINVAL with one line in error. */
int config__check(const struct config *config, char *error, size_t size);
/*
 * Reads path over the defaults. 0, or -errno with one line "FILE:LINE: what is wrong; what would be
 * right" in error; *config is then unchanged.
 */
int config__load(const char *path, struct config *config, char *error, size_t size);
int config__parse(const char *name, const char *text, size_t length, struct config *config,
		  char *error, size_t size);
void config__clear(struct config *config);
/* Patterns of keys; the result points into the configuration. */
void config__keys(const struct config *config, struct key_options *out);
/* What the engine takes of it; the result points into the configuration. */
void config__engine(const struct config *config, struct engine_options *out);

#endif
