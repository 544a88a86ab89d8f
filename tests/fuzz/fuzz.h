/* What the harnesses share: formats, options and arrays made of a fuzzer's bytes, and what must hold of every code that
 * the library writes. */
#ifndef NF_FUZZ_H
#define NF_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <numfmt.h>

#define MUST(claim) \
    do { \
        if (!(claim)) { \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #claim); \
            abort(); \
        } \
    } while (0)

/* The fuzzer's bytes, taken from the front; 0s behind their end. */
typedef struct reader {
    const uint8_t *data;
    size_t left;
} reader;

static inline void take_bytes(reader *r, void *to, size_t n)
{
    const size_t some = n < r->left ? n : r->left;
    memset(to, 0, n);
    if (some)
        memcpy(to, r->data, some);
    r->data += some;
    r->left -= some;
}

static inline uint8_t take(reader *r)
{
    uint8_t byte;
    take_bytes(r, &byte, 1);
    return byte;
}

static inline uint64_t take_word(reader *r)
{
    uint64_t word;
    take_bytes(r, &word, 8);
    return word;
}

/* One of 0 .. count - 1. */
static inline uint32_t pick(reader *r, uint32_t count)
{
    const uint32_t high = count > 256 ? take(r) : 0;
    return (high << 8 | take(r)) % count;
}

/* Memory of exactly n bytes, so that a byte too far is seen; filled with what the fuzzer gives. */
static inline void *room(reader *r, size_t n)
{
    void *memory = malloc(n ? n : 1);
    MUST(memory);
    if (r)
        take_bytes(r, memory, n);
    else
        memset(memory, 0xA5, n);
    return memory;
}

/* Is the memory as room(NULL, n) gave it? */
static inline int is_untouched(const void *memory, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (((const uint8_t *)memory)[i] != 0xA5)
            return 0;
    return 1;
}

/* A format with the tables that it may point to. */
typedef struct subject {
    nf_format format;
    nf_codebook codebook;
    nf_affine affine;
    double values[20], thresholds[19], scales[6];
    int64_t zero_points[6];
} subject;

void make_subject(reader *r, subject *s);
void make_options(reader *r, nf_options *options, nf_key *key, const uint32_t *words);

/* n codes as numbers; `bytes` each. */
uint64_t code_at(const void *codes, size_t bytes, size_t i);

/* n codes made by the library: each is one of the format, and rounds to itself. */
void check_codes(const nf_format *format, const void *codes, size_t n);

/* n codes of a format, most of them from the fuzzer as they are, without bits that a code has not. */
void *codes_of(reader *r, const nf_format *format, size_t n);

/* Bytes of one number of a type. */
size_t size_of(nf_type type);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
