/* Runs one matrix instruction of an NVIDIA GPU on many small tiles: d = a b + c, bit patterns in and out.
 *
 * nvcc -std=c++17 -shared -Xcompiler -fPIC -gencode=arch=compute_90a,code=sm_90a record.cu -o record.so
 *
 * A tile of a is `rows` rows of `words` 32-bit words (the row's k elements, first in the low bits), of b 8 columns of
 * as many words, of c and d `rows` x 8 words (16-bit results in the low half).  Layouts: PTX ISA, "Matrix fragments". */
#include <cstdint>
#include <cstring>
#include <cuda_runtime.h>

typedef uint32_t word;

template <class Instruction>
__global__ void run_tile(const word *a, const word *b, const word *c, word *d)
{
    constexpr int words = Instruction::words, halves = words / 4;
    const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, group = lane / 4, member = lane % 4;
    a += (size_t)blockIdx.x * Instruction::rows * words;
    b += (size_t)blockIdx.x * 8 * words;
    c += (size_t)blockIdx.x * Instruction::rows * 8;
    d += (size_t)blockIdx.x * Instruction::rows * 8;
    word left[4] = {0}, right[2] = {0}, sum[4];
    for (int i = 0; i < 2 * halves; i++)
        left[i] = a[(16 * warp + group + 8 * (i & 1)) * words + member + 4 * (i >> 1)];
    for (int i = 0; i < halves; i++)
        right[i] = b[group * words + member + 4 * i];
    for (int i = 0; i < 4; i++)
        sum[i] = c[(16 * warp + group + 8 * (i >> 1)) * 8 + 2 * member + (i & 1)];
    __shared__ __align__(128) word columns[64];
    if constexpr (Instruction::rows == 64) { /* two core matrices of 8 columns x 16 bytes, one behind the other */
        for (int i = threadIdx.x; i < 64; i += blockDim.x)
            columns[i] = b[i % 32 / 4 * words + i / 32 * 4 + i % 4];
        asm volatile("fence.proxy.async.shared::cta;");
        __syncthreads();
    }
    Instruction::apply(sum, left, right, columns);
    for (int i = 0; i < 4; i++)
        d[(16 * warp + group + 8 * (i >> 1)) * 8 + 2 * member + (i & 1)] = sum[i];
}

__device__ static uint64_t described(const word *columns)
{
    const uint64_t at = (uint64_t)__cvta_generic_to_shared(columns);
    return (at & 0x3FFFF) >> 4 | (uint64_t)(128 >> 4) << 16 | (uint64_t)(128 >> 4) << 32;
}

/* The accumulators as PTX wants them: 4 floats, 4 integers, or 2 pairs of halves. */
#define IN_f32(x) float x##0 = __uint_as_float(x[0]), x##1 = __uint_as_float(x[1]), x##2 = __uint_as_float(x[2]), \
                        x##3 = __uint_as_float(x[3])
#define OUT_f32(x) x[0] = __float_as_uint(x##0), x[1] = __float_as_uint(x##1), x[2] = __float_as_uint(x##2), \
                   x[3] = __float_as_uint(x##3)
#define ROOM_f32 "{%0,%1,%2,%3}"
#define BOUND_f32(x) "+f"(x##0), "+f"(x##1), "+f"(x##2), "+f"(x##3)
#define IN_s32(x) word x##0 = x[0], x##1 = x[1], x##2 = x[2], x##3 = x[3]
#define OUT_s32(x) x[0] = x##0, x[1] = x##1, x[2] = x##2, x[3] = x##3
#define ROOM_s32 "{%0,%1,%2,%3}"
#define BOUND_s32(x) "+r"(x##0), "+r"(x##1), "+r"(x##2), "+r"(x##3)
#define IN_f16(x) word x##0 = x[0] | x[1] << 16, x##1 = x[2] | x[3] << 16, x##2 = 0, x##3 = 0
#define OUT_f16(x) x[0] = x##0 & 0xFFFF, x[1] = x##0 >> 16, x[2] = x##1 & 0xFFFF, x[3] = x##1 >> 16
#define ROOM_f16 "{%0,%1}"
#define BOUND_f16(x) "+r"(x##0), "+r"(x##1), "+r"(x##2), "+r"(x##3)

#define MMA_8(out, text) \
    asm volatile("mma.sync.aligned." text " " ROOM_##out ", {%4,%5,%6,%7}, {%8,%9}, " ROOM_##out ";" \
                 : BOUND_##out(x) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]))
#define MMA_4(out, text) \
    asm volatile("mma.sync.aligned." text " " ROOM_##out ", {%4,%5}, {%6}, " ROOM_##out ";" \
                 : BOUND_##out(x) : "r"(a[0]), "r"(a[1]), "r"(b[0]))
#define WGMMA(out, text, tail) \
    asm volatile("wgmma.fence.sync.aligned;\n" \
                 "{ .reg .pred one; setp.ne.b32 one, 1, 0;\n" \
                 "wgmma.mma_async.sync.aligned." text " " ROOM_##out ", {%4,%5,%6,%7}, %8, one" tail "; }\n" \
                 "wgmma.commit_group.sync.aligned;\nwgmma.wait_group.sync.aligned 0;\n" \
                 : BOUND_##out(x) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(described(columns)) : "memory")

#define INSTRUCTION(name, rows_, words_, out, call) \
    struct name { \
        static constexpr int rows = rows_, words = words_; \
        __device__ static void apply(word *x, const word *a, const word *b, const word *columns) \
        { \
            IN_##out(x); \
            call; \
            OUT_##out(x); \
        } \
    };
#define FOR_ALL(mma8, mma4, wgmma) \
    mma8(mma_f16_f32, f32, "m16n8k16.row.col.f32.f16.f16.f32") \
    mma8(mma_f16_f16, f16, "m16n8k16.row.col.f16.f16.f16.f16") \
    mma8(mma_bf16_f32, f32, "m16n8k16.row.col.f32.bf16.bf16.f32") \
    mma8(mma_tf32_f32, f32, "m16n8k8.row.col.f32.tf32.tf32.f32") \
    mma4(mma_k8_f16_f32, f32, "m16n8k8.row.col.f32.f16.f16.f32") \
    mma4(mma_k8_f16_f16, f16, "m16n8k8.row.col.f16.f16.f16.f16") \
    mma4(mma_k8_bf16_f32, f32, "m16n8k8.row.col.f32.bf16.bf16.f32") \
    mma4(mma_k4_tf32_f32, f32, "m16n8k4.row.col.f32.tf32.tf32.f32") \
    mma8(mma_e4m3_f32, f32, "m16n8k32.row.col.f32.e4m3.e4m3.f32") \
    mma8(mma_e5m2_f32, f32, "m16n8k32.row.col.f32.e5m2.e5m2.f32") \
    mma8(mma_e4m3_e5m2_f32, f32, "m16n8k32.row.col.f32.e4m3.e5m2.f32") \
    mma8(mma_e4m3_f16, f16, "m16n8k32.row.col.f16.e4m3.e4m3.f16") \
    mma8(mma_e5m2_f16, f16, "m16n8k32.row.col.f16.e5m2.e5m2.f16") \
    mma8(mma_s8_s32, s32, "m16n8k32.row.col.s32.s8.s8.s32") \
    mma8(mma_s8_s32_satfinite, s32, "m16n8k32.row.col.satfinite.s32.s8.s8.s32") \
    mma8(mma_u8_s32, s32, "m16n8k32.row.col.s32.u8.u8.s32") \
    wgmma(wgmma_f16_f32, f32, "m64n8k16.f32.f16.f16", ", 1, 1, 0") \
    wgmma(wgmma_f16_f16, f16, "m64n8k16.f16.f16.f16", ", 1, 1, 0") \
    wgmma(wgmma_bf16_f32, f32, "m64n8k16.f32.bf16.bf16", ", 1, 1, 0") \
    wgmma(wgmma_tf32_f32, f32, "m64n8k8.f32.tf32.tf32", ", 1, 1") \
    wgmma(wgmma_e4m3_f32, f32, "m64n8k32.f32.e4m3.e4m3", ", 1, 1") \
    wgmma(wgmma_e5m2_f32, f32, "m64n8k32.f32.e5m2.e5m2", ", 1, 1") \
    wgmma(wgmma_e4m3_e5m2_f32, f32, "m64n8k32.f32.e4m3.e5m2", ", 1, 1") \
    wgmma(wgmma_e4m3_f16, f16, "m64n8k32.f16.e4m3.e4m3", ", 1, 1") \
    wgmma(wgmma_e5m2_f16, f16, "m64n8k32.f16.e5m2.e5m2", ", 1, 1") \
    wgmma(wgmma_s8_s32, s32, "m64n8k32.s32.s8.s8", "") \
    wgmma(wgmma_s8_s32_satfinite, s32, "m64n8k32.satfinite.s32.s8.s8", "")

#define DEFINE_8(name, out, text) INSTRUCTION(name, 16, 8, out, MMA_8(out, text))
#define DEFINE_4(name, out, text) INSTRUCTION(name, 16, 4, out, MMA_4(out, text))
#define DEFINE_W(name, out, text, tail) INSTRUCTION(name, 64, 8, out, WGMMA(out, text, tail))
FOR_ALL(DEFINE_8, DEFINE_4, DEFINE_W)

/* One word in, one out: the converter units. */
#define CONVERTERS(each) \
    each(cvt_e4m3, "{ .reg .b16 h; cvt.rn.satfinite.e4m3x2.f32 h, %1, %1; cvt.u32.u16 %0, h; }") \
    each(cvt_e5m2, "{ .reg .b16 h; cvt.rn.satfinite.e5m2x2.f32 h, %1, %1; cvt.u32.u16 %0, h; }") \
    each(cvt_rn_bf16, "{ .reg .b16 h; cvt.rn.bf16.f32 h, %1; cvt.u32.u16 %0, h; }") \
    each(cvt_rz_bf16, "{ .reg .b16 h; cvt.rz.bf16.f32 h, %1; cvt.u32.u16 %0, h; }") \
    each(cvt_rn_f16, "{ .reg .b16 h; cvt.rn.f16.f32 h, %1; cvt.u32.u16 %0, h; }") \
    each(cvt_rna_tf32, "cvt.rna.tf32.f32 %0, %1;") \
    each(cvt_rn_tf32, "cvt.rn.tf32.f32 %0, %1;") \
    each(cvt_rz_tf32, "cvt.rz.tf32.f32 %0, %1;")
#define CONVERT(name, text) \
    __global__ void name(const word *a, const word *, const word *, word *d) \
    { \
        const size_t i = (size_t)blockIdx.x * 128 + threadIdx.x; \
        asm(text : "=r"(d[i]) : "f"(__uint_as_float(a[i]))); \
    }
CONVERTERS(CONVERT)

/* A chain of fused multiply-adds in binary64, or what else it is: 8 x 8 x 4. */
__global__ void mma_f64_f64(const word *a, const word *b, const word *c, word *d)
{
    const int lane = threadIdx.x, group = lane / 4, member = lane % 4;
    const double left = ((const double *)a)[(size_t)blockIdx.x * 32 + lane];
    const double right = ((const double *)b)[(size_t)blockIdx.x * 32 + lane];
    const double *sum = (const double *)c + (size_t)blockIdx.x * 64 + group * 8 + 2 * member;
    double *to = (double *)d + (size_t)blockIdx.x * 64 + group * 8 + 2 * member, x = sum[0], y = sum[1];
    asm volatile("mma.sync.aligned.m8n8k4.row.col.f64.f64.f64.f64 {%0,%1}, {%2}, {%3}, {%0,%1};"
                 : "+d"(x), "+d"(y) : "d"(left), "d"(right));
    to[0] = x, to[1] = y;
}

typedef void kernel(const word *, const word *, const word *, word *);
struct row {
    const char *name;
    kernel *run;
    int threads, a_words, b_words, d_words; /* of a tile */
};
static const row table[] = {
#define ROW_8(name, out, text) {#name, run_tile<name>, 32, 128, 64, 128},
#define ROW_4(name, out, text) {#name, run_tile<name>, 32, 64, 32, 128},
#define ROW_W(name, out, text, tail) {#name, run_tile<name>, 128, 512, 64, 512},
    FOR_ALL(ROW_8, ROW_4, ROW_W)
#define ROW_C(name, text) {#name, name, 128, 128, 0, 128},
    CONVERTERS(ROW_C) {"mma_f64_f64", mma_f64_f64, 32, 64, 64, 128},
};

extern "C" int sizes_of(const char *name, int *a, int *b, int *d)
{
    for (const row &r : table)
        if (!strcmp(r.name, name)) {
            *a = r.a_words, *b = r.b_words, *d = r.d_words;
            return 0;
        }
    return -1;
}

static word *on_device(const word *from, size_t words)
{
    word *p = nullptr;
    cudaMalloc(&p, 4 * words + 4);
    if (p && from && words)
        cudaMemcpy(p, from, 4 * words, cudaMemcpyHostToDevice);
    return p;
}

/* 0, or the CUDA error. */
extern "C" int run_tiles(const char *name, const word *a, const word *b, const word *c, word *d, int tiles)
{
    for (const row &r : table)
        if (!strcmp(r.name, name)) {
            word *x = on_device(a, (size_t)tiles * r.a_words), *y = on_device(b, (size_t)tiles * r.b_words);
            word *z = on_device(c, c ? (size_t)tiles * r.d_words : 0), *to = on_device(nullptr, (size_t)tiles * r.d_words);
            r.run<<<tiles, r.threads>>>(x, y, z, to);
            cudaDeviceSynchronize();
            cudaMemcpy(d, to, 4 * (size_t)tiles * r.d_words, cudaMemcpyDeviceToHost);
            cudaFree(x), cudaFree(y), cudaFree(z), cudaFree(to);
            return (int)cudaGetLastError();
        }
    return -1;
}
