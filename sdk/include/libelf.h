/* SPDX-License-Identifier: MIT */
/*
 * Reading ELF files, with the names and semantics of elfutils' libelf. Files
 * are read as far as they are asked for, and only little-endian ones; writing,
 * archives and compression are not there.
 */
#ifndef _LIBELF_H
#define _LIBELF_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct Elf Elf;
typedef struct Elf_Scn Elf_Scn;

/** What elf_begin() shall do. All but the reading ones fail. */
typedef enum {
	ELF_C_NULL,
	ELF_C_READ,
	ELF_C_RDWR,
	ELF_C_WRITE,
	ELF_C_CLR,
	ELF_C_SET,
	ELF_C_FDDONE,
	ELF_C_FDREAD,
	ELF_C_READ_MMAP,
	ELF_C_RDWR_MMAP,
	ELF_C_WRITE_MMAP,
	ELF_C_READ_MMAP_PRIVATE,
	ELF_C_EMPTY,
	ELF_C_NUM,
} Elf_Cmd;

typedef enum {
	ELF_K_NONE,
	ELF_K_AR,
	ELF_K_COFF,
	ELF_K_ELF,
	ELF_K_NUM,
} Elf_Kind;

typedef enum {
	ELF_T_BYTE,
	ELF_T_ADDR,
	ELF_T_DYN,
	ELF_T_EHDR,
	ELF_T_HALF,
	ELF_T_OFF,
	ELF_T_PHDR,
	ELF_T_RELA,
	ELF_T_REL,
	ELF_T_SHDR,
	ELF_T_SWORD,
	ELF_T_SYM,
	ELF_T_WORD,
	ELF_T_XWORD,
	ELF_T_SXWORD,
	ELF_T_VDEF,
	ELF_T_VDAUX,
	ELF_T_VNEED,
	ELF_T_VNAUX,
	ELF_T_NHDR,
	ELF_T_SYMINFO,
	ELF_T_MOVE,
	ELF_T_LIB,
	ELF_T_GNUHASH,
	ELF_T_AUXV,
	ELF_T_CHDR,
	ELF_T_NHDR8,
	ELF_T_NUM,
} Elf_Type;

/** A section's contents. */
typedef struct {
	void *d_buf;
	Elf_Type d_type;
	unsigned int d_version;
	size_t d_size;
	int64_t d_off;
	size_t d_align;
} Elf_Data;

/* Must be called first: EV_NONE when the version is not known. */
unsigned int elf_version(unsigned int version);

/* `ref` is NULL. The descriptor is not closed. NULL with an error. */
Elf *elf_begin(int fd, Elf_Cmd cmd, Elf *ref);
Elf *elf_memory(char *image, size_t size);

/* The number of owners that are left. */
int elf_end(Elf *elf);

Elf_Kind elf_kind(Elf *elf);
char *elf_getident(Elf *elf, size_t *nbytes);

/* The last error, which is forgotten then; its text: 0 that of the last, NULL when there was none, -1 the same with a text for none. */
int elf_errno(void);
const char *elf_errmsg(int error);

int elf_getshdrnum(Elf *elf, size_t *dst);
int elf_getshdrstrndx(Elf *elf, size_t *dst);
int elf_getphdrnum(Elf *elf, size_t *dst);

Elf_Scn *elf_getscn(Elf *elf, size_t index);
size_t elf_ndxscn(Elf_Scn *scn);

/* The section after `scn`; the first for NULL, which is not section 0. */
Elf_Scn *elf_nextscn(Elf *elf, Elf_Scn *scn);

/* A section has one piece of data: NULL after it. */
Elf_Data *elf_getdata(Elf_Scn *scn, Elf_Data *data);
Elf_Data *elf_rawdata(Elf_Scn *scn, Elf_Data *data);

/* A string of section `index`. */
char *elf_strptr(Elf *elf, size_t index, size_t offset);

#ifdef __cplusplus
}
#endif

#endif
