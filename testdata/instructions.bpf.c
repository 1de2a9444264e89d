// Needs clang 19. Instructions of every kind, written out, for the disassembler; not meant to be loaded.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("socket")
__attribute__((naked)) int all(void)
{
	asm volatile(
		"r1 = 5; r2 = r1; w3 = -7; w4 = w3; r1 += 16; r1 += r2; w1 -= 3; w1 -= w2;"
		"r1 *= 3; r1 /= 5; r1 |= 6; r1 &= 7; r1 <<= 8; r1 >>= 9; r1 %%= 10; r1 ^= 11; r1 s>>= 12;"
		"w1 *= w2; w1 /= w2; w1 |= w2; w1 &= w2; w1 <<= w2; w1 >>= w2; w1 %%= w2; w1 ^= w2; w1 s>>= w2;"
		"r1 = -r1; w1 = -w1; r1 = be16 r1; r1 = be32 r1; r1 = be64 r1; r1 = le16 r1; r1 = le64 r1;"
		"r1 = bswap16 r1; r1 = bswap32 r1; r1 = bswap64 r1;"
		"r1 s/= r2; r1 s%%= 3; w1 s/= w2; w1 s%%= 3;"
		"r1 = (s8)r2; r1 = (s16)r2; r1 = (s32)r2; w1 = (s8)w2; w1 = (s16)w2;"
		"r1 = 0x123456789abcdef0 ll; r2 = 5 ll;"
		"r1 = *(u8 *)(r2 + 1); r1 = *(u16 *)(r2 - 2); r1 = *(u32 *)(r2 + 4); r1 = *(u64 *)(r2 + 8);"
		"r1 = *(s8 *)(r2 + 1); r1 = *(s16 *)(r2 - 2); r1 = *(s32 *)(r2 + 4);"
		"*(u8 *)(r10 - 1) = r1; *(u16 *)(r10 - 2) = r1; *(u32 *)(r10 - 4) = r1; *(u64 *)(r10 - 8) = r1;"
		"*(u8 *)(r10 - 1) = 1; *(u16 *)(r10 - 2) = 2; *(u32 *)(r10 - 4) = 3; *(u64 *)(r10 - 8) = -4;"
		"r0 = *(u8 *)skb[3]; r0 = *(u16 *)skb[r6]; r0 = *(u32 *)skb[7];"
		"lock *(u64 *)(r1 + 0) += r2; lock *(u32 *)(r1 + 8) += w2; lock *(u64 *)(r1 - 8) |= r2;"
		"lock *(u64 *)(r1 + 0) &= r2; lock *(u32 *)(r1 + 0) ^= w2;"
		"r2 = atomic_fetch_add((u64 *)(r1 + 0), r2); w2 = atomic_fetch_or((u32 *)(r1 + 4), w2);"
		"r2 = xchg_64(r1 + 8, r2); w2 = xchg32_32(r1 + 8, w2);"
		"r0 = cmpxchg_64(r1 + 8, r0, r2); w0 = cmpxchg32_32(r1 + 8, w0, w2);"
		"if r1 == 5 goto +1; if r1 != r2 goto -2; if w1 > 3 goto +1; if w1 >= w2 goto +1;"
		"if r1 < r2 goto +1; if r1 <= 4 goto +1; if r1 s> -1 goto +1; if r1 s>= r2 goto +1;"
		"if r1 s< 0 goto +1; if w1 s<= w2 goto +1; if r1 & 4 goto +1; if r1 & r2 goto +1;"
		"goto +1; goto -2; gotol +1; may_goto +1; call 6; callx r3; exit;"
		::: "memory");
}
