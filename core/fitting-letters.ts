/**
 * Shortens dead letters that exceed the bus's limit. A message may be as large as the limit, and its letter, which contains it
 * whole, is larger. A stage that could not send the letter would end, and end again each time it reads the message. So a
 * letter that the bus refuses is sent without the value and with shortened texts, and says so.
 */
import { type DeadLetter, readDeadLetter, writeDeadLetter } from '../schemas/generated/dead-letter.ts';
import type { Bus, OutgoingMessage, Producer } from './bus/bus.ts';
import { decodeValue, encodeValue, outgoingMessage } from './codec.ts';
import { hasCode } from './errors.ts';
import type { Topic } from './topics.ts';

/** Characters that are kept of a key and of a detail, and of all headers together. */
const keptCharacters = 1024;

/** A bus whose producers send letters of any size. */
export function withFittingLetters(bus: Bus): Bus {
  return {
    servers: bus.servers,
    ensureTopics: (topics) => bus.ensureTopics(topics),
    producer: async () => fitting(await bus.producer()),
    consumer: (options) => bus.consumer(options),
    close: () => bus.close(),
  };
}

const isLetter = ({ topic }: OutgoingMessage): boolean => topic === ('dead-letter' satisfies Topic);

function fitting(producer: Producer): Producer {
  return {
    async send(messages) {
      try {
        await producer.send(messages);
      } catch (error) {
        if (!hasCode(error, 'BUS_MESSAGE_TOO_LARGE') || !messages.some(isLetter)) throw error;
        // What was stored before is there twice then, as after any other failure.
        for (const message of messages) await sendFitting(producer, message);
      }
    },
    close: () => producer.close(),
  };
}

async function sendFitting(producer: Producer, message: OutgoingMessage): Promise<void> {
  try {
    await producer.send([message]);
  } catch (error) {
    const short = hasCode(error, 'BUS_MESSAGE_TOO_LARGE') && isLetter(message) ? shortened(message) : undefined;
    if (short === undefined) throw error;
    await producer.send([short]);
  }
}

/** The letter without the message's value, and without what is long of the rest. */
function shortened({ key, value, headers = {} }: OutgoingMessage): OutgoingMessage | undefined {
  const decoded = decodeValue('DeadLetter', { value: Buffer.from(value), headers }, readDeadLetter);
  if (decoded.kind === 'rejected') return undefined;
  const letter = decoded.value;
  const note = `; the message is not here, since with it the letter of ${value.length} bytes is larger than the bus takes`;
  const short: DeadLetter = {
    ...letter,
    detail: letter.detail.slice(0, keptCharacters) + note,
    key: letter.key.slice(0, keptCharacters),
    headers: Object.entries(letter.headers).flat().join('').length > keptCharacters ? {} : letter.headers,
    value: Buffer.alloc(0),
  };
  return outgoingMessage('dead-letter' satisfies Topic, key, 'DeadLetter', encodeValue(short, writeDeadLetter));
}
