// SPDX-License-Identifier: Apache-2.0
#include "runtimes/java-process.h"

#include <array>

#include "runtimes/java-fields.h"

namespace spanloom {
namespace {

constexpr size_t kMaxVersionBytes = 64;
constexpr uint32_t kMaxThreads = 64;
constexpr uint64_t kMaxModule = 4096;
// Fields of an object lie behind its header.
constexpr int32_t kMaxObjectBytes = 1024;

enum Field {
  kVirtualThread,
  kPlatformThread,
  kMonitorOwner,
  kOsThread,
  kOsThreadOfBase,
  kOsThreadId,
  kPthread,
  kThreads,
  kThreadCount,
  kThreadArray,
  kVersion
};

std::array<JavaField, 11> published_fields() {
  return {{{"JavaThread", "_vthread"},
           {"JavaThread", "_threadObj"},
           {"JavaThread", "_monitor_owner_id"},
           {"JavaThread", "_osthread"},
           {"Thread", "_osthread"},
           {"OSThread", "_thread_id"},
           {"OSThread", "_pthread_id"},
           {"ThreadsSMRSupport", "_java_thread_list", true},
           {"ThreadsList", "_length"},
           {"ThreadsList", "_threads"},
           {"Abstract_VM_Version", "_s_vm_release", true}}};
}

uint64_t word_at(BoundedReader& memory, uint64_t address) {
  uint64_t word = 0;
  return memory.read(address, word) ? word : 0;
}

uint32_t number_at(BoundedReader& memory, uint64_t address) {
  uint32_t number = 0;
  return memory.read(address, number) ? number : 0;
}

// A field of java.lang.Thread; 0 before the process has laid out its classes.
uint16_t object_field(BoundedReader& memory, uint64_t variable) {
  int32_t offset = 0;
  if (!memory.read(variable, offset) || offset < 0 || offset > kMaxObjectBytes) return 0;
  return static_cast<uint16_t>(offset);
}

// The way of the kernel programs to a JavaThread, with `storage` as in spanloom_java. On x86_64 a thread of the C library is
// known by the address that its thread pointer has.
bool leads_to(BoundedReader& memory, uint64_t thread, const spanloom_java& layout, uint64_t pthread_at, uint64_t storage) {
  const uint64_t pthread = word_at(memory, word_at(memory, thread + layout.os_thread) + pthread_at);
  const uint64_t block = word_at(memory, word_at(memory, pthread + sizeof(uint64_t)) + storage);
  return word_at(memory, block + layout.current_thread) == thread;
}

// From the vector of storage blocks to the pointer to the one of libjvm.so: glibc has 16 bytes for each, musl 8. 0: none of
// the threads has it there.
uint32_t find_storage(BoundedReader& memory, const std::array<JavaField, 11>& fields, const spanloom_java& layout, uint64_t module) {
  const uint64_t threads = word_at(memory, *fields[kThreads].value);
  const uint64_t array = word_at(memory, threads + *fields[kThreadArray].value);
  const uint32_t count = std::min(number_at(memory, threads + *fields[kThreadCount].value), kMaxThreads);
  for (uint32_t index = 0; index < count; index++) {
    const uint64_t thread = word_at(memory, array + index * sizeof(uint64_t));
    // Those of the virtual machine itself are of other classes.
    if (thread == 0 || word_at(memory, thread) != layout.thread_methods) continue;
    for (const uint32_t bytes : {16U, 8U}) {
      const uint32_t storage = static_cast<uint32_t>(module) * bytes;
      if (leads_to(memory, thread, layout, *fields[kPthread].value, storage)) return storage;
    }
  }
  return 0;
}

void read_pointers(BoundedReader& memory, const JavaLibrary& library, uint64_t moved_by, spanloom_java& layout) {
  if (library.bad_bits != 0 && word_at(memory, library.bad_bits + moved_by) != 0) {
    layout.pointers = SPANLOOM_JAVA_COLOURED;
    layout.bad_bits = library.bad_bits + moved_by;
  } else if (library.bad_address_bits != 0 && word_at(memory, library.bad_address_bits + moved_by) != 0) {
    layout.pointers = SPANLOOM_JAVA_MAPPED;
    layout.bad_bits = library.bad_address_bits + moved_by;
  }
}

// False where a field is not published, or lies where none can.
bool read_layout(const std::array<JavaField, 11>& fields, spanloom_java& layout) {
  const auto take = [&fields](Field field, uint16_t& offset) {
    if (!fields[field].value.has_value() || *fields[field].value > UINT16_MAX) return false;
    offset = static_cast<uint16_t>(*fields[field].value);
    return true;
  };
  // JDK 24 and later.
  if (!take(kMonitorOwner, layout.monitor_owner)) layout.monitor_owner = 0;
  for (const Field field : {kPthread, kThreads, kThreadCount, kThreadArray})
    if (!fields[field].value.has_value()) return false;
  return take(kVirtualThread, layout.virtual_thread) && take(kPlatformThread, layout.platform_thread) &&
         (take(kOsThread, layout.os_thread) || take(kOsThreadOfBase, layout.os_thread)) &&
         take(kOsThreadId, layout.os_thread_id);
}

}  // namespace

JavaProcess read_java_process(const ByteSource& source, const JavaLibrary& library, uint64_t library_at) {
  JavaProcess process;
  BoundedReader memory(source);
  const uint64_t moved_by = library_at - library.first_byte;
  uint64_t entry_bytes = 0;
  if (!memory.read(library.entry.back() + moved_by, entry_bytes)) {
    process.problem = "Its memory cannot be read, which takes CAP_SYS_PTRACE.";
    return process;
  }
  process.is_early = entry_bytes == 0;
  if (process.is_early) return process;
  std::array<JavaField, 11> fields = published_fields();
  read_java_fields(memory, library, moved_by, fields);
  if (fields[kVersion].value.has_value())
    process.version = read_java_text(memory, word_at(memory, *fields[kVersion].value), kMaxVersionBytes);
  spanloom_java& layout = process.layout;
  if (!read_layout(fields, layout)) {
    process.problem = "It does not publish where its virtual threads are.";
    return process;
  }
  layout.thread_methods = library.thread_methods + moved_by;
  layout.safepoint_counter = library.safepoint_counter + moved_by;
  layout.current_thread = static_cast<uint32_t>(library.current_thread);
  layout.tid = object_field(memory, library.tid_offset + moved_by);
  layout.eetop = object_field(memory, library.eetop_offset + moved_by);
  read_pointers(memory, library, moved_by, layout);
  const uint64_t threads = word_at(memory, *fields[kThreads].value);
  process.is_early = layout.tid == 0 || layout.eetop == 0 || number_at(memory, threads + *fields[kThreadCount].value) == 0;
  if (process.is_early) return process;
  const uint64_t module = word_at(memory, library.module + moved_by);
  if (module > 0 && module <= kMaxModule) layout.storage = find_storage(memory, fields, layout, module);
  if (layout.storage == 0) process.problem = "Where its threads keep what they run cannot be told.";
  return process;
}

}  // namespace spanloom
