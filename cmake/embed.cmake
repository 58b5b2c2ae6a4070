# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Writes OUTPUT, a C file with the text of FILES as the table TABLE of COUNT rows
# that HEADER declares; see StorescopeEmbed.cmake.

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

string(REGEX REPLACE "s$" "" row "${TABLE}")
file(WRITE "${OUTPUT}"
"// Generated from the files named below; change those.

#include \"${HEADER}\"

_Static_assert(${COUNT} == ${count}, \"${COUNT} is the number of files\");

const struct ${row} ${TABLE}[${COUNT}] = {
${rows}};
")
