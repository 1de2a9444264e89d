/* Types of a file: on top of the distilled base that is beside them, and together with its .BTF.ext section. */
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <libelf.h>
#include <gelf.h>
#include <string.h>
#include <unistd.h>

#include "btf-internal.h"

/* The section of an ELF file: -ENOENT when it has none. */
static int read_ext(int fd, struct btf_ext **ext)
{
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	int result = -ENOENT;
	size_t strings;

	if (!elf)
		return -EINVAL;
	for (Elf_Scn *scn = NULL; result == -ENOENT && (scn = elf_nextscn(elf, scn));) {
		const char *name = NULL;
		Elf_Data *data;
		GElf_Shdr header;

		if (!elf_getshdrstrndx(elf, &strings) && gelf_getshdr(scn, &header))
			name = elf_strptr(elf, strings, header.sh_name);
		if (!name || strcmp(name, BTF_EXT_ELF_SEC))
			continue;
		data = elf_getdata(scn, NULL);
		*ext = data && data->d_buf ? btf_ext__new(data->d_buf, data->d_size) : wb_null(EINVAL);
		result = *ext ? 0 : -errno;
	}
	elf_end(elf);
	return result;
}

static struct btf *parse(const char *path, struct btf *base_btf, int how)
{
	struct btf *base = wb_btf_open_types(WB_BTF_FILE_BASE, path, NULL, 0), *btf;

	if (!base)
		return errno == ENOENT ? wb_btf_open_types(WB_BTF_FILE, path, base_btf, how) : NULL;
	btf = wb_btf_open_types(WB_BTF_FILE, path, base, how);
	if (!btf) {
		btf__free(base);
		return NULL;
	}
	btf->owns_base = true;
	if (base_btf && btf__relocate(btf, base_btf)) {
		int error = errno;

		btf__free(btf);
		return wb_null(error);
	}
	return btf;
}

struct btf *btf__parse_split(const char *path, struct btf *base_btf)
{
	return parse(path, base_btf, WB_BTF_FILE_ANY);
}

struct btf *btf__parse_elf_split(const char *path, struct btf *base_btf)
{
	return parse(path, base_btf, WB_BTF_FILE_ELF);
}

static struct btf *parse_with_ext(const char *path, struct btf_ext **btf_ext, int how)
{
	struct btf *btf = parse(path, NULL, how);
	int fd, result;

	if (!btf || !btf_ext)
		return btf;
	*btf_ext = NULL;
	elf_version(EV_CURRENT);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	result = fd < 0 ? -errno : read_ext(fd, btf_ext);
	if (fd >= 0)
		close(fd);
	/* Raw files and objects without the section have none. */
	if (result && result != -ENOENT) {
		btf__free(btf);
		return wb_null(result);
	}
	return btf;
}

struct btf *btf__parse(const char *path, struct btf_ext **btf_ext)
{
	return parse_with_ext(path, btf_ext, WB_BTF_FILE_ANY);
}

struct btf *btf__parse_elf(const char *path, struct btf_ext **btf_ext)
{
	return parse_with_ext(path, btf_ext, WB_BTF_FILE_ELF);
}
