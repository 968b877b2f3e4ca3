// SPDX-License-Identifier: Apache-2.0
#include "check.h"

#include <cstring>
#include <memory>

#include "diagnose.h"
#include "kernel-programs.h"

namespace spanloom {
namespace {

// Attached and detached at once. Programs that others call have nothing to attach to: loaded is all there is. Any function does
// for the programs that are probes.
void try_attaching(bpf_program* program, const ProbeStack* stack, const std::string& loop_path, ProgramCheck& check) {
  if (attaches_itself(program)) {
    bpf_link* link = bpf_program__attach(program);
    if (link == nullptr) {
      check.error = explain_failure("Attaching " + check.name, -errno);
      return;
    }
    bpf_link__destroy(link);
  } else if (stack != nullptr) {
    check.error = stack->problem();
    if (!check.error.empty()) return;
    LoopProbes probes(bpf_program__fd(program));
    const int attached = probes.attach(loop_path, check.error);
    if (attached < 0) return;
    if (attached == 0) {
      check.error = loop_path + " has no symbols of an event loop to attach to.";
      return;
    }
  }
  check.attached = true;
}

ProgramCheck check_program(const Options& options, const std::string& name, const std::string& loop_path) {
  ProgramCheck check;
  check.name = name;
  bpf_object* object = open_object(options, check.error);
  if (object == nullptr) return check;
  bpf_program* program;
  bpf_object__for_each_program(program, object) bpf_program__set_autoload(program, name == bpf_program__name(program));
  program = bpf_object__find_program_by_name(object, name.c_str());
  std::unique_ptr<ProbeStack> stack;
  if (bpf_program__type(program) == BPF_PROG_TYPE_KPROBE) stack = std::make_unique<ProbeStack>(program);
  const int result = bpf_object__load(object);
  if (result == 0) {
    check.loaded = true;
    try_attaching(program, stack.get(), loop_path, check);
  } else {
    check.error = explain_failure("Loading " + name, result);
  }
  bpf_object__close(object);
  return check;
}

}  // namespace

KernelCheck check_kernel(const std::string& object_path, const std::string& loop_path) {
  KernelCheck result;
  Options options;
  options.object_path = object_path;
  options.ring_bytes = 65536;
  options.max_sockets = 1024;

  std::string error;
  bpf_object* object = open_object(options, error);
  if (object == nullptr) {
    result.missing.push_back(error);
    return result;
  }
  std::vector<std::string> names;
  bpf_program* program;
  bpf_object__for_each_program(program, object) names.push_back(bpf_program__name(program));
  bpf_object__close(object);

  for (const std::string& name : names) result.programs.push_back(check_program(options, name, loop_path));
  result.missing = missing_requirements();
  return result;
}

}  // namespace spanloom
