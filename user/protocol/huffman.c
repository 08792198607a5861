/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The Huffman code of RFC 7541 appendix B. It is canonical: codes of a length are consecutive, in
 * the order of their symbols, so the symbols in that order and the first code of each length are
 * all it takes.
 */
#include "hpack.h"

#define SHORTEST 5
#define LONGEST	 30
#define EOS	 256

/* Symbols by length of code, then by value. */
static const uint16_t symbols[257] = {
	48,  49,  50,  97,  99,	 101, 105, 111, 115, 116, 32,  37,  45,	 46,  47,  51,	52,  53,
	54,  55,  56,  57,  61,	 65,  95,  98,	100, 102, 103, 104, 108, 109, 110, 112, 114, 117,
	58,  66,  67,  68,  69,	 70,  71,  72,	73,  74,  75,  76,  77,	 78,  79,  80,	81,  82,
	83,  84,  85,  86,  87,	 89,  106, 107, 113, 118, 119, 120, 121, 122, 38,  42,	44,  59,
	88,  90,  33,  34,  40,	 41,  63,  39,	43,  124, 35,  62,  0,	 36,  64,  91,	93,  126,
	94,  125, 60,  96,  123, 92,  195, 208, 128, 130, 131, 162, 184, 194, 224, 226, 153, 161,
	167, 172, 176, 177, 179, 209, 216, 217, 227, 229, 230, 129, 132, 133, 134, 136, 146, 154,
	156, 160, 163, 164, 169, 170, 173, 178, 181, 185, 186, 187, 189, 190, 196, 198, 228, 232,
	233, 1,	  135, 137, 138, 139, 140, 141, 143, 147, 149, 150, 151, 152, 155, 157, 158, 165,
	166, 168, 174, 175, 180, 182, 183, 188, 191, 197, 231, 239, 9,	 142, 144, 145, 148, 159,
	171, 206, 215, 225, 236, 237, 199, 207, 234, 235, 192, 193, 200, 201, 202, 205, 210, 213,
	218, 219, 238, 240, 242, 243, 255, 203, 204, 211, 212, 214, 221, 222, 223, 241, 244, 245,
	246, 247, 248, 250, 251, 252, 253, 254, 2,   3,	  4,   5,   6,	 7,   8,   11,	12,  14,
	15,  16,  17,  18,  19,	 20,  21,  23,	24,  25,  26,  27,  28,	 29,  30,  31,	127, 220,
	249, 10,  13,  22,  256,
};

/* first[n]: the first code of n bits; below[n]: how many codes are shorter; count[n]: codes of n
 * bits. */
static const uint32_t first[LONGEST + 1] = {
	0x0,	  0x0,	     0x0,	0x0,	   0x0,	      0x0,	0x14,	    0x5c,
	0xf8,	  0x0,	     0x3f8,	0x7fa,	   0xffa,     0x1ff8,	0x3ffc,	    0x7ffc,
	0x0,	  0x0,	     0x0,	0x7fff0,   0xfffe6,   0x1fffdc, 0x3fffd2,   0x7fffd8,
	0xffffea, 0x1ffffec, 0x3ffffe0, 0x7ffffde, 0xfffffe2, 0x0,	0x3ffffffc,
};
static const uint16_t below[LONGEST + 1] = {
	0,  0,	0,  0,	0,  0,	 10,  36,  68,	74,  74,  79,  82,  84,	 90,  92,
	95, 95, 95, 95, 98, 106, 119, 145, 174, 186, 190, 205, 224, 253, 253,
};
static const uint16_t count[LONGEST + 1] = {
	0, 0, 0, 0, 0, 10, 26, 32, 6,  0, 5,  3,  2,  6, 2, 3,
	0, 0, 0, 3, 8, 13, 26, 29, 12, 4, 15, 19, 29, 0, 4,
};

struct bits {
	uint64_t window; /* the next bits, left-aligned */
	unsigned int valid;
	struct slice in;
	size_t at;
};

static void refill(struct bits *b)
{
	while (b->valid <= 56 && b->at < b->in.length) {
		b->window |= (uint64_t)b->in.data[b->at++] << (56 - b->valid);
		b->valid += 8;
	}
}

/* The next symbol and its length; length 0 where the remaining bits hold none. */
static unsigned int next_symbol(const struct bits *b, uint16_t *symbol)
{
	for (unsigned int n = SHORTEST; n <= LONGEST && n <= b->valid; n++) {
		uint32_t code = (uint32_t)(b->window >> (64 - n));

		if (count[n] && code - first[n] < count[n]) {
			*symbol = symbols[below[n] + (code - first[n])];
			return n;
		}
	}
	return 0;
}

/* Padding is less than a byte of the most significant bits of EOS, all ones (RFC 7541 section 5.2).
 */
static bool is_padding(const struct bits *b)
{
	return b->valid < 8 &&
	       (b->valid == 0 || b->window >> (64 - b->valid) == (1u << b->valid) - 1);
}

ptrdiff_t huffman__decode(struct slice in, uint8_t *out, size_t size)
{
	struct bits b = {.in = in};
	size_t length = 0;

	for (;;) {
		uint16_t symbol = EOS;
		unsigned int n;

		refill(&b);
		n = next_symbol(&b, &symbol);
		if (!n)
			return is_padding(&b) ? (ptrdiff_t)length : -1;
		if (symbol == EOS)
			return -1;
		if (length < size)
			out[length] = (uint8_t)symbol;
		length++;
		b.window <<= n;
		b.valid -= n;
	}
}
