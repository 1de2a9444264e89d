/* Descriptors that the event loop watches: JavaScript is called when one can be read. */
#ifndef WASM_BPF_WATCH_H
#define WASM_BPF_WATCH_H

#define NAPI_VERSION 8
#include <node_api.h>

/* watch(fd, callback): a watch that is not started, or -errno. `fd` stays open until the watch is closed. */
napi_value js_watch(napi_env env, napi_callback_info info);
/* watchStart(watch): from now on the callback is called as long as the descriptor can be read; 0 or -errno. */
napi_value js_watch_start(napi_env env, napi_callback_info info);
/* watchStop(watch): until it is started again. */
napi_value js_watch_stop(napi_env env, napi_callback_info info);
/* watchClose(watch): for ever. Closing twice does nothing. */
napi_value js_watch_close(napi_env env, napi_callback_info info);

#endif
