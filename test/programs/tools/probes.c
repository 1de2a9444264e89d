/* Functions and static probes of a program: ELF symbols, attachment by offset and by name, USDT. */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "common.h"
#include "probes.skel.h"

/* Offset in the file of a function; 0 when there is none. */
static size_t find_function(const char *path, const char *name)
{
	Elf_Scn *section = NULL;
	size_t offset = 0;
	GElf_Ehdr header;
	Elf *elf;
	int fd;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return 0;
	fd = open(path, O_RDONLY);
	if (fd < 0) {
		failed("open the program", errno);
		return 0;
	}
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &header))
		goto out;
	printf("machine %d, type %d, class %d\n", header.e_machine, header.e_type, gelf_getclass(elf));
	while (!offset && (section = elf_nextscn(elf, section))) {
		GElf_Shdr part;
		Elf_Data *data;

		if (!gelf_getshdr(section, &part) || part.sh_type != SHT_SYMTAB)
			continue;
		data = elf_getdata(section, NULL);
		for (size_t i = 0; data && i < part.sh_size / part.sh_entsize; i++) {
			GElf_Sym symbol;
			GElf_Shdr text;

			if (!gelf_getsym(data, (int)i, &symbol) || GELF_ST_TYPE(symbol.st_info) != STT_FUNC)
				continue;
			if (strcmp(elf_strptr(elf, part.sh_link, symbol.st_name), name))
				continue;
			if (gelf_getshdr(elf_getscn(elf, symbol.st_shndx), &text))
				offset = symbol.st_value - text.sh_addr + text.sh_offset;
		}
	}
out:
	elf_end(elf);
	close(fd);
	return offset;
}

int main(int argc, char **argv)
{
	LIBBPF_OPTS(bpf_uprobe_opts, opts, .bpf_cookie = 100);
	const char *path = argc > 2 ? argv[2] : "";
	pid_t pid = argc > 1 ? atoi(argv[1]) : -1;
	struct probes_bpf *skel;
	struct bpf_link *link;
	size_t offset;
	int err;

	common_init();
	skel = probes_bpf__open_and_load();
	if (!skel)
		return failed("open and load", errno);
	offset = find_function(path, "answer");
	printf("offset %zu\n", offset);
	skel->links.on_answer = bpf_program__attach_uprobe_opts(skel->progs.on_answer, pid, path, offset, &opts);
	opts.func_name = "answer";
	opts.retprobe = true;
	skel->links.on_result = bpf_program__attach_uprobe_opts(skel->progs.on_result, pid, path, 0, &opts);
	skel->links.on_step = bpf_program__attach_usdt(skel->progs.on_step, pid, path, "wasm_bpf_test", "step", NULL);
	if (!skel->links.on_answer || !skel->links.on_result || !skel->links.on_step) {
		err = failed("attach", -errno);
		goto cleanup;
	}
	opts.func_name = "no_such_function";
	link = bpf_program__attach_uprobe_opts(skel->progs.on_result, pid, path, 0, &opts);
	printf("no such function: %s\n", link ? "attached" : strerror(errno));
	ready();
	while (!ended)
		usleep(100000);
	printf("%d calls, arguments %d, results %d, steps %d (%s), cookies %d\n", skel->bss->calls,
	       skel->bss->arguments, skel->bss->results, skel->bss->steps, skel->bss->last, skel->bss->cookies);
	err = bpf_link__destroy(skel->links.on_answer);
	skel->links.on_answer = NULL;

cleanup:
	probes_bpf__destroy(skel);
	return err < 0;
}
