/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A module of an interface version that no library has. */

#include "backend/module.h"

ALEXNET_API extern const AlexnetModule alexnet_module;

const AlexnetModule alexnet_module = { .abi = 999999 };
