/* Hold tun device NAME and read all that comes, or write COUNT packets of SIZE bytes into it.
 *
 * usage: tun_loops drain NAME | tun_loops write NAME SIZE COUNT
 * Prints "held" once it has the device; "write" prints seconds when done.
 */
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static char packet[65536];
	struct ifreq request;
	struct timespec began, ended;
	int fd = open("/dev/net/tun", O_RDWR);

	if (argc < 3 || fd < 0)
		return 2;
	memset(&request, 0, sizeof request);
	strncpy(request.ifr_name, argv[2], IFNAMSIZ - 1);
	request.ifr_flags = IFF_TUN | IFF_NO_PI;
	if (ioctl(fd, TUNSETIFF, &request) < 0)
		return 1;
	puts("held");
	fflush(stdout);
	if (!strcmp(argv[1], "drain"))
		while (read(fd, packet, sizeof packet) >= 0 || 1)
			;
	int size = atoi(argv[3]), count = atoi(argv[4]);
	unsigned char head[20] = {0x45, 0, size >> 8, size, 0, 1, 0x40, 0, 64, 17, 0, 0,
				  10, 9, 0, 2, 10, 9, 0, 3};
	memcpy(packet, head, sizeof head);
	getchar(); /* until the device is up */
	clock_gettime(CLOCK_MONOTONIC, &began);
	for (int i = 0; i < count; i++)
		if (write(fd, packet, size) != size)
			return 1;
	clock_gettime(CLOCK_MONOTONIC, &ended);
	printf("%f\n", ended.tv_sec - began.tv_sec + (ended.tv_nsec - began.tv_nsec) / 1e9);
	return 0;
}
