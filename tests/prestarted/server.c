/* Preloaded into one tshark, which then stands ready behind its start-up.
 *
 * A tshark registers thousands of dissectors before it looks at its file, which takes nearly all of
 * the time of a short run. Here that is done once: when the tshark comes to load the Lua script
 * named by PRESTARTED_SCRIPT, the last step of its start-up and before it heeds any argument but -r,
 * it waits on the socket PRESTARTED_LISTENER. For each request it forks; the child takes the
 * arguments, the environment, the folder and the descriptors of who asks (client.c) and goes on as
 * the tshark that it would have been, with the Lua script of the request, if it has one. The name
 * of the capture, which tshark keeps from before, is put where that one's is.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "request.h"

enum { AT_ONCE = 64 };

static char **arguments;
static const char *capture;
static int places;

__attribute__((constructor)) static void remember(int count, char **words)
{
    arguments = words;
    places = count;
}

/* Makes this process the one that was asked for; returns its Lua script. */
static const char *become(char *words, const int *descriptors)
{
    static char *variables[MOST_WORDS];
    const char *script = "/dev/null";
    int count = atoi(words), place, variable = 0;

    if (count >= places)
        _exit(125);
    for (place = 1; place < places - count; place++)
        arguments[place] = "-n"; /* client.c asks for nothing without it */
    words += strlen(words) + 1;
    for (; place < places; place++, words += strlen(words) + 1) {
        if (!strncmp(words, SCRIPT, strlen(SCRIPT)))
            script = words + strlen(SCRIPT);
        if (reads(arguments[place - 1]))
            capture = words;
        arguments[place] = words;
    }
    for (; *words && variable < MOST_WORDS - 1; words += strlen(words) + 1)
        variables[variable++] = words;
    environ = variables;
    tzset();
    setlocale(LC_ALL, "");
    for (int i = 0; i < 3; i++)
        dup2(descriptors[i], i);
    if (fchdir(descriptors[3]))
        _exit(125);
    for (int i = 0; i < DESCRIPTORS; i++)
        close(descriptors[i]);
    return script;
}

static ssize_t received(int connection, char *words, int *descriptors)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int) * DESCRIPTORS)];
    } control;
    struct iovec part = {words, MOST_BYTES};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
                             .msg_controllen = sizeof control};
    ssize_t size = recvmsg(connection, &message, MSG_CMSG_CLOEXEC);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    if (size <= 0 || !header || header->cmsg_len != CMSG_LEN(sizeof(int) * DESCRIPTORS))
        return -1;
    memcpy(descriptors, CMSG_DATA(header), sizeof(int) * DESCRIPTORS);
    return size;
}

/* Answers requests, for ever; returns in each child. */
static const char *serve(void)
{
    static char words[MOST_BYTES];
    static struct pollfd polled[2 + AT_ONCE];
    static pid_t running[2 + AT_ONCE];
    int many = 2, descriptors[DESCRIPTORS], status;
    sigset_t child, before;
    struct signalfd_siginfo news;
    pid_t pid;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, &before);
    polled[0].fd = atoi(getenv("PRESTARTED_LISTENER"));
    polled[1].fd = signalfd(-1, &child, SFD_CLOEXEC);
    for (;;) {
        polled[0].events = many < 2 + AT_ONCE ? POLLIN : 0;
        for (int i = 1; i < many; i++)
            polled[i].events = POLLIN;
        if (poll(polled, many, -1) < 0)
            continue;
        for (int i = 2; i < many; i++)
            if (polled[i].revents) { /* who asked is gone */
                kill(running[i], SIGKILL);
                polled[i].fd = ~polled[i].fd; /* not polled until the child is reaped */
            }
        if (polled[1].revents && read(polled[1].fd, &news, sizeof news) > 0)
            while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
                for (int i = 2; i < many; i++)
                    if (running[i] == pid) {
                        int connection = polled[i].fd < 0 ? ~polled[i].fd : polled[i].fd;

                        send(connection, &status, sizeof status, MSG_NOSIGNAL);
                        close(connection);
                        many--;
                        polled[i] = polled[many];
                        running[i] = running[many];
                        break;
                    }
        if (polled[0].revents) {
            int connection = accept4(polled[0].fd, NULL, NULL, SOCK_CLOEXEC);

            if (connection < 0)
                continue;
            if (received(connection, words, descriptors) < 0) {
                close(connection);
                continue;
            }
            pid = fork();
            if (pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                sigprocmask(SIG_SETMASK, &before, NULL);
                for (int i = 0; i < many; i++)
                    close(polled[i].fd < 0 ? ~polled[i].fd : polled[i].fd);
                close(connection);
                return become(words, descriptors);
            }
            for (int i = 0; i < DESCRIPTORS; i++)
                close(descriptors[i]);
            if (pid < 0) {
                close(connection);
                continue;
            }
            polled[many] = (struct pollfd){.fd = connection};
            running[many++] = pid;
        }
    }
}

FILE *fopen(const char *path, const char *mode)
{
    FILE *(*next)(const char *, const char *) = dlsym(RTLD_NEXT, "fopen");
    const char *script = getenv("PRESTARTED_SCRIPT");

    if (script && !strcmp(path, script))
        path = serve();
    return next(path, mode);
}

/* `path` is what tshark goes on to call the file by, and has room for every path. */
struct wtap *wtap_open_offline(char *path, unsigned type, int *error, char **said, int anywhere)
{
    struct wtap *(*next)(const char *, unsigned, int *, char **, int) =
        dlsym(RTLD_NEXT, "wtap_open_offline");

    if (capture)
        strcpy(path, capture);
    return next(path, type, error, said, anywhere);
}

/* The process ends behind this, and its memory with it. */
void epan_cleanup(void)
{
}
