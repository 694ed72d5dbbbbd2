/* rcvbuf.c - a larger receive buffer for every datagram socket of a program
 * that asks for none, by LD_PRELOAD: for perfdhcp, and for the servers that
 * ours is compared with. The default is a hundred DHCP messages, and
 * fewer questions as XDP hands them over: a burst exceeds it while nobody is
 * too slow. */
#include <dlfcn.h>
#include <sys/socket.h>

#define BYTES (8 << 20)

int socket(int domain, int type, int protocol)
{
	int (*real)(int, int, int) =
		(int (*)(int, int, int))dlsym(RTLD_NEXT, "socket");
	int fd = real(domain, type, protocol), bytes = BYTES;

	if (fd >= 0 && domain != AF_UNIX)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes,
			   sizeof(bytes));
	return fd;
}
