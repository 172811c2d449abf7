/* The tshark of the tests: has a prestarted one (server.c) do what it is told.
 *
 * That is only for captures read from a file without looking up names, as the same user and in the
 * same mount namespace. Everything else, and everything without a server, is done by the tshark
 * installed.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "request.h"

static int apt(int count, char **words)
{
    const char *user = getenv("PRESTARTED_USER"), *mounts = getenv("PRESTARTED_MOUNTS");
    int captures = 0, nameless = 0, scripts = 0;
    struct stat namespace;

    if (!user || atol(user) != geteuid() || !mounts || count > PLACES)
        return 0;
    if (stat("/proc/self/ns/mnt", &namespace) || strtoul(mounts, NULL, 10) != namespace.st_ino)
        return 0;
    for (int i = 1; i < count; i++) {
        nameless |= !strncmp(words[i], "-n", 2);
        scripts += !strncmp(words[i], SCRIPT, strlen(SCRIPT));
        captures += reads(words[i]);
        if (reads(words[i]) && i + 1 < count && strlen(words[i + 1]) > LONGEST)
            return 0;
        if (words[i][0] == '-' && words[i][1] && strchr("CGKOPVhvx-", words[i][1]))
            return 0; /* heeded before the server waits */
    }
    return captures == 1 && nameless && scripts < 2;
}

static size_t put(char *message, size_t size, const char *word)
{
    size_t length = strlen(word) + 1;

    if (size + length >= MOST_BYTES)
        return MOST_BYTES;
    memcpy(message + size, word, length);
    return size + length;
}

static int connected(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = getenv("PRESTARTED_SOCKET");
    int connection = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), room = 2 * MOST_BYTES;

    if (!path || connection < 0)
        return -1;
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    setsockopt(connection, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    return connect(connection, (struct sockaddr *)&address, sizeof address) ? -1 : connection;
}

static int asked(int connection, int count, char **words)
{
    static char text[MOST_BYTES];
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int) * DESCRIPTORS)];
    } control = {0};
    struct iovec part = {text, 0};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control,
                             .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    int descriptors[DESCRIPTORS] = {0, 1, 2, open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    char number[16];
    size_t size;

    snprintf(number, sizeof number, "%d", count - 1);
    size = put(text, 0, number);
    for (int i = 1; i < count; i++)
        size = put(text, size, words[i]);
    for (char **variable = environ; *variable; variable++)
        size = put(text, size, *variable);
    if (size >= MOST_BYTES)
        return 0;
    text[size] = 0;
    part.iov_len = size + 1;
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof descriptors);
    memcpy(CMSG_DATA(header), descriptors, sizeof descriptors);
    return sendmsg(connection, &message, MSG_NOSIGNAL) > 0;
}

int main(int count, char **words)
{
    int connection, status;

    if (apt(count, words) && (connection = connected()) >= 0 && asked(connection, count, words)) {
        if (recv(connection, &status, sizeof status, 0) != sizeof status) {
            fputs("the prestarted tshark is gone\n", stderr);
            return 125;
        }
        if (WIFSIGNALED(status)) {
            signal(WTERMSIG(status), SIG_DFL);
            raise(WTERMSIG(status));
        }
        return WEXITSTATUS(status);
    }
    execv(INSTALLED, words);
    perror(INSTALLED);
    return 127;
}
