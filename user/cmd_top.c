/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <getopt.h>
#include <stdio.h>
#include "command.h"
#include "session.h"
#include "view/source.h"

static const char help_text[] = "Usage: sonde top [OPTION...] [RECORDING]\n";

int cmd_top(int argc, char **argv)
{
	struct config config;
	struct source *source;
	char error[512];
	json_t *model;
	(void)help_text;
	config__defaults(&config);
	session__block_signals();
	if (source__open(&(struct source_options){.recording = argc > 1 ? argv[1] : NULL, .socket = config.web.socket, .address = config.web.listen_address, .config = &config}, &source, error, sizeof(error))) {
		fprintf(stderr, "%s\n", error);
		return 1;
	}
	model = source__model(source, error, sizeof(error));
	if (model) json_dumpf(model, stdout, JSON_INDENT(1));
	json_decref(model);
	source__close(source);
	return 0;
}
