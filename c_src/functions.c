/* Functions of one number: special operands, results near their limits, and the rest by tries. */
#include "functions.h"
#include "real.h"

static const int64_t FAR = (int64_t)1 << 62; /* exponents within which numbers are */

enum special_result { SAME, ZERO, ONE, HALF, MINUS_ONE, PLUS_INFINITY, POLE, SIGNED_POLE, INVALID, COMPUTED };

typedef struct function_row {
    uint8_t at_zero, at_infinity, at_minus_infinity;
} function_row;

static const function_row rows[NF_FUNCTION_COUNT] = {
#define NF_FUNCTION(name, operands, zero, infinity, minus_infinity, meaning, aliases) {zero, infinity, minus_infinity},
#include "functions.def"
#undef NF_FUNCTION
};

static nf_unpacked failure(uint32_t flag, nf_kind kind, int sign, uint32_t *flags)
{
    *flags |= flag;
    return special_of(kind, sign);
}

static nf_unpacked special_result(int result, const nf_unpacked *x, uint32_t *flags)
{
    switch (result) {
    case SAME:
        return *x;
    case ONE:
        return number_of(0, 1, 0);
    case HALF:
        return number_of(0, 1, -1);
    case MINUS_ONE:
        return number_of(1, 1, 0);
    case PLUS_INFINITY:
        return special_of(NF_INFINITY, 0);
    case POLE:
        return failure(NF_DIVIDE_BY_ZERO, NF_INFINITY, 1, flags);
    case SIGNED_POLE:
        return failure(NF_DIVIDE_BY_ZERO, NF_INFINITY, x->sign, flags);
    case INVALID:
        return failure(NF_INVALID, NF_NAN, 0, flags);
    default:
        return special_of(NF_ZERO, 0);
    }
}

/* x**n of a zero, an infinity or a NaN (IEEE 754-2019, 9.2.1: pown). */
static nf_unpacked special_power(const nf_unpacked *x, int64_t n, uint32_t *flags)
{
    const int sign = x->sign && n & 1, is_infinite = (x->kind == NF_INFINITY) == (n > 0);
    if (n == 0)
        return number_of(0, 1, 0);
    if (x->kind == NF_NAN)
        return special_of(NF_NAN, 0);
    if (x->kind == NF_ZERO && n < 0)
        return failure(NF_DIVIDE_BY_ZERO, NF_INFINITY, sign, flags);
    return special_of(is_infinite ? NF_INFINITY : NF_ZERO, sign);
}

/* Just above or below a number of at most 64 bits, in magnitude: nearer to it than half of the last bit that counts. */
static nf_unpacked beside(nf_unpacked x, int is_below, int is_long)
{
    const int follows = !is_below || (!is_long && x.significand & 1);
    if (!follows) {
        x.exponent -= x.significand << 1 == 0;
        x.significand = x.significand << 1 == 0 ? ~(uint64_t)0 : x.significand - 1;
    }
    x.significand |= !is_long;
    x.more = is_long && is_below ? ~(uint64_t)0 : 0;
    x.sticky = (uint8_t)is_long;
    return x;
}

/* A result too far away for any format. */
static nf_unpacked far_away(int sign, int is_large)
{
    nf_unpacked y = {.kind = NF_FINITE_NUMBER, .sign = (uint8_t)sign, .exponent = is_large ? FAR : -FAR};
    y.significand = is_large ? ~(uint64_t)0 : (uint64_t)1 << 63 | 1;
    return y;
}

/* |x| >= integer, which is at least 1 */
static int reaches(const nf_unpacked *x, uint64_t integer)
{
    const nf_unpacked limit = number_of(x->sign, integer, 0);
    return compare_numbers(x, &limit) * (x->sign ? -1 : 1) >= 0;
}

/* From where on numbers are near others, for results of 63 bits and of 128: exponents of x below which its first power,
 * or its second, changes no bit of 1 that counts, and sizes from which on tanh, erf and e**-x change none. */
typedef struct nearness {
    int64_t first, second;
    uint64_t tanh, erf, exp;
} nearness;

static const nearness near[2] = {{-66, -34, 23, 8, 64}, {-130, -67, 46, 11, 100}};

/* Functions that are 1 +- x (or its square) and so on, for small x. */
static int is_near_constant(nf_function which, const nf_unpacked *x, int is_long, nf_unpacked *y)
{
    const nf_unpacked one = number_of(0, 1, 0), half = number_of(0, 1, -1);
    switch (which) {
    case NF_FUNCTION_exp:
    case NF_FUNCTION_exp2:
        *y = beside(one, x->sign, is_long);
        return x->exponent < near[is_long].first;
    case NF_FUNCTION_sigmoid:
        *y = beside(half, x->sign, is_long);
        return x->exponent < near[is_long].first;
    case NF_FUNCTION_cos:
        *y = beside(one, 1, is_long);
        return x->exponent < near[is_long].second;
    default:
        return 0;
    }
}

/* Functions that are x (1 +- x) or x (1 +- x**2) and so on, for small x; softplus is x + e**-x for large x. */
static int is_near_operand(nf_function which, const nf_unpacked *x, int is_long, nf_unpacked *y)
{
    if (x->base != NF_RATIONAL)
        return 0;
    switch (which) {
    case NF_FUNCTION_expm1:
        *y = beside(*x, x->sign, is_long);
        return x->exponent < near[is_long].first;
    case NF_FUNCTION_log1p:
        *y = beside(*x, !x->sign, is_long);
        return x->exponent < near[is_long].first;
    case NF_FUNCTION_tanh:
    case NF_FUNCTION_sin:
        *y = beside(*x, 1, is_long);
        return x->exponent < near[is_long].second;
    case NF_FUNCTION_softplus:
        *y = beside(*x, 0, is_long);
        return !x->sign && reaches(x, near[is_long].exp);
    default:
        return 0;
    }
}

/* Functions that come nearer to 1 or -1 than counts. */
static int is_near_end(nf_function which, const nf_unpacked *x, int is_long, nf_unpacked *y)
{
    const nearness *from = &near[is_long];
    *y = beside(number_of(x->sign, 1, 0), 1, is_long);
    switch (which) {
    case NF_FUNCTION_tanh:
        return reaches(x, from->tanh);
    case NF_FUNCTION_erf:
        return reaches(x, from->erf);
    case NF_FUNCTION_sigmoid:
        return !x->sign && reaches(x, from->exp);
    case NF_FUNCTION_expm1:
        return x->sign && reaches(x, from->exp);
    default:
        return 0;
    }
}

/* Is the logarithm of x an exact number? */
static int log_is_exact(nf_function which, const nf_unpacked *x, nf_unpacked *y)
{
    const int is_binary = x->base == NF_RATIONAL && x->significand << 1 == 0;
    if (which == NF_FUNCTION_log && x->base == NF_BASE_E)
        *y = unpack_i64(x->log);
    else if (which == NF_FUNCTION_log2 && x->base == NF_BASE_2)
        *y = unpack_i64(x->log);
    else if (is_binary && (which == NF_FUNCTION_log2 || (which == NF_FUNCTION_log && x->exponent == 0)))
        *y = unpack_i64(x->exponent);
    else
        return 0;
    y->exponent -= x->root_bits;
    return 1;
}

/* 2**x of an integer x. */
static int is_power_of_two(const nf_unpacked *x, nf_unpacked *y)
{
    const int zeros = __builtin_ctzll(x->significand);
    if (x->base != NF_RATIONAL || x->exponent >= 62 || x->exponent < 63 - zeros)
        return 0;
    const int64_t log = (int64_t)(x->significand >> (63 - x->exponent));
    *y = number_of(0, 1, x->sign ? -log : log);
    return 1;
}

/* Found by algebra: exact, or, of roots of rational numbers, 63 bits that are not `is_long`. */
static int is_algebraic(nf_function which, const nf_unpacked *x, int64_t n, int is_long, nf_unpacked *y)
{
    int is_exact;
    switch (which) {
    case NF_FUNCTION_exp2:
        return is_power_of_two(x, y);
    case NF_FUNCTION_log:
    case NF_FUNCTION_log2:
        return log_is_exact(which, x, y);
    case NF_FUNCTION_rsqrt:
        if (x->base != NF_RATIONAL)
            return nf_root_of_power(x, -2, y);
        *y = nf_reciprocal_root(x, &is_exact);
        return is_exact || !is_long;
    case NF_FUNCTION_cbrt:
        if (x->base != NF_RATIONAL)
            return nf_root_of_power(x, 3, y);
        *y = nf_cube_root(x, &is_exact);
        return is_exact || !is_long;
    case NF_FUNCTION_power:
        return nf_power_is_exact(x, n, y);
    default:
        return 0;
    }
}

/* 1,024 bits decide all that are known: what is left in doubt has odds of 2**-900. */
static nf_unpacked by_tries(nf_function which, const nf_unpacked *x, int64_t n, int is_long)
{
    nf_unpacked y;
    if ((is_long || !nf_try_function_2(which, x, n, 0, &y)) && !nf_try_function_4(which, x, n, is_long, &y))
        nf_try_function_16(which, x, n, is_long, &y);
    if (which == NF_FUNCTION_cbrt || which == NF_FUNCTION_power)
        y.sign = x->sign && (which == NF_FUNCTION_cbrt || n & 1);
    return y.exponent > FAR || y.exponent < -FAR ? far_away(y.sign, y.exponent > 0) : y;
}

/* y, irrational, as the power that it is, where a nf_unpacked holds its log: of e or 2 for exponentials of rational
 * numbers, and the reciprocal root of an odd power of 2. */
static nf_unpacked with_log(nf_function which, const nf_unpacked *x, nf_unpacked y)
{
    const int zeros = __builtin_ctzll(x->significand), is_binary = x->significand << 1 == 0;
    const int64_t scale = x->exponent - 63 + zeros;
    if (x->base != NF_RATIONAL)
        return y;
    if (which == NF_FUNCTION_rsqrt && is_binary && x->exponent & 1) {
        y.base = NF_BASE_2;
        y.log = -x->exponent;
        y.root_bits = 1;
    } else if ((which == NF_FUNCTION_exp || (which == NF_FUNCTION_exp2 && scale < 0)) && scale >= -62 &&
               x->exponent < 62 + (scale < 0 ? scale : 0)) {
        const uint64_t odd = x->significand >> zeros, log = scale > 0 ? odd << scale : odd;
        y.base = which == NF_FUNCTION_exp ? NF_BASE_E : NF_BASE_2;
        y.log = x->sign ? -(int64_t)log : (int64_t)log;
        y.root_bits = scale < 0 ? (uint8_t)-scale : 0;
    }
    return y;
}

/* Of a finite number other than 0. */
static nf_unpacked finite_result(nf_function which, const nf_unpacked *x, int64_t n, int is_long, uint32_t *flags)
{
    const nf_unpacked minus_one = number_of(1, 1, 0);
    nf_unpacked y;
    const int takes_logs = which == NF_FUNCTION_log || which == NF_FUNCTION_log2 || which == NF_FUNCTION_rsqrt;
    const int side = which == NF_FUNCTION_log1p ? compare_numbers(x, &minus_one) : 1;
    if ((takes_logs && x->sign) || side < 0)
        return special_result(INVALID, x, flags);
    if (side == 0)
        return special_result(POLE, x, flags);
    if (!is_near_constant(which, x, is_long, &y) && !is_near_operand(which, x, is_long, &y) &&
        !is_near_end(which, x, is_long, &y) && !is_algebraic(which, x, n, is_long, &y))
        y = by_tries(which, x, n, is_long);
    return with_log(which, x, y);
}

static int is_refused(nf_function which, const nf_unpacked *x, int64_t n)
{
    if ((unsigned)which >= NF_FUNCTION_COUNT || (n && which != NF_FUNCTION_power) || x->kind > NF_NAN || x->sign > 1)
        return 1;
    if (x->kind != NF_FINITE_NUMBER)
        return 0;
    if (!(x->significand >> 63) || x->exponent > FAR || x->exponent < -FAR || x->base > NF_BASE_E ||
        x->root_bits > 62 || x->more || x->sticky)
        return 1;
    const int most = x->base == NF_RATIONAL ? NF_MOST_TURNS : NF_MOST_IRRATIONAL_TURNS;
    return (which == NF_FUNCTION_sin || which == NF_FUNCTION_cos) && x->exponent >= most;
}

nf_unpacked nf_function_result(nf_function which, const nf_unpacked *x, int64_t n, int is_long, uint32_t *flags)
{
    const nf_unpacked two = number_of(0, 2, 0);
    if (which == NF_FUNCTION_power && (x->kind != NF_FINITE_NUMBER || n == 0))
        return special_power(x, n, flags);
    switch (x->kind) {
    case NF_FINITE_NUMBER:
        return finite_result(which, x, n, is_long, flags);
    case NF_NAN:
        return special_of(NF_NAN, 0);
    case NF_INFINITY:
        return special_result(x->sign ? rows[which].at_minus_infinity : rows[which].at_infinity, x, flags);
    default:
        return which == NF_FUNCTION_softplus ? by_tries(NF_FUNCTION_log, &two, 0, is_long)
                                             : special_result(rows[which].at_zero, x, flags);
    }
}

nf_status nf_function_number(nf_function which, const nf_unpacked *x, int64_t n, int digits, nf_unpacked *y,
                             uint32_t *flags)
{
    if (!x || !y || !flags || (digits != 63 && digits != 128) || is_refused(which, x, n))
        return NF_BAD_ARGUMENT;
    const nf_unpacked operand = *x;
    *flags = 0;
    *y = nf_function_result(which, &operand, n, digits == 128, flags);
    return NF_OK;
}
