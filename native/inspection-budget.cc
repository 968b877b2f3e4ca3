// SPDX-License-Identifier: Apache-2.0
#include "inspection-budget.h"

#include <time.h>

#include <algorithm>

namespace spanloom {
namespace {

constexpr uint64_t kBudgetBytes = 256ULL * 1024 * 1024;
constexpr uint64_t kBudgetBytesPerSecond = 16ULL * 1024 * 1024;
constexpr uint64_t kLeastCostBytes = 256ULL * 1024;
constexpr size_t kMaxBudgets = 4096;

uint64_t now_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace

bool InspectionBudget::has(uint32_t owner) {
  const std::lock_guard lock(mutex_);
  const uint64_t now = now_ns();
  if (budgets_.size() >= kMaxBudgets && !budgets_.contains(owner)) budgets_.clear();
  Budget& budget = budgets_.try_emplace(owner, Budget{kBudgetBytes, now}).first->second;
  const uint64_t gained = (now - budget.at_ns) / 1'000'000 * kBudgetBytesPerSecond / 1000;
  if (gained > 0) {
    budget.bytes = std::min(kBudgetBytes, budget.bytes + gained);
    budget.at_ns = now;
  }
  return budget.bytes >= kLeastCostBytes;
}

void InspectionBudget::spend(uint32_t owner, uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  const auto budget = budgets_.find(owner);
  if (budget == budgets_.end()) return;
  budget->second.bytes -= std::min(budget->second.bytes, std::max(bytes, kLeastCostBytes));
}

}  // namespace spanloom
