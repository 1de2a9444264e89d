/* SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <wasi/api.h>

#ifndef DT_SOCK
#define DT_UNKNOWN 0
#define DT_CHR 2
#define DT_DIR 4
#define DT_BLK 6
#define DT_REG 8
#define DT_LNK 10
#define DT_SOCK 12
#endif

unsigned char __wasilibc_dirent_type(__wasi_filetype_t type)
{
	switch (type) {
	case __WASI_FILETYPE_BLOCK_DEVICE:
		return DT_BLK;
	case __WASI_FILETYPE_CHARACTER_DEVICE:
		return DT_CHR;
	case __WASI_FILETYPE_DIRECTORY:
		return DT_DIR;
	case __WASI_FILETYPE_REGULAR_FILE:
		return DT_REG;
	case __WASI_FILETYPE_SOCKET_DGRAM:
	case __WASI_FILETYPE_SOCKET_STREAM:
		return DT_SOCK;
	case __WASI_FILETYPE_SYMBOLIC_LINK:
		return DT_LNK;
	default:
		return DT_UNKNOWN;
	}
}
