/* zlib as programs use it: what it prints has to be what the machine's own prints. argv[1]: a directory to write in. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#define TEXT_BYTES 300000

/* A call and its result; one at a time, since arguments of printf() have no order. */
#define SAY(call) printf("%s: %ld\n", #call, (long)(call))

static unsigned char text[TEXT_BYTES];

/* Words that repeat, and every tenth piece noise. */
static void make_text(void)
{
	uint32_t seed = 1;

	for (size_t i = 0; i < sizeof(text); i++) {
		seed = seed * 1103515245 + 12345;
		text[i] = i / 1000 % 10 != 5 ? "kernel types "[i % 13] : seed >> 24;
	}
}

static const char *same(const void *bytes, size_t size)
{
	return size == sizeof(text) && !memcmp(bytes, text, size) ? "the text" : "something else";
}

static void checksums(void)
{
	uLong crc = crc32(0, NULL, 0), adler = adler32(0, NULL, 0);

	printf("crc32 of nothing %#lx, adler32 %#lx\n", crc, adler);
	for (size_t at = 0; at < sizeof(text); at += 777) {
		uInt size = at + 777 > sizeof(text) ? sizeof(text) - at : 777;

		crc = crc32(crc, text + at, size);
		adler = adler32(adler, text + at, size);
	}
	printf("in pieces %#lx %#lx\n", crc, adler);
	printf("at once %#lx %#lx\n", crc32(0, text, sizeof(text)), adler32(1, text, sizeof(text)));
	printf("combined %#lx\n",
	       crc32_combine(crc32(0, text, 1001), crc32(0, text + 1001, 5000), 5000));
}

static void at_once(void)
{
	for (int level = 0; level <= 9; level += 3) {
		uLongf packed_size = compressBound(sizeof(text)), size = sizeof(text);
		unsigned char *packed = malloc(packed_size), *out = malloc(size);
		int error = compress2(packed, &packed_size, text, sizeof(text), level);

		printf("compress2 level %d: %d, smaller %d\n", level, error, packed_size < sizeof(text));
		error = uncompress(out, &size, packed, packed_size);
		printf("uncompress: %d, %s\n", error, same(out, size));
		size = 100;
		printf("too small a buffer: %d\n", uncompress(out, &size, packed, packed_size));
		size = sizeof(text);
		printf("a part of it: %d\n", uncompress(out, &size, packed, packed_size / 2));
		packed[packed_size - 1] ^= 1;
		size = sizeof(text);
		printf("another checksum: %d\n", uncompress(out, &size, packed, packed_size));
		packed[0] ^= 0x0f;
		size = sizeof(text);
		printf("another header: %d\n", uncompress(out, &size, packed, packed_size));
		free(packed);
		free(out);
	}
}

/* Both ways through buffers of a few bytes. */
static void in_pieces(int window_bits, const char *name)
{
	size_t room = 2 * sizeof(text);
	unsigned char *packed = malloc(room), *out = malloc(room);
	z_stream z = { 0 };
	int error;

	printf("%s: deflateInit2 %d\n", name,
	       deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY));
	z.next_out = packed;
	for (size_t at = 0; at < sizeof(text); at += 1000) {
		z.next_in = text + at;
		z.avail_in = 1000;
		do {
			z.avail_out = 61;
			error = deflate(&z, at + 1000 < sizeof(text) ? Z_NO_FLUSH : Z_FINISH);
		} while (!z.avail_out || (error == Z_OK && z.avail_in));
	}
	printf("deflate ends with %d, read %lu bytes\n", error, z.total_in);
	size_t packed_size = z.total_out;
	printf("deflateEnd %d\n", deflateEnd(&z));

	memset(&z, 0, sizeof(z));
	printf("inflateInit2 %d\n", inflateInit2(&z, window_bits));
	z.next_out = out;
	for (size_t at = 0; at < packed_size; at += 13) {
		z.next_in = packed + at;
		z.avail_in = at + 13 > packed_size ? packed_size - at : 13;
		do {
			z.avail_out = 100;
			error = inflate(&z, Z_NO_FLUSH);
		} while (error == Z_OK && (z.avail_in || !z.avail_out));
		if (error != Z_OK && error != Z_BUF_ERROR)
			break;
	}
	printf("inflate ends with %d, wrote %lu bytes: %s\n", error, z.total_out,
	       same(out, z.total_out));
	printf("inflateReset %d\n", inflateReset(&z));

	/* Lengths and distances that are none. */
	memset(packed + 14, 0xff, 40);
	z.next_in = packed;
	z.avail_in = packed_size;
	z.next_out = out;
	z.avail_out = room;
	error = inflate(&z, Z_FINISH);
	printf("corrupt: %d, %s\n", error, z.msg ? z.msg : "no message");
	SAY(inflateEnd(&z));
	SAY(inflateEnd(&z));
	free(packed);
	free(out);
}

static void files(void)
{
	static unsigned char out[TEXT_BYTES + 10];
	char line[100];
	int error;
	gzFile file;
	FILE *stream;

	errno = 0;
	file = gzopen("no/such/file.gz", "rb");
	printf("gzopen of a file that is not there: %s, %s\n", file ? "opened" : "null", strerror(errno));

	file = gzopen("text.gz", "wb9");
	SAY(gzwrite(file, text, sizeof(text)));
	SAY(gzprintf(file, "\nline %d\n", 1));
	SAY(gzputs(file, "line 2\n"));
	SAY(gzputc(file, 'e'));
	SAY(gzflush(file, Z_SYNC_FLUSH));
	SAY(gztell(file));
	SAY(gzclose(file));

	file = gzopen("text.gz", "ab");
	SAY(gzputs(file, "nd\n"));
	SAY(gzclose(file));

	file = gzopen("text.gz", "rb");
	SAY(gzbuffer(file, 4096));
	SAY(gzread(file, out, sizeof(text)));
	printf("%s\n", same(out, sizeof(text)));
	SAY(gzeof(file));
	SAY(gzdirect(file));
	while (gzgets(file, line, sizeof(line)))
		printf("gzgets %s", line);
	SAY(gzeof(file));
	printf("gzerror %s\n", gzerror(file, &error));
	SAY(error);
	SAY(gzseek(file, 1014, SEEK_SET));
	SAY(gzgetc(file));
	SAY(gzungetc('x', file));
	SAY(gztell(file));
	SAY(gzrewind(file));
	SAY(gzgetc(file));
	SAY(gzclose_r(file));

	/* A file that is not compressed is read as it is. */
	stream = fopen("plain", "w");
	fputs("plain text\n", stream);
	fclose(stream);
	file = gzdopen(open("plain", O_RDONLY), "r");
	printf("gzdopen: %s", gzgets(file, line, sizeof(line)));
	SAY(gzdirect(file));
	SAY(gzclose(file));

	/* The end is missing, then a byte in the middle is another one. */
	stream = fopen("text.gz", "r+");
	size_t size = fread(out, 1, sizeof(out), stream);
	fclose(stream);
	for (int i = 0; i < 2; i++) {
		size_t kept = i ? size : size / 2;

		if (i)
			memset(out + size / 3, 0xff, 50);
		stream = fopen("bad.gz", "w");
		fwrite(out, 1, kept, stream);
		fclose(stream);
		file = gzopen("bad.gz", "r");
		static char rest[2 * TEXT_BYTES];
		int got = gzread(file, rest, sizeof(rest));

		printf("bad file %d: read all %d, gzerror %s\n", i, got >= TEXT_BYTES, gzerror(file, &error));
		SAY(error);
		SAY(gzclose(file));
	}
}

/*
 * libbpf tools carry an archive of kernel types, compressed: this is how they read it. Headers of a tar archive have
 * the name at 0 and the size in octal digits at 124, what follows is rounded up to 512 bytes.
 */
static void archive(const char *wanted)
{
	static unsigned char tar[4 * 512] = "5.4.0/x86_64/5.4.0-1.btf", packed[4096];
	unsigned char *out = NULL;
	size_t size = 0, room = 0;
	z_stream z = { 0 };
	int error;

	strcpy((char *)tar + 124, "00000000013");
	memcpy(tar + 512, "kernel BTF\n", 11);
	deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
	z.next_in = tar;
	z.avail_in = sizeof(tar);
	z.next_out = packed;
	z.avail_out = sizeof(packed);
	printf("archive: %d\n", deflate(&z, Z_FINISH));
	size_t packed_size = z.total_out;
	deflateEnd(&z);

	memset(&z, 0, sizeof(z));
	z.next_in = packed;
	z.avail_in = packed_size;
	if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
		return;
	do {
		if (size == room)
			out = realloc(out, room += 500);
		z.next_out = out + size;
		z.avail_out = room - size;
		error = inflate(&z, Z_FINISH);
		size = z.total_out;
	} while (error == Z_BUF_ERROR || error == Z_OK);
	printf("unpacked: %d, %zu bytes\n", error, size);
	inflateEnd(&z);
	for (size_t at = 0; at + 512 <= size && out[at];) {
		size_t length = strtoul((char *)out + at + 124, NULL, 8);

		if (!strcmp((char *)out + at, wanted)) {
			char path[] = "btf.XXXXXX";
			int fd = mkstemp(path);
			struct stat st;

			printf("written %zd of %zu: %.10s", write(fd, out + at + 512, length), length,
			       out + at + 512);
			fstat(fd, &st);
			printf(", mode %o, %ld bytes\n", st.st_mode & 07777, (long)st.st_size);
			close(fd);
			unlink(path);
		}
		at += 512 + (length + 511) / 512 * 512;
	}
	free(out);
}

int main(int argc, char **argv)
{
	if (argc < 2 || chdir(argv[1]))
		return 1;
	make_text();
	checksums();
	at_once();
	in_pieces(MAX_WBITS, "zlib");
	in_pieces(-MAX_WBITS, "raw");
	in_pieces(16 + MAX_WBITS, "gzip");
	files();
	archive("5.4.0/x86_64/5.4.0-1.btf");
	printf("%d errors: %s, %s, %s\n", 3, zError(Z_DATA_ERROR), zError(Z_BUF_ERROR), zError(Z_STREAM_END));
	return zlibVersion()[0] == ZLIB_VERSION[0] ? 0 : 2;
}
