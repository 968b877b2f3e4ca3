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
      FIELD(spanloom_event, context_ancestors),
      FIELD(spanloom_event, answers_to),
      FIELD(spanloom_event, woken_after),
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
      FIELD(spanloom_event, context_ancestor_count),
      FIELD(spanloom_event, path_length),
      FIELD(spanloom_event, path_is_local),
      FIELD(spanloom_event, woken_after_count),
      FIELD(spanloom_event, reserved),
      FIELD(spanloom_event, process_name),
      STRUCTURE(spanloom_go),
      FIELD(spanloom_go, g_distance),
      FIELD(spanloom_go, g_bytes),
      FIELD(spanloom_go, g_m),
      FIELD(spanloom_go, g_id),
      FIELD(spanloom_go, g_parent),
      FIELD(spanloom_go, g_start),
      FIELD(spanloom_go, m_current),
      FIELD(spanloom_go, sudog_g),
      FIELD(spanloom_go, sudog_channel),
      FIELD(spanloom_go, channel_receivers),
      FIELD(spanloom_go, reserved),
      STRUCTURE(spanloom_python),
      FIELD(spanloom_python, state_distance),
      FIELD(spanloom_python, state_owner),
      FIELD(spanloom_python, state_context),
      FIELD(spanloom_python, state_stack),
      FIELD(spanloom_python, state_id),
      FIELD(spanloom_python, context_previous),
      FIELD(spanloom_python, context_entered),
      FIELD(spanloom_python, begins_threads),
      FIELD(spanloom_python, reserved),
      STRUCTURE(spanloom_runtime),
      FIELD(spanloom_runtime, kind),
      FIELD(spanloom_runtime, is_readable),
      FIELD(spanloom_runtime, reserved),
      FIELD(spanloom_runtime, go),
      FIELD(spanloom_runtime, python),
      STRUCTURE(spanloom_java),
      FIELD(spanloom_java, thread_methods),
      FIELD(spanloom_java, safepoint_counter),
      FIELD(spanloom_java, bad_bits),
      FIELD(spanloom_java, storage),
      FIELD(spanloom_java, current_thread),
      FIELD(spanloom_java, platform_thread),
      FIELD(spanloom_java, virtual_thread),
      FIELD(spanloom_java, monitor_owner),
      FIELD(spanloom_java, os_thread),
      FIELD(spanloom_java, os_thread_id),
      FIELD(spanloom_java, tid),
      FIELD(spanloom_java, eetop),
      FIELD(spanloom_java, pointers),
      FIELD(spanloom_java, reserved),
      STRUCTURE(spanloom_java_process),
      FIELD(spanloom_java_process, start_ns),
      FIELD(spanloom_java_process, exec_id),
      FIELD(spanloom_java_process, process_id),
      FIELD(spanloom_java_process, reserved),
      STRUCTURE(spanloom_program),
      FIELD(spanloom_program, inode),
      FIELD(spanloom_program, bytes),
      FIELD(spanloom_program, modified_ns),
      FIELD(spanloom_program, device),
      FIELD(spanloom_program, reserved),
      STRUCTURE(spanloom_process),
      FIELD(spanloom_process, start_ns),
      FIELD(spanloom_process, exec_id),
      FIELD(spanloom_process, program),
      FIELD(spanloom_process, process_id),
      FIELD(spanloom_process, reserved),
      STRUCTURE(spanloom_knobs),
      FIELD(spanloom_knobs, payload_bytes),
      FIELD(spanloom_knobs, continuation_bytes),
      FIELD(spanloom_knobs, has_read_only_cast),
      FIELD(spanloom_knobs, reads_waiters),
      FIELD(spanloom_knobs, traces_unix),
      FIELD(spanloom_knobs, reads_wakes),
      STRUCTURE(spanloom_state),
      FIELD(spanloom_state, next_event_id),
      FIELD(spanloom_state, reserved_1),
      FIELD(spanloom_state, exclusion_epoch),
      FIELD(spanloom_state, runtime_epoch),
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
  for (const char* structure :
       {"spanloom_socket", "spanloom_event", "spanloom_go", "spanloom_python", "spanloom_java", "spanloom_java_process",
        "spanloom_runtime", "spanloom_program", "spanloom_process", "spanloom_knobs", "spanloom_state"}) {
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
