/* The only state of the library: threads that sleep until a large array comes. */
#ifndef NF_THREADS_H
#define NF_THREADS_H

#include <stddef.h>
#include <stdint.h>

enum { NF_MOST_THREADS = 256 };

typedef void nf_work(void *context, size_t piece);

/* Call work(context, piece) once for each piece 0 .. pieces - 1, and return when all are done.  At most `threads`
 * threads do it, the caller's among them; each begins with a range of neighbouring pieces and goes through it upwards.
 * Calls that come at the same time share the number: what others work with is left out, and one of them alone has the
 * sleeping threads.  Where no thread can be had the caller's does everything. */
void nf_parallel(size_t pieces, uint32_t threads, nf_work *work, void *context);

#endif
