import { describe, expect, it } from 'vitest';
import { parseCgroup } from './cgroup-path.ts';

const id = '0123456789abcdef'.repeat(4);
const other = 'fedcba9876543210'.repeat(4);
const uid = '12345678-9abc-4def-8123-456789abcdef';
const slice = `pod${uid.replaceAll('-', '_')}`;

describe('container and pod of a process', () => {
  it.each([
    ['no container, v2', '0::/user.slice/user-1000.slice/session-1.scope\n', '', ''],
    ['no container, v1', '12:memory:/\n11:cpu,cpuacct:/system.slice/sshd.service\n', '', ''],
    ['the collector itself in a cgroup namespace', '0::/\n', '', ''],
    ['docker, v1, cgroupfs', `12:memory:/docker/${id}\n1:name=systemd:/docker/${id}\n`, id, ''],
    ['docker, v2, systemd', `0::/system.slice/docker-${id}.scope\n`, id, ''],
    ['docker, seen from another cgroup namespace', `0::/../../system.slice/docker-${id}.scope\n`, id, ''],
    ['docker, a group made inside the container', `0::/docker/${id}/init.scope\n`, id, ''],
    ['docker in docker: the inner one', `0::/docker/${other}/docker/${id}\n`, id, ''],
    ['podman', `0::/machine.slice/libpod-${id}.scope/container\n`, id, ''],
    ['podman, its monitor process', `0::/machine.slice/libpod-conmon-${id}.scope\n`, '', ''],
    ['nerdctl', `0::/system.slice/nerdctl-${id}.scope\n`, id, ''],
    ['containerd by ctr', `0::/default/${id}\n`, id, ''],
    ['kubelet, v1, cgroupfs', `3:cpu:/kubepods/burstable/pod${uid}/${id}\n`, id, uid],
    ['kubelet, guaranteed', `3:cpu:/kubepods/pod${uid}/${id}\n`, id, uid],
    [
      'kubelet, v2, systemd, containerd',
      `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-${slice}.slice/cri-containerd-${id}.scope\n`,
      id,
      uid,
    ],
    [
      'kubelet, systemd, CRI-O',
      `0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-${slice}.slice/crio-${id}.scope\n`,
      id,
      uid,
    ],
    ['CRI-O, its monitor process', `0::/kubepods.slice/kubepods-${slice}.slice/crio-conmon-${id}.scope\n`, '', uid],
    [
      'containerd with the systemd driver and cgroup v1',
      `4:memory:/system.slice/containerd.service/kubepods-besteffort-${slice}.slice:cri-containerd:${id}\n`,
      id,
      uid,
    ],
    ['kind: a node that is a container', `0::/docker/${other}/kubelet/kubepods/pod${uid}/${id}\n`, id, uid],
    [
      'docker, v1, systemd',
      `9:pids:/system.slice/docker-${id}.scope\n1:name=systemd:/system.slice/docker-${id}.scope\n`,
      id,
      '',
    ],
    ['docker, rootless', `0::/user.slice/user-1000.slice/user@1000.service/user.slice/docker-${id}.scope\n`, id, ''],
    ['kubelet, v2, cgroupfs, containerd', `0::/kubepods/besteffort/pod${uid}/${id}\n`, id, uid],
    ['kubelet, v2, cgroupfs, CRI-O', `0::/kubepods/burstable/pod${uid}/crio-${id}\n`, id, uid],
    [
      'kubelet, v1, systemd, docker',
      `7:freezer:/kubepods.slice/kubepods-pod${uid.replaceAll('-', '_')}.slice/docker-${id}.scope\n`,
      id,
      uid,
    ],
    [
      'kubelet, guaranteed, seen from the cgroup namespace of another pod',
      `0::/../../kubepods-pod${uid.replaceAll('-', '_')}.slice/cri-containerd-${id}.scope\n`,
      id,
      uid,
    ],
    [
      'a program of systemd within a container of a pod',
      `0::/kubepods.slice/kubepods-${slice}.slice/cri-containerd-${id}.scope/system.slice/app.service\n`,
      id,
      uid,
    ],
    ['the group of a pod itself, without a container', `0::/kubepods/burstable/pod${uid}\n`, '', uid],
    ['ECS', `4:memory:/ecs/task-1/${id}\n`, id, ''],
    ['a folder that only looks like a pod', '0::/user/podcast-12345678/app\n', '', ''],
    ['a static pod', `0::/kubepods/burstable/pod${other.slice(0, 32)}/${id}\n`, id, other.slice(0, 32)],
    ['the id only in one of several hierarchies', `2:rdma:/\n3:cpu:/docker/${id}\n0::/\n`, id, ''],
    ['a longer hexadecimal name is no id', `0::/build/${id}ff\n`, '', ''],
    ['nothing', '', '', ''],
    ['garbage', ':::\n\n::', '', ''],
  ])('%s', (_, text, containerId, podUid) => {
    expect(parseCgroup(text)).toEqual({ containerId, podUid });
  });
});
