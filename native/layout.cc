// SPDX-License-Identifier: Apache-2.0
#include "layout.h"

#include <bpf/btf.h>

#include <cstddef>

#include "event.h"

namespace spanloom {

#define STRUCTURE(structure) {#structure, sizeof(struct structure)}
#define FIELD(structure, field) {#structure "." #field, offsetof(struct structure, field)}

Layout compiled_layout() {
  return {
      STRUCTURE(spanloom_socket),
      FIELD(spanloom_socket, socket_id),
      FIELD(spanloom_socket, network_namespace),
      FIELD(spanloom_socket, local_port),
      FIELD(spanloom_socket, remote_port),
      FIELD(spanloom_socket, local_address),
      FIELD(spanloom_socket, remote_address),
      FIELD(spanloom_socket, address_bytes),
      FIELD(spanloom_socket, transport),
      FIELD(spanloom_socket, role),
      FIELD(spanloom_socket, reserved),
      STRUCTURE(spanloom_event),
      FIELD(spanloom_event, id),
      FIELD(spanloom_event, time_ns),
      FIELD(spanloom_event, phase),
      FIELD(spanloom_event, after),
      FIELD(spanloom_event, connect_id),
      FIELD(spanloom_event, message_id),
      FIELD(spanloom_event, length),
      FIELD(spanloom_event, process_start_ns),
      FIELD(spanloom_event, context_id),
      FIELD(spanloom_event, context_parent),
      FIELD(spanloom_event, answers_to),
      FIELD(spanloom_event, socket),
      FIELD(spanloom_event, process_id),
      FIELD(spanloom_event, thread_id),
      FIELD(spanloom_event, file_descriptor),
      FIELD(spanloom_event, tcp_sequence),
      FIELD(spanloom_event, error),
      FIELD(spanloom_event, payload_length),
      FIELD(spanloom_event, kind),
      FIELD(spanloom_event, direction),
      FIELD(spanloom_event, context_kind),
      FIELD(spanloom_event, answers_to_count),
      FIELD(spanloom_event, reserved),
      FIELD(spanloom_event, process_name),
      STRUCTURE(spanloom_knobs),
      FIELD(spanloom_knobs, payload_bytes),
      FIELD(spanloom_knobs, continuation_bytes),
      FIELD(spanloom_knobs, has_read_only_cast),
      FIELD(spanloom_knobs, reserved),
      STRUCTURE(spanloom_state),
      FIELD(spanloom_state, next_event_id),
      FIELD(spanloom_state, reserved_1),
      FIELD(spanloom_state, exclusion_epoch),
      FIELD(spanloom_state, reserved_2),
      FIELD(spanloom_state, next_socket_id),
      FIELD(spanloom_state, losses),
      FIELD(spanloom_state, reserved_3),
  };
}

Layout object_layout(const std::string& object_path, std::string& error) {
  Layout layout;
  btf* types = btf__parse_elf(object_path.c_str(), nullptr);
  if (types == nullptr) {
    error = object_path + " has no type information; run `npm run build:bpf`.";
    return layout;
  }
  for (const char* structure : {"spanloom_socket", "spanloom_event", "spanloom_knobs", "spanloom_state"}) {
    const int id = btf__find_by_name_kind(types, structure, BTF_KIND_STRUCT);
    const btf_type* type = id > 0 ? btf__type_by_id(types, static_cast<uint32_t>(id)) : nullptr;
    if (type == nullptr) continue;
    layout[structure] = type->size;
    for (uint32_t index = 0; index < btf_vlen(type); index++) {
      const char* field = btf__name_by_offset(types, btf_members(type)[index].name_off);
      layout[std::string(structure) + "." + field] = btf_member_bit_offset(type, index) / 8;
    }
  }
  btf__free(types);
  return layout;
}

}  // namespace spanloom
