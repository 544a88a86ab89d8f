/* When is a loop over columns bit-exact?  Every condition is one of formats and ranges, proved where it stands. */
#include "families.h"
#include "matmul_choose.h"

static const nf_matmul_path paths[] = {
#define NF_MATMUL_PATH(name, meaning) {#name, meaning},
#include "matmul_paths.def"
#undef NF_MATMUL_PATH
};

const nf_matmul_path *nf_matmul_path_at(size_t index) { return index < NF_PATH_COUNT ? &paths[index] : NULL; }

/* --- formats ---------------------------------------------------------------------------------------------------- */

static int is_small_fixed(const nf_grid *g)
{
    const int f = g->format.fraction_bits;
    return g->format.family == NF_FIXED && g->format.width > 1 && g->format.width <= LANE_BITS - 2 && f > -FAR &&
           f < FAR;
}

/* Operands: numbers whose family says all, and their precision; 0 for others. */
static int precision_of(const nf_grid *g)
{
    nf_format_facts facts;
    const int known = is_float(g) || g->format.family == NF_FIXED || g->format.family == NF_POSIT ||
                      g->format.family == NF_TAKUM || g->format.family == NF_CODEBOOK;
    if (!known || nf_format_describe(&g->format, &facts) != NF_OK)
        return 0;
    return g->format.family == NF_CODEBOOK ? F64_BITS
           : g->format.family == NF_FIXED  ? g->format.width
                                           : facts.precision;
}

static int is_binary(const nf_grid *g, int exponent_bits, int fraction_bits)
{
    const nf_format *f = &g->format;
    return is_float(g) && f->special == NF_IEEE && f->subnormals == NF_SUBNORMALS && f->is_signed &&
           f->exponent_bits == exponent_bits && f->fraction_bits == fraction_bits &&
           f->bias == ((int64_t)1 << (exponent_bits - 1)) - 1;
}

int nf_choose_packing(nf_matmul_fast *fast, const nf_source *a, const nf_source *b)
{
    const nf_source *sources[] = {a, b};
    nf_packed *packed[] = {&fast->a, &fast->b};
    int are_floats = 1;
    for (int i = 0; i < 2; i++) {
        packed[i]->format = sources[i]->grid;
        packed[i]->precision = precision_of(&sources[i]->grid);
        if (!packed[i]->precision || nf_type_holds_format(&sources[i]->grid.format, NF_F64) != NF_OK)
            return 0;
        are_floats &= nf_type_holds_format(&sources[i]->grid.format, NF_F32) == NF_OK;
    }
    const nf_grid *sum = &fast->call->sum.plan.grid; /* of binary64 the factors are that too */
    fast->packing = are_floats && !is_binary(sum, 11, 52) ? NF_PACK_f32 : NF_PACK_f64;
    return 1;
}

/* --- roundings -------------------------------------------------------------------------------------------------- */

static int read_end(nf_lane_rounder *to, const nf_plan *plan)
{
    switch (plan->options.overflow) {
    case NF_OVERFLOW_saturate:
        to->end = to->is_fixed ? NF_END_saturate : NF_END_mark;
        return 1;
    case NF_OVERFLOW_wrap:
        to->end = to->is_fixed && !plan->options.wrap_bits ? NF_END_wrap : NF_END_mark;
        return 1;
    default:
        to->end = NF_END_mark;
        return 1;
    }
}

static int reads_mode(const nf_lane_rounder *r, const nf_options *o)
{
    switch (r->mode) {
    case NF_ROUND_nearest_even:
    case NF_ROUND_toward_zero:
    case NF_ROUND_nearest_away:
    case NF_ROUND_away_from_zero:
    case NF_ROUND_up:
    case NF_ROUND_to_odd:
        return 1;
    case NF_ROUND_down: /* a sum of 0 would be -0 */
        return r->is_fixed;
    case NF_ROUND_stochastic:
        return o->random_bits_per_element == 0 ||
               (!r->is_fixed &&
                (o->variant == NF_VARIANT_NONE || o->variant == NF_VARIANT_A || o->variant == NF_VARIANT_LT));
    default:
        return 0;
    }
}

/* Can lanes of float64 do it?  `from`: what nf_rounder says. */
static int read_lane_rounder(nf_lane_rounder *to, const nf_rounder *from, uint8_t flush)
{
    const nf_grid *g = &from->plan.grid;
    const nf_options *o = &from->plan.options;
    memset(to, 0, sizeof *to);
    to->rounds = from->rounds;
    if (!from->rounds)
        return 1;
    to->is_fixed = g->format.family == NF_FIXED;
    if (!(to->is_fixed ? is_small_fixed(g) : is_plain_float(g)))
        return 0;
    const int f = g->format.fraction_bits;
    to->precision = to->is_fixed ? LANE_BITS : f + 1;
    to->emin = to->is_fixed ? LANE_BITS - 1 - f : (int)g->emin;
    to->mode = o->rounding;
    to->is_random = from->is_random;
    to->random_bits = o->random_bits_per_element ? o->random_bits_per_element : 32;
    to->is_exact = !o->random_bits_per_element;
    to->low = from->plan.own_words ? 32 - to->random_bits : 0;
    to->flip = o->variant == NF_VARIANT_LT ? UINT32_MAX : 0; /* words below the digits go up */
    to->flush = to->is_fixed ? NF_FLUSH_none : flush;
    to->normal = ldexp(1, (int)g->emin);
    nf_unpacked end;
    nf_unpack_code(g, g->max_magnitude, &end);
    to->largest = ldexp((double)end.significand, (int)end.exponent - 63);
    if (to->is_fixed) {
        to->largest = ldexp((double)g->max_magnitude, -f);
        to->least = -ldexp((double)g->min_magnitude, -f);
        to->modulus = ldexp(1, g->format.width - f);
        to->limit = ldexp(1, LANE_BITS - 1 - f);
    }
    const int digits = to->precision + (to->is_random ? to->random_bits : 0);
    return reads_mode(to, o) && (to->is_fixed ? !to->is_random : digits <= LANE_BITS) && read_end(to, &from->plan);
}

/* Is every product a normal number of the format that it is rounded to? */
static int keeps_products(const nf_matmul_fast *f)
{
    const nf_lane_rounder *r = &f->product;
    const nf_grid *g = &f->call->product.plan.grid;
    const int64_t low = (int64_t)f->a.range.low + f->b.range.low;
    return r->rounds && !r->is_random && !r->is_fixed && f->a.precision + f->b.precision <= r->precision &&
           low >= r->emin && top_of_products(f) + 1 < g->emax;
}

static int read_rounders(nf_matmul_fast *fast)
{
    const nf_matmul_call *call = fast->call;
    const uint8_t flush = call->path->flush_sums;
    const int are_read =
        read_lane_rounder(&fast->product, &call->product, flush) && read_lane_rounder(&fast->sum, &call->sum, flush) &&
        read_lane_rounder(&fast->join, &call->join, flush) && read_lane_rounder(&fast->combine, &call->combine, flush);
    fast->product.keeps = (uint8_t)(are_read && keeps_products(fast));
    return are_read;
}

/* --- aligned blocks ------------------------------------------------------------------------------------------------
 */

static size_t longest_block(const nf_matmul_call *call)
{
    size_t longest = 1;
    for (size_t i = 0; i < call->block_count; i++)
        longest = (size_t)most((int64_t)longest, (int64_t)(call->blocks[i].end - call->blocks[i].start));
    return longest;
}

/* matmul_aligned.inc: products and what they are scaled to are float32 numbers, groups of terms are int32 numbers. */
static int fits_aligned(nf_matmul_fast *f, const nf_number_range *c)
{
    const nf_matmul_call *call = f->call;
    const nf_datapath *p = call->path;
    const int F = p->fraction_bits, bits = f->a.precision + f->b.precision;
    if (p->kind != NF_BLOCK_aligned || p->joins != NF_JOIN_early || p->cuts_by_floor || p->zeros_count ||
        p->normalises || p->flush_sums || call->combine.rounds || p->c_comes_last || f->packing != NF_PACK_f32)
        return 0;
    nf_lane_rounder *sum = &f->sum;
    const int is_nearest = sum->mode == NF_ROUND_nearest_even && sum->precision <= F32_BITS - 2;
    const int holds = !sum->is_fixed && sum->precision <= F32_BITS && sum->emin >= -126 &&
                      nf_type_holds_format(&call->result.grid.format, NF_F32) == NF_OK &&
                      is_plain_float(&call->result.grid);
    if (!holds || !(is_nearest || (sum->mode == NF_ROUND_toward_zero && sum->emin == -126)))
        return 0;
    /* exact products */
    const int64_t top = top_of_products(f), low = low_of_products(f);
    if (bits > F32_BITS || top + 2 > 126 || low - bits + 2 < LEAST_F32)
        return 0;
    if (p->product_end && top + 2 > p->product_end)
        return 0;
    /* scales are normal numbers, though E is raised to F - 126: no term has a bit below 2**-126 that would be kept */
    if (F < 1 || F > 27 || top > F + 100 || low < F - 126 || c->low - (F32_BITS - 1) < -126 || p->least_exponent > 100)
        return 0;
    f->group = ((size_t)1 << (29 - F)) / 2;
    if (longest_block(call) <= ((size_t)1 << (29 - F)) - 1)
        f->group = longest_block(call);
    if (longest_block(call) >= (size_t)1 << (36 - F))
        return 0;
    if (sum->mode == NF_ROUND_toward_zero && call->sum.plan.grid.emax >= 127)
        sum->largest = 0x1.fffffep126; /* what is more may have been cut to it */
    return 1;
}

/* matmul_floats.inc: products are exact in float32, sums of them have few bits. */
static int fits_floats(nf_matmul_fast *f)
{
    const nf_matmul_call *call = f->call;
    const nf_datapath *p = call->path;
    nf_lane_rounder *sum = &f->sum;
    const int64_t low = low_of_products(f);
    if (p->kind != NF_BLOCK_chain || p->joins != NF_JOIN_early || call->product.rounds || call->combine.rounds ||
        p->flush_sums || p->product_end || f->packing != NF_PACK_f32 || sum->is_fixed || sum->emin < -126 ||
        nf_type_holds_format(&call->result.grid.format, NF_F32) != NF_OK || !is_plain_float(&call->result.grid))
        return 0;
    const int bits = f->a.precision + f->b.precision, spare = F32_BITS - sum->precision;
    if (bits > F32_BITS || top_of_products(f) + 2 > 126 || low - bits + 2 < LEAST_F32)
        return 0;
    const int draws = sum->mode == NF_ROUND_stochastic && sum->emin == -126 && spare >= 4 &&
                      (sum->random_bits == 32 ? spare <= 32 : sum->random_bits <= spare);
    if (!draws && (sum->mode != NF_ROUND_nearest_even || spare < 2))
        return 0;
    if (call->sum.plan.grid.emax >= 127)
        sum->largest = 0x1.fffffep126; /* what is more may have been cut to it */
    return 1;
}

/* matmul_fused.inc: the processor has the format and the rounding. */
static int fits_fused(nf_matmul_fast *f)
{
    const nf_matmul_call *call = f->call;
    const nf_datapath *p = call->path;
    const nf_grid *g = &call->sum.plan.grid;
    const nf_options *o = &call->sum.plan.options;
    const int is_f64 = f->packing == NF_PACK_f64, exact = f->a.precision + f->b.precision <= (is_f64 ? 53 : 24);
    if (!call->kernels->matmul->fuses || p->kind != NF_BLOCK_chain || p->joins != NF_JOIN_early || p->product_end ||
        call->product.rounds || call->combine.rounds || !is_binary(g, is_f64 ? 11 : 8, is_f64 ? 52 : 23) ||
        memcmp(&g->format, &call->result.grid.format, sizeof g->format) || (!p->is_fused && !exact))
        return 0;
    if (!p->is_fused && (top_of_products(f) + 2 > g->emax ||
                         low_of_products(f) - f->a.precision - f->b.precision + 2 < g->emin - g->format.fraction_bits))
        return 0;
    if ((o->rounding != NF_ROUND_nearest_even && o->rounding != NF_ROUND_toward_zero) ||
        o->overflow != NF_OVERFLOW_infinity)
        return 0;
    f->sum = (nf_lane_rounder){.mode = o->rounding, .flush = p->flush_sums};
    f->sum.normal = ldexp(1, (int)g->emin);
    f->sum.largest = ldexp(1, (int)g->emax);
    f->cuts = o->rounding == NF_ROUND_toward_zero;
    return 1;
}

/* --- lanes of float64 ------------------------------------------------------------------------------------------- */

static int is_near(const nf_number_range *r, int far) { return r->top <= far && r->low >= -far; }

/* Digits of every term: those of products, of c, and of what the sums of them are rounded to. */
static int fits_levels(nf_matmul_fast *f, const nf_number_range *c)
{
    const int64_t products = low_of_products(f) - f->a.precision - f->b.precision + 2,
                  sums = c->low - f->call->result.grid.format.fraction_bits;
    const int64_t low = products < sums ? products : sums;
    const int64_t digits = bound_of_sums(f, c) - low + 2;
    f->levels = digits <= NF_LEVEL_BITS ? 1 : digits <= 2 * NF_LEVEL_BITS ? 2 : NF_EXACT_LEVELS;
    return f->call->shape.terms < 1 << 20 && longest_block(f->call) <= 64 && digits <= NF_EXACT_LEVELS * NF_LEVEL_BITS;
}

static int fits_aligned_lanes(const nf_matmul_fast *f)
{
    const nf_datapath *p = f->call->path;
    const int is_late = p->joins == NF_JOIN_late, most_late = 40;
    const int late_fits = p->late_bits[0] >= 0 && p->late_bits[0] <= most_late && p->late_bits[1] >= 0 &&
                          p->late_bits[1] <= most_late && p->late_bits[2] >= 0 && p->late_bits[2] <= most_late;
    return p->fraction_bits >= -most_late && p->fraction_bits <= most_late && longest_block(f->call) <= 1 << 9 &&
           (p->least_exponent == NF_NO_FLOOR || (p->least_exponent > -FAR && p->least_exponent < FAR)) &&
           (!is_late || late_fits);
}

static int is_of_lanes(const nf_grid *g) { return is_plain_float(g) || is_small_fixed(g); }

/* matmul_lanes.inc: products are exact, and far from float64's ends. */
static int fits_lanes(nf_matmul_fast *f, const nf_number_range *c)
{
    const nf_datapath *p = f->call->path;
    const nf_number_range *a = &f->a.range, *b = &f->b.range;
    if (f->a.precision + f->b.precision > F64_BITS || !is_near(a, FAR / 2) || !is_near(b, FAR / 2) ||
        !is_near(c, FAR) || !is_of_lanes(&f->call->result.grid))
        return 0;
    if (p->product_end < -FAR || p->product_end > FAR)
        return 0;
    f->product_end = p->product_end ? ldexp(1, p->product_end) : 0;
    if ((p->kind == NF_BLOCK_tree && longest_block(f->call) > NF_MOST_NODES) ||
        (p->in_pairs && p->chains > NF_MOST_NODES))
        return 0;
    if (p->kind == NF_BLOCK_aligned)
        return fits_aligned_lanes(f);
    return p->kind != NF_BLOCK_exact || fits_levels(f, c);
}

static int chosen(nf_matmul_fast *fast, nf_matmul_loop loop, int path)
{
    fast->loop = loop;
    fast->path = (uint8_t)path;
    fast->cuts |= loop == NF_LOOP_aligned || loop == NF_LOOP_floats;
    return 1;
}

int nf_choose_loop(nf_matmul_fast *fast, const nf_number_range *c)
{
    const nf_datapath *p = fast->call->path;
    const int is_aligned = p->kind == NF_BLOCK_aligned;
    if (p->scaling || p->group || p->even_odd)
        return 0;
    fast->cuts = fast->wraps = 0;
    fast->code_unit = ldexp(1, -fast->call->result.grid.format.fraction_bits);
    if (nf_fits_integer(fast, c))
        return chosen(fast, NF_LOOP_integer, NF_PATH_exact_int);
    if (nf_fits_fixed(fast))
        return chosen(fast, NF_LOOP_fixed, NF_PATH_chain_simd);
    if (fits_fused(fast))
        return chosen(fast, NF_LOOP_fused, NF_PATH_chain_simd);
    if (!read_rounders(fast))
        return 0;
    if (fits_aligned(fast, c))
        return chosen(fast, NF_LOOP_aligned, NF_PATH_aligned_simd);
    if (fits_floats(fast))
        return chosen(fast, NF_LOOP_floats, NF_PATH_chain_simd);
    if (fits_lanes(fast, c))
        return chosen(fast, NF_LOOP_lanes, is_aligned ? NF_PATH_aligned_simd : NF_PATH_chain_simd);
    return 0;
}

int nf_is_for_integers(nf_matmul_fast *fast, const nf_number_range *c)
{
    nf_packed *both[] = {&fast->a, &fast->b};
    for (int i = 0; i < 2; i++) {
        const nf_format *f = &both[i]->format.format;
        if (f->family != NF_FIXED || f->width > 8 || f->fraction_bits < -FAR || f->fraction_bits > FAR)
            return 0;
        both[i]->range = (nf_number_range){.top = f->width - 1 - f->fraction_bits, .low = -f->fraction_bits};
    }
    return nf_choose_loop(fast, c) && (fast->loop == NF_LOOP_integer || fast->loop == NF_LOOP_fixed);
}
