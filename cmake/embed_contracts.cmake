# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Writes OUTPUT, a C file with the text of FILES; see StorescopeEmbed.cmake.

set(rows "")
list(LENGTH FILES count)
foreach(path IN LISTS FILES)
    get_filename_component(file "${path}" NAME)
    file(READ "${path}" hex HEX)
    # String literals of at most eight bytes each, which the compiler joins.
    string(REGEX REPLACE "(..)" "\\\\x\\1" text "${hex}")
    string(REGEX REPLACE "((\\\\x..)(\\\\x..)?(\\\\x..)?(\\\\x..)?(\\\\x..)?(\\\\x..)?(\\\\x..)?(\\\\x..)?)"
        "     \"\\1\"\n" text "${text}")
    string(APPEND rows "    {\"${file}\",\n${text}    },\n")
endforeach()

file(WRITE "${OUTPUT}"
"// Generated from the files named below; change those.

#include \"contract_texts.h\"

_Static_assert(CONTRACT_TEXTS == ${count}, \"CONTRACT_TEXTS is the number of built-in contracts\");

const struct contract_text contract_texts[CONTRACT_TEXTS] = {
${rows}};
")
