/* SPDX-License-Identifier: MIT */
/*
 * zlib's interface for programs that link it and, in a guest, have no use for
 * it: libbpf tools unpack kernel types that they carry for kernels without
 * BTF. Nothing is unpacked: opening fails with Z_VERSION_ERROR, or NULL with
 * errno ENOSYS.
 */
#ifndef ZLIB_H
#define ZLIB_H

#include <stddef.h>
#include <sys/types.h>
/* Programs get close() and unlink() from here without asking. */
#include <unistd.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ZLIB_VERSION "1.2.13"
#define ZEXPORT
#define MAX_WBITS 15
#define MAX_MEM_LEVEL 9
#define Z_NULL 0

#define Z_NO_FLUSH 0
#define Z_PARTIAL_FLUSH 1
#define Z_SYNC_FLUSH 2
#define Z_FULL_FLUSH 3
#define Z_FINISH 4
#define Z_BLOCK 5
#define Z_TREES 6

#define Z_OK 0
#define Z_STREAM_END 1
#define Z_NEED_DICT 2
#define Z_ERRNO (-1)
#define Z_STREAM_ERROR (-2)
#define Z_DATA_ERROR (-3)
#define Z_MEM_ERROR (-4)
#define Z_BUF_ERROR (-5)
#define Z_VERSION_ERROR (-6)

#define Z_NO_COMPRESSION 0
#define Z_BEST_SPEED 1
#define Z_BEST_COMPRESSION 9
#define Z_DEFAULT_COMPRESSION (-1)
#define Z_DEFAULT_STRATEGY 0
#define Z_DEFLATED 8

typedef unsigned char Byte;
typedef unsigned int uInt;
typedef unsigned long uLong;
typedef Byte Bytef;
typedef uLong uLongf;
typedef void *voidp;
typedef void *voidpf;
typedef const void *voidpc;
typedef voidpf (*alloc_func)(voidpf opaque, uInt items, uInt size);
typedef void (*free_func)(voidpf opaque, voidpf address);

typedef struct z_stream_s {
	const Bytef *next_in;
	uInt avail_in;
	uLong total_in;
	Bytef *next_out;
	uInt avail_out;
	uLong total_out;
	const char *msg;
	struct internal_state *state;
	alloc_func zalloc;
	free_func zfree;
	voidpf opaque;
	int data_type;
	uLong adler;
	uLong reserved;
} z_stream;
typedef z_stream *z_streamp;

int inflateInit_(z_streamp strm, const char *version, int stream_size);
int inflateInit2_(z_streamp strm, int windowBits, const char *version, int stream_size);
int inflate(z_streamp strm, int flush);
int inflateReset(z_streamp strm);
int inflateEnd(z_streamp strm);
#define inflateInit(strm) inflateInit_((strm), ZLIB_VERSION, (int)sizeof(z_stream))
#define inflateInit2(strm, windowBits) inflateInit2_((strm), (windowBits), ZLIB_VERSION, (int)sizeof(z_stream))

int uncompress(Bytef *dest, uLongf *destLen, const Bytef *source, uLong sourceLen);
const char *zlibVersion(void);
const char *zError(int error);

struct gzFile_s;
typedef struct gzFile_s *gzFile;
gzFile gzopen(const char *path, const char *mode);
gzFile gzdopen(int fd, const char *mode);
int gzread(gzFile file, voidp buf, unsigned len);
char *gzgets(gzFile file, char *buf, int len);
int gzeof(gzFile file);
int gzclose(gzFile file);
const char *gzerror(gzFile file, int *errnum);

#ifdef __cplusplus
}
#endif

#endif
