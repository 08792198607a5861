/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "harness.h"

#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include "tls/go_table.h"
#include "tls/returns.h"
#include "tls/x86_code.h"

#define INSTRUCTION_MAX 16

/* "  401000:\t48 8d 05 f9 2f 00 00 \tlea ..." -> the bytes; what it is stands at *text. */
static size_t bytes_of(const char *line, uint8_t *out, const char **text)
{
	const char *at = strchr(line, '\t');
	size_t count = 0;
	unsigned int byte;

	while (at && count < INSTRUCTION_MAX && isxdigit((unsigned char)at[1]) &&
	       sscanf(at + 1, "%2x", &byte) == 1) {
		out[count++] = (uint8_t)byte;
		at += 3;
	}
	*text = at ? strchr(at, '\t') : NULL;
	return *text ? count : 0;
}

static enum x86_kind kind_of(const char *text)
{
	static const char *const prefixes[] = {"repz ", "bnd ", "notrack ", "cs ", "ds "};

	text++;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (!strncmp(text, prefixes[i], strlen(prefixes[i])))
			text += strlen(prefixes[i]);
	if (!strncmp(text, "ret", 3))
		return X86_RETURN;
	if (text[0] == 'j' || !strncmp(text, "loop", 4))
		return strchr(text, '*') ? X86_JUMP_COMPUTED : X86_JUMP;
	return X86_OTHER;
}

/* Instructions of this program, as objdump reads them. */
static void instructions_are_what_objdump_says(void **state)
{
	FILE *listing = popen("objdump -d -w -j .text /proc/$PPID/exe", "r");
	char line[512];
	size_t compared = 0;

	(void)state;
	assert_non_null(listing);
	while (fgets(line, sizeof(line), listing)) {
		struct x86_instruction instruction;
		uint8_t bytes[INSTRUCTION_MAX];
		const char *text;
		size_t length = bytes_of(line, bytes, &text);

		if (!length || strstr(line, "(bad)") || strstr(line, "<unknown>"))
			continue;
		if (x86__decode(bytes, length, &instruction) || instruction.length != length ||
		    instruction.kind != kind_of(text))
			fail_msg("not as objdump has it: %s", line);
		/* cut short it is none */
		assert_int_equal(x86__decode(bytes, length - 1, &instruction), -EBADMSG);
		compared++;
	}
	pclose(listing);
#ifdef __x86_64__
	assert_in_range(compared, 5000, SIZE_MAX);
#endif
}

static void returns_are_found(void **state)
{
	static const uint8_t code[] = {
		0x48, 0x85, 0xff,	      /* test %rdi,%rdi */
		0x74, 0x03,		      /* je 8 */
		0x31, 0xc0, 0xc3,	      /* xor %eax,%eax; ret */
		0xb8, 0xc3, 0x00, 0x00, 0x00, /* mov $0xc3,%eax: no return */
		0xf3, 0xc3,		      /* rep ret */
	};
	uint32_t offsets[4];

	(void)state;
	assert_int_equal(returns__find(EM_X86_64, code, sizeof(code), offsets, 4), 2);
	assert_int_equal(offsets[0], 7);
	assert_int_equal(offsets[1], 13);
	assert_int_equal(returns__find(EM_X86_64, code, sizeof(code), offsets, 1), -E2BIG);
	/* without its end the jump leads out */
	assert_int_equal(returns__find(EM_X86_64, code, 8, offsets, 4), -ENOTSUP);
	assert_int_equal(returns__find(EM_X86_64, code, 3, offsets, 4), -ENOTSUP);
	assert_int_equal(returns__find(EM_386, code, sizeof(code), offsets, 4), -ENOTSUP);
}

static void functions_that_end_otherwise_are_refused(void **state)
{
	static const uint8_t tail[] = {0xc3, 0xe9, 0x00, 0x01, 0x00, 0x00};
	static const uint8_t computed[] = {0xc3, 0xff, 0xe0};
	static const uint8_t none[] = {0x06, 0xc3};
	uint32_t offsets[4];

	(void)state;
	assert_int_equal(returns__find(EM_X86_64, tail, sizeof(tail), offsets, 4), -ENOTSUP);
	assert_int_equal(returns__find(EM_X86_64, computed, sizeof(computed), offsets, 4),
			 -ENOTSUP);
	assert_int_equal(returns__find(EM_X86_64, none, sizeof(none), offsets, 4), -ENOTSUP);
}

static void returns_of_arm_are_found(void **state)
{
	static const uint32_t code[] = {
		0xb4000040, /* cbz x0, 8 */
		0xd65f03c0, /* ret */
		0x17fffffe, /* b 0 */
		0xd65f03c0, /* ret */
	};
	static const uint32_t tail[] = {0xd65f03c0, 0x14000100};
	static const uint32_t computed[] = {0xd65f03c0, 0xd61f0020};
	uint32_t offsets[4];

	(void)state;
	assert_int_equal(returns__find(EM_AARCH64, (const uint8_t *)code, sizeof(code), offsets, 4),
			 2);
	assert_int_equal(offsets[0], 4);
	assert_int_equal(offsets[1], 12);
	assert_int_equal(returns__find(EM_AARCH64, (const uint8_t *)tail, sizeof(tail), offsets, 4),
			 -ENOTSUP);
	assert_int_equal(
		returns__find(EM_AARCH64, (const uint8_t *)computed, sizeof(computed), offsets, 4),
		-ENOTSUP);
}

static void a_program_that_is_not_go_has_no_table(void **state)
{
	struct go_function function = {.name = "crypto/tls.(*Conn).Read"};
	struct elf_file file;

	(void)state;
	assert_int_equal(elf_file__open("/proc/self/exe", &file), 0);
	assert_int_equal(go_table__find(&file, &function, 1), -ENOENT);
	assert_int_equal(go__release(&file), 0);
	elf_file__close(&file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instructions_are_what_objdump_says),
		cmocka_unit_test(returns_are_found),
		cmocka_unit_test(functions_that_end_otherwise_are_refused),
		cmocka_unit_test(returns_of_arm_are_found),
		cmocka_unit_test(a_program_that_is_not_go_has_no_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
