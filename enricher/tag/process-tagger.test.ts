import { describe, expect, test } from 'vitest';
import { resourceKindIndex } from '../../schemas/generated/resource.ts';
import { ProcessTagger } from './process-tagger.ts';

const facts = {
  processId: 10,
  startTimeNs: 1n,
  name: 'node',
  serviceName: 'shop',
  executable: '/usr/bin/node',
  containerId: '',
  podUid: '',
  resourceId: 7,
  hostResourceId: 3,
  environment: {},
};
const address = Uint8Array.of(10, 0, 0, 1);

describe('the side that was seen', () => {
  test('is its process and host', () => {
    const tagger = new ProcessTagger(10);
    tagger.learn([facts]);
    expect(tagger.local(10, address, 80)).toMatchObject({
      address,
      port: 80,
      hostId: 3,
      processResourceId: 7,
      autoInstanceId: 7,
      autoInstanceType: resourceKindIndex.process,
      autoServiceId: 7,
      autoServiceType: resourceKindIndex.process,
      resolution: 1,
      podId: 0,
    });
  });

  test('has the host when only other processes are known, and nothing before', () => {
    const tagger = new ProcessTagger(10);
    expect(tagger.local(11, address, 80)).toMatchObject({ hostId: 0, processResourceId: 0, resolution: 0 });
    const before = tagger.version;
    tagger.learn([facts]);
    expect(tagger.version).not.toBe(before);
    expect(tagger.local(11, address, 80)).toMatchObject({ hostId: 3, processResourceId: 0, resolution: 0 });
  });

  test('takes the newest facts', () => {
    const tagger = new ProcessTagger(10);
    tagger.learn([facts, { ...facts, resourceId: 8 }]);
    expect(tagger.local(10, address, 80).processResourceId).toBe(8);
  });
});

describe('the other side', () => {
  const loopbacks = [
    Uint8Array.of(127, 0, 0, 53),
    Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
    Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 1]),
  ];
  test.each(loopbacks.map((bytes) => [bytes]))('on loopback is on the same host', (bytes) => {
    const tagger = new ProcessTagger(10);
    tagger.learn([facts]);
    expect(tagger.peer(bytes, 80)).toMatchObject({ hostId: 3, resolution: 4, processResourceId: 0 });
  });

  test('elsewhere is only an address', () => {
    const tagger = new ProcessTagger(10);
    tagger.learn([facts]);
    expect(tagger.peer(address, 80)).toMatchObject({ hostId: 0, resolution: 0, port: 80 });
    const any = new Uint8Array(16);
    expect(tagger.peer(any, 80).hostId).toBe(0);
  });
});
