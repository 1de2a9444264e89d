/* Memory that system calls map, as ArrayBuffers. Every environment has its own list of mappings. */
#ifndef WASM_BPF_MAPPINGS_H
#define WASM_BPF_MAPPINGS_H

#define NAPI_VERSION 8
#include <node_api.h>

struct mapping;

/* The list of an environment; NULL when there is no memory. It is the data of both functions below. */
struct mapping **mappings_new(void);

/* mmap(length, prot, flags, fd, offset, address?): the mapping as an ArrayBuffer, or -errno. */
napi_value js_mmap(napi_env env, napi_callback_info info);
/* munmap(buffer): the buffer is detached. */
napi_value js_munmap(napi_env env, napi_callback_info info);

#endif
