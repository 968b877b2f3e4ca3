// A program that passes for one of CPython 3.11 and has lies where the runtime keeps its threads. Its argument says which.
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <pthread.h>

const unsigned long Py_Version = 0x030b02f0;
char _PyRuntime[8192];
static char interpreter[8192], states[2][512], contexts[2][64], chunks[2][64];

/* Offsets of CPython 3.11: native/runtimes/generated/python-offsets.h. */
enum { INTERPRETERS = 40, THREADS = 16, NEXT = 8, OWNER = 152, CONTEXT = 224, STACK = 296, ID = 240, PREVIOUS = 16, ENTERED = 40 };

static void put(char *structure, int offset, uint64_t value) { memcpy(structure + offset, &value, 8); }
static uint64_t address(const void *pointer) { return (uint64_t)(uintptr_t)pointer; }

/* As CPython: creates a context. */
__attribute__((noinline)) void *PyContext_CopyCurrent(void) { __asm__ volatile(""); return contexts[1]; }

int main(int count, char **arguments)
{
	const char *lie = count > 1 ? arguments[1] : "";
	const uint64_t no_memory = 16, of_kernel = 0xffff888000000000;
	pthread_key_t key, further;

	pthread_key_create(&key, 0);
	pthread_setspecific(key, states[0]);
	put(_PyRuntime, INTERPRETERS, address(interpreter));
	put(interpreter, THREADS, address(states[0]));
	put(states[0], OWNER, pthread_self());
	put(states[0], CONTEXT, address(contexts[0]));
	put(contexts[0], ENTERED, 1);
	put(contexts[1], ENTERED, 1);

	/* What user space follows. */
	if (strcmp(lie, "threads in a circle") == 0) put(states[0], NEXT, address(states[0]));
	if (strcmp(lie, "further keys") == 0) pthread_key_create(&further, 0), pthread_setspecific(further, states[0]);
	if (strcmp(lie, "no threads") == 0) put(interpreter, THREADS, 0);
	if (strcmp(lie, "threads of no memory") == 0) put(states[0], NEXT, no_memory), put(states[1], OWNER, no_memory);
	if (strcmp(lie, "owners of no memory") == 0) put(states[0], NEXT, address(states[1])), put(states[1], OWNER, of_kernel);
	if (strcmp(lie, "interpreters of the kernel") == 0) put(_PyRuntime, INTERPRETERS, of_kernel);

	if (strcmp(lie, "bytes of its code") == 0)
		while (getchar() != EOF) printf("%02x\n", *(unsigned char *)PyContext_CopyCurrent), fflush(stdout);

	puts("ready"), fflush(stdout), getchar();

	/* What the kernel programs follow. */
	if (strcmp(lie, "another owner") == 0) put(states[0], OWNER, address(states[0]));
	if (strcmp(lie, "a state of no memory") == 0) pthread_setspecific(key, (void *)no_memory);
	if (strcmp(lie, "a state of the kernel") == 0) pthread_setspecific(key, (void *)of_kernel);
	if (strcmp(lie, "a context of no memory") == 0) put(states[0], CONTEXT, no_memory);
	if (strcmp(lie, "a context of the kernel") == 0) put(states[0], CONTEXT, of_kernel);
	if (strcmp(lie, "no state") == 0) pthread_setspecific(key, 0);
	if (strcmp(lie, "no context") == 0) put(states[0], CONTEXT, 0);
	if (strcmp(lie, "its own context") == 0) put(contexts[0], ENTERED, 0);
	if (strcmp(lie, "copies of itself") == 0)
		for (int copies = 0; copies < 20; copies++) put(states[0], CONTEXT, address(PyContext_CopyCurrent()));

	int one = socket(AF_INET, SOCK_DGRAM, 0), two = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(name);
	bind(two, (void *)&name, size), getsockname(two, (void *)&name, &size), connect(one, (void *)&name, size);
	if (strstr(lie, "stack")) {
		/* In no context, as greenlets run. */
		put(states[0], CONTEXT, 0), put(states[0], STACK, address(chunks[0])), write(one, "first", 5);
		put(states[0], STACK, address(chunks[1]));
		if (strcmp(lie, "a stack of another state") == 0) put(states[0], ID, 1);
		if (strcmp(lie, "a stack in a circle") == 0) put(chunks[1], 0, address(chunks[1]));
		if (strcmp(lie, "a stack of no memory") == 0) put(states[0], STACK, no_memory);
		if (strcmp(lie, "a stack of the kernel") == 0) put(states[0], STACK, of_kernel);
		if (strcmp(lie, "the same stack, larger") == 0) put(chunks[1], 0, address(chunks[0]));
		if (strcmp(lie, "another stack, and none") == 0) write(one, "second", 6), put(states[0], STACK, 0);
	}
	write(one, "lie", 3);
	return 0;
}
