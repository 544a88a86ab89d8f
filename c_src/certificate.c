/* When can an element type hold every result that can occur?  Decided binade by binade from exponents alone. */
#include "extent.h"
#include "kernels.h"
#include "overflow.h"

static int64_t lsb_of_type(const extent *t, int64_t e) { return larger(t->lowest, e - t->fraction_bits); }

static int64_t lsb_of_number(const nf_unpacked *x) { return x->exponent - 63 + __builtin_ctzll(x->significand); }

static int holds_number(const extent *t, const nf_unpacked *x)
{
    if (x->kind != NF_FINITE_NUMBER)
        return 1;
    int64_t lsb = lsb_of_number(x);
    return x->exponent <= t->highest && x->exponent >= t->lowest && lsb >= lsb_of_type(t, x->exponent);
}

static int holds_code(const extent *t, const nf_grid *grid, uint64_t code)
{
    nf_unpacked x;
    nf_unpack_code(grid, code, &x);
    return holds_number(t, &x);
}

/* The value at the lower end of the cell of 2**e in a tapered format, or the smallest one below that. */
static nf_unpacked lower_end(const nf_grid *g, int64_t e, uint64_t *code)
{
    const nf_unpacked x = number_of(0, 1, e);
    const nf_deep deep = deep_of(&x);
    nf_unpacked low;
    *code = e > g->emax ? g->max_magnitude : layout_magnitude(g, &deep, 0).low;
    *code += *code == 0;
    nf_unpack_code(g, *code, &low);
    return low;
}

/* The binade of that value: lower than e where a cell spans binades. */
static int64_t binade_of_results(const nf_grid *g, int64_t e)
{
    uint64_t code;
    return g->is_tapered ? lower_end(g, e, &code).exponent : e;
}

/* Exponent of the last place of the format at exponent e; below the smallest positive value: of that value. */
static int64_t lsb_of_format(const nf_grid *g, int64_t e)
{
    int64_t t = g->format.fraction_bits;
    uint64_t code;
    if (g->format.family == NF_FIXED)
        return -t;
    if (g->format.family == NF_FLOAT) {
        if (e < g->emin && g->format.subnormals != NF_SUBNORMALS)
            return g->emin;
        return larger(e, g->emin) - t;
    }
    nf_unpacked low = lower_end(g, e, &code), next;
    if (code == g->max_magnitude)
        return lsb_of_number(&low);
    nf_unpack_code(g, code + 1, &next);
    return lsb_of_number(next.exponent == low.exponent ? &next : &low);
}

static int64_t smallest_exponent(const nf_grid *g)
{
    if (g->format.family == NF_FLOAT && g->format.subnormals == NF_SUBNORMALS)
        return g->emin - g->format.fraction_bits;
    return g->emin;
}

/* Such values are rounded to the type's: it must have their range, the largest one not round out of it; but the widest
 * type is always taken. */
static int type_holds_irrational(const nf_grid *g, const extent *t)
{
    nf_format_facts facts;
    nf_unpacked top;
    nf_format_describe(&g->format, &facts);
    nf_unpack_code(g, facts.max_code, &top);
    const uint64_t ones = ((uint64_t)4 << t->fraction_bits) - 1;
    if (top.exponent == t->highest && top.significand >> (62 - t->fraction_bits) == ones)
        return 0;
    return g->emin >= t->lowest && g->emax <= t->highest;
}

/* The same for affine values, under every scale: the smallest ones do not become 0, nor the largest infinite. */
static int holds_affine(const nf_grid *g, const extent *t)
{
    nf_grid grid = *g;
    int holds = 1;
    for (size_t i = 0; i < g->format.affine->count; i++) {
        take_affine_scale(&grid, i);
        const nf_unpacked most = number_of(0, affine_largest(&grid), 0), largest = product(&most, &grid.scale);
        holds &= grid.scale.exponent >= t->lowest && nearest_of((nf_type)(t - extents), &largest).kind != NF_INFINITY;
    }
    return holds;
}

static int type_holds_rounded(const nf_grid *g, const extent *t)
{
    if (t == &extents[NF_F64])
        return 1;
    return g->format.family == NF_AFFINE ? holds_affine(g, t) : type_holds_irrational(g, t);
}

static int holds_codebook(const nf_grid *g, const extent *t)
{
    int holds = 1;
    for (uint64_t code = 0; code <= g->max_magnitude; code++)
        holds &= holds_code(t, g, code);
    return holds;
}

static int type_holds_format(const nf_grid *g, const extent *t)
{
    if (g->format.family == NF_CODEBOOK)
        return holds_codebook(g, t);
    int64_t low = smallest_exponent(g), high = g->emax;
    if (has_rounded_values(g))
        return type_holds_rounded(g, t);
    if (low < t->lowest || high > t->highest)
        return 0;
    if (!holds_code(t, g, g->max_magnitude) || !holds_code(t, g, code_of(g, g->min_magnitude, g->sign_bit != 0)))
        return 0;
    for (int64_t e = low; e <= high; e++)
        if (lsb_of_format(g, e) < lsb_of_type(t, binade_of_results(g, e)))
            return 0;
    return 1;
}

/* Do finite results reach an end of the format through overflow? */
static int reaches_ends(const nf_plan *p, int64_t highest, int has_infinities)
{
    int overflows = highest >= p->grid.emax;
    has_infinities &= !p->grid.is_tapered; /* there they become NaR */
    switch (p->options.overflow) {
    case NF_OVERFLOW_saturate:
    case NF_OVERFLOW_saturate_symmetric:
        return overflows || has_infinities || p->grid.lacks_zero;
    case NF_OVERFLOW_saturate_propagate:
        return overflows || (has_infinities && !p->grid.has_infinity) || p->grid.lacks_zero;
    case NF_OVERFLOW_infinity:
        if (!p->grid.has_infinity)
            return overflows || has_infinities;
        return overflows && !nf_rounding_leaves(p->options.rounding);
    case NF_OVERFLOW_infinity_or_nan:
    case NF_OVERFLOW_nan:
        return overflows && !nf_rounding_leaves(p->options.rounding);
    default:
        return 0;
    }
}

static int wraps(const nf_plan *p)
{
    uint8_t policy = p->options.overflow;
    return policy == NF_OVERFLOW_wrap || policy == NF_OVERFLOW_wrap_sign_magnitude || policy == NF_OVERFLOW_drop_bits;
}

static int holds_ends(const nf_plan *p, const extent *y)
{
    const nf_grid *g = &p->grid;
    int symmetric = p->options.overflow == NF_OVERFLOW_saturate_symmetric;
    if (!holds_code(y, g, g->max_magnitude))
        return 0;
    return symmetric || holds_code(y, g, code_of(g, g->min_magnitude, g->sign_bit != 0));
}

static uint64_t rounded_code(const nf_plan *p, const nf_unpacked *x)
{
    uint64_t code = 0;
    const double value = pack_f64(x);
    nf_job job = {.plan = p, .x = &value, .x_type = NF_F64, .x_size = sizeof value, .y = &code, .y_size = sizeof code};
    job.n = job.whole_n = 1;
    nf_pick_kernels(0)->run(&job);
    return code;
}

/* A deterministic rounding keeps the order: does y hold what it makes of the least and the largest numbers of x?
 * `finds`: what is too large is found when it occurs. */
static int holds_extremes(const nf_plan *p, const extent *x, const extent *y, int finds)
{
    nf_unpacked least = number_of(0, 1, x->lowest), above;
    nf_unpacked top = number_of(0, ~(uint64_t)0 << (63 - x->fraction_bits), x->highest - 63);
    for (int sign = 0; sign < 2; sign++) {
        least.sign = top.sign = (uint8_t)sign;
        nf_unpack_code(&p->grid, rounded_code(p, &top), &above);
        if (!holds_code(y, &p->grid, rounded_code(p, &least)))
            return 0;
        if (!holds_number(y, &above) && !(finds && above.exponent > y->highest))
            return 0;
    }
    return 1;
}

int nf_binades_near_end(const nf_plan *plan, nf_type type)
{
    const int64_t highest = extents[type].highest;
    return (int)(highest - binade_of_results(&plan->grid, highest)) + 1;
}

static int holds_results(const nf_plan *p, const extent *x, const extent *y, int finds)
{
    const nf_grid *g = &p->grid;
    if (g->format.family == NF_CODEBOOK) /* any value may be the nearest */
        return holds_codebook(g, y);
    int unbounded = p->options.overflow == NF_OVERFLOW_unbounded;
    int64_t high = unbounded || x->highest < g->emax ? x->highest : g->emax;
    if (has_rounded_values(g))
        return type_holds_rounded(g, y);
    if (reaches_ends(p, x->highest, !x->is_integer) || p->options.nan == NF_NAN_max || p->options.nan == NF_NAN_min)
        if (!holds_ends(p, y))
            return 0;
    int goes_by_extremes = g->is_tapered && !x->is_integer && !nf_rounding_at(p->options.rounding)->is_random;
    if (wraps(p) || (goes_by_extremes && !holds_extremes(p, x, y, finds)))
        return 0;
    if (p->options.rounding == NF_ROUND_jam && g->format.family == NF_FIXED && g->emin < y->lowest)
        return 0;
    for (int64_t e = x->lowest; e <= high; e++) {
        int64_t input = x->is_integer ? 0 : lsb_of_type(x, e), format = lsb_of_format(g, e);
        int64_t binade = binade_of_results(g, e);
        if (goes_by_extremes && binade < x->lowest)
            continue;
        int is_exact = input >= format && binade == e && p->options.rounding != NF_ROUND_jam &&
                       p->options.variant != NF_VARIANT_GE;
        int64_t result = is_exact ? input : format;
        if (result < lsb_of_type(y, binade) || result > y->highest || (e > y->highest && !unbounded))
            return 0;
    }
    return 1;
}

nf_status nf_type_holds_format(const nf_format *format, nf_type y_type)
{
    nf_grid grid;
    nf_status status = nf_grid_init(&grid, format);
    if (status != NF_OK)
        return status;
    if ((unsigned)y_type > NF_F64)
        return NF_BAD_ARGUMENT;
    return type_holds_format(&grid, &extents[y_type]) ? NF_OK : NF_BAD_TYPE;
}

nf_status nf_type_holds(const nf_format *format, const nf_options *options, nf_type x_type, nf_type y_type)
{
    nf_plan plan;
    nf_status status = nf_plan_init(&plan, format, options);
    if (status != NF_OK)
        return status;
    if ((unsigned)x_type >= NF_TYPE_COUNT || (unsigned)y_type > NF_F64)
        return NF_BAD_ARGUMENT;
    if (plan.options.overflow != NF_OVERFLOW_unbounded && type_holds_format(&plan.grid, &extents[y_type]))
        return NF_OK;
    const int finds = x_type == y_type && nf_may_leave(&plan, y_type);
    return holds_results(&plan, &extents[x_type], &extents[y_type], finds) ? NF_OK : NF_BAD_TYPE;
}
