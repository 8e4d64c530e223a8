/* SPDX-License-Identifier: MIT */
/* Included before all else (-include): every symbol is in this image, none needs a GOT. */
#pragma GCC visibility push(hidden)
