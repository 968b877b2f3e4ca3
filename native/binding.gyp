{
  "targets": [
    {
      "target_name": "spanloom_capture",
      "sources": [
        "binding.cc",
        "block.cc",
        "capture-file-objects.cc",
        "check.cc",
        "control-groups.cc",
        "diagnose.cc",
        "elf-file.cc",
        "elf-reader.cc",
        "encode.cc",
        "file-mappings.cc",
        "file-probe.cc",
        "flow-objects.cc",
        "heap.cc",
        "inspection-budget.cc",
        "inspection-pool.cc",
        "inspector.cc",
        "kernel-programs.cc",
        "layout.cc",
        "loop-probes.cc",
        "mailbox.cc",
        "network-links.cc",
        "packet-capture-object.cc",
        "packet-entries.cc",
        "poller.cc",
        "probe-stack.cc",
        "probed-files.cc",
        "process-files.cc",
        "process-memory.cc",
        "<!@(ls packets/*.cc redaction/*.cc runtimes/*.cc ../protocols/*/*.cc)",
        "redactor-object.cc",
        "seen-processes.cc",
        "staging.cc",
        "watchdog.cc"
      ],
      "include_dirs": ["../bpf", ".", ".."],
      "defines": ["NAPI_VERSION=9", "NAPI_DISABLE_CPP_EXCEPTIONS"],
      "cflags": ["-Wall", "-Wextra", "-Werror", "-fvisibility=hidden"],
      "cflags_cc!": ["-std=gnu++17"],
      "cflags_cc": [
        "-std=c++20",
        "-fno-exceptions",
        "-isystem <!(node -p \"require('node:path').dirname(require.resolve('node-addon-api'))\")"
      ],
      "libraries": ["-lbpf", "-lelf", "-lre2", "-ldl"]
    }
  ]
}
