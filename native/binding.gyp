{
  "targets": [
    {
      "target_name": "spanloom_capture",
      "sources": [
        "binding.cc",
        "block.cc",
        "check.cc",
        "diagnose.cc",
        "encode.cc",
        "file-mappings.cc",
        "kernel-programs.cc",
        "layout.cc",
        "loop-probes.cc",
        "poller.cc",
        "redact-database.cc",
        "redact-headers.cc",
        "redact-redis.cc",
        "redact.cc",
        "seen-processes.cc",
        "staging.cc"
      ],
      "include_dirs": ["../bpf"],
      "defines": ["NAPI_VERSION=9", "NAPI_DISABLE_CPP_EXCEPTIONS"],
      "cflags": ["-Wall", "-Wextra", "-Werror", "-fvisibility=hidden"],
      "cflags_cc!": ["-std=gnu++17"],
      "cflags_cc": [
        "-std=c++20",
        "-fno-exceptions",
        "-isystem <!(node -p \"require('node:path').dirname(require.resolve('node-addon-api'))\")"
      ],
      "libraries": ["-lbpf", "-lelf", "-lre2"]
    }
  ]
}
