# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Build type: Release when none is given. Assertions stay on in every build
# type, so -DNDEBUG is taken out of CMake's own flags.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

foreach(config RELEASE RELWITHDEBINFO MINSIZEREL)
    foreach(language C ASM)
        string(REGEX REPLACE "(^| )[-/]DNDEBUG( |$)" " "
            CMAKE_${language}_FLAGS_${config} "${CMAKE_${language}_FLAGS_${config}}")
    endforeach()
endforeach()
