// SPDX-License-Identifier: Apache-2.0
#include "runtimes/python-probes.h"

#include <fcntl.h>

#include "file-probe.h"

namespace spanloom {

PythonProbes::PythonProbes(int program, std::string refusal)
    : program_(fcntl(program, F_DUPFD_CLOEXEC, 0)), refusal_(std::move(refusal)) {}

std::string PythonProbes::attach(const FileIdentity& identity, const Descriptor& file, uint64_t offset, uint32_t owner) {
  std::string error = refusal_;
  if (files_.is_known(identity)) return "";
  Descriptor probe;
  if (error.empty()) probe = attach_probe(program_, file, offset, ProbeMoment::kReturn, error);
  files_.remember(identity, owner, std::move(probe));
  return error;
}

}  // namespace spanloom
