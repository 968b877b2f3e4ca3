// SPDX-License-Identifier: Apache-2.0
#include "inspection-pool.h"

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <unordered_map>

namespace spanloom {
namespace {

constexpr size_t kMaxThreads = 8;
constexpr size_t kMaxWaitingOfOwner = 1024;
constexpr size_t kMaxWaiting = 8192;
constexpr std::chrono::seconds kHangingAfter{1};

using Clock = std::chrono::steady_clock;

}  // namespace

struct InspectionPool::State {
  struct Owner {
    std::deque<Job> waiting;
    bool is_running = false;
  };

  mutable std::mutex mutex;
  std::condition_variable wake;
  // Only owners with work.
  std::unordered_map<uint32_t, Owner> owners;
  // Owners whose next job may begin, in turns.
  std::deque<uint32_t> turns;
  std::list<Clock::time_point> running;
  size_t waiting = 0;
  size_t threads = 0;
  bool is_ending = false;

  size_t hanging() const {
    const Clock::time_point now = Clock::now();
    size_t count = 0;
    for (const Clock::time_point begun : running)
      if (now - begun > kHangingAfter) count++;
    return count;
  }

  // Starts a thread when all that there are hang. Where the machine has no room for one, a later call tries again.
  static void add_thread(const std::shared_ptr<State>& state) {
    if (state->turns.empty() || state->threads >= kMaxThreads || state->threads > state->hanging()) return;
    auto* owned = new std::shared_ptr<State>(state);
    const auto begin = [](void* passed) -> void* {
      const std::unique_ptr<std::shared_ptr<State>> own(static_cast<std::shared_ptr<State>*>(passed));
      work(*own);
      return nullptr;
    };
    pthread_t thread;
    if (pthread_create(&thread, nullptr, begin, owned) != 0) {
      delete owned;
      return;
    }
    pthread_detach(thread);
    state->threads++;
  }

  // One job after the other, each without the lock.
  static void work(const std::shared_ptr<State>& state) {
    // At most 15 characters.
    pthread_setname_np(pthread_self(), "inspect");
    std::unique_lock lock(state->mutex);
    for (;;) {
      state->wake.wait(lock, [&state] { return state->is_ending || !state->turns.empty(); });
      if (state->is_ending) return;
      const uint32_t id = state->turns.front();
      state->turns.pop_front();
      Owner& owner = state->owners[id];
      Job job = std::move(owner.waiting.front());
      owner.waiting.pop_front();
      owner.is_running = true;
      state->waiting--;
      const auto begun = state->running.insert(state->running.end(), Clock::now());
      lock.unlock();
      job();
      job = nullptr;
      lock.lock();
      state->running.erase(begun);
      // References into an unordered_map stay valid until their element is erased.
      owner.is_running = false;
      if (owner.waiting.empty()) state->owners.erase(id);
      else state->turns.push_back(id);
    }
  }
};

InspectionPool::InspectionPool() : state_(std::make_shared<State>()) {}

InspectionPool::~InspectionPool() {
  std::deque<Job> dropped;
  {
    const std::lock_guard lock(state_->mutex);
    state_->is_ending = true;
    for (auto& [id, owner] : state_->owners)
      for (Job& job : owner.waiting) dropped.push_back(std::move(job));
    for (auto& [id, owner] : state_->owners) owner.waiting.clear();
  }
  state_->wake.notify_all();
}

bool InspectionPool::submit(uint32_t owner_id, Job job) {
  const std::lock_guard lock(state_->mutex);
  State& state = *state_;
  if (state.waiting >= kMaxWaiting) return false;
  State::Owner& owner = state.owners[owner_id];
  if (owner.waiting.size() >= kMaxWaitingOfOwner) return false;
  owner.waiting.push_back(std::move(job));
  state.waiting++;
  if (!owner.is_running && owner.waiting.size() == 1) state.turns.push_back(owner_id);
  State::add_thread(state_);
  state.wake.notify_one();
  return true;
}

void InspectionPool::tend() {
  const std::lock_guard lock(state_->mutex);
  State::add_thread(state_);
}

size_t InspectionPool::hanging() const {
  const std::lock_guard lock(state_->mutex);
  return state_->hanging();
}

}  // namespace spanloom
