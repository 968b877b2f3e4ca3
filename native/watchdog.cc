// SPDX-License-Identifier: Apache-2.0
#include "watchdog.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace spanloom {
namespace {

constexpr int kKilled = 128 + SIGKILL;

struct Watchdog {
  std::mutex mutex;
  std::condition_variable changed;
  uint64_t beats = 0;
  bool is_stopped = false;
};

// Says why, and ends the process. It must not wait for anything: standard error may be the very pipe that nobody reads and
// that the main thread waits for.
[[noreturn]] void end_process(const std::string& sentence) {
  pollfd standard_error = {STDERR_FILENO, POLLOUT, 0};
  if (poll(&standard_error, 1, 0) == 1 && (standard_error.revents & POLLOUT) != 0) {
    const ssize_t written = write(STDERR_FILENO, sentence.data(), sentence.size());
    static_cast<void>(written);
  }
  // No SIGABRT: a core dump would hold what was captured.
  kill(getpid(), SIGKILL);
  // The first process of a container takes no SIGKILL from within it.
  _exit(kKilled);
}

// Counts only turns of its own: while the process was stopped, or the machine slept, it took none either.
void watch(const std::shared_ptr<Watchdog>& dog, uint64_t limit_ticks, uint64_t tick_ms, const std::string& sentence) {
  uint64_t seen = 0;
  uint64_t still_ticks = 0;
  std::unique_lock<std::mutex> lock(dog->mutex);
  while (!dog->is_stopped) {
    dog->changed.wait_for(lock, std::chrono::milliseconds(tick_ms));
    if (dog->is_stopped) return;
    still_ticks = dog->beats == seen ? still_ticks + 1 : 0;
    seen = dog->beats;
    if (still_ticks >= limit_ticks) end_process(sentence);
  }
}

}  // namespace

Napi::Value start_watchdog(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const uint64_t limit_ms = static_cast<uint64_t>(info[0].ToNumber().Int64Value());
  const uint64_t tick_ms = static_cast<uint64_t>(info[1].ToNumber().Int64Value());
  const std::string sentence = info[2].ToString();
  const auto dog = std::make_shared<Watchdog>();
  // Signals are for the threads that wait for them.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  // Not joined: it also watches over the end of the process.
  std::thread(watch, dog, (limit_ms + tick_ms - 1) / tick_ms, tick_ms, sentence).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  Napi::Object object = Napi::Object::New(env);
  object.Set("beat", Napi::Function::New(env, [dog](const Napi::CallbackInfo&) {
               const std::lock_guard<std::mutex> lock(dog->mutex);
               dog->beats++;
             }));
  object.Set("stop", Napi::Function::New(env, [dog](const Napi::CallbackInfo&) {
               const std::lock_guard<std::mutex> lock(dog->mutex);
               dog->is_stopped = true;
               dog->changed.notify_all();
             }));
  return object;
}

void end_at_once(const Napi::CallbackInfo& info) { _exit(info[0].ToNumber().Int32Value()); }

}  // namespace spanloom
