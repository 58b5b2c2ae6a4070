// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "cli/select_words.h"

#include "base/nearest.h"
#include "cli/meant.h"
#include "cli/options/option_reader.h"

#include <stdio.h>
#include <string.h>

bool select_words(const struct options *o, size_t count, struct selection *out, struct error *error)
{
    if (select_backends(o->words, count, out, error))
        return true;
    for (size_t i = 0; i < count; i++) {
        char quoted[NEAREST_NAME_MAX + 2];
        snprintf(quoted, sizeof quoted, "'%.*s'", NEAREST_NAME_MAX - 1, o->words[i]);
        if (strncmp(error->text, "no backend", 10) == 0 && strstr(error->text, quoted) != NULL)
            return !meant_is_known(o->words[i]) && options_have(o->help, o->words[i])
                       ? error_add(error, " (%s is an option: --%s)", o->words[i], o->words[i])
                       : meant_add(o->words[i], error);
    }
    return false;
}
