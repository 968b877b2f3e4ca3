// SPDX-License-Identifier: Apache-2.0
//
// Threads for what may hang: reading files and memory that other processes chose. Work is queued by its owner, the user
// whose process is looked at, and an owner has one piece of work running at a time: whoever makes one hang (a FUSE file
// system that does not answer) holds up the rest of its own work and no one else's. When all threads are held up, another is
// started, up to eight. Queues are bounded; what does not fit is refused.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace spanloom {

class InspectionPool {
 public:
  using Job = std::function<void()>;

  InspectionPool();
  // Waits for no thread: one that hangs may never end. Jobs that have not begun are dropped without being run.
  ~InspectionPool();
  InspectionPool(const InspectionPool&) = delete;
  InspectionPool& operator=(const InspectionPool&) = delete;

  // False when there is no room for more work of this owner, or of any.
  bool submit(uint32_t owner, Job job);

  // To be called now and then: work that waits behind threads that hang goes on in another.
  void tend();

  // Threads whose work has taken longer than a second.
  size_t hanging() const;

 private:
  struct State;
  const std::shared_ptr<State> state_;
};

}  // namespace spanloom
