/* libelf: files, their headers and errors. */
#include <ar.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf-internal.h"

static const char *const texts[] = {
	"no error",
	"unknown version",
	"ELF version not set",
	"invalid `Elf' handle",
	"invalid file descriptor",
	"invalid command",
	"cannot read data from file",
	"out of memory",
	"invalid ELF file data",
	"invalid encoding",
	"invalid section index",
	"invalid offset",
	"data/scn mismatch",
};

static bool version_set;
static int last_error;

void *wb_elf_fail(enum wb_elf_error error)
{
	last_error = error;
	return NULL;
}

int elf_errno(void)
{
	int error = last_error;

	last_error = 0;
	return error;
}

const char *elf_errmsg(int error)
{
	if (error == 0 || error == -1) {
		if (!last_error && !error)
			return NULL;
		error = last_error;
	}
	if (error < 0 || (size_t)error >= sizeof(texts) / sizeof(*texts))
		return "unknown error";
	return texts[error];
}

unsigned int elf_version(unsigned int version)
{
	if (version == EV_NONE)
		return EV_CURRENT;
	if (version == EV_CURRENT) {
		version_set = true;
		return EV_CURRENT;
	}
	wb_elf_fail(WB_ELF_UNKNOWN_VERSION);
	return EV_NONE;
}

bool wb_elf_read(Elf *elf, uint64_t offset, void *to, size_t size)
{
	char *at = to;

	if (offset > elf->size || size > elf->size - offset) {
		wb_elf_fail(WB_ELF_BAD_FILE);
		return false;
	}
	if (elf->fd < 0) {
		memcpy(to, elf->image + offset, size);
		return true;
	}
	while (size) {
		ssize_t count = pread(elf->fd, at, size, offset);

		if (count <= 0) {
			wb_elf_fail(WB_ELF_READ);
			return false;
		}
		at += count;
		offset += count;
		size -= count;
	}
	return true;
}

static void widen_header(GElf_Ehdr *wide, const Elf32_Ehdr *narrow)
{
	memcpy(wide->e_ident, narrow->e_ident, EI_NIDENT);
	wide->e_type = narrow->e_type;
	wide->e_machine = narrow->e_machine;
	wide->e_version = narrow->e_version;
	wide->e_entry = narrow->e_entry;
	wide->e_phoff = narrow->e_phoff;
	wide->e_shoff = narrow->e_shoff;
	wide->e_flags = narrow->e_flags;
	wide->e_ehsize = narrow->e_ehsize;
	wide->e_phentsize = narrow->e_phentsize;
	wide->e_phnum = narrow->e_phnum;
	wide->e_shentsize = narrow->e_shentsize;
	wide->e_shnum = narrow->e_shnum;
	wide->e_shstrndx = narrow->e_shstrndx;
}

static void widen_section(GElf_Shdr *wide, const Elf32_Shdr *narrow)
{
	wide->sh_name = narrow->sh_name;
	wide->sh_type = narrow->sh_type;
	wide->sh_flags = narrow->sh_flags;
	wide->sh_addr = narrow->sh_addr;
	wide->sh_offset = narrow->sh_offset;
	wide->sh_size = narrow->sh_size;
	wide->sh_link = narrow->sh_link;
	wide->sh_info = narrow->sh_info;
	wide->sh_addralign = narrow->sh_addralign;
	wide->sh_entsize = narrow->sh_entsize;
}

static bool read_section_header(Elf *elf, size_t index, GElf_Shdr *header)
{
	Elf32_Shdr narrow;

	if (elf->wide)
		return wb_elf_read(elf, elf->header.e_shoff + index * sizeof(*header), header, sizeof(*header));
	if (!wb_elf_read(elf, elf->header.e_shoff + index * sizeof(narrow), &narrow, sizeof(narrow)))
		return false;
	widen_section(header, &narrow);
	return true;
}

/* How many of `count` records from `offset` on are in the file. */
static size_t within(const Elf *elf, uint64_t offset, size_t count, size_t size)
{
	uint64_t most = offset < elf->size ? (elf->size - offset) / size : 0;

	return count < most ? count : most;
}

/* The headers of all sections. Large counts are in the header of section 0. Of a file that is cut off, what is there. */
static bool read_sections(Elf *elf)
{
	size_t section_size = elf->wide ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	size_t program_size = elf->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	GElf_Shdr first = { 0 };

	elf->section_count = elf->header.e_shnum;
	elf->string_section = elf->header.e_shstrndx;
	elf->program_count = elf->header.e_phnum;
	if (elf->header.e_shoff && within(elf, elf->header.e_shoff, 1, section_size)) {
		if (!read_section_header(elf, 0, &first))
			return false;
		if (!elf->section_count)
			elf->section_count = first.sh_size;
		if (elf->string_section == SHN_XINDEX)
			elf->string_section = first.sh_link;
		if (elf->program_count == PN_XNUM)
			elf->program_count = first.sh_info;
	}
	elf->program_count = within(elf, elf->header.e_phoff, elf->program_count, program_size);
	if (!elf->header.e_shoff || within(elf, elf->header.e_shoff, elf->section_count, section_size) < elf->section_count)
		elf->section_count = 0;
	elf->sections = calloc(elf->section_count ? elf->section_count : 1, sizeof(*elf->sections));
	if (!elf->sections) {
		wb_elf_fail(WB_ELF_NO_MEMORY);
		return false;
	}
	for (size_t i = 0; i < elf->section_count; i++) {
		elf->sections[i].elf = elf;
		elf->sections[i].index = i;
		if (!read_section_header(elf, i, &elf->sections[i].header))
			return false;
	}
	return true;
}

/* What kind of file it is, and its header. */
static bool read_header(Elf *elf)
{
	Elf32_Ehdr narrow;

	if (elf->size >= SARMAG) {
		if (!wb_elf_read(elf, 0, elf->identity, SARMAG))
			return false;
		if (!memcmp(elf->identity, ARMAG, SARMAG)) {
			elf->kind = ELF_K_AR;
			return true;
		}
	}
	if (elf->size < EI_NIDENT || memcmp(elf->identity, ELFMAG, SELFMAG))
		return true;
	if (!wb_elf_read(elf, 0, elf->identity, EI_NIDENT))
		return false;
	elf->kind = ELF_K_ELF;
	elf->wide = elf->identity[EI_CLASS] == ELFCLASS64;
	if (!elf->wide && elf->identity[EI_CLASS] != ELFCLASS32) {
		elf->kind = ELF_K_NONE;
		return true;
	}
	if (elf->identity[EI_DATA] != ELFDATA2LSB) {
		wb_elf_fail(WB_ELF_BAD_ENCODING);
		return false;
	}
	if (elf->wide)
		return wb_elf_read(elf, 0, &elf->header, sizeof(elf->header)) && read_sections(elf);
	if (!wb_elf_read(elf, 0, &narrow, sizeof(narrow)))
		return false;
	widen_header(&elf->header, &narrow);
	return read_sections(elf);
}

static Elf *begin(int fd, const char *image, uint64_t size)
{
	Elf *elf = calloc(1, sizeof(*elf));

	if (!elf)
		return wb_elf_fail(WB_ELF_NO_MEMORY);
	elf->fd = fd;
	elf->image = image;
	elf->size = size;
	if (!read_header(elf)) {
		elf_end(elf);
		return NULL;
	}
	return elf;
}

Elf *elf_begin(int fd, Elf_Cmd cmd, Elf *ref)
{
	struct stat about;

	if (!version_set)
		return wb_elf_fail(WB_ELF_NO_VERSION);
	if (cmd == ELF_C_NULL)
		return NULL;
	if (ref || (cmd != ELF_C_READ && cmd != ELF_C_READ_MMAP && cmd != ELF_C_READ_MMAP_PRIVATE))
		return wb_elf_fail(WB_ELF_BAD_COMMAND);
	if (fstat(fd, &about))
		return wb_elf_fail(WB_ELF_BAD_FD);
	return begin(fd, NULL, about.st_size);
}

Elf *elf_memory(char *image, size_t size)
{
	return image ? begin(-1, image, size) : wb_elf_fail(WB_ELF_BAD_HANDLE);
}

int elf_end(Elf *elf)
{
	if (!elf)
		return 0;
	for (size_t i = 0; elf->sections && i < elf->section_count; i++)
		free(elf->sections[i].data.data.d_buf);
	free(elf->sections);
	free(elf);
	return 0;
}

Elf_Kind elf_kind(Elf *elf)
{
	return elf ? elf->kind : ELF_K_NONE;
}

int gelf_getclass(Elf *elf)
{
	if (elf_kind(elf) != ELF_K_ELF)
		return ELFCLASSNONE;
	return elf->wide ? ELFCLASS64 : ELFCLASS32;
}

char *elf_getident(Elf *elf, size_t *nbytes)
{
	bool there = elf_kind(elf) == ELF_K_ELF;

	if (nbytes)
		*nbytes = there ? EI_NIDENT : 0;
	return there ? elf->identity : NULL;
}

static bool is_elf(Elf *elf)
{
	if (elf_kind(elf) == ELF_K_ELF)
		return true;
	wb_elf_fail(WB_ELF_BAD_HANDLE);
	return false;
}

GElf_Ehdr *gelf_getehdr(Elf *elf, GElf_Ehdr *dst)
{
	if (!is_elf(elf))
		return NULL;
	*dst = elf->header;
	return dst;
}

static int count(Elf *elf, size_t *dst, size_t value)
{
	*dst = value;
	return elf ? 0 : -1;
}

int elf_getshdrnum(Elf *elf, size_t *dst)
{
	return is_elf(elf) ? count(elf, dst, elf->section_count) : -1;
}

int elf_getshdrstrndx(Elf *elf, size_t *dst)
{
	return is_elf(elf) ? count(elf, dst, elf->string_section) : -1;
}

int elf_getphdrnum(Elf *elf, size_t *dst)
{
	return is_elf(elf) ? count(elf, dst, elf->program_count) : -1;
}

GElf_Phdr *gelf_getphdr(Elf *elf, int ndx, GElf_Phdr *dst)
{
	Elf32_Phdr narrow;

	if (!is_elf(elf))
		return NULL;
	if (ndx < 0 || (size_t)ndx >= elf->program_count)
		return wb_elf_fail(WB_ELF_BAD_INDEX);
	if (elf->wide)
		return wb_elf_read(elf, elf->header.e_phoff + ndx * sizeof(*dst), dst, sizeof(*dst)) ? dst : NULL;
	if (!wb_elf_read(elf, elf->header.e_phoff + ndx * sizeof(narrow), &narrow, sizeof(narrow)))
		return NULL;
	*dst = (GElf_Phdr){
		.p_type = narrow.p_type,
		.p_flags = narrow.p_flags,
		.p_offset = narrow.p_offset,
		.p_vaddr = narrow.p_vaddr,
		.p_paddr = narrow.p_paddr,
		.p_filesz = narrow.p_filesz,
		.p_memsz = narrow.p_memsz,
		.p_align = narrow.p_align,
	};
	return dst;
}
