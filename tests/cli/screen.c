// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Runs a command on a terminal of its own, of some columns, and prints what it
// writes there. Usage: screen COLUMNS COMMAND [ARGUMENT...]. The exit status is
// the command's.

#include <errno.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    char bytes[4096];
    int terminal, status;
    if (argc < 3)
        return 2;
    struct winsize size = {.ws_row = 50, .ws_col = (unsigned short)atoi(argv[1])};
    pid_t child = forkpty(&terminal, NULL, NULL, &size);
    if (child == 0) {
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    if (child < 0) {
        perror("screen");
        return 2;
    }
    // The terminal's end reads as EIO once the command has closed it.
    for (ssize_t n; (n = read(terminal, bytes, sizeof bytes)) > 0 || (n < 0 && errno == EINTR);)
        if (n > 0)
            fwrite(bytes, 1, (size_t)n, stdout);
    if (waitpid(child, &status, 0) != child)
        return 2;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}
