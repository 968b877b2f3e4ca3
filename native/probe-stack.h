// SPDX-License-Identifier: Apache-2.0
//
// Guard of programs that are probes. Since 6.13 the kernel gives a program that uses 64 bytes of stack or more, in one of its
// functions, a stack per CPU (BPF_PRIV_STACK_MIN_SIZE, check_max_stack_depth() of its verifier). Another task may
// preempt a probe and enter the same program, which then overwrites that stack: kernels have crashed of it. So the kernel is
// asked, while it loads a probe, how much stack each function uses, and a probe with more than is safe is not attached.
#pragma once

#include <bpf/libbpf.h>

#include <memory>
#include <string>

namespace spanloom {

class ProbeStack {
 public:
  // Before the object is loaded, which writes to the memory of this object.
  explicit ProbeStack(bpf_program* program);

  // After it: empty, or one sentence why the program may not be attached.
  std::string problem() const;

 private:
  const std::string name_;
  const std::unique_ptr<char[]> log_;
};

}  // namespace spanloom
