# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The storescope authors
#
# Installs the program, the oracle as a library with its headers, and a config
# package: find_package(storescope) gives storescope_add_test(), and
# storescope::oracle where the libraries that it needs are installed.

include(CMakePackageConfigHelpers)

set(storescope_package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/storescope")

install(TARGETS storescope RUNTIME)
# Beside the program, which looks for it there.
install(TARGETS storescope_watch_plugin
    LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}/storescope")
install(TARGETS storescope_oracle_archive storescope_backends_archive
    EXPORT storescope-targets
    ARCHIVE
    INCLUDES DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/storescope")

# Users find the headers in one folder, whatever the rooms are called here: their
# includes of each other lose the room's name.
set(storescope_headers
    backends/backend.h
    backends/loader/origin.h
    backends/loader/undefined.h
    base/error.h
    findings/expectations.h
    findings/saved_case.h
    oracle/case/arena.h
    oracle/case/case.h
    oracle/case/case_field.h
    oracle/case/heatmap.h
    oracle/case/plan.h
    oracle/case/shard.h
    oracle/judge/contract.h
    oracle/judge/message_sites.h
    oracle/judge/order.h
    oracle/judge/rules.def
    oracle/judge/rules.h
    oracle/judge/shadow.h
    oracle/record/recorder.h
    oracle/story/observer.h
    oracle/story/story.h
    oracle/sweep/proof_note.h
    oracle/sweep/sweep.h
    oracle/sweep/sweep_options.h
    oracle/sweep/verdict.h
    oracle/trace/barrier.h
    oracle/trace/coverage.h
    oracle/trace/log.h
    oracle/trace/origins.h
    oracle/trace/pattern.h
    oracle/trace/recording.h
    oracle/trace/signature.h
    oracle/trace/trace.h)
foreach(header IN LISTS storescope_headers)
    get_filename_component(name "${header}" NAME)
    file(READ "${header}" text)
    # The libc has an error.h, which a program of others is to find.
    string(REPLACE "\"base/error.h\"" "\"storescope_error.h\"" text "${text}")
    string(REGEX REPLACE "^error.h$" "storescope_error.h" name "${name}")
    string(REGEX REPLACE "(#include \")[a-z_/]*/" "\\1" text "${text}")
    file(CONFIGURE OUTPUT "${PROJECT_BINARY_DIR}/include/storescope/${name}" CONTENT "${text}" @ONLY)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${header}")
endforeach()
install(DIRECTORY "${PROJECT_BINARY_DIR}/include/storescope" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(EXPORT storescope-targets NAMESPACE storescope:: DESTINATION "${storescope_package_dir}")

# What the engines of campaigns run, where script/fuzzers or the build made it.
foreach(engine libfuzzer afl)
    if(TARGET ${engine}_copy)
        install(PROGRAMS "$<TARGET_FILE:${engine}_copy>"
            DESTINATION "${CMAKE_INSTALL_LIBEXECDIR}/storescope/${engine}" OPTIONAL)
    endif()
endforeach()
if(TARGET storescope_afl_mutator)
    install(FILES "$<TARGET_FILE:storescope_afl_mutator>"
        DESTINATION "${CMAKE_INSTALL_LIBEXECDIR}/storescope/afl" OPTIONAL)
endif()
if(STORESCOPE_FUZZ STREQUAL "replay")
    install(DIRECTORY "${PROJECT_BINARY_DIR}/fuzz/seeds/copy"
        DESTINATION "${CMAKE_INSTALL_LIBEXECDIR}/storescope/seeds" OPTIONAL)
endif()

configure_package_config_file(
    "${PROJECT_SOURCE_DIR}/cmake/storescope-config.cmake.in"
    "${PROJECT_BINARY_DIR}/storescope-config.cmake"
    INSTALL_DESTINATION "${storescope_package_dir}"
    PATH_VARS CMAKE_INSTALL_BINDIR)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/storescope-config-version.cmake"
    COMPATIBILITY SameMinorVersion)

install(FILES
    "${PROJECT_BINARY_DIR}/storescope-config.cmake"
    "${PROJECT_BINARY_DIR}/storescope-config-version.cmake"
    cmake/StorescopeAddTest.cmake
    cmake/StorescopeFindLibrary.cmake
    cmake/FindZydis.cmake
    cmake/FindCapstone.cmake
    cmake/FindLibElf.cmake
    cmake/FindLibiberty.cmake
    cmake/FindZ3.cmake
    DESTINATION "${storescope_package_dir}")

# The pages, for who reads without a network.
install(FILES README.md LICENSE CHANGELOG.md DESTINATION "${CMAKE_INSTALL_DOCDIR}")
install(DIRECTORY docs DESTINATION "${CMAKE_INSTALL_DOCDIR}")
