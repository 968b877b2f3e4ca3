// A library that passes for the libjvm.so of a JDK with virtual threads, and has lies where HotSpot keeps them: `run` is the
// main function of a program that is linked with it. Its first argument says which lie, its second how its JDK is.
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <pthread.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

struct entry { const char *type, *field, *text; int is_static; uint64_t offset; void *address; };
enum { VIRTUAL = 64, PLATFORM = 72, OWNER = 80, OS = 88, TID = 16, EETOP = 24 };

static struct { uint64_t pad, *threads; uint32_t length; } list;
static void *list_pointer = &list;
static const char *version = "21.0.0+fake\n";
static char thread[256], os_thread[64], object[64], own_object[64];
static uint64_t thread_list[1], virtual_handle, platform_handle;

static struct entry table[] = {
	{"JavaThread", "_vthread", "", 0, VIRTUAL, 0}, {"JavaThread", "_threadObj", "", 0, PLATFORM, 0},
	{"Thread", "_osthread", "", 0, OS, 0}, {"OSThread", "_thread_id", "", 0, 12, 0},
	{"OSThread", "_pthread_id", "", 0, 16, 0}, {"ThreadsList", "_length", "", 0, 16, 0},
	{"ThreadsList", "_threads", "", 0, 8, 0}, {"ThreadsSMRSupport", "_java_thread_list", "", 1, 0, &list_pointer},
	{"Abstract_VM_Version", "_s_vm_release", "", 1, 0, &version}, {"JavaThread", "_monitor_owner_id", "", 0, OWNER, 0}, {0}};

EXPORT struct entry *gHotSpotVMStructs = table;
EXPORT uint64_t gHotSpotVMStructEntryTypeNameOffset = 0, gHotSpotVMStructEntryFieldNameOffset = 8;
EXPORT uint64_t gHotSpotVMStructEntryIsStaticOffset = 24, gHotSpotVMStructEntryOffsetOffset = 32;
EXPORT uint64_t gHotSpotVMStructEntryAddressOffset = 40, gHotSpotVMStructEntryArrayStride = 48;
EXPORT uint64_t methods[4] asm("_ZTV10JavaThread");
EXPORT int tid_offset asm("_ZN16java_lang_Thread11_tid_offsetE") = TID;
EXPORT int eetop_offset asm("_ZN16java_lang_Thread13_eetop_offsetE") = EETOP;
EXPORT uint64_t counter asm("_ZN20SafepointSynchronize18_safepoint_counterE") = 8;
EXPORT uint64_t bad_bits asm("ZPointerLoadBadMask") = 0;
static __thread void *volatile current asm("_ZN6Thread12_thr_currentE");
EXPORT void JVM_VirtualThreadStart(void) {}

static void put(char *structure, int offset, uint64_t value) { memcpy(structure + offset, &value, 8); }
static uint64_t address(const void *pointer) { return (uint64_t)(uintptr_t)pointer; }

EXPORT int run(int count, char **arguments)
{
	const char *lie = count > 1 ? arguments[1] : "", *jdk = count > 2 ? arguments[2] : "";
	int is_old = strcmp(jdk, "21") == 0, os_id = syscall(SYS_gettid);
	uint64_t nowhere = strcmp(lie, "kernel addresses") == 0 ? 0xffff888000000000 : 16;

	/* The last entry says that the JavaThread has the number of what it runs. */
	if (is_old) table[sizeof(table) / sizeof(*table) - 2].type = 0;
	put(thread, 0, address(methods + 2));
	put(thread, VIRTUAL, address(&virtual_handle)), virtual_handle = address(object);
	put(thread, PLATFORM, address(&platform_handle)), platform_handle = address(own_object);
	put(thread, OWNER, 7);
	put(thread, OS, address(os_thread));
	memcpy(os_thread + 12, &os_id, 4);
	put(os_thread, 16, address((void *)pthread_self()));
	put(object, TID, 7);
	put(own_object, TID, 3), put(own_object, EETOP, address(thread));
	list.threads = thread_list, list.length = 1, thread_list[0] = address(thread);
	current = thread;

	if (strcmp(lie, "no thread in its list") == 0) thread_list[0] = 0;
	if (strcmp(lie, "a table without end") == 0) {
		/* It ends where memory does. */
		struct entry *pages = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		for (size_t at = 0; at < (1 << 20) / sizeof(*pages); at++) pages[at] = table[0];
		gHotSpotVMStructs = pages;
	}
	if (strcmp(lie, "no table") == 0) gHotSpotVMStructs = (void *)nowhere;
	if (strcmp(lie, "entries of no size") == 0) gHotSpotVMStructEntryArrayStride = 1;
	if (strcmp(lie, "entries beyond all") == 0) gHotSpotVMStructEntryArrayStride = UINT64_MAX;
	if (strcmp(lie, "pointers that none may follow") == 0) bad_bits = UINT64_MAX;
	puts("ready"), fflush(stdout), getchar();

	uint64_t number = strcmp(lie, "a number beyond all") == 0 ? UINT64_MAX : 0;
	if (number) put(object, TID, number), put(thread, OWNER, number);
	if (strcmp(lie, "the thread of another") == 0) os_id = 1, memcpy(os_thread + 12, &os_id, 4);
	if (strcmp(lie, "no addresses") == 0 || strcmp(lie, "kernel addresses") == 0) current = (void *)nowhere;
	if (strcmp(lie, "handles to nowhere") == 0) put(thread, VIRTUAL, nowhere);
	if (strcmp(lie, "objects that are nowhere") == 0) virtual_handle = nowhere;
	if (strcmp(lie, "the object of another") == 0) put(object, EETOP, address(os_thread));
	if (strcmp(lie, "another number than its object") == 0) put(object, TID, 8);
	if (strcmp(lie, "a safepoint") == 0) counter = 9;
	if (strcmp(lie, "no virtual thread") == 0) virtual_handle = platform_handle, put(thread, OWNER, 3);
	if (strcmp(lie, "no Java on this thread") == 0) current = 0;
	if (strcmp(lie, "a thread of the machine") == 0) put(thread, 0, address(methods));
	int one = socket(AF_INET, SOCK_DGRAM, 0), two = socket(AF_INET, SOCK_DGRAM, 0);
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(name);
	bind(two, (void *)&name, size), getsockname(two, (void *)&name, &size), connect(one, (void *)&name, size);
	write(one, "lie", 3);
	return 0;
}
