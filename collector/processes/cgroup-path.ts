/** The container and pod of a process, from its cgroup paths. Both are empty outside containers and pods. */
export interface ContainerFacts {
  /** 64 hex digits. */
  readonly containerId: string;
  /** With dashes, as Kubernetes shows it; without for static pods. */
  readonly podUid: string;
}

/** Not part of a longer word, and not the monitor process that CRI-O keeps beside a container. */
const containerPattern = /(?<![0-9a-z])(?<!crio-conmon-|libpod-conmon-)([0-9a-f]{64})(?![0-9a-f])/g;
/** systemd slices write the dashes as underscores; uids of static pods are a hash without any. */
const podPattern =
  /(?:^|[/-])pod([0-9a-f]{8}([-_])[0-9a-f]{4}\2[0-9a-f]{4}\2[0-9a-f]{4}\2[0-9a-f]{12}|[0-9a-f]{32})(?![0-9a-f])/;

/**
 * Reads /proc/<pid>/cgroup of cgroup v1 (a line per hierarchy) or v2 (one line), as docker, containerd, CRI-O, podman and
 * the kubelet name their groups with either cgroup driver.
 */
export function parseCgroup(text: string): ContainerFacts {
  let podUid = '';
  let containerId = '';
  for (const line of text.split('\n')) {
    const path = line.split(':').slice(2).join(':');
    podUid ||= podPattern.exec(path)?.[1]?.replaceAll('_', '-') ?? '';
    // A container in a container (docker in docker, kind) has several ids in its path; the last is its own.
    containerId ||= [...path.matchAll(containerPattern)].at(-1)?.[1] ?? '';
  }
  return { containerId, podUid };
}
