/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Attaches programs that do nothing to SSL_read and SSL_write of a library until its input ends. */
#include <stdio.h>
#include <unistd.h>
#include <bpf/libbpf.h>
#include "empty.skel.h"

static int attach(struct bpf_program *program, bool leave, const char *library,
		  const char *function)
{
	LIBBPF_OPTS(bpf_uprobe_opts, options, .retprobe = leave, .func_name = function);

	return libbpf_get_error(
		       bpf_program__attach_uprobe_opts(program, -1, library, 0, &options)) != 0;
}

int main(int argc, char **argv)
{
	static const char *const functions[] = {"SSL_read", "SSL_write"};
	struct empty_bpf *bpf = empty_bpf__open_and_load();
	char byte;

	if (argc != 2 || !bpf || libbpf_get_error(bpf_program__attach(bpf->progs.on_send)) ||
	    libbpf_get_error(bpf_program__attach(bpf->progs.on_recv)) ||
	    libbpf_get_error(bpf_program__attach(bpf->progs.on_ready)))
		return 77;
	for (int i = 0; i < 2; i++)
		if (attach(bpf->progs.on_enter, false, argv[1], functions[i]) ||
		    attach(bpf->progs.on_leave, true, argv[1], functions[i]))
			return 77;
	puts("ready");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}
