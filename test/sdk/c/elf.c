/* libelf: what is in a file is printed, the same natively and in a guest. */
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void symbols(Elf *elf, Elf_Scn *scn, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	GElf_Sym symbol;
	int count = 0;

	for (int i = 0; gelf_getsym(data, i, &symbol); i++, count++)
		printf("  %s %#lx %lu %d %d %d\n", elf_strptr(elf, header->sh_link, symbol.st_name),
		       (unsigned long)symbol.st_value, (unsigned long)symbol.st_size, GELF_ST_TYPE(symbol.st_info),
		       GELF_ST_BIND(symbol.st_info), symbol.st_shndx);
	printf("  %d symbols\n", count);
	printf("  more: %s\n", elf_getdata(scn, data) ? "yes" : "no");
}

static void notes(Elf_Scn *scn)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	size_t offset = 0, name, description;
	GElf_Nhdr note;

	while ((offset = gelf_getnote(data, offset, &note, &name, &description)))
		printf("  note %s, type %u, %u bytes at %zu\n", (char *)data->d_buf + name, note.n_type, note.n_descsz,
		       description);
}

static void relocations(Elf_Scn *scn)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	GElf_Rela rela;
	GElf_Rel rel;

	for (int i = 0; gelf_getrela(data, i, &rela); i++)
		printf("  rela %#lx %u %u %ld\n", (unsigned long)rela.r_offset, (unsigned int)GELF_R_SYM(rela.r_info),
		       (unsigned int)GELF_R_TYPE(rela.r_info), (long)rela.r_addend);
	for (int i = 0; gelf_getrel(data, i, &rel); i++)
		printf("  rel %#lx %u %u\n", (unsigned long)rel.r_offset, (unsigned int)GELF_R_SYM(rel.r_info),
		       (unsigned int)GELF_R_TYPE(rel.r_info));
}

static void file(const char *path)
{
	int fd = open(path, O_RDONLY);
	size_t sections, strings, programs, identity;
	Elf_Scn *scn = NULL;
	GElf_Ehdr header;
	GElf_Phdr program;
	GElf_Shdr section;
	Elf *elf;

	elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!elf) {
		printf("no handle: %s\n", elf_errmsg(-1) ? "says why" : "does not say why");
		goto out;
	}
	printf("kind %d, class %d, identity %s\n", elf_kind(elf), gelf_getclass(elf),
	       elf_getident(elf, &identity) ? "there" : "not there");
	if (!gelf_getehdr(elf, &header)) {
		printf("no header: %s\n", elf_errmsg(-1));
		goto end;
	}
	printf("type %u, machine %u, entry %#lx\n", header.e_type, header.e_machine, (unsigned long)header.e_entry);
	printf("%d %d %d\n", elf_getshdrnum(elf, &sections), elf_getshdrstrndx(elf, &strings), elf_getphdrnum(elf, &programs));
	printf("%zu sections, names in %zu, %zu segments\n", sections, strings, programs);
	for (size_t i = 0; i < programs; i++)
		if (gelf_getphdr(elf, i, &program) == &program)
			printf("segment %u %#lx %#lx %lu %u\n", program.p_type, (unsigned long)program.p_vaddr,
			       (unsigned long)program.p_offset, (unsigned long)program.p_filesz, program.p_flags);
	printf("one more: %s\n", gelf_getphdr(elf, programs, &program) ? "yes" : "no");
	while ((scn = elf_nextscn(elf, scn))) {
		if (!gelf_getshdr(scn, &section))
			break;
		printf("section %zu %s, type %u, %#lx, %lu bytes\n", elf_ndxscn(scn),
		       elf_strptr(elf, strings, section.sh_name), section.sh_type, (unsigned long)section.sh_addr,
		       (unsigned long)section.sh_size);
		if (section.sh_type == SHT_SYMTAB || section.sh_type == SHT_DYNSYM)
			symbols(elf, scn, &section);
		if (section.sh_type == SHT_NOTE)
			notes(scn);
		if (section.sh_type == SHT_REL || section.sh_type == SHT_RELA)
			relocations(scn);
		if (section.sh_type == SHT_DYNAMIC) {
			GElf_Dyn dynamic;

			for (int i = 0; gelf_getdyn(elf_getdata(scn, NULL), i, &dynamic) && dynamic.d_tag; i++)
				printf("  %ld %#lx\n", (long)dynamic.d_tag, (unsigned long)dynamic.d_un.d_val);
		}
	}
	printf("section 1000: %s\n", elf_getscn(elf, 1000) ? "there" : "not there");
	printf("far string: %s\n", elf_strptr(elf, strings, 1 << 30) ? "there" : "not there");
	printf("string of section 0: %s\n", elf_strptr(elf, 0, 0) ? "there" : "not there");
end:
	printf("end %d\n", elf_end(elf));
out:
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	printf("before: %s\n", elf_begin(0, ELF_C_READ, NULL) ? "a handle" : "no handle");
	printf("error: %s\n", elf_errno() ? "there" : "not there");
	printf("no error: %d, %s\n", elf_errno(), elf_errmsg(0) ? elf_errmsg(0) : "no text");
	printf("version %u\n", elf_version(EV_CURRENT));
	printf("version %u\n", elf_version(7));
	for (int i = 1; i < argc; i++)
		file(argv[i]);
	printf("nothing: %d %d\n", elf_kind(NULL), elf_end(NULL));
	return 0;
}
