# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors

# What every library and program of this project is built with: C17 with GNU
# extensions, the warnings and the sanitizers asked for.
function(storescope_target target)
    target_compile_features(${target} PRIVATE c_std_17)
    set_target_properties(${target} PROPERTIES C_EXTENSIONS ON)
    target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
    target_compile_options(${target} PRIVATE
        "$<$<COMPILE_LANGUAGE:C>:${storescope_warnings}>"
        "$<$<COMPILE_LANGUAGE:C>:${storescope_sanitizers}>")
    target_link_options(${target} PRIVATE ${storescope_sanitizers})
endfunction()
