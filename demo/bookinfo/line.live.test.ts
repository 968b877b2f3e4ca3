import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, it } from 'vitest';
import { projectFile } from '../../core/project-files.ts';
import { describeWhere } from '../../test/requirement.ts';
import { startChild, type Child } from '../child.ts';
import type { Command } from '../unprivileged.ts';
import { bookinfoMissing } from './bookinfo.ts';
import { endingWithParent } from './ending-with-parent.ts';
import { startNamespace, type Namespace } from './namespace.ts';

const run = promisify(execFile);

const echo = `import socket
echo = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
echo.bind(("10.9.0.2", 7))
while True: echo.sendto(*echo.recvfrom(100))`;
const ask = `import socket
asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asking.settimeout(1)
asking.sendto(b"there?", ("10.9.0.2", 7))
asking.recv(100)`;
const python = (script: string): Command => ({ command: 'python3', args: ['-c', script] });

describeWhere(bookinfoMissing(), 'the line between nodes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spanloom-test-line-'));
  const stopped: (Namespace | Child)[] = [];
  let middle: Namespace;
  let [one, other]: readonly [Namespace?, Namespace?] = [];
  let line: Child;

  beforeAll(async () => {
    const started = async (name: string): Promise<Namespace> => {
      const namespace = await startNamespace(name, folder);
      stopped.push(namespace);
      return namespace;
    };
    [middle, one, other] = [await started('middle'), await started('one'), await started('other')];
    await middle.configure([
      `link add left type veth peer name eth0 netns ${one.processId}`,
      `link add right type veth peer name eth0 netns ${other.processId}`,
      'link set left up',
      'link set right up',
    ]);
    for (const [namespace, number] of [
      [one, 1],
      [other, 2],
    ] as const)
      await namespace.configure([`addr add 10.9.0.${number}/24 dev eth0`, 'link set eth0 up']);
    stopped.push(
      await startChild({
        name: 'echo',
        ...other.inside(endingWithParent(python(echo))),
        stopSignal: 'SIGTERM',
        logPath: join(folder, 'echo.log'),
      }),
    );
    const script = projectFile('demo', 'services', 'bookinfo', 'line.py');
    line = await startChild({
      name: 'line',
      ...middle.inside(endingWithParent({ command: 'python3', args: [script, 'left', 'right', '1', '0'] })),
      stopSignal: 'SIGTERM',
      logPath: join(folder, 'line.log'),
    });
    stopped.push(line);
  });
  afterAll(async () => {
    for (const part of stopped.toReversed()) await part.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Asks until there is an answer, or the line has ended. */
  const untilAnswered = async (): Promise<void> => {
    const { command, args } = one!.inside(python(ask));
    const end = line.ended.then(() => Promise.reject(new Error(`the line has ended: ${line.logEnd()}`)));
    const answered = async (): Promise<boolean> => {
      try {
        await run(command, args);
        return true;
      } catch {
        return false;
      }
    };
    while (!(await Promise.race([answered(), end])));
  };
  /** Sends what nobody answers: as many frames as fit into a queue. */
  const flood = async (bytes: number): Promise<void> => {
    const script = `import socket
packets = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
packets.bind(("eth0", 0x88b5))
for _ in range(3000): packets.send(b"\\xff" * 6 + b"\\x02" * 6 + b"\\x88\\xb5" + bytes(${bytes}))`;
    const { command, args } = one!.inside(python(script));
    await run(command, args);
  };

  it('goes on when an interface was down', async () => {
    await untilAnswered();
    await middle.configure(['link set right down']);
    await flood(100);
    await middle.configure(['link set right up']);
    await untilAnswered();
    await middle.configure(['link set left down', 'link set left up']);
    await untilAnswered();
  });

  it('goes on when frames did not fit', async () => {
    await middle.configure(['link set right mtu 600']);
    await flood(1_000);
    await middle.configure(['link set right mtu 1500']);
    await untilAnswered();
  });
});
