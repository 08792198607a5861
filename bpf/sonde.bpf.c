// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* All that sonde runs in the kernel, one object: the programs share their maps. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include "compat.h"
#include "event.h"
#include "tls.h"
#include "maps.h"
#include "emit.h"
#include "hold.h"
#include "area.h"
#include "process.h"
#include "state.h"
#include "numbered.h"
#include "source.h"
#include "chunk.h"
#include "moved.h"
#include "sampling.h"
#include "tls_session.h"
#include "tls_filter.h"
#include "tls_plaintext.h"
#include "tls_socket.h"
#include "brief.h"
#include "socket.h"
#include "socket_tracepoints.h"
#include "fexit.h"
#include "sys_exit.h"
#include "tcp_state.h"
#include "iterators.h"
#include "tls_probes.h"
#include "tls_go.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";
