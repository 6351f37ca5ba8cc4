/* Before anything else: one BLAS thread, as the program's own threads share its work. OpenBLAS starts a thread a
 * core while it is loaded, long before main: 16,384 threads for 128 ranks on 128 cores, each with a buffer of its
 * own. It asks the environment, which only the caller of a program can set; so the program calls itself once.
 * Entries of .preinit_array run before the libraries' constructors; where a C library does not run them, the threads
 * come and go as before. Nothing is initialised here yet: system calls only. */
#include "cli/cli.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define THREADS "OPENBLAS_NUM_THREADS="

__attribute__((no_sanitize("address", "undefined"))) static void start_with_one_thread(int argc, char **argv,
                                                                                       char **envp)
{
    static char name[4096], one[] = THREADS "1";
    static char *environment[4096];
    const int room = sizeof environment / sizeof *environment - 2;
    int count = 0;
    (void)argc;
    for (int i = 0; envp[i] != NULL; i++) {
        int same = 0;
        while (one[same] != '\0' && envp[i][same] == one[same]) same++;
        if (one[same] == '\0' && envp[i][same] == '\0') return;
        if (same >= (int)sizeof THREADS - 1) continue;
        if (count == room) return;
        environment[count++] = envp[i];
    }
    environment[count] = one;
    /* By its path, not as /proc/self/exe: that would be the name that ps shows. */
    long length = syscall(SYS_readlink, "/proc/self/exe", name, sizeof name - 1);
    if (length > 0 && length < (long)sizeof name - 1) syscall(SYS_execve, name, argv, environment);
}

__attribute__((section(".preinit_array"), used)) static void (*const entry)(int, char **,
                                                                            char **) = start_with_one_thread;

bool cli_stack_has_room(void)
{
    enum { LEAST_KB = 256 };
    struct rlimit limit;
    if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return true;
    if (limit.rlim_cur >= (rlim_t)LEAST_KB * 1024) return true;
    fprintf(stderr, "fgad: the stack is limited to %ju KB, expected %d KB or more (hint: ulimit -s 8192)\n",
            (uintmax_t)(limit.rlim_cur / 1024), LEAST_KB);
    return false;
}
