/* A relay as one writes it first: poll, read, write. usage: relay_loop NETNS TUN NETNS TUN */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int attach(const char *netns, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "/run/netns/%s", netns);
    int ns = open(path, O_RDONLY);
    if (ns < 0 || setns(ns, CLONE_NEWNET)) { perror(path); exit(1); }
    close(ns);
    int fd = open("/dev/net/tun", O_RDWR);
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request)) { perror(name); exit(1); }
    return fd;
}

int main(int argc, char **argv)
{
    static char packet[65536];
    if (argc != 5) return 2;
    struct pollfd ends[2] = {
        {attach(argv[1], argv[2]), POLLIN, 0}, {attach(argv[3], argv[4]), POLLIN, 0}};
    puts("ready");
    fflush(stdout);
    for (;;) {
        poll(ends, 2, -1);
        for (int i = 0; i < 2; i++)
            if (ends[i].revents & POLLIN) {
                ssize_t size = read(ends[i].fd, packet, sizeof packet);
                if (size > 0 && write(ends[1 - i].fd, packet, size) < 0) continue;
            }
    }
}
