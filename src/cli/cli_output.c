/* Standard output: a full disk under `> file` must not pass for a result, and a reader that has seen enough is no fault. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

void cli_output_begin(void)
{
    /* A descriptor of the three that is closed would be given to the next file opened, and messages written into that. In
     * the place of a standard output stands what cannot be written, so that an attempt fails as it did. */
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF && open("/dev/null", fd == 2 ? O_WRONLY : O_RDONLY) < 0) return;
    /* As errors of the write, not as deaths: a run whose table nobody reads still ends as usual, a size limit is told. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

/* The reader of a pipe has gone. */
static bool is_broken_pipe(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

int cli_output_end(int code)
{
    errno = 0;
    bool failed = fflush(stdout) != 0;
    int reason = errno;
    if (!failed && !ferror(stdout)) return code;
    if (reason == EPIPE || is_broken_pipe()) return code;
    fprintf(stderr, "fgad: standard output cannot be written: %s\n",
            failed && reason != 0 ? strerror(reason) : "an earlier write failed");
    return code == EXIT_DONE ? EXIT_OUTPUT : code;
}
