/* Affine integers: which are sound, which arrays they are for, and what follows from their scales. */
#include "families.h"

/* Positive and finite; where float32 arithmetic multiplies by its reciprocal, a float32 number with a finite one. */
static int scale_is_sound(double scale, int is_single)
{
    const nf_unpacked x = unpack_f64(scale), one = number_of(0, 1, 0);
    if (x.kind != NF_FINITE_NUMBER || x.sign)
        return 0;
    const nf_unpacked near = single(x);
    return !is_single || (near.kind == NF_FINITE_NUMBER && compare_numbers(&near, &x) == 0 &&
                          single(ratio(&one, &x)).kind == NF_FINITE_NUMBER);
}

static int places_are_sound(const nf_affine *a)
{
    const int is_channel = !a->group && a->count == a->extent;
    return a->count && a->extent && a->inner && (a->count == 1 || is_channel || a->group);
}

int nf_affine_is_sound(const nf_format *f)
{
    const nf_affine *a = f->affine;
    if (f->width < 1 || f->exponent_bits || f->special || f->subnormals || f->fraction_bits || f->bias)
        return 0;
    if (!a->scales || a->divide >= NF_DIVIDE_COUNT || !places_are_sound(a))
        return 0;
    const int bits = f->width - f->is_signed;
    const int64_t high = bits > 62 ? INT64_MAX : ((int64_t)1 << bits) - 1, low = f->is_signed ? -high - 1 : 0;
    int is_sound = 1;
    for (size_t i = 0; i < a->count; i++) {
        is_sound &= scale_is_sound(a->scales[i], a->divide == NF_DIVIDE_FL32_RECIPROCAL);
        is_sound &= !a->zero_points || (a->zero_points[i] >= low && a->zero_points[i] <= high);
    }
    return is_sound;
}

/* The exponents are those of integers. */
void nf_fill_affine(nf_grid *g)
{
    take_affine_scale(g, 0);
    g->emax = 63 - leading_zeros(affine_largest(g));
}

int nf_affine_fits(const nf_format *format, size_t n)
{
    const nf_affine *a = format->affine;
    if (format->family != NF_AFFINE || a->count == 1)
        return 1;
    if (a->inner > SIZE_MAX / a->extent || n % (a->inner * a->extent))
        return 0;
    if (!a->group)
        return 1;
    const size_t groups = (a->extent - 1) / a->group + 1, outer = n / (a->inner * a->extent);
    return a->count == outer * groups * a->inner;
}

static int bits_of(const nf_unpacked *x) { return x->kind == NF_ZERO ? 0 : 64 - __builtin_ctzll(x->significand); }

int nf_affine_scale_bits(const nf_format *format)
{
    int most = 0;
    for (size_t i = 0; i < format->affine->count; i++) {
        const nf_unpacked scale = unpack_f64(format->affine->scales[i]);
        most = bits_of(&scale) > most ? bits_of(&scale) : most;
    }
    return most;
}

int nf_affine_is_short(const nf_format *format)
{
    nf_grid grid;
    int is_short = nf_grid_init(&grid, format) == NF_OK;
    for (size_t i = 0; is_short && i < format->affine->count; i++) {
        take_affine_scale(&grid, i);
        is_short = bits_of(&grid.scale) + 64 - leading_zeros(affine_largest(&grid)) <= 64;
    }
    return is_short;
}
