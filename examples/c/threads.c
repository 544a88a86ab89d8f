/* The library from four threads at once: each rounds its quarter, stochastically, to the bits of the whole. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <numfmt.h>

enum { N = 1 << 16, THREADS = 4, QUARTER = N / THREADS };

static float x[N], whole[N], parts[N];
static nf_format format;
static const nf_key key = {.key = 7, .call = 0};

static nf_status round_from(size_t first, size_t n, float *y)
{
    nf_options options = {.key = &key, .first = first};
    const nf_status status = nf_parse_rounding("stochastic", &options);
    return status ? status : nf_quantize(&format, &options, NF_F32, x + first, NF_F32, y + first, n, NULL);
}

static void *round_quarter(void *number)
{
    const nf_status status = round_from((size_t)*(int *)number * QUARTER, QUARTER, parts);
    return status ? number : NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    int numbers[THREADS], failed = nf_parse_format("bfloat16", &format) != NF_OK;
    for (int i = 0; i < N; i++)
        x[i] = (float)i * 0.001f;
    failed |= round_from(0, N, whole) != NF_OK;
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        failed |= pthread_create(&threads[i], NULL, round_quarter, &numbers[i]) != 0;
    }
    for (int i = 0; i < THREADS; i++) {
        void *bad;
        failed |= pthread_join(threads[i], &bad) != 0 || bad;
    }
    failed |= memcmp(whole, parts, sizeof whole) != 0;
    puts(failed ? "the quarters differ" : "four threads, the same bits");
    return failed;
}
