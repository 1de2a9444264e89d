#ifndef WASM_BPF_ELF_INTERNAL_H
#define WASM_BPF_ELF_INTERNAL_H

#include <gelf.h>
#include <stdbool.h>

/* Errors, from 1: the texts are in elf.c. */
enum wb_elf_error {
	WB_ELF_UNKNOWN_VERSION = 1,
	WB_ELF_NO_VERSION,
	WB_ELF_BAD_HANDLE,
	WB_ELF_BAD_FD,
	WB_ELF_BAD_COMMAND,
	WB_ELF_READ,
	WB_ELF_NO_MEMORY,
	WB_ELF_BAD_FILE,
	WB_ELF_BAD_ENCODING,
	WB_ELF_BAD_INDEX,
	WB_ELF_BAD_OFFSET,
	WB_ELF_BAD_TYPE,
};

/* A section's data with what the functions that read records from it need. */
struct wb_elf_data {
	Elf_Data data; /* first */
	bool wide;
};

struct Elf_Scn {
	Elf *elf;
	size_t index;
	GElf_Shdr header;
	struct wb_elf_data data;
	bool loaded;
};

struct Elf {
	int fd; /* -1: an image in memory */
	const char *image;
	uint64_t size;
	Elf_Kind kind;
	bool wide;
	GElf_Ehdr header;
	char identity[EI_NIDENT];
	Elf_Scn *sections;
	size_t section_count, string_section, program_count;
};

/** Remembers an error: NULL. */
void *wb_elf_fail(enum wb_elf_error error);

/** Reads a range of the file into `to`; false with an error when it is not all there. */
bool wb_elf_read(Elf *elf, uint64_t offset, void *to, size_t size);

#endif
