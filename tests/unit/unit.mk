# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Libraries that single unit tests compare with.
test_hpack_LIBS := -lnghttp2
test_http2_LIBS := -lnghttp2
test_sql_LIBS := -lpg_query
test_caches_LIBS := -rdynamic
test_grpc_LIBS := -lnghttp2

# protobuf-c is the oracle of the protobuf format; what it generates is not ours to warn about.
test_formats_LIBS := -isystem $(B)/unit -lprotobuf-c
$(B)/unit/test_formats: $(B)/unit/metrics.pb-c.c
$(B)/unit/metrics.pb-c.c: tests/unit/metrics.proto
	@mkdir -p $(@D)
	$(Q)protoc-c --proto_path=$(<D) --c_out=$(@D) $<

# What is resident is what the test says.
test_memory_limit_LIBS := -Wl,--wrap=pread -Wl,--wrap=mallinfo2

# A machine may have booted just now; the test's has not.
test_resources_LIBS := -Wl,--wrap=clock_gettime

# The log's minutes pass as the test says.
test_log_LIBS := -Wl,--wrap=clock_gettime
