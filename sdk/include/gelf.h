/* SPDX-License-Identifier: MIT */
/* libelf for files of both classes: records as those of 64-bit files. */
#ifndef _GELF_H
#define _GELF_H

#include <libelf.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef Elf64_Half GElf_Half;
typedef Elf64_Word GElf_Word;
typedef Elf64_Sword GElf_Sword;
typedef Elf64_Xword GElf_Xword;
typedef Elf64_Sxword GElf_Sxword;
typedef Elf64_Addr GElf_Addr;
typedef Elf64_Off GElf_Off;
typedef Elf64_Section GElf_Section;
typedef Elf64_Versym GElf_Versym;
typedef Elf64_Ehdr GElf_Ehdr;
typedef Elf64_Shdr GElf_Shdr;
typedef Elf64_Phdr GElf_Phdr;
typedef Elf64_Sym GElf_Sym;
typedef Elf64_Rel GElf_Rel;
typedef Elf64_Rela GElf_Rela;
typedef Elf64_Dyn GElf_Dyn;
typedef Elf64_Nhdr GElf_Nhdr;

#define GELF_ST_BIND(val) ELF64_ST_BIND(val)
#define GELF_ST_TYPE(val) ELF64_ST_TYPE(val)
#define GELF_ST_INFO(bind, type) ELF64_ST_INFO(bind, type)
#define GELF_ST_VISIBILITY(val) ELF64_ST_VISIBILITY(val)
#define GELF_R_SYM(info) ELF64_R_SYM(info)
#define GELF_R_TYPE(info) ELF64_R_TYPE(info)
#define GELF_R_INFO(sym, type) ELF64_R_INFO(sym, type)

/* ELFCLASSNONE for what is no ELF file. */
int gelf_getclass(Elf *elf);

/* Each fills `dst` and returns it, or NULL with an error. */
GElf_Ehdr *gelf_getehdr(Elf *elf, GElf_Ehdr *dst);
GElf_Shdr *gelf_getshdr(Elf_Scn *scn, GElf_Shdr *dst);
GElf_Phdr *gelf_getphdr(Elf *elf, int ndx, GElf_Phdr *dst);
GElf_Sym *gelf_getsym(Elf_Data *data, int ndx, GElf_Sym *dst);
GElf_Rel *gelf_getrel(Elf_Data *data, int ndx, GElf_Rel *dst);
GElf_Rela *gelf_getrela(Elf_Data *data, int ndx, GElf_Rela *dst);
GElf_Dyn *gelf_getdyn(Elf_Data *data, int ndx, GElf_Dyn *dst);

/* A note at `offset`, and where its name and description are: the offset of the next one, 0 at the end. */
size_t gelf_getnote(Elf_Data *data, size_t offset, GElf_Nhdr *result, size_t *name_offset, size_t *desc_offset);

#ifdef __cplusplus
}
#endif

#endif
