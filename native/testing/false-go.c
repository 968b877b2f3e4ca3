// A program that passes for one of Go 1.21 and has lies where the runtime keeps its goroutines. Its argument says which.
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

__attribute__((section(".go.buildinfo"), used, aligned(16))) static char build_info[64] =
	"\xff Go buildinf:\x08\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x08" "go1.21.0";
static __thread void *current asm("runtime.tlsg");

/* Offsets of Go 1.21: native/runtimes/generated/go-offsets.h. */
enum { G_M = 48, G_ID = 152, G_PARENT = 272, G_START = 296, M_CURRENT = 192, SUDOG_G = 0, SUDOG_C = 80, RECEIVERS = 56 };

static char goroutines[2][512], thread[512], channels[2][128], sudogs[2][128], stacks[2][1024];
static void put(char *structure, int offset, uint64_t value) { memcpy(structure + offset, &value, 8); }
static uint64_t address(void *pointer) { return (uint64_t)(uintptr_t)pointer; }

int main(int count, char **arguments)
{
	const char *lie = count > 1 ? arguments[1] : "";
	uint64_t nowhere = strcmp(lie, "kernel addresses") == 0 ? 0xffff888000000000 : 16;

	for (int index = 0; index < 2; index++) {
		put(goroutines[index], 0, address(stacks[index]));
		put(goroutines[index], 8, address(stacks[index] + sizeof(stacks[index])));
		put(goroutines[index], G_M, address(thread));
		put(goroutines[index], G_ID, 7 + index);
		put(goroutines[index], G_PARENT, 100 + index);
		for (unsigned at = 0; at < sizeof(stacks[index]); at += 8) put(stacks[index], at, address(channels[index]));
		put(channels[index], RECEIVERS, address(sudogs[index]));
		put(sudogs[index], SUDOG_C, address(channels[index]));
		/* Each waits for the other. */
		put(sudogs[index], SUDOG_G, address(goroutines[1 - index]));
	}
	put(thread, M_CURRENT, address(goroutines[0]));
	current = goroutines[0];

	if (strcmp(lie, "a number beyond all") == 0) put(goroutines[0], G_ID, UINT64_MAX);
	if (strcmp(lie, "another goroutine") == 0) put(thread, M_CURRENT, address(goroutines[1])), put(goroutines[1], G_M, 0);
	if (strcmp(lie, "no addresses") == 0 || strcmp(lie, "kernel addresses") == 0) current = (void *)nowhere;
	if (strcmp(lie, "a stack of no memory") == 0) put(goroutines[0], 8, nowhere), put(goroutines[0], 0, 0);
	if (strcmp(lie, "a stack without end") == 0) put(goroutines[0], 0, 0), put(goroutines[0], 8, UINT64_MAX);
	if (strcmp(lie, "waiters of no memory") == 0) put(sudogs[0], SUDOG_G, nowhere);
	if (strcmp(lie, "no goroutine") == 0) current = 0;

	puts("ready"), fflush(stdout), getchar();
	int one = socket(AF_INET, SOCK_DGRAM, 0), two = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(name);
	bind(two, (void *)&name, size), getsockname(two, (void *)&name, &size), connect(one, (void *)&name, size);
	write(one, "lie", 3);
	return 0;
}
