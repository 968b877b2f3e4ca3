/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the row of the table of offsets that the headers of one version of CPython give: python-offsets.py compiles it. */
#define Py_BUILD_CORE 1
#include <Python.h>

#include <stddef.h>
#include <stdio.h>

#include "internal/pycore_runtime.h"
#include "internal/pycore_interp.h"
#include "internal/pycore_context.h"

#if PY_VERSION_HEX >= 0x030b0000
#define THREADS_HEAD offsetof(PyInterpreterState, threads.head)
#else
#define THREADS_HEAD offsetof(PyInterpreterState, tstate_head)
#endif
/* Since 3.11 frames are in chunks of memory that each thread state has for itself. */
#if PY_VERSION_HEX >= 0x030b0000
#define STATE_STACK offsetof(PyThreadState, datastack_chunk)
_Static_assert(offsetof(_PyStackChunk, previous) == 0, "a chunk begins with the pointer to the one before it");
#else
#define STATE_STACK ((size_t)0)
#endif
/* Since 3.14 threading.Thread enters a new Context(), unless it is told to inherit one. */
#define BEGINS_THREADS (PY_VERSION_HEX >= 0x030e0000)

_Static_assert(sizeof(((PyThreadState *)0)->thread_id) == 8, "pthread_self() is an address");
_Static_assert(sizeof(((PyThreadState *)0)->id) == 8, "a word");
_Static_assert(sizeof(((PyContext *)0)->ctx_entered) == sizeof(int), "an int");

int main(void)
{
	printf("%s {.minor = %d, .interpreters = %zu, .threads = %zu, .state_next = %zu, .state_owner = %zu, "
	       ".state_context = %zu, .state_stack = %zu, .state_id = %zu, .context_previous = %zu, .context_entered = %zu, .begins_threads = %d},\n",
	       PY_VERSION, PY_MINOR_VERSION, offsetof(_PyRuntimeState, interpreters.head), THREADS_HEAD,
	       offsetof(PyThreadState, next), offsetof(PyThreadState, thread_id), offsetof(PyThreadState, context),
	       STATE_STACK, offsetof(PyThreadState, id),
	       offsetof(PyContext, ctx_prev), offsetof(PyContext, ctx_entered), BEGINS_THREADS);
	return 0;
}
