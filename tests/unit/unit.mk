# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Libraries that single unit tests compare with.
test_hpack_LIBS := -lnghttp2
test_http2_LIBS := -lnghttp2
test_sql_LIBS := -lpg_query
test_caches_LIBS := -rdynamic
test_grpc_LIBS := -lnghttp2
