/* SPDX-License-Identifier: MIT */
/* Nothing: glibc's header of a machine looks for that of its 32-bit library here, which is seldom installed. */
