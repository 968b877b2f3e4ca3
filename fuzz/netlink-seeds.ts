/** Answers of rtnetlink of each list, whole and interrupted. */
import {
  address,
  done,
  failure,
  interrupted,
  link,
  neighbour,
  route,
} from '../native/packets/testing/netlink-messages.ts';

/** The first byte says of which list; each datagram has its length before it. */
function input(list: number, datagrams: readonly Buffer[]): Buffer {
  const parts = datagrams.flatMap((datagram) => {
    const length = Buffer.alloc(2);
    length.writeUInt16LE(datagram.length);
    return [length, datagram];
  });
  return Buffer.concat([Buffer.from([list]), ...parts]);
}

export function netlinkAnswers(): readonly Buffer[] {
  const lists = [
    [link(1, 'lo'), link(2, 'eth0')],
    [address(1, 1), address(2, 7)],
    [neighbour(2, 8), neighbour(3, 9)],
    [neighbour(4, 8, true)],
    [route(2, 8), route(3, 9)],
  ];
  const again = { sequence: 2 };
  return [
    ...lists.map((messages, list) => input(list, [Buffer.concat(messages), done()])),
    ...lists.map((messages, list) => input(list, [Buffer.concat([...messages, failure()])])),
    input(0, [link(1, 'lo', { messageFlags: interrupted }), done(), link(1, 'lo', again), done(again)]),
  ];
}
