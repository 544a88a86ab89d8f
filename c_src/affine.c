/* Affine integers: which are sound, which arrays they are for, and what follows from their scales. */
#include "families.h"
#include "limbs.h"

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

/* The last limb's bit is set where something follows. */
static nf_unpacked product_of_limbs(const uint64_t *x, int w, uint64_t factor, int64_t exponent, int follows)
{
    uint64_t product[NF_MOST_LIMBS + 1];
    limbs_multiply(x, w, &factor, 1, product);
    const int zeros = limbs_leading_zeros(product, w + 1);
    limbs_shift_up(product, (uint64_t)zeros, w + 1);
    nf_unpacked y = number_of(0, product[w], exponent + 1 - zeros - 63);
    y.significand |= follows || !limbs_are_zero(product, w);
    return y;
}

/* Of more and more limbs of x, and of one unit more: both are rounded. */
nf_unpacked nf_affine_product(const nf_grid *grid, const nf_deep *x)
{
    const nf_unpacked *factor = &grid->reciprocal;
    const int64_t exponent = x->exponent + factor->exponent;
    uint64_t limb[NF_MOST_LIMBS];
    nf_unpacked low = x->x;
    for (int w = 2; w <= NF_MOST_LIMBS; w++) {
        int follows;
        nf_deep_digits(x, x->exponent + 1 - 64 * (int64_t)w, &follows);
        nf_deep_limbs(x, w, limb);
        low = single(product_of_limbs(limb, w, factor->significand, exponent, follows));
        const int carries = limbs_add_small(limb, 1, w) != 0;
        nf_unpacked high = product_of_limbs(limb, w, factor->significand, exponent, 0);
        high.significand -= !carries && !(high.significand & 1); /* just below it */
        high = single(high);
        if (!follows || (!carries && compare_numbers(&low, &high) == 0))
            break;
    }
    low.sign = x->x.sign ^ factor->sign;
    return low;
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
