// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include "block.h"

namespace spanloom {

// A Buffer of the bytes, without a copy where the runtime allows it; they are given away.
inline Napi::Buffer<uint8_t> buffer_from(Napi::Env env, Bytes& bytes) {
  const size_t size = bytes.size();
  if (size == 0) return Napi::Buffer<uint8_t>::New(env, 0);
  return Napi::Buffer<uint8_t>::NewOrCopy(env, bytes.release(), size, [](Napi::Env, uint8_t* data) { delete[] data; });
}

}  // namespace spanloom
