/* The policy `unbounded`: precision is rounded, range is not.  Values only: there may be no code for them. */
#ifndef NF_UNBOUNDED_H
#define NF_UNBOUNDED_H

static nf_unpacked unbounded_fixed(int mode, const nf_plan *plan, const nf_unpacked *x, uint32_t word, uint64_t element)
{
    nf_cell cell = {0, 1, 0, 0, 1, 0, 0};
    int huge;
    if (fixed_shift(&plan->grid, x) <= 0)
        return *x;
    uint64_t magnitude = (uint64_t)layout_fixed(&plan->grid, x, &cell, &huge);
    int inexact = (cell.tail | cell.sticky) != 0;
    cell.low = magnitude;
    if (mode == NF_ROUND_jam)
        magnitude = x->sign ? ((magnitude + (unsigned)inexact) - 1) | 1 : magnitude | 1;
    else
        magnitude += (unsigned)goes_away(mode, plan, x, &cell, x->sign, word, element);
    return number_of(x->sign && magnitude, magnitude, plan->grid.emin);
}

static nf_unpacked unbounded_float(int mode, const nf_plan *plan, const nf_unpacked *x, uint32_t word, uint64_t element)
{
    nf_grid grid = plan->grid;
    int t = grid.format.fraction_bits;
    int64_t binade = x->exponent > grid.emin ? x->exponent : grid.emin;
    grid.emax = INT64_MAX;
    nf_cell cell = layout_float(&grid, x);
    turn_at_geometric_mean(mode, plan, x, element, &cell);
    int up = goes_away(mode, plan, x, &cell, 0, word, element);
    if (is_flushed(&grid, x)) {
        int flush = grid.format.subnormals;
        if (flush >= NF_FTZ_BEFORE)
            up = flush == NF_FTZ_AFTER && reaches_normal(mode, plan, x, word, element);
        return number_of(x->sign && (up || grid.has_negative_zero), (uint64_t)up, grid.emin);
    }
    uint64_t rounded = cell.low - ((uint64_t)(binade - grid.emin) << t) + (uint64_t)up;
    return number_of(x->sign && (rounded || grid.has_negative_zero), rounded, binade - t);
}

static uint32_t round_unbounded(const nf_plan *plan, const nf_unpacked *x, const uint32_t *words, uint64_t first,
                                size_t n, nf_type type, nf_unpacked *values, uint32_t *what)
{
    int mode = plan->options.rounding, is_fixed = plan->grid.format.family == NF_FIXED;
    uint32_t any = 0;
    for (size_t i = 0; i < n; i++) {
        values[i] = x[i];
        what[i] = 0;
        if (x[i].kind == NF_FINITE_NUMBER)
            values[i] = is_fixed ? unbounded_fixed(mode, plan, &x[i], words[i], first + i)
                                 : unbounded_float(mode, plan, &x[i], words[i], first + i);
        else if (x[i].kind == NF_NAN && !plan->grid.has_nan) {
            nf_outcome o = round_nan(plan, x[i].sign);
            what[i] = o.what;
            values[i] = unpack_code(&plan->grid, o.code);
        } else if (x[i].kind == NF_NAN)
            what[i] = NF_WAS_NAN;
        else if (x[i].kind == NF_ZERO)
            values[i] = unpack_code(&plan->grid, round_zero(mode, plan, x[i].sign, words[i], first + i).code);
        if (values[i].exponent != x[i].exponent || values[i].significand != x[i].significand)
            what[i] |= x[i].kind == NF_NAN ? 0 : NF_WAS_INEXACT;
        if (is_beyond(type, &values[i]))
            what[i] |= NF_WAS_OVERFLOWED | NF_FAILED_RANGE;
        any |= what[i];
    }
    return any;
}

#endif
