// SPDX-License-Identifier: Apache-2.0
//
// Tells the kernel programs where processes that run HotSpot keep their virtual threads. Each process is looked at, because
// each lays out its classes by itself; the file of the library is read once. Bounds: 64 libraries and
// SPANLOOM_MAX_JAVA_PROCESSES processes are remembered.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>

#include "descriptor.h"
#include "event.h"
#include "inspection-budget.h"
#include "process-files.h"
#include "runtimes/java-process.h"

namespace spanloom {

struct JavaInspection {
  // It has mapped a libjvm.so of a JDK that has virtual threads.
  bool has_virtual_threads = false;
  // It was looked at for the first time: what was found.
  std::optional<JavaProcess> found;
  // Not looked at: too much of this user at once, or the process has not started far enough.
  bool is_left_out = false;
};

class JavaProcesses {
 public:
  // Of the map java_processes, which is duplicated. `iterator`: the program describe_process, of the owner of this.
  JavaProcesses(const Descriptor& iterator, int map);

  // For any thread; may hang, see process-files.h. What is found counts from publish() on.
  JavaInspection inspect(const spanloom_process& process, uint32_t owner, InspectionBudget& budget);

  // Tells the kernel programs of a process that inspect() has found, and remembers it.
  void publish(const spanloom_process& process, uint32_t owner, const JavaProcess& found);

 private:
  struct Known {
    spanloom_java_process process;
    uint32_t owner;
  };
  struct KnownLibrary {
    FileIdentity identity;
    std::optional<JavaLibrary> library;
  };

  bool is_known(const spanloom_java_process& process) const;
  std::optional<KnownLibrary> library_of(uint32_t process_id, const MappedFile& mapped, uint32_t owner, InspectionBudget& budget);
  void forget(std::deque<Known>::iterator known);
  void make_room();

  const Descriptor& iterator_;
  const Descriptor map_;
  mutable std::mutex mutex_;
  // Oldest first.
  std::deque<Known> known_;
  std::deque<KnownLibrary> libraries_;
};

}  // namespace spanloom
