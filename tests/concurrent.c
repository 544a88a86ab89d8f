/* Every group of the library's functions from many threads at once, on formats and operands that all of them share:
 * each thread must get the bytes that one thread gets alone.  Says what differed, and how many calls did not. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <numfmt.h>
#include <numfmt_dpi.h>

enum { N = 300, LARGE = 1 << 18, THREADS = 8, ROUNDS = 6, ROOM = LARGE * 8, SIDE = 6 };

static nf_format e4m3, posit, takum, lns, half, single, affine_int8;
static const double scales[] = {0.1};
static const nf_affine affine = {scales, NULL, 1, 1, 1, 0, NF_DIVIDE_EXACT};
static const nf_named_block *mxfp4;
static const nf_key key = {.key = 7, .call = 3};
static float x[N], large[LARGE];
static uint16_t posits[3][N], takums[N], halves[N];
static uint8_t logs[2][N];
static nf_options stochastic = {.key = &key};

static nf_operand codes_of(const nf_format *format, const void *codes)
{
    return (nf_operand){.format = format, .data = codes, .step = 1};
}

/* --- calls: each fills `out` from its front ------------------------------------------------------------------ */

typedef struct result {
    unsigned char *out;
    nf_report report;
} result;

static nf_status encode(result *r) { return nf_encode(&e4m3, &stochastic, NF_F32, x, r->out, N, &r->report); }

static nf_status encode_in_threads(result *r)
{
    nf_options o = stochastic;
    o.threads = 3;
    return nf_encode(&posit, &o, NF_F32, large, r->out, LARGE, &r->report);
}

static nf_status quantize(result *r) { return nf_quantize(&takum, NULL, NF_F32, x, NF_F64, r->out, N, &r->report); }

static nf_status encode_affine(result *r) { return nf_encode(&affine_int8, NULL, NF_F32, x, r->out, N, &r->report); }

static nf_status convert(result *r) { return nf_convert(&posit, &e4m3, &stochastic, posits[0], r->out, N, &r->report); }

static nf_status decode(result *r) { return nf_decode(&lns, logs[0], NF_F64, r->out, N, 0, 2); }

static nf_status add(result *r)
{
    const nf_operand a = codes_of(&posit, posits[0]), b = codes_of(&posit, posits[1]);
    return nf_add(&posit, NULL, &a, &b, r->out, N, &r->report);
}

static nf_status add_logs(result *r)
{
    const nf_operand a = codes_of(&lns, logs[0]), b = codes_of(&lns, logs[1]);
    return nf_add(&lns, &stochastic, &a, &b, r->out, N, &r->report);
}

static nf_status divide(result *r)
{
    const nf_operand a = codes_of(&posit, posits[0]), b = codes_of(&takum, takums);
    return nf_divide(&half, &stochastic, &a, &b, r->out, N, &r->report);
}

static nf_status fused(result *r)
{
    const nf_operand a = codes_of(&posit, posits[0]), b = codes_of(&half, halves), c = codes_of(&takum, takums);
    return nf_fma(&single, &stochastic, &a, &b, &c, r->out, N, &r->report);
}

static nf_status compare(result *r)
{
    const nf_operand both[] = {codes_of(&posit, posits[0]), codes_of(&takum, takums)};
    return nf_operate(NF_OP_less, NULL, NULL, both, r->out, N, &r->report);
}

static nf_status exponentials(result *r)
{
    const nf_operand a = codes_of(&takum, takums);
    return nf_exp(&half, NULL, &a, r->out, N, &r->report);
}

static nf_status sines(result *r)
{
    const nf_operand a = {.type = NF_F32, .data = x, .step = 1};
    return nf_sin(&single, &stochastic, &a, r->out, N, &r->report);
}

static nf_status quires(result *r)
{
    nf_quire q;
    uint64_t sums[2 * 6];
    const nf_operand a = codes_of(&posit, posits[0]), b = codes_of(&posit, posits[1]);
    nf_status status = nf_quire_size(&posit, 0, &q);
    if (!status)
        status = nf_quire_clear(&q, sums, 2);
    if (!status)
        status = nf_quire_add_product(&q, sums, 2, N / 2, &a, &b, 2);
    if (!status)
        status = nf_quire_subtract(&q, sums, 2, 1, &a, 1);
    return status ? status : nf_quire_round(&q, sums, 2, &single, NULL, r->out, &r->report);
}

static nf_status dots(result *r)
{
    const nf_dot_shape shape = {1, SIDE, SIDE, N / SIDE};
    const nf_vectors a = {.format = &posit, .data = posits[0], .row = N / SIDE, .step = 1};
    const nf_vectors b = {.format = &posit, .data = posits[1], .row = 1, .step = SIDE};
    const nf_options o = {.threads = 2};
    return nf_dot_exact(&posit, &o, &shape, &a, &b, r->out, &r->report);
}

static nf_status matmul(result *r, nf_datapath *path)
{
    const nf_dot_shape shape = {1, SIDE, SIDE, N / SIDE};
    const nf_vectors a = {.format = &half, .data = halves, .row = N / SIDE, .step = 1};
    const nf_vectors b = {.format = &half, .data = halves, .row = 1, .step = SIDE};
    const nf_options o = {.threads = 2, .key = path->sum.options ? &key : NULL};
    path->result = path->sum.format = &single;
    return nf_matmul(path, &shape, &a, &b, NULL, &o, r->out, &r->report);
}

static nf_status tensor_core(result *r)
{
    nf_datapath path = {.kind = NF_BLOCK_aligned, .block = 16, .fraction_bits = 25, .least_exponent = NF_NO_FLOOR};
    return matmul(r, &path);
}

static nf_status chain(result *r)
{
    nf_options o = stochastic;
    nf_datapath path = {.kind = NF_BLOCK_chain, .is_fused = 1, .sum.options = &o, .least_exponent = NF_NO_FLOOR};
    o.key = NULL;
    return matmul(r, &path);
}

static nf_status blocks(result *r)
{
    const nf_block_shape shape = {1, 1, 1, N, 1, 1, mxfp4->size};
    nf_block_scales scales = {.codes = r->out + N};
    nf_status status = nf_block_encode(&mxfp4->block, &shape, NULL, NF_F32, x, r->out, &scales, &r->report);
    return status ? status : nf_block_decode(&mxfp4->block, &shape, r->out, &scales, NF_F32, r->out + 1024, 0, 2);
}

static nf_status samples(result *r)
{
    const double variance = 0.01;
    return nf_variance_corrected(&e4m3, NF_LAW_ONE_SHOT, &key, 0, NF_F32, x, &variance, 1, NF_F32, r->out, N,
                                 &r->report, NULL, 0);
}

static nf_status gaussians(result *r) { return nf_gaussian(&key, 0, 0, (double *)r->out, N, 0); }

static nf_status bench_calls(result *r)
{
    uint32_t flags;
    return (nf_status)nf_dpi_operate("fma", "posit<16,2>", posits[0][0], "e5m2", 0x3D, "fixed<8,3>", 0x81, "takum16",
                                     "up", "", 0, (uint64_t *)r->out, &flags);
}

static const struct {
    const char *name;
    nf_status (*call)(result *);
} calls[] = {{"encode", encode},
             {"encode, threads of its own", encode_in_threads},
             {"quantize", quantize},
             {"affine", encode_affine},
             {"convert", convert},
             {"decode", decode},
             {"add", add},
             {"add of logarithms", add_logs},
             {"divide", divide},
             {"fma", fused},
             {"less", compare},
             {"exp", exponentials},
             {"sin", sines},
             {"quire", quires},
             {"dot", dots},
             {"matmul, aligned", tensor_core},
             {"matmul, chain", chain},
             {"blocks", blocks},
             {"variance corrected", samples},
             {"gaussian", gaussians},
             {"dpi", bench_calls}};
enum { CALLS = sizeof calls / sizeof *calls };

/* --- alone, then all at once ---------------------------------------------------------------------------------- */

static result alone[CALLS];

static int run(size_t i, result *r)
{
    memset(r->out, 0, ROOM);
    r->report = (nf_report){0};
    const nf_status status = calls[i].call(r);
    if (status)
        fprintf(stderr, "%s: %s\n", calls[i].name, nf_status_message(status));
    return status != NF_OK;
}

static void *work(void *number)
{
    result own = {.out = malloc(ROOM)};
    size_t bad = own.out == NULL;
    for (size_t k = 0; own.out && k < ROUNDS * CALLS; k++) {
        const size_t i =
            (k * (2 * *(size_t *)number + 1) + *(size_t *)number) % CALLS; /* each in an order of its own */
        if (run(i, &own) || memcmp(own.out, alone[i].out, ROOM) ||
            memcmp(&own.report, &alone[i].report, sizeof own.report)) {
            fprintf(stderr, "%s differs in thread %zu\n", calls[i].name, *(size_t *)number);
            bad++;
        }
    }
    free(own.out);
    *(size_t *)number = bad;
    return NULL;
}

static int make_operands(void)
{
    int bad = nf_parse_format("e4m3fn", &e4m3) || nf_parse_format("posit<16,2>", &posit) ||
              nf_parse_format("takum16", &takum) || nf_parse_format("lns<8,3>", &lns) ||
              nf_parse_format("binary16", &half) || nf_parse_format("binary32", &single) ||
              nf_parse_rounding("stochastic", &stochastic);
    affine_int8 = (nf_format){.family = NF_AFFINE, .width = 8, .is_signed = 1, .affine = &affine};
    mxfp4 = nf_named_block_at(0);
    while (strcmp(mxfp4->name, "mxfp4"))
        mxfp4++;
    for (int i = 0; i < LARGE; i++)
        large[i] = (float)(i % 977 - 400) * 0.0137f;
    memcpy(x, large, sizeof x);
    for (int k = 0; k < 3 && !bad; k++)
        bad |= nf_encode(&posit, NULL, NF_F32, large + 331 * k, posits[k], N, NULL) != NF_OK;
    for (int k = 0; k < 2 && !bad; k++)
        bad |= nf_encode(&lns, NULL, NF_F32, large + 331 * k, logs[k], N, NULL) != NF_OK;
    return bad || nf_encode(&takum, NULL, NF_F32, large + 997, takums, N, NULL) ||
           nf_encode(&half, NULL, NF_F32, large + 443, halves, N, NULL);
}

int main(void)
{
    pthread_t threads[THREADS];
    size_t numbers[THREADS], bad = 0;
    if (make_operands())
        return 1;
    for (size_t i = 0; i < CALLS; i++) {
        alone[i].out = malloc(ROOM);
        if (!alone[i].out || run(i, &alone[i]))
            return 1;
    }
    for (size_t i = 0; i < THREADS; i++) {
        numbers[i] = i;
        if (pthread_create(&threads[i], NULL, work, &numbers[i]))
            return 1;
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        bad += numbers[i];
    }
    for (size_t i = 0; i < CALLS; i++)
        free(alone[i].out);
    printf("%d calls in %d threads, %zu differ\n", THREADS * ROUNDS * CALLS, THREADS, bad);
    return bad != 0;
}
