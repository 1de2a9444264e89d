/* SPDX-License-Identifier: MIT */
#include <asm-generic/int-ll64.h>
