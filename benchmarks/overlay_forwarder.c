/* flannel's udp backend as a C program: select, read, sendto; one packet a call.
 * usage: overlay_forwarder TUN PEER-ADDRESS PORT (in the network namespace of the node) */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    static char packet[65536];
    if (argc != 4) return 2;
    int tun = open("/dev/net/tun", O_RDWR);
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strncpy(request.ifr_name, argv[1], IFNAMSIZ - 1);
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    if (tun < 0 || ioctl(tun, TUNSETIFF, &request)) { perror(argv[1]); return 1; }
    int udp = socket(AF_INET, SOCK_DGRAM, 0), size = 8 << 20;
    setsockopt(udp, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    setsockopt(udp, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[3]))};
    if (bind(udp, (struct sockaddr *)&peer, sizeof peer)) { perror("bind"); return 1; }
    inet_pton(AF_INET, argv[2], &peer.sin_addr);
    puts("ready");
    fflush(stdout);
    for (;;) {
        fd_set ready;
        FD_ZERO(&ready);
        FD_SET(tun, &ready);
        FD_SET(udp, &ready);
        select((tun > udp ? tun : udp) + 1, &ready, NULL, NULL, NULL);
        if (FD_ISSET(tun, &ready)) {
            ssize_t n = read(tun, packet, sizeof packet);
            if (n > 0) sendto(udp, packet, n, 0, (struct sockaddr *)&peer, sizeof peer);
        }
        if (FD_ISSET(udp, &ready)) {
            ssize_t n = recv(udp, packet, sizeof packet, 0);
            if (n > 0 && write(tun, packet, n) < 0) continue;
        }
    }
}
