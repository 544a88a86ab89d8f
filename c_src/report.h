/* Counters and error sums of a block.  Doubles are added in element order, so every instruction set gives the same. */
#ifndef NF_REPORT_H
#define NF_REPORT_H

/* The nearest double; infinity beyond the range, 0 far below it. */
NF_INLINE double nearest_f64(const nf_unpacked *x)
{
    nf_unpacked unit = number_of(0, 1, 0);
    if (x->kind != NF_FINITE_NUMBER)
        return x->kind == NF_ZERO ? 0.0 : x->kind == NF_NAN ? NAN : x->sign ? -INFINITY : INFINITY;
    if (x->exponent > 1023 || x->exponent < -1075)
        return (x->exponent > 0 ? INFINITY : 0.0) * (x->sign ? -1.0 : 1.0);
    unit.exponent = x->exponent / 2;
    double first = pack_f64(&unit), scaled = (double)x->significand * 0x1p-63 * first;
    unit.exponent = x->exponent - x->exponent / 2;
    return (x->sign ? -scaled : scaled) * pack_f64(&unit);
}

/* The gap between the neighbours around a finite nonzero x. */
static double gap_around(const nf_grid *grid, const nf_unpacked *x)
{
    nf_unpacked low = number_of(0, 1, grid->emin), high;
    if (grid->format.family == NF_CODEBOOK) {
        const nf_codebook *book = grid->format.codebook;
        const int64_t at = codebook_floor(book, x), last = (int64_t)book->count - 2;
        const int64_t from = at < 0 ? 0 : at > last ? last : at;
        return book->values[from + 1] - book->values[from];
    }
    if (grid->is_tapered || grid->format.family == NF_LNS) {
        const nf_deep number = deep_of(x);
        const nf_cell cell = layout_magnitude(grid, &number, 0);
        uint64_t below = cell.outside ? grid->max_magnitude : cell.low;
        below -= below == grid->max_magnitude;
        low = unpack_code(grid, code_of(grid, below, 0));
        high = unpack_code(grid, code_of(grid, below + 1, 0));
        return nearest_f64(&high) - nearest_f64(&low);
    }
    if (grid->format.family == NF_FLOAT && !is_flushed(grid, x))
        low.exponent = (x->exponent > grid->emin ? x->exponent : grid->emin) - grid->format.fraction_bits;
    return nearest_f64(&low);
}

/* Inexact, and below the smallest normal number even when rounded with unbounded exponent. */
static int underflows(const nf_plan *plan, const nf_unpacked *x, uint32_t word, uint64_t element)
{
    const nf_deep number = deep_result(plan, x, element);
    if (x->kind == NF_FINITE_NUMBER && (plan->grid.is_tapered || plan->grid.format.family == NF_LNS))
        return layout_magnitude(&plan->grid, &number, 0).low == 0;
    if (x->kind == NF_FINITE_NUMBER && plan->grid.format.family == NF_CODEBOOK)
        return is_below_codebook(&plan->grid, x);
    if (x->kind != NF_FINITE_NUMBER || x->exponent >= plan->grid.emin)
        return 0;
    return plan->options.tiny_before || plan->grid.format.family != NF_FLOAT ||
           !reaches_normal(plan->options.rounding, plan, x, word, element);
}

/* What an operation raised (NF_INVALID ...), as a part of what happened. */
NF_INLINE uint32_t what_raised(uint32_t raised)
{
    return (raised & NF_INVALID ? NF_WAS_INVALID : 0) | (raised & NF_DIVIDE_BY_ZERO ? NF_WAS_DIVIDED : 0);
}

static uint32_t flags_of(uint32_t what, int is_tiny, const nf_unpacked *x)
{
    uint32_t flags = what & NF_WAS_INEXACT ? NF_INEXACT : 0;
    flags |= (what & NF_WAS_INVALID ? NF_INVALID : 0) | (what & NF_WAS_DIVIDED ? NF_DIVIDE_BY_ZERO : 0);
    if ((what & NF_WAS_OVERFLOWED) && x->kind == NF_FINITE_NUMBER)
        flags |= NF_OVERFLOW;
    if ((what & NF_WAS_NAN) != 0 && x->kind != NF_NAN && !(what & NF_WAS_DIVIDED))
        flags |= NF_INVALID;
    return is_tiny ? flags | NF_UNDERFLOW : flags;
}

static double error_of(const nf_unpacked *x, const nf_unpacked *value)
{
    return fabs(nearest_f64(value) - nearest_f64(x));
}

static void add_error(const nf_grid *grid, const nf_unpacked *x, const nf_unpacked *value, const nf_unpacked *units,
                      const nf_unpacked *own, nf_report *r)
{
    double exact = nearest_f64(x), error = error_of(x, value), change = error_of(units, own);
    double ulp = units->kind == NF_FINITE_NUMBER && change > 0 ? change / gap_around(grid, units) : 0;
    r->finite++;
    r->max_error = error > r->max_error ? error : r->max_error;
    r->max_ulp = ulp > r->max_ulp ? ulp : r->max_ulp;
    r->sum_squared_error += error * error;
    r->sum_squared_ulp += ulp * ulp;
    r->sum_squared_value += exact * exact;
}

/* `x` became `values`; `units` and `own` are both in units of the format, which a block's scale is not part of. */
static void report_block(const nf_plan *plan, const nf_unpacked *x, const nf_unpacked *values, const nf_unpacked *units,
                         const nf_unpacked *own, const uint32_t *what, const uint32_t *words, uint64_t first, size_t n,
                         nf_report *r)
{
    uint8_t *flags = plan->options.element_flags;
    r->count += n;
    for (size_t i = 0; i < n; i++) {
        int is_tiny = (what[i] & NF_WAS_INEXACT) && underflows(plan, &units[i], words[i], first + i);
        r->inexact += (what[i] & NF_WAS_INEXACT) != 0;
        r->overflowed += (what[i] & NF_WAS_OVERFLOWED) != 0;
        r->underflowed += (uint64_t)is_tiny;
        r->saturated += (what[i] & NF_WAS_SATURATED) != 0;
        r->nan += (what[i] & NF_WAS_NAN) != 0;
        const uint32_t raised = flags_of(what[i], is_tiny, &x[i]);
        r->flags |= raised;
        if (flags)
            flags[first - plan->options.first + i] = (uint8_t)raised;
        if (x[i].kind <= NF_FINITE_NUMBER && values[i].kind <= NF_FINITE_NUMBER)
            add_error(&plan->grid, &x[i], &values[i], &units[i], &own[i], r);
    }
}

#endif
