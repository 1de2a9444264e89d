/* Instructions of small programs. */
#ifndef INSTRUCTIONS_H
#define INSTRUCTIONS_H

#include <linux/bpf.h>

#define INSN(op, dst, src, offset, value) \
	((struct bpf_insn){ .code = (op), .dst_reg = (dst), .src_reg = (src), .off = (offset), .imm = (int)(value) })
#define MOV_IMM(dst, value) INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value)
#define MOV_REG(dst, src) INSN(BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0)
#define ADD_IMM(dst, value) INSN(BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, value)
#define LOAD(size, dst, src, offset) INSN(BPF_LDX | (size) | BPF_MEM, dst, src, offset, 0)
#define STORE_IMM(size, dst, offset, value) INSN(BPF_ST | (size) | BPF_MEM, dst, 0, offset, value)
#define STORE_REG(size, dst, src, offset) INSN(BPF_STX | (size) | BPF_MEM, dst, src, offset, 0)
#define MAP_FD(dst, fd) INSN(BPF_LD | BPF_DW | BPF_IMM, dst, BPF_PSEUDO_MAP_FD, 0, fd), INSN(0, 0, 0, 0, 0)
#define FUNCTION(dst, distance) INSN(BPF_LD | BPF_DW | BPF_IMM, dst, BPF_PSEUDO_FUNC, 0, distance), INSN(0, 0, 0, 0, 0)
#define IMM64(dst, low, high) INSN(BPF_LD | BPF_DW | BPF_IMM, dst, 0, 0, low), INSN(0, 0, 0, 0, high)
#define CALL(helper) INSN(BPF_JMP | BPF_CALL, 0, 0, 0, helper)
#define EXIT() INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

#endif
