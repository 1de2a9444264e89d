/* zlib that unpacks nothing, see zlib.h. */
#include <errno.h>
#include <zlib.h>

static const char reason[] = "not available in a WebAssembly guest";

int inflateInit2_(z_streamp strm, int windowBits, const char *version, int stream_size)
{
	(void)windowBits;
	(void)version;
	(void)stream_size;
	if (strm)
		strm->msg = reason;
	return Z_VERSION_ERROR;
}

int inflateInit_(z_streamp strm, const char *version, int stream_size)
{
	return inflateInit2_(strm, MAX_WBITS, version, stream_size);
}

int inflate(z_streamp strm, int flush)
{
	(void)strm;
	(void)flush;
	return Z_STREAM_ERROR;
}

int inflateReset(z_streamp strm)
{
	(void)strm;
	return Z_STREAM_ERROR;
}

int inflateEnd(z_streamp strm)
{
	(void)strm;
	return Z_STREAM_ERROR;
}

int uncompress(Bytef *dest, uLongf *destLen, const Bytef *source, uLong sourceLen)
{
	(void)dest;
	(void)destLen;
	(void)source;
	(void)sourceLen;
	return Z_DATA_ERROR;
}

const char *zlibVersion(void)
{
	return ZLIB_VERSION;
}

const char *zError(int error)
{
	return error < 0 ? reason : "";
}

gzFile gzopen(const char *path, const char *mode)
{
	(void)path;
	(void)mode;
	errno = ENOSYS;
	return NULL;
}

gzFile gzdopen(int fd, const char *mode)
{
	(void)fd;
	return gzopen(NULL, mode);
}

int gzread(gzFile file, voidp buf, unsigned len)
{
	(void)file;
	(void)buf;
	(void)len;
	return -1;
}

char *gzgets(gzFile file, char *buf, int len)
{
	(void)file;
	(void)buf;
	(void)len;
	return NULL;
}

int gzeof(gzFile file)
{
	(void)file;
	return 0;
}

int gzclose(gzFile file)
{
	(void)file;
	return Z_STREAM_ERROR;
}

const char *gzerror(gzFile file, int *errnum)
{
	(void)file;
	if (errnum)
		*errnum = Z_STREAM_ERROR;
	return reason;
}
