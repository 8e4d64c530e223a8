/* SPDX-License-Identifier: MIT */
/* Included before all else (-include): every symbol is in this image, so none goes through a GOT. */
#pragma GCC visibility push(hidden)
