/* Results side by side: the same step of each, then one rounding of all. */
#include <stdlib.h>

#include "arith.h"
#include "matmul_lanes.h"

/* --- numbers of a lane --------------------------------------------------------------------------------------- */

static nf_unpacked number_of_factor(const nf_factor *f)
{
    nf_unpacked x = special_of((nf_kind)f->kind, f->sign);
    x.significand = f->significand;
    x.exponent = f->exponent;
    return x;
}

/* The exact product, or the infinity that stands for it. */
static nf_unpacked exact_product(const nf_lanes *l, size_t lane, size_t place, uint32_t *raised)
{
    const nf_arithmetic how = {.operation = NF_OP_multiply};
    const nf_unpacked x[2] = {number_of_factor(&l->a[lane][place]), number_of_factor(&l->b[lane][place])};
    const nf_unpacked p = apply_multiply(&how, x, raised);
    const int64_t end = l->call->path->product_end;
    return end && p.kind == NF_FINITE_NUMBER && p.exponent >= end ? special_of(NF_INFINITY, p.sign) : p;
}

static nf_unpacked sum_of(const nf_rounder *r, const nf_unpacked *a, const nf_unpacked *b, uint32_t *raised)
{
    const nf_arithmetic how = {.operation = NF_OP_add, .zero_is_negative = r->plan.options.rounding == NF_ROUND_down};
    const nf_unpacked terms[2] = {*a, *b};
    return apply_add(&how, terms, raised);
}

/* x = y + z, rounded. */
static void add_lanes(nf_lanes *l, const nf_rounder *r, nf_unpacked *x, const nf_unpacked *y, const nf_unpacked *z)
{
    uint32_t raised[NF_PASS] = {0};
    l->operation = NF_OP_add;
    for (size_t i = 0; i < l->n; i++) {
        l->terms[i][0] = y[i];
        l->terms[i][1] = z[i];
        x[i] = sum_of(r, &y[i], &z[i], &raised[i]);
    }
    nf_round_block_sums(l, r, x, raised);
}

/* --- chain ---------------------------------------------------------------------------------------------------- */

/* Products of one place, rounded where the machine does so. */
static void load_products(nf_lanes *l, size_t place, nf_unpacked *x)
{
    uint32_t raised[NF_PASS] = {0};
    for (size_t i = 0; i < l->n; i++)
        x[i] = exact_product(l, i, place, &raised[i]);
    const nf_rounder *r = &l->call->product;
    nf_round_lanes(l, r, x, raised, NULL);
    for (size_t i = 0; i < l->n && r->rounds; i++)
        x[i] = nf_flushed(x[i], l->call->path->flush_sums, r->plan.grid.emin);
}

static void fuse(nf_lanes *l, size_t place)
{
    const nf_rounder *r = &l->call->sum;
    const nf_arithmetic how = {.operation = NF_OP_fma, .zero_is_negative = r->plan.options.rounding == NF_ROUND_down};
    uint32_t raised[NF_PASS] = {0};
    l->operation = NF_OP_fma;
    for (size_t i = 0; i < l->n; i++) {
        nf_unpacked *x = l->terms[i];
        x[0] = number_of_factor(&l->a[i][place]);
        x[1] = number_of_factor(&l->b[i][place]);
        x[2] = l->sum[i];
        l->sum[i] = apply_fma(&how, x, &raised[i]);
    }
    nf_round_block_sums(l, r, l->sum, raised);
}

static void chain_block(nf_lanes *l, const nf_matmul_block *block)
{
    nf_unpacked product[NF_PASS];
    for (size_t k = block->start; k < block->end; k++) {
        if (l->call->path->is_fused) {
            fuse(l, l->call->places[k]);
            continue;
        }
        load_products(l, l->call->places[k], product);
        add_lanes(l, &l->call->sum, l->sum, l->sum, product);
    }
}

/* --- tree ----------------------------------------------------------------------------------------------------- */

static void tree_block(nf_lanes *l, const nf_matmul_block *block)
{
    size_t count = block->end - block->start;
    for (size_t k = 0; k < count; k++)
        load_products(l, l->call->places[block->start + k], l->nodes + k * NF_PASS);
    while (count > 1) {
        for (size_t k = 0; k + 1 < count; k += 2)
            add_lanes(l, &l->call->sum, l->nodes + k / 2 * NF_PASS, l->nodes + k * NF_PASS,
                      l->nodes + (k + 1) * NF_PASS);
        if (count % 2)
            memcpy(l->nodes + count / 2 * NF_PASS, l->nodes + (count - 1) * NF_PASS, NF_PASS * sizeof *l->nodes);
        count = count / 2 + count % 2;
    }
    add_lanes(l, &l->call->sum, l->sum, l->sum, l->nodes);
}

/* --- exact ---------------------------------------------------------------------------------------------------- */

void nf_sum_exactly(const nf_lanes *l, size_t lane, uint64_t *total)
{
    const nf_quire *quire = &l->call->quire;
    memset(total, 0, quire->limbs * sizeof *total);
    nf_quire_add_number(quire, total, &l->terms[lane][0]);
    for (size_t k = l->block->start; k < l->block->end; k++) {
        const size_t place = l->call->places[k];
        const nf_unpacked a = number_of_factor(&l->a[lane][place]), b = number_of_factor(&l->b[lane][place]);
        nf_quire_add_pair(quire, total, &a, &b);
    }
}

static void exact_block(nf_lanes *l, const nf_matmul_block *block)
{
    const nf_rounder *r = &l->call->sum;
    uint64_t total[NF_QUIRE_MOST_LIMBS];
    uint32_t raised[NF_PASS] = {0};
    l->operation = NF_OPERATION_COUNT;
    l->block = block;
    for (size_t i = 0; i < l->n; i++) {
        l->terms[i][0] = l->sum[i];
        nf_sum_exactly(l, i, total);
        l->sum[i] = nf_quire_number(&l->call->quire, total, r->plan.options.rounding == NF_ROUND_down, &raised[i]);
    }
    nf_round_block_sums(l, r, l->sum, raised);
}

/* --- aligned -------------------------------------------------------------------------------------------------- */

/* Is a term infinite or NaN?  Then *found is the sum. */
static int special_block(const nf_lanes *l, size_t lane, const nf_matmul_block *block, nf_unpacked *found,
                         uint32_t *raised)
{
    int any = l->sum[lane].kind > NF_FINITE_NUMBER;
    *found = any ? l->sum[lane] : special_of(NF_ZERO, 0);
    for (size_t k = block->start; k < block->end; k++) {
        const size_t place = l->call->places[k];
        const int is_special = (l->a[lane][place].kind | l->b[lane][place].kind) > NF_FINITE_NUMBER;
        if (!is_special && !l->call->path->product_end)
            continue;
        const nf_unpacked p = exact_product(l, lane, place, raised);
        if (p.kind > NF_FINITE_NUMBER) {
            any = 1;
            *found = sum_of(&l->call->sum, found, &p, raised);
        }
    }
    return any;
}

static void aligned_block(nf_lanes *l, const nf_matmul_block *block)
{
    uint32_t raised[NF_PASS] = {0};
    for (size_t i = 0; i < l->n; i++) {
        nf_unpacked found;
        l->sum[i] = special_block(l, i, block, &found, &raised[i])
                        ? found
                        : nf_aligned_sum(l->call, l->a[i], l->b[i], block, &l->sum[i]);
    }
    nf_round_block_sums(l, &l->call->sum, l->sum, raised);
}

/* --- sums ------------------------------------------------------------------------------------------------------ */

static void clear_sums(nf_lanes *l)
{
    for (size_t i = 0; i < l->n; i++)
        l->sum[i] = special_of(NF_ZERO, 0);
}

static void add_block(nf_lanes *l, const nf_matmul_block *block)
{
    switch (l->call->path->kind) {
    case NF_BLOCK_chain:
        chain_block(l, block);
        break;
    case NF_BLOCK_tree:
        tree_block(l, block);
        break;
    case NF_BLOCK_aligned:
        aligned_block(l, block);
        break;
    default:
        exact_block(l, block);
        break;
    }
}

/* The chain that begins with block *at, which moves behind it; its sum begins with what is there. */
static void add_chain(nf_lanes *l, size_t *at)
{
    const nf_matmul_call *call = l->call;
    const int comes_after = call->path->joins == NF_JOIN_after;
    nf_unpacked before[NF_PASS];
    for (int ends = 0; !ends && !l->piece->failed; (*at)++) {
        const nf_matmul_block *block = &call->blocks[*at];
        if (comes_after && block->opens) {
            memcpy(before, l->sum, l->n * sizeof *before);
            clear_sums(l);
        }
        add_block(l, block);
        if (comes_after && block->closes)
            add_lanes(l, &call->join, l->sum, before, l->sum);
        ends = block->ends_chain;
    }
}

static void load_c(const nf_lanes *l, nf_unpacked *c)
{
    const nf_matmul_call *call = l->call;
    for (size_t i = 0; i < l->n; i++) {
        const size_t number = l->first + i, j = number % call->shape.columns;
        const size_t row = number / call->shape.columns % call->shape.rows;
        const size_t batch = number / call->shape.columns / call->shape.rows;
        c[i] = special_of(NF_ZERO, 0);
        if (call->has_c)
            nf_load_vector(&call->c, batch * call->c_batch + row * call->c_row + j * call->c_column, 1, &c[i]);
        c[i] = nf_flushed(c[i], call->path->flush_operands, call->result.grid.emin);
    }
}

/* All chains, each begun with 0 but the first, which begins with what is in l->sum; their sum goes there. */
static void add_chains(nf_lanes *l, nf_unpacked *parts)
{
    const nf_matmul_call *call = l->call;
    const nf_datapath *path = call->path;
    size_t count = 0; /* of runs */
    for (size_t at = 0, begins = 1; at < call->block_count; count += begins) {
        if (at)
            clear_sums(l);
        add_chain(l, &at);
        nf_unpacked *part = parts + (path->in_pairs ? count : count != 0) * NF_PASS;
        if (begins)
            memcpy(part, l->sum, l->n * sizeof *part);
        else
            add_lanes(l, &call->combine, part, part, l->sum);
        begins = call->blocks[at - 1].ends_run;
        if (begins && !path->in_pairs && count)
            add_lanes(l, &call->combine, parts, parts, part);
        if (l->piece->failed)
            return;
    }
    for (; path->in_pairs && count > 1; count -= count / 2)
        for (size_t i = 0; i < count / 2; i++)
            add_lanes(l, &call->combine, parts + i * NF_PASS, parts + i * NF_PASS,
                      parts + (i + count - count / 2) * NF_PASS);
    if (count)
        memcpy(l->sum, parts, l->n * sizeof *l->sum);
}

static void encode_results(nf_lanes *l, uint64_t *codes)
{
    const uint32_t raised[NF_PASS] = {0};
    const uint64_t nan = l->call->path->nan_code;
    if (!nf_encode_lanes(l, &l->call->result, l->sum, raised, NULL, codes))
        return;
    for (size_t i = 0; nan && i < l->n; i++)
        codes[i] = l->sum[i].kind == NF_NAN ? nan : codes[i];
}

static size_t longer(size_t a, size_t b) { return a > b ? a : b; }

static void begin(nf_lanes *l)
{
    const nf_matmul_call *call = l->call;
    for (size_t i = 0; i < l->n; i++) {
        const size_t number = l->first + i, row = number / call->shape.columns;
        const size_t column = row / call->shape.rows * call->shape.columns + number % call->shape.columns;
        l->a[i] = call->a + row * call->shape.terms;
        l->b[i] = call->b + column * call->shape.terms;
    }
}

nf_status nf_matmul_results(const nf_matmul_call *call, size_t first, size_t n, uint64_t *codes, nf_matmul_piece *piece)
{
    const nf_datapath *path = call->path;
    const size_t chains = path->chains < call->block_count ? path->chains : call->block_count; /* with products */
    const size_t parts = path->in_pairs ? chains : 2;
    size_t longest = 0;
    for (size_t i = 0; path->kind == NF_BLOCK_tree && i < call->block_count; i++)
        longest = longer(longest, call->blocks[i].end - call->blocks[i].start);
    nf_lanes *l = malloc(sizeof *l);
    nf_unpacked *room = malloc((parts + longest + 1) * NF_PASS * sizeof *room), *c = room;
    if (!l || !room) {
        free(l);
        free(room);
        return NF_NO_MEMORY;
    }
    *l = (nf_lanes){.call = call, .first = first, .n = n, .piece = piece, .nodes = room + (1 + parts) * NF_PASS};
    begin(l);
    if (path->words)
        nf_begin_words(l);
    load_c(l, c);
    memcpy(l->sum, c, n * sizeof *c);
    if (path->c_comes_last)
        clear_sums(l);
    add_chains(l, room + NF_PASS);
    if (path->c_comes_last && !piece->failed)
        add_lanes(l, &call->combine, l->sum, c, l->sum);
    if (!piece->failed)
        encode_results(l, codes);
    free(l);
    free(room);
    return NF_OK;
}
