/* Copies past the caches: for output that is far larger than they are.  Never for output that is the input. */
#ifndef NF_STREAM_H
#define NF_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { STREAM_LINE = 64, STREAM_CHUNK = 8192 };

#if defined(__SSE2__)
#if NF_VECTOR_BYTES == 64
#define STREAM_VECTOR(to, from) _mm512_stream_si512((void *)(to), _mm512_loadu_si512((const void *)(from)))
#elif NF_VECTOR_BYTES == 32
#define STREAM_VECTOR(to, from) _mm256_stream_si256((void *)(to), _mm256_loadu_si256((const void *)(from)))
#else
#define STREAM_VECTOR(to, from) _mm_stream_si128((void *)(to), _mm_loadu_si128((const void *)(from)))
#endif

static inline void stream_line(char *to, const char *from)
{
    for (size_t i = 0; i < STREAM_LINE; i += NF_VECTOR_BYTES)
        STREAM_VECTOR(to + i, from + i);
}

static inline void stream_end(void) { _mm_sfence(); }
#else
static inline void stream_line(char *to, const char *from) { memcpy(to, from, STREAM_LINE); }

static inline void stream_end(void) {}
#endif

/* A run of equal chunks, each a multiple of a line, to anywhere: what does not fill a line waits for the next chunk.
 * The chunk is to be put at `chunk`. */
typedef struct stream_writer {
    char *to;     /* the line that `line` holds the begin of */
    size_t phase; /* bytes of `to`'s line before the output */
    int begun;
    char *chunk;
    _Alignas(STREAM_LINE) char line[STREAM_LINE + STREAM_CHUNK];
} stream_writer;

static inline void stream_begin(stream_writer *w, void *to)
{
    w->phase = (uintptr_t)to % STREAM_LINE;
    w->to = (char *)to - w->phase;
    w->begun = w->phase == 0;
    w->chunk = w->line + w->phase;
}

static inline void stream_chunk(stream_writer *w, size_t bytes)
{
    if (w->begun)
        stream_line(w->to, w->line);
    else
        memcpy(w->to + w->phase, w->line + w->phase, STREAM_LINE - w->phase);
    w->begun = 1;
    for (size_t i = STREAM_LINE; i < bytes; i += STREAM_LINE)
        stream_line(w->to + i, w->line + i);
    memcpy(w->line, w->line + bytes, STREAM_LINE);
    w->to += bytes;
}

static inline void stream_finish(stream_writer *w)
{
    if (w->begun)
        memcpy(w->to, w->line, w->phase);
    w->phase = 0;
    stream_end();
}

/* Makes elements start .. start + n - 1 at y. */
typedef void block_maker(void *context, size_t start, size_t n, void *y);

/* n elements of `size` bytes in blocks of `block` and a rest, each made at its place, or put there past the caches. */
static void make_blocks(block_maker *make, void *context, void *y, size_t size, size_t n, size_t block, int streams)
{
    stream_writer stream;
    size_t start = 0;
    stream_begin(&stream, y);
    for (; n - start >= block; start += block) {
        make(context, start, block, streams ? stream.chunk : (char *)y + start * size);
        if (streams)
            stream_chunk(&stream, block * size);
    }
    if (streams)
        stream_finish(&stream);
    if (start < n)
        make(context, start, n - start, (char *)y + start * size);
}

#endif
