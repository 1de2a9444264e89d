/* SPDX-License-Identifier: MIT */
/*
 * wasm-bpf-json.h: records to JSON and back, driven by tables that
 * `wasm-bpf gen bindings --json` writes. No library, no allocation.
 *
 * Integers beyond 2^53 are written as decimal strings, because JSON readers
 * keep numbers as doubles; both spellings are read. An array of char is a string
 * when it holds UTF-8 followed by nothing but NUL bytes, otherwise a list of
 * numbers, like every other array of bytes. Of a union all members are written.
 * What is read: members that are not there are zero, unknown ones are skipped.
 */
#ifndef WASM_BPF_JSON_H
#define WASM_BPF_JSON_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum wasm_bpf_json_kind {
	WASM_BPF_JSON_UNSIGNED,
	WASM_BPF_JSON_SIGNED,
	WASM_BPF_JSON_BOOL,
	WASM_BPF_JSON_FLOAT, /* needs WASM_BPF_JSON_FLOATS */
	WASM_BPF_JSON_TEXT,
	WASM_BPF_JSON_BYTES,
	WASM_BPF_JSON_LIST,
	WASM_BPF_JSON_RECORD,
};

/* A list that reaches to the end of its record. */
#define WASM_BPF_JSON_TO_END ((size_t)-1)

/* Deepest nesting of values that are skipped. */
#define WASM_BPF_JSON_DEPTH 100

struct wasm_bpf_json_type {
	enum wasm_bpf_json_kind kind;
	size_t size; /* of a value, or of one element */
	size_t count; /* elements of text, bytes and lists; fields of a record */
	const struct wasm_bpf_json_type *element;
	const struct wasm_bpf_json_field *fields;
};

struct wasm_bpf_json_field {
	const char *name;
	const struct wasm_bpf_json_type *type;
	size_t offset_bits;
	unsigned int bits; /* width of a bit-field, otherwise 0 */
};

/* A place in a record: what may be touched ends at `end`. */
struct wasm_bpf_json_place {
	unsigned char *data;
	size_t offset_bits;
	unsigned int bits;
	size_t end;
};

__extension__ typedef unsigned __int128 wasm_bpf_json_wide;

/* ------------------------------------------------------------------------- */
/* Bytes of the record                                                       */
/* ------------------------------------------------------------------------- */

static inline wasm_bpf_json_wide
wasm_bpf_json_get(const struct wasm_bpf_json_place *place, unsigned int bits)
{
	wasm_bpf_json_wide value = 0;
	unsigned int i;

	for (i = 0; i < bits; i++) {
		size_t at = place->offset_bits + i;

		if (place->data[at / 8] >> at % 8 & 1)
			value |= (wasm_bpf_json_wide)1 << i;
	}
	return value;
}

static inline void wasm_bpf_json_set(const struct wasm_bpf_json_place *place,
				     unsigned int bits, wasm_bpf_json_wide value)
{
	unsigned int i;

	for (i = 0; i < bits; i++) {
		size_t at = place->offset_bits + i;
		unsigned char mask = (unsigned char)(1u << at % 8);

		if (value >> i & 1)
			place->data[at / 8] |= mask;
		else
			place->data[at / 8] &= (unsigned char)~mask;
	}
}

static inline unsigned int
wasm_bpf_json_bits(const struct wasm_bpf_json_type *type,
		   const struct wasm_bpf_json_place *place)
{
	return place->bits ? place->bits : (unsigned int)type->size * 8;
}

static inline size_t wasm_bpf_json_count(const struct wasm_bpf_json_type *type,
					 const struct wasm_bpf_json_place *place)
{
	size_t start = place->offset_bits / 8;

	if (type->count != WASM_BPF_JSON_TO_END)
		return type->count;
	return place->end > start ? (place->end - start) / type->size : 0;
}

static inline struct wasm_bpf_json_place
wasm_bpf_json_item(const struct wasm_bpf_json_type *type,
		   const struct wasm_bpf_json_place *place, size_t index)
{
	struct wasm_bpf_json_place item;

	item.data = place->data;
	item.offset_bits = place->offset_bits + index * type->size * 8;
	item.bits = 0;
	item.end = item.offset_bits / 8 + type->size;
	return item;
}

static inline struct wasm_bpf_json_place
wasm_bpf_json_member(const struct wasm_bpf_json_field *field,
		     const struct wasm_bpf_json_place *place)
{
	struct wasm_bpf_json_place member;

	member.data = place->data;
	member.offset_bits = place->offset_bits + field->offset_bits;
	member.bits = field->bits;
	member.end = place->end;
	/* A record inside another one ends where its type does. */
	if (field->type->kind == WASM_BPF_JSON_RECORD)
		member.end = member.offset_bits / 8 + field->type->size;
	return member;
}

/* Decimal digits of an integer in a buffer of 48 bytes; whether JSON readers keep it exactly. */
static inline bool wasm_bpf_json_decimal(const struct wasm_bpf_json_type *type,
					 const struct wasm_bpf_json_place *place,
					 char *text)
{
	unsigned int bits = wasm_bpf_json_bits(type, place);
	wasm_bpf_json_wide value = wasm_bpf_json_get(place, bits);
	bool negative = type->kind == WASM_BPF_JSON_SIGNED && value >> (bits - 1) & 1;
	bool exact;
	char digits[48];
	size_t count = 0;

	if (negative)
		value = (bits < 128 ? (wasm_bpf_json_wide)1 << bits : 0) - value;
	exact = value < (wasm_bpf_json_wide)1 << 53;
	do {
		digits[count++] = (char)('0' + (int)(value % 10));
		value /= 10;
	} while (value);
	if (negative)
		*text++ = '-';
	while (count)
		*text++ = digits[--count];
	*text = '\0';
	return exact;
}

/* Stores the integer that `text` begins with; its length, -EINVAL or -ERANGE. */
static inline int wasm_bpf_json_parse(const struct wasm_bpf_json_type *type,
				      const struct wasm_bpf_json_place *place,
				      const char *text)
{
	unsigned int bits = wasm_bpf_json_bits(type, place);
	bool is_signed = type->kind == WASM_BPF_JSON_SIGNED;
	bool negative = *text == '-';
	const char *at = text + negative;
	wasm_bpf_json_wide value = 0, most = ~(wasm_bpf_json_wide)0, limit;

	if (*at < '0' || *at > '9')
		return -EINVAL;
	for (; *at >= '0' && *at <= '9'; at++) {
		unsigned int digit = (unsigned int)(*at - '0');

		if (value > (most - digit) / 10)
			return -ERANGE;
		value = value * 10 + digit;
	}
	limit = most >> (128 - bits) >> is_signed;
	if (negative ? value > (is_signed ? limit + 1 : 0) : value > limit)
		return -ERANGE;
	wasm_bpf_json_set(place, bits, negative ? 0 - value : value);
	return (int)(at - text);
}

/* Length of the UTF-8 character at `text`, 0 when it is none. */
static inline size_t wasm_bpf_json_utf8(const unsigned char *text, size_t size)
{
	static const unsigned char low[] = { 0xa0, 0x80, 0x90, 0x80 };
	unsigned char first = *text;
	size_t length, i;

	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (length > size)
		return 0;
	for (i = 1; i < length; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	/* Spelled too long, half of a pair, or past the last code point. */
	if ((first == 0xe0 && text[1] < low[0]) || (first == 0xed && text[1] > 0x9f) ||
	    (first == 0xf0 && text[1] < low[2]) || (first == 0xf4 && text[1] > 0x8f))
		return 0;
	return length;
}

/* Length of the text in a char array, or -1 when a string would not carry all of it. */
static inline long wasm_bpf_json_text(const unsigned char *data, size_t size)
{
	size_t length = 0, rest, step;

	while (length < size && data[length]) {
		step = wasm_bpf_json_utf8(data + length, size - length);
		if (!step)
			return -1;
		length += step;
	}
	for (rest = length; rest < size; rest++)
		if (data[rest])
			return -1;
	return (long)length;
}

/* ------------------------------------------------------------------------- */
/* Writing                                                                   */
/* ------------------------------------------------------------------------- */

struct wasm_bpf_json_writer {
	char *text;
	size_t size, length;
};

static inline void wasm_bpf_json_put(struct wasm_bpf_json_writer *writer, char byte)
{
	if (writer->length + 1 < writer->size)
		writer->text[writer->length] = byte;
	writer->length++;
}

static inline void wasm_bpf_json_puts(struct wasm_bpf_json_writer *writer,
				      const char *text)
{
	while (*text)
		wasm_bpf_json_put(writer, *text++);
}

static inline void wasm_bpf_json_quote(struct wasm_bpf_json_writer *writer,
				       const unsigned char *text, size_t length)
{
	static const char hex[] = "0123456789abcdef";
	size_t i;

	wasm_bpf_json_put(writer, '"');
	for (i = 0; i < length; i++) {
		if (text[i] < 0x20) {
			wasm_bpf_json_puts(writer, "\\u00");
			wasm_bpf_json_put(writer, hex[text[i] >> 4]);
			wasm_bpf_json_put(writer, hex[text[i] & 15]);
			continue;
		}
		if (text[i] == '"' || text[i] == '\\')
			wasm_bpf_json_put(writer, '\\');
		wasm_bpf_json_put(writer, (char)text[i]);
	}
	wasm_bpf_json_put(writer, '"');
}

#ifdef WASM_BPF_JSON_FLOATS
static inline double wasm_bpf_json_get_float(const struct wasm_bpf_json_type *type,
					     const struct wasm_bpf_json_place *place)
{
	double wide;
	float narrow;

	if (type->size == sizeof(wide)) {
		memcpy(&wide, place->data + place->offset_bits / 8, sizeof(wide));
		return wide;
	}
	memcpy(&narrow, place->data + place->offset_bits / 8, sizeof(narrow));
	return narrow;
}

static inline void wasm_bpf_json_set_float(const struct wasm_bpf_json_type *type,
					   const struct wasm_bpf_json_place *place,
					   double value)
{
	float narrow = (float)value;

	if (type->size == sizeof(value))
		memcpy(place->data + place->offset_bits / 8, &value, sizeof(value));
	else
		memcpy(place->data + place->offset_bits / 8, &narrow, sizeof(narrow));
}

/* The name of what is no number in JSON, NULL for a number. */
static inline const char *wasm_bpf_json_no_number(double value)
{
	if (value != value)
		return "NaN";
	if (value - value != 0)
		return value > 0 ? "Infinity" : "-Infinity";
	return NULL;
}

/* Whether `text` is such a name. */
static inline bool wasm_bpf_json_named_float(const char *text, double *value)
{
	bool negative = *text == '-';

	if (!strcmp(text, "NaN"))
		*value = __builtin_nan("");
	else if (!strcmp(text + negative, "Infinity"))
		*value = negative ? -__builtin_inf() : __builtin_inf();
	else
		return false;
	return true;
}

static inline void wasm_bpf_json_write_float(struct wasm_bpf_json_writer *writer,
					     const struct wasm_bpf_json_type *type,
					     const struct wasm_bpf_json_place *place)
{
	double value = wasm_bpf_json_get_float(type, place);
	const char *name = wasm_bpf_json_no_number(value);
	char number[32];

	if (name) {
		wasm_bpf_json_quote(writer, (const unsigned char *)name, strlen(name));
		return;
	}
	snprintf(number, sizeof(number), "%.17g", value);
	wasm_bpf_json_puts(writer, number);
}
#endif

static inline void wasm_bpf_json_write(struct wasm_bpf_json_writer *writer,
				       const struct wasm_bpf_json_type *type,
				       const struct wasm_bpf_json_place *place);

static inline void wasm_bpf_json_write_items(struct wasm_bpf_json_writer *writer,
					     const struct wasm_bpf_json_type *type,
					     const struct wasm_bpf_json_place *place)
{
	static const struct wasm_bpf_json_type byte = { WASM_BPF_JSON_UNSIGNED, 1, 0, NULL,
							NULL };
	size_t i, count = wasm_bpf_json_count(type, place);

	wasm_bpf_json_put(writer, '[');
	for (i = 0; i < count; i++) {
		struct wasm_bpf_json_place item = wasm_bpf_json_item(type, place, i);

		if (i)
			wasm_bpf_json_put(writer, ',');
		wasm_bpf_json_write(writer, type->element ? type->element : &byte, &item);
	}
	wasm_bpf_json_put(writer, ']');
}

static inline void wasm_bpf_json_write(struct wasm_bpf_json_writer *writer,
				       const struct wasm_bpf_json_type *type,
				       const struct wasm_bpf_json_place *place)
{
	unsigned char *data = place->data + place->offset_bits / 8;
	char number[48];
	size_t i;
	long length;
	bool exact;

	switch (type->kind) {
	case WASM_BPF_JSON_UNSIGNED:
	case WASM_BPF_JSON_SIGNED:
		exact = wasm_bpf_json_decimal(type, place, number);
		if (exact)
			wasm_bpf_json_puts(writer, number);
		else
			wasm_bpf_json_quote(writer, (unsigned char *)number, strlen(number));
		break;
	case WASM_BPF_JSON_BOOL:
		wasm_bpf_json_puts(writer, wasm_bpf_json_get(place,
					   wasm_bpf_json_bits(type, place)) ? "true" : "false");
		break;
	case WASM_BPF_JSON_FLOAT:
#ifdef WASM_BPF_JSON_FLOATS
		wasm_bpf_json_write_float(writer, type, place);
#endif
		break;
	case WASM_BPF_JSON_TEXT:
		length = wasm_bpf_json_text(data, wasm_bpf_json_count(type, place));
		if (length >= 0)
			wasm_bpf_json_quote(writer, data, (size_t)length);
		else
			wasm_bpf_json_write_items(writer, type, place);
		break;
	case WASM_BPF_JSON_BYTES:
	case WASM_BPF_JSON_LIST:
		wasm_bpf_json_write_items(writer, type, place);
		break;
	case WASM_BPF_JSON_RECORD:
		wasm_bpf_json_put(writer, '{');
		for (i = 0; i < type->count; i++) {
			const struct wasm_bpf_json_field *field = &type->fields[i];
			struct wasm_bpf_json_place member = wasm_bpf_json_member(field, place);

			if (i)
				wasm_bpf_json_put(writer, ',');
			wasm_bpf_json_quote(writer, (const unsigned char *)field->name,
					    strlen(field->name));
			wasm_bpf_json_put(writer, ':');
			wasm_bpf_json_write(writer, field->type, &member);
		}
		wasm_bpf_json_put(writer, '}');
		break;
	}
}

/*
 * Writes a record of `size` bytes as JSON and, like snprintf, at most text_size
 * bytes with the NUL. The length of the whole text, or -EINVAL for a short record.
 */
static inline int wasm_bpf_json_to_text(const struct wasm_bpf_json_type *type,
					const void *record, size_t size, char *text,
					size_t text_size)
{
	struct wasm_bpf_json_writer writer = { text, text_size, 0 };
	struct wasm_bpf_json_place place = { (unsigned char *)record, 0, 0, size };

	if (size < type->size)
		return -EINVAL;
	wasm_bpf_json_write(&writer, type, &place);
	if (text_size)
		text[writer.length < text_size ? writer.length : text_size - 1] = '\0';
	return (int)writer.length;
}

/* ------------------------------------------------------------------------- */
/* Reading                                                                   */
/* ------------------------------------------------------------------------- */

struct wasm_bpf_json_reader {
	const char *at;
	size_t used; /* end of what was written into the record */
};

static inline void wasm_bpf_json_space(struct wasm_bpf_json_reader *reader)
{
	while (*reader->at == ' ' || *reader->at == '\t' || *reader->at == '\n' ||
	       *reader->at == '\r')
		reader->at++;
}

/* Takes `byte` when it is next. */
static inline bool wasm_bpf_json_take(struct wasm_bpf_json_reader *reader, char byte)
{
	wasm_bpf_json_space(reader);
	if (*reader->at != byte)
		return false;
	reader->at++;
	return true;
}

static inline long wasm_bpf_json_hex(struct wasm_bpf_json_reader *reader)
{
	long value = 0;
	int i;

	for (i = 0; i < 4; i++) {
		char digit = *reader->at;

		if (digit >= '0' && digit <= '9')
			value = value * 16 + (digit - '0');
		else if ((digit | 32) >= 'a' && (digit | 32) <= 'f')
			value = value * 16 + ((digit | 32) - 'a' + 10);
		else
			return -1;
		reader->at++;
	}
	return value;
}

/* UTF-8 of a code point; its length. */
static inline size_t wasm_bpf_json_encode(long code, unsigned char *bytes)
{
	if (code < 0x80) {
		bytes[0] = (unsigned char)code;
		return 1;
	}
	if (code < 0x800) {
		bytes[0] = (unsigned char)(0xc0 | code >> 6);
		bytes[1] = (unsigned char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		bytes[0] = (unsigned char)(0xe0 | code >> 12);
		bytes[1] = (unsigned char)(0x80 | (code >> 6 & 0x3f));
		bytes[2] = (unsigned char)(0x80 | (code & 0x3f));
		return 3;
	}
	bytes[0] = (unsigned char)(0xf0 | code >> 18);
	bytes[1] = (unsigned char)(0x80 | (code >> 12 & 0x3f));
	bytes[2] = (unsigned char)(0x80 | (code >> 6 & 0x3f));
	bytes[3] = (unsigned char)(0x80 | (code & 0x3f));
	return 4;
}

/* What follows a backslash; the length of its UTF-8 in `bytes`, 0 when it is wrong. */
static inline size_t wasm_bpf_json_escape(struct wasm_bpf_json_reader *reader,
					  unsigned char *bytes)
{
	static const char names[] = "\"\\/bfnrt", codes[] = "\"\\/\b\f\n\r\t";
	char name = *reader->at;
	const char *known;
	long code, low;

	if (!name)
		return 0;
	reader->at++;
	if (name != 'u') {
		known = strchr(names, name);
		if (!known)
			return 0;
		bytes[0] = (unsigned char)codes[known - names];
		return 1;
	}
	code = wasm_bpf_json_hex(reader);
	if (code < 0)
		return 0;
	if (code >= 0xd800 && code < 0xdc00 && reader->at[0] == '\\' && reader->at[1] == 'u') {
		reader->at += 2;
		low = wasm_bpf_json_hex(reader);
		if (low < 0xdc00 || low > 0xdfff)
			return 0;
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
	}
	return wasm_bpf_json_encode(code, bytes);
}

/*
 * Reads a string, its first quote included, into `size` bytes; NULL skips it.
 * Its length (what does not fit is counted, not stored), or -EINVAL.
 */
static inline long wasm_bpf_json_string(struct wasm_bpf_json_reader *reader,
					unsigned char *bytes, size_t size)
{
	unsigned char piece[4];
	size_t length = 0, count, i;

	if (!wasm_bpf_json_take(reader, '"'))
		return -EINVAL;
	while (*reader->at != '"') {
		if ((unsigned char)*reader->at < 0x20)
			return -EINVAL;
		if (*reader->at == '\\') {
			reader->at++;
			count = wasm_bpf_json_escape(reader, piece);
			if (!count)
				return -EINVAL;
		} else {
			piece[0] = (unsigned char)*reader->at++;
			count = 1;
		}
		for (i = 0; i < count; i++, length++)
			if (bytes && length < size)
				bytes[length] = piece[i];
	}
	reader->at++;
	return (long)length;
}

/* Skips any value. */
static inline int wasm_bpf_json_skip(struct wasm_bpf_json_reader *reader, int depth)
{
	bool object;

	wasm_bpf_json_space(reader);
	if (depth > WASM_BPF_JSON_DEPTH)
		return -EINVAL;
	if (*reader->at == '"')
		return wasm_bpf_json_string(reader, NULL, 0) < 0 ? -EINVAL : 0;
	if (*reader->at != '{' && *reader->at != '[') {
		const char *start = reader->at;

		while (*reader->at && !strchr(" \t\n\r,:]}[{\"", *reader->at))
			reader->at++;
		return reader->at == start ? -EINVAL : 0;
	}
	object = *reader->at++ == '{';
	if (wasm_bpf_json_take(reader, object ? '}' : ']'))
		return 0;
	do {
		if (object && (wasm_bpf_json_string(reader, NULL, 0) < 0 ||
			       !wasm_bpf_json_take(reader, ':')))
			return -EINVAL;
		if (wasm_bpf_json_skip(reader, depth + 1))
			return -EINVAL;
	} while (wasm_bpf_json_take(reader, ','));
	return wasm_bpf_json_take(reader, object ? '}' : ']') ? 0 : -EINVAL;
}

static inline int wasm_bpf_json_read(struct wasm_bpf_json_reader *reader,
				     const struct wasm_bpf_json_type *type,
				     const struct wasm_bpf_json_place *place);

static inline int wasm_bpf_json_read_integer(struct wasm_bpf_json_reader *reader,
					     const struct wasm_bpf_json_type *type,
					     const struct wasm_bpf_json_place *place)
{
	bool quoted = wasm_bpf_json_take(reader, '"');
	int length = wasm_bpf_json_parse(type, place, reader->at);

	if (length < 0)
		return length;
	reader->at += length;
	if (quoted)
		return *reader->at++ == '"' ? 0 : -EINVAL;
	return *reader->at && !strchr(" \t\n\r,]}", *reader->at) ? -EINVAL : 0;
}

static inline int wasm_bpf_json_read_bool(struct wasm_bpf_json_reader *reader,
					  const struct wasm_bpf_json_type *type,
					  const struct wasm_bpf_json_place *place)
{
	bool value;

	wasm_bpf_json_space(reader);
	value = !strncmp(reader->at, "true", 4);
	if (!value && strncmp(reader->at, "false", 5) != 0)
		return -EINVAL;
	reader->at += value ? 4 : 5;
	wasm_bpf_json_set(place, wasm_bpf_json_bits(type, place), value);
	return 0;
}

#ifdef WASM_BPF_JSON_FLOATS
static inline int wasm_bpf_json_read_float(struct wasm_bpf_json_reader *reader,
					   const struct wasm_bpf_json_type *type,
					   const struct wasm_bpf_json_place *place)
{
	char name[16] = "", *end;
	double value;
	long length;

	wasm_bpf_json_space(reader);
	if (*reader->at == '"') {
		length = wasm_bpf_json_string(reader, (unsigned char *)name, sizeof(name) - 1);
		if (length < 0 || !wasm_bpf_json_named_float(name, &value))
			return -EINVAL;
	} else {
		if (*reader->at != '-' && (*reader->at < '0' || *reader->at > '9'))
			return -EINVAL;
		value = strtod(reader->at, &end);
		reader->at = end;
	}
	wasm_bpf_json_set_float(type, place, value);
	return 0;
}
#endif

/* Notes that a list to the end of the record has elements up to `end`. */
static inline void wasm_bpf_json_grow(struct wasm_bpf_json_reader *reader,
				      const struct wasm_bpf_json_type *type, size_t end)
{
	if (type->count == WASM_BPF_JSON_TO_END && end > reader->used)
		reader->used = end;
}

static inline int wasm_bpf_json_read_items(struct wasm_bpf_json_reader *reader,
					   const struct wasm_bpf_json_type *type,
					   const struct wasm_bpf_json_place *place)
{
	static const struct wasm_bpf_json_type byte = { WASM_BPF_JSON_UNSIGNED, 1, 0, NULL,
							NULL };
	size_t count = wasm_bpf_json_count(type, place), i = 0;
	int err;

	if (!wasm_bpf_json_take(reader, '['))
		return -EINVAL;
	if (wasm_bpf_json_take(reader, ']'))
		return 0;
	do {
		struct wasm_bpf_json_place item = wasm_bpf_json_item(type, place, i);

		if (i++ == count)
			return -E2BIG;
		err = wasm_bpf_json_read(reader, type->element ? type->element : &byte, &item);
		if (err)
			return err;
	} while (wasm_bpf_json_take(reader, ','));
	wasm_bpf_json_grow(reader, type, place->offset_bits / 8 + i * type->size);
	return wasm_bpf_json_take(reader, ']') ? 0 : -EINVAL;
}

static inline int wasm_bpf_json_read_text(struct wasm_bpf_json_reader *reader,
					  const struct wasm_bpf_json_type *type,
					  const struct wasm_bpf_json_place *place)
{
	size_t count = wasm_bpf_json_count(type, place);
	unsigned char *data = place->data + place->offset_bits / 8;
	long length;

	memset(data, 0, count);
	wasm_bpf_json_space(reader);
	if (*reader->at != '"')
		return wasm_bpf_json_read_items(reader, type, place);
	length = wasm_bpf_json_string(reader, data, count);
	if (length < 0)
		return -EINVAL;
	if ((size_t)length > count)
		return -E2BIG;
	wasm_bpf_json_grow(reader, type, place->offset_bits / 8 + (size_t)length);
	return 0;
}

static inline int wasm_bpf_json_read_record(struct wasm_bpf_json_reader *reader,
					    const struct wasm_bpf_json_type *type,
					    const struct wasm_bpf_json_place *place)
{
	int err;

	if (!wasm_bpf_json_take(reader, '{'))
		return -EINVAL;
	if (wasm_bpf_json_take(reader, '}'))
		return 0;
	do {
		unsigned char name[256];
		long length = wasm_bpf_json_string(reader, name, sizeof(name));
		const struct wasm_bpf_json_field *field = NULL;
		size_t i;

		if (length < 0 || !wasm_bpf_json_take(reader, ':'))
			return -EINVAL;
		for (i = 0; i < type->count && !field; i++) {
			const char *known = type->fields[i].name;

			if (strlen(known) == (size_t)length && length <= (long)sizeof(name) &&
			    !memcmp(known, name, (size_t)length))
				field = &type->fields[i];
		}
		if (field) {
			struct wasm_bpf_json_place member = wasm_bpf_json_member(field, place);

			err = wasm_bpf_json_read(reader, field->type, &member);
		} else {
			err = wasm_bpf_json_skip(reader, 0);
		}
		if (err)
			return err;
	} while (wasm_bpf_json_take(reader, ','));
	return wasm_bpf_json_take(reader, '}') ? 0 : -EINVAL;
}

static inline int wasm_bpf_json_read(struct wasm_bpf_json_reader *reader,
				     const struct wasm_bpf_json_type *type,
				     const struct wasm_bpf_json_place *place)
{
	switch (type->kind) {
	case WASM_BPF_JSON_UNSIGNED:
	case WASM_BPF_JSON_SIGNED:
		return wasm_bpf_json_read_integer(reader, type, place);
	case WASM_BPF_JSON_BOOL:
		return wasm_bpf_json_read_bool(reader, type, place);
	case WASM_BPF_JSON_FLOAT:
#ifdef WASM_BPF_JSON_FLOATS
		return wasm_bpf_json_read_float(reader, type, place);
#else
		return -EINVAL;
#endif
	case WASM_BPF_JSON_TEXT:
	case WASM_BPF_JSON_BYTES:
		return wasm_bpf_json_read_text(reader, type, place);
	case WASM_BPF_JSON_LIST:
		return wasm_bpf_json_read_items(reader, type, place);
	case WASM_BPF_JSON_RECORD:
		return wasm_bpf_json_read_record(reader, type, place);
	}
	return -EINVAL;
}

/*
 * Reads JSON into a record of at most `size` bytes. The size of the record, or
 * -EINVAL when the text is not such a value, -ERANGE when a number does not fit
 * its member, -E2BIG when a list or text is longer than the place for it.
 */
static inline int wasm_bpf_json_from_text(const struct wasm_bpf_json_type *type,
					  void *record, size_t size, const char *text)
{
	struct wasm_bpf_json_reader reader = { text, type->size };
	struct wasm_bpf_json_place place = { (unsigned char *)record, 0, 0, size };
	int err;

	if (size < type->size)
		return -EINVAL;
	memset(record, 0, size);
	err = wasm_bpf_json_read(&reader, type, &place);
	if (err)
		return err;
	wasm_bpf_json_space(&reader);
	return *reader.at ? -EINVAL : (int)reader.used;
}

#endif /* WASM_BPF_JSON_H */
