/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is looked at sixteen bytes at a time, compared byte by byte; also as other processors do it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#define SONDE_BLOCK_PLAIN
#include "protocol/block.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static void each_byte_has_its_bit(void **state)
{
	uint8_t bytes[BLOCK_BYTES];

	(void)state;
	for (int c = 0; c < 256; c++)
		for (int at = 0; at < BLOCK_BYTES; at++) {
			bool seen = c > ' ' && c < 0x7f, digit = c >= '0' && c <= '9';

			memset(bytes, 'a', sizeof(bytes));
			bytes[at] = (uint8_t)c;
			assert_int_equal(block__bits(block__digits(block__at(bytes))),
					 digit ? 1u << at : 0);
			assert_int_equal(block__bits(block__unseen(block__at(bytes))),
					 seen ? 0 : 1u << at);
			assert_int_equal(block__bits(block__equal(block__at(bytes), (uint8_t)c)),
					 c == 'a' ? 0xffff : 1u << at);
		}
}

static void bits_are_the_same_on_every_processor(void **state)
{
	uint8_t bytes[BLOCK_BYTES];

	(void)state;
	for (uint32_t bits = 0; bits < 65536; bits++) {
		for (int i = 0; i < BLOCK_BYTES; i++)
			bytes[i] = bits >> i & 1 ? 0xff : 0;
		assert_int_equal(block__bits(block__at(bytes)), bits);
#ifdef __SSE2__
		assert_int_equal(_mm_movemask_epi8((__m128i)block__at(bytes)), bits);
#endif
	}
}

static void beyond_is_by_how_much(void **state)
{
	uint8_t bytes[BLOCK_BYTES], most[BLOCK_BYTES], out[BLOCK_BYTES];
	block_t beyond;

	(void)state;
	for (int a = 0; a < 256; a++)
		for (int b = 0; b < 256; b++) {
			memset(bytes, a, sizeof(bytes));
			memset(most, b, sizeof(most));
			beyond = block__beyond(block__at(bytes), block__at(most));
			memcpy(out, &beyond, sizeof(out));
			for (int i = 0; i < BLOCK_BYTES; i++)
				assert_int_equal(out[i], a > b ? a - b : 0);
			assert_int_equal(block__any(beyond), a > b);
		}
}

/* The bytes end with the memory that is theirs. */
static void a_part_is_read_to_its_end_only(void **state)
{
	uint8_t out[BLOCK_BYTES];
	block_t part;

	(void)state;
	for (size_t length = 0; length <= BLOCK_BYTES; length++) {
		uint8_t *bytes = malloc(length + !length);

		for (size_t i = 0; i < length; i++)
			bytes[i] = (uint8_t)(0x81 + i);
		part = block__part(bytes, length);
		memcpy(out, &part, sizeof(out));
		for (size_t i = 0; i < BLOCK_BYTES; i++)
			assert_int_equal(out[i], i < length ? 0x81 + i : 0);
		free(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_byte_has_its_bit),
		cmocka_unit_test(bits_are_the_same_on_every_processor),
		cmocka_unit_test(beyond_is_by_how_much),
		cmocka_unit_test(a_part_is_read_to_its_end_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
