/* libelf: sections and the records in them. */
#include <stdlib.h>
#include <string.h>

#include "elf-internal.h"

Elf_Scn *elf_getscn(Elf *elf, size_t index)
{
	if (elf_kind(elf) != ELF_K_ELF)
		return wb_elf_fail(WB_ELF_BAD_HANDLE);
	return index < elf->section_count ? &elf->sections[index] : wb_elf_fail(WB_ELF_BAD_INDEX);
}

size_t elf_ndxscn(Elf_Scn *scn)
{
	return scn ? scn->index : SHN_UNDEF;
}

Elf_Scn *elf_nextscn(Elf *elf, Elf_Scn *scn)
{
	size_t next = scn ? scn->index + 1 : 1;

	if (elf_kind(elf) != ELF_K_ELF || next >= elf->section_count)
		return NULL;
	return &elf->sections[next];
}

GElf_Shdr *gelf_getshdr(Elf_Scn *scn, GElf_Shdr *dst)
{
	if (!scn)
		return wb_elf_fail(WB_ELF_BAD_HANDLE);
	*dst = scn->header;
	return dst;
}

static Elf_Type type_of(uint32_t section)
{
	switch (section) {
	case SHT_SYMTAB:
	case SHT_DYNSYM:
		return ELF_T_SYM;
	case SHT_REL:
		return ELF_T_REL;
	case SHT_RELA:
		return ELF_T_RELA;
	case SHT_DYNAMIC:
		return ELF_T_DYN;
	case SHT_NOTE:
		return ELF_T_NHDR;
	default:
		return ELF_T_BYTE;
	}
}

Elf_Data *elf_getdata(Elf_Scn *scn, Elf_Data *data)
{
	Elf_Data *own;
	char *bytes;

	if (!scn || data)
		return NULL;
	own = &scn->data.data;
	if (scn->loaded)
		return own;
	*own = (Elf_Data){
		.d_type = type_of(scn->header.sh_type),
		.d_version = EV_CURRENT,
		.d_size = scn->header.sh_size,
		.d_align = scn->header.sh_addralign,
	};
	scn->data.wide = scn->elf->wide;
	if (scn->header.sh_type != SHT_NOBITS && scn->header.sh_type != SHT_NULL && own->d_size) {
		if (own->d_size > scn->elf->size)
			return wb_elf_fail(WB_ELF_BAD_FILE);
		/* One byte more, so that the last string ends. */
		bytes = malloc(own->d_size + 1);
		if (!bytes)
			return wb_elf_fail(WB_ELF_NO_MEMORY);
		bytes[own->d_size] = '\0';
		if (!wb_elf_read(scn->elf, scn->header.sh_offset, bytes, own->d_size)) {
			free(bytes);
			return NULL;
		}
		own->d_buf = bytes;
	}
	scn->loaded = true;
	return own;
}

Elf_Data *elf_rawdata(Elf_Scn *scn, Elf_Data *data)
{
	return elf_getdata(scn, data);
}

char *elf_strptr(Elf *elf, size_t index, size_t offset)
{
	Elf_Scn *scn = elf_getscn(elf, index);
	Elf_Data *data;

	if (!scn)
		return NULL;
	if (scn->header.sh_type != SHT_STRTAB)
		return wb_elf_fail(WB_ELF_BAD_INDEX);
	data = elf_getdata(scn, NULL);
	if (!data)
		return NULL;
	return offset < data->d_size ? (char *)data->d_buf + offset : wb_elf_fail(WB_ELF_BAD_OFFSET);
}

/* What a record was read into. */
enum read_as { NOT_READ, READ_WIDE, READ_NARROW };

/* Reads record `index` of data of that type into `wide` or `narrow`, whichever has the file's layout. */
static enum read_as read_record(const Elf_Data *data, int index, Elf_Type type, void *wide, size_t wide_size,
				void *narrow, size_t narrow_size)
{
	bool is_wide;
	size_t size;

	if (!data)
		return NOT_READ;
	is_wide = ((const struct wb_elf_data *)data)->wide;
	size = is_wide ? wide_size : narrow_size;
	if (data->d_type != type) {
		wb_elf_fail(WB_ELF_BAD_TYPE);
		return NOT_READ;
	}
	if (index < 0 || !data->d_buf || (size_t)index >= data->d_size / size) {
		wb_elf_fail(WB_ELF_BAD_INDEX);
		return NOT_READ;
	}
	memcpy(is_wide ? wide : narrow, (const char *)data->d_buf + index * size, size);
	return is_wide ? READ_WIDE : READ_NARROW;
}

GElf_Sym *gelf_getsym(Elf_Data *data, int ndx, GElf_Sym *dst)
{
	Elf32_Sym narrow;
	enum read_as as = read_record(data, ndx, ELF_T_SYM, dst, sizeof(*dst), &narrow, sizeof(narrow));

	if (as == READ_NARROW)
		*dst = (GElf_Sym){
			.st_name = narrow.st_name,
			.st_info = narrow.st_info,
			.st_other = narrow.st_other,
			.st_shndx = narrow.st_shndx,
			.st_value = narrow.st_value,
			.st_size = narrow.st_size,
		};
	return as == NOT_READ ? NULL : dst;
}

static GElf_Xword wide_info(Elf32_Word info)
{
	return GELF_R_INFO((GElf_Xword)ELF32_R_SYM(info), ELF32_R_TYPE(info));
}

GElf_Rel *gelf_getrel(Elf_Data *data, int ndx, GElf_Rel *dst)
{
	Elf32_Rel narrow;
	enum read_as as = read_record(data, ndx, ELF_T_REL, dst, sizeof(*dst), &narrow, sizeof(narrow));

	if (as == READ_NARROW)
		*dst = (GElf_Rel){ narrow.r_offset, wide_info(narrow.r_info) };
	return as == NOT_READ ? NULL : dst;
}

GElf_Rela *gelf_getrela(Elf_Data *data, int ndx, GElf_Rela *dst)
{
	Elf32_Rela narrow;
	enum read_as as = read_record(data, ndx, ELF_T_RELA, dst, sizeof(*dst), &narrow, sizeof(narrow));

	if (as == READ_NARROW)
		*dst = (GElf_Rela){ narrow.r_offset, wide_info(narrow.r_info), narrow.r_addend };
	return as == NOT_READ ? NULL : dst;
}

GElf_Dyn *gelf_getdyn(Elf_Data *data, int ndx, GElf_Dyn *dst)
{
	Elf32_Dyn narrow;
	enum read_as as = read_record(data, ndx, ELF_T_DYN, dst, sizeof(*dst), &narrow, sizeof(narrow));

	if (as == READ_NARROW)
		*dst = (GElf_Dyn){ .d_tag = narrow.d_tag, .d_un.d_val = narrow.d_un.d_val };
	return as == NOT_READ ? NULL : dst;
}

size_t gelf_getnote(Elf_Data *data, size_t offset, GElf_Nhdr *result, size_t *name_offset, size_t *desc_offset)
{
	size_t align, at, end;

	if (!data || data->d_type != ELF_T_NHDR || !data->d_buf) {
		wb_elf_fail(WB_ELF_BAD_TYPE);
		return 0;
	}
	if (offset > data->d_size || data->d_size - offset < sizeof(*result))
		return 0;
	align = data->d_align == 8 ? 8 : 4;
	memcpy(result, (char *)data->d_buf + offset, sizeof(*result));
	*name_offset = offset + sizeof(*result);
	at = (*name_offset + result->n_namesz + align - 1) & ~(align - 1);
	*desc_offset = at;
	end = (at + result->n_descsz + align - 1) & ~(align - 1);
	if (at > data->d_size || result->n_descsz > data->d_size - at) {
		wb_elf_fail(WB_ELF_BAD_OFFSET);
		return 0;
	}
	return end < data->d_size ? end : data->d_size;
}
