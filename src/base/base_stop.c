#include "base/base.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t asked = 0;

static void on_signal(int number)
{
    static const char said[] = "\nfgad: stopping after this step (Ctrl-C again ends at once)\n";
    asked = 1;
    if (number != SIGINT && number != SIGQUIT) return;
    /* Somebody waits at the terminal; of what prints, only write may be called here. */
    int error = errno;
    ssize_t written = write(STDERR_FILENO, said, sizeof said - 1);
    (void)written;
    errno = error;
}

void stop_signals_install(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGUSR2, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    /* The soft limit of CPU time, of `ulimit -t` and of some queues: from then on once a second until the hard one kills. */
    sigaction(SIGXCPU, &action, NULL);
    sigaction(SIGVTALRM, &action, NULL);
    /* A timer of whoever started us, which an exec leaves running. */
    sigaction(SIGALRM, &action, NULL);
    /* A terminal or an ssh that goes away; under nohup it is ignored, and stays so. */
    struct sigaction before;
    if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, NULL);
    /* The second one finds the default action. In the background of a script it is ignored, and stays so. */
    action.sa_flags = (int)(SA_RESTART | SA_RESETHAND);
    if (sigaction(SIGINT, NULL, &before) == 0 && before.sa_handler != SIG_IGN) sigaction(SIGINT, &action, NULL);
    if (sigaction(SIGQUIT, NULL, &before) == 0 && before.sa_handler != SIG_IGN) sigaction(SIGQUIT, &action, NULL);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGXFSZ, &ignore, NULL); /* a full quota is an error of write(), not a death */
}

static const char *illegal_line;
static size_t illegal_size;
static int illegal_code;

static void on_illegal(int number)
{
    (void)number;
    ssize_t written = write(STDERR_FILENO, illegal_line, illegal_size);
    (void)written;
    _exit(illegal_code);
}

void stop_illegal_install(const char *line, int code)
{
    struct sigaction action = {.sa_handler = on_illegal};
    illegal_line = line;
    illegal_size = strlen(line);
    illegal_code = code;
    sigemptyset(&action.sa_mask);
    sigaction(SIGILL, &action, NULL);
}

bool stop_asked(void)
{
    return asked != 0;
}
