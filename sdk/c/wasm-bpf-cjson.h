/* SPDX-License-Identifier: MIT */
/*
 * wasm-bpf-cjson.h: records to values of the library cJSON and back, by the rules
 * and tables of wasm-bpf-json.h. Include cJSON's header before this one.
 */
#ifndef WASM_BPF_CJSON_H
#define WASM_BPF_CJSON_H

#include "wasm-bpf-json.h"

static inline cJSON *wasm_bpf_cjson_write(const struct wasm_bpf_json_type *type,
					  const struct wasm_bpf_json_place *place);

static inline cJSON *wasm_bpf_cjson_write_items(const struct wasm_bpf_json_type *type,
						const struct wasm_bpf_json_place *place)
{
	static const struct wasm_bpf_json_type byte = { WASM_BPF_JSON_UNSIGNED, 1, 0, NULL,
							NULL };
	size_t i, count = wasm_bpf_json_count(type, place);
	cJSON *list = cJSON_CreateArray();

	for (i = 0; list && i < count; i++) {
		struct wasm_bpf_json_place at = wasm_bpf_json_item(type, place, i);
		cJSON *item = wasm_bpf_cjson_write(type->element ? type->element : &byte, &at);

		if (!item) {
			cJSON_Delete(list);
			return NULL;
		}
		cJSON_AddItemToArray(list, item);
	}
	return list;
}

static inline cJSON *wasm_bpf_cjson_write_text(const struct wasm_bpf_json_type *type,
					       const struct wasm_bpf_json_place *place)
{
	unsigned char *data = place->data + place->offset_bits / 8;
	long length = wasm_bpf_json_text(data, wasm_bpf_json_count(type, place));
	cJSON *text = NULL;
	char *copy;

	if (length < 0)
		return wasm_bpf_cjson_write_items(type, place);
	copy = (char *)malloc((size_t)length + 1);
	if (copy) {
		memcpy(copy, data, (size_t)length);
		copy[length] = '\0';
		text = cJSON_CreateString(copy);
		free(copy);
	}
	return text;
}

static inline cJSON *wasm_bpf_cjson_write_record(const struct wasm_bpf_json_type *type,
						 const struct wasm_bpf_json_place *place)
{
	cJSON *object = cJSON_CreateObject();
	size_t i;

	for (i = 0; object && i < type->count; i++) {
		struct wasm_bpf_json_place at = wasm_bpf_json_member(&type->fields[i], place);
		cJSON *member = wasm_bpf_cjson_write(type->fields[i].type, &at);

		if (!member) {
			cJSON_Delete(object);
			return NULL;
		}
		cJSON_AddItemToObject(object, type->fields[i].name, member);
	}
	return object;
}

static inline cJSON *wasm_bpf_cjson_write(const struct wasm_bpf_json_type *type,
					  const struct wasm_bpf_json_place *place)
{
	char number[48];

	switch (type->kind) {
	case WASM_BPF_JSON_UNSIGNED:
	case WASM_BPF_JSON_SIGNED:
		/* NB: the library keeps numbers as doubles. */
		if (wasm_bpf_json_decimal(type, place, number))
			return cJSON_CreateNumber((double)strtoll(number, NULL, 10));
		return cJSON_CreateString(number);
	case WASM_BPF_JSON_BOOL:
		return cJSON_CreateBool(
			wasm_bpf_json_get(place, wasm_bpf_json_bits(type, place)) != 0);
	case WASM_BPF_JSON_FLOAT:
#ifdef WASM_BPF_JSON_FLOATS
	{
		double value = wasm_bpf_json_get_float(type, place);
		const char *name = wasm_bpf_json_no_number(value);

		return name ? cJSON_CreateString(name) : cJSON_CreateNumber(value);
	}
#else
		return NULL;
#endif
	case WASM_BPF_JSON_TEXT:
		return wasm_bpf_cjson_write_text(type, place);
	case WASM_BPF_JSON_BYTES:
	case WASM_BPF_JSON_LIST:
		return wasm_bpf_cjson_write_items(type, place);
	case WASM_BPF_JSON_RECORD:
		return wasm_bpf_cjson_write_record(type, place);
	}
	return NULL;
}

/* A record of `size` bytes as a value that the caller deletes; NULL when it is short or memory is. */
static inline cJSON *wasm_bpf_cjson_to_value(const struct wasm_bpf_json_type *type,
					     const void *record, size_t size)
{
	struct wasm_bpf_json_place place = { (unsigned char *)record, 0, 0, size };

	return size < type->size ? NULL : wasm_bpf_cjson_write(type, &place);
}

static inline int wasm_bpf_cjson_read(const cJSON *json,
				      const struct wasm_bpf_json_type *type,
				      const struct wasm_bpf_json_place *place, size_t *used);

static inline int wasm_bpf_cjson_read_integer(const cJSON *json,
					      const struct wasm_bpf_json_type *type,
					      const struct wasm_bpf_json_place *place)
{
	char number[48];
	const char *text = json->valuestring;
	int length;

	if (cJSON_IsNumber(json)) {
		double value = json->valuedouble;

		if (value < -9007199254740991.0 || value > 9007199254740991.0)
			return -ERANGE;
		if ((double)(long long)value != value)
			return -EINVAL;
		snprintf(number, sizeof(number), "%lld", (long long)value);
		text = number;
	} else if (!cJSON_IsString(json)) {
		return -EINVAL;
	}
	length = wasm_bpf_json_parse(type, place, text);
	if (length < 0)
		return length;
	return text[length] ? -EINVAL : 0;
}

static inline int wasm_bpf_cjson_read_items(const cJSON *json,
					    const struct wasm_bpf_json_type *type,
					    const struct wasm_bpf_json_place *place,
					    size_t *used)
{
	static const struct wasm_bpf_json_type byte = { WASM_BPF_JSON_UNSIGNED, 1, 0, NULL,
							NULL };
	struct wasm_bpf_json_reader grown = { NULL, *used };
	size_t count = wasm_bpf_json_count(type, place), i = 0;
	const cJSON *item;
	int err;

	if (!cJSON_IsArray(json))
		return -EINVAL;
	for (item = json->child; item; item = item->next) {
		struct wasm_bpf_json_place at = wasm_bpf_json_item(type, place, i);

		if (i++ == count)
			return -E2BIG;
		err = wasm_bpf_cjson_read(item, type->element ? type->element : &byte, &at,
					  used);
		if (err)
			return err;
	}
	wasm_bpf_json_grow(&grown, type, place->offset_bits / 8 + i * type->size);
	*used = grown.used;
	return 0;
}

static inline int wasm_bpf_cjson_read_text(const cJSON *json,
					   const struct wasm_bpf_json_type *type,
					   const struct wasm_bpf_json_place *place,
					   size_t *used)
{
	struct wasm_bpf_json_reader grown = { NULL, *used };
	size_t count = wasm_bpf_json_count(type, place), length;
	unsigned char *data = place->data + place->offset_bits / 8;

	memset(data, 0, count);
	if (!cJSON_IsString(json))
		return wasm_bpf_cjson_read_items(json, type, place, used);
	length = strlen(json->valuestring);
	if (length > count)
		return -E2BIG;
	memcpy(data, json->valuestring, length);
	wasm_bpf_json_grow(&grown, type, place->offset_bits / 8 + length);
	*used = grown.used;
	return 0;
}

static inline int wasm_bpf_cjson_read(const cJSON *json,
				      const struct wasm_bpf_json_type *type,
				      const struct wasm_bpf_json_place *place, size_t *used)
{
	const cJSON *item;
	size_t i;
	int err;

	switch (type->kind) {
	case WASM_BPF_JSON_UNSIGNED:
	case WASM_BPF_JSON_SIGNED:
		return wasm_bpf_cjson_read_integer(json, type, place);
	case WASM_BPF_JSON_BOOL:
		if (!cJSON_IsBool(json))
			return -EINVAL;
		wasm_bpf_json_set(place, wasm_bpf_json_bits(type, place),
				  (wasm_bpf_json_wide)cJSON_IsTrue(json));
		return 0;
	case WASM_BPF_JSON_FLOAT:
#ifdef WASM_BPF_JSON_FLOATS
	{
		double value = json->valuedouble;

		if (!cJSON_IsNumber(json) &&
		    !(cJSON_IsString(json) &&
		      wasm_bpf_json_named_float(json->valuestring, &value)))
			return -EINVAL;
		wasm_bpf_json_set_float(type, place, value);
		return 0;
	}
#else
		return -EINVAL;
#endif
	case WASM_BPF_JSON_TEXT:
	case WASM_BPF_JSON_BYTES:
		return wasm_bpf_cjson_read_text(json, type, place, used);
	case WASM_BPF_JSON_LIST:
		return wasm_bpf_cjson_read_items(json, type, place, used);
	case WASM_BPF_JSON_RECORD:
		if (!cJSON_IsObject(json))
			return -EINVAL;
		for (item = json->child; item; item = item->next) {
			for (i = 0; i < type->count; i++) {
				struct wasm_bpf_json_place at;

				if (strcmp(type->fields[i].name, item->string) != 0)
					continue;
				at = wasm_bpf_json_member(&type->fields[i], place);
				err = wasm_bpf_cjson_read(item, type->fields[i].type, &at, used);
				if (err)
					return err;
				break;
			}
		}
		return 0;
	}
	return -EINVAL;
}

/* As wasm_bpf_json_from_text(), from a value. */
static inline int wasm_bpf_cjson_from_value(const struct wasm_bpf_json_type *type,
					    void *record, size_t size, const cJSON *json)
{
	struct wasm_bpf_json_place place = { (unsigned char *)record, 0, 0, size };
	size_t used = type->size;
	int err;

	if (!json || size < type->size)
		return -EINVAL;
	memset(record, 0, size);
	err = wasm_bpf_cjson_read(json, type, &place, &used);
	return err ? err : (int)used;
}

#endif /* WASM_BPF_CJSON_H */
