import type { Conversation, Dissector, Message, RecognitionHints, Recognition, Segment, Sender } from './dissector.ts';

/** Takes what a dissector threw, which is a fault of its code: some bytes were not thought of. */
export type DissectorFailure = (dissector: Dissector, error: unknown) => void;

/**
 * The same dissector, but a fault of it costs one conversation: it is desynchronized from then on, and every other goes on. What the
 * caller throws while it takes a message is no fault of the dissector, and goes on to the caller.
 */
export function guardDissector(dissector: Dissector, failed: DissectorFailure): Dissector {
  const fail = (error: unknown): void => failed(dissector, error);
  return {
    ...dissector,
    recognise: (bytes, hints): Recognition => {
      try {
        return dissector.recognise(bytes, hints);
      } catch (error) {
        fail(error);
        return 'no';
      }
    },
    needsAnswer: (bytes, hints): boolean => {
      try {
        return dissector.needsAnswer?.(bytes, hints) === true;
      } catch (error) {
        fail(error);
        return true;
      }
    },
    open: <Origin>(hints?: RecognitionHints) => new GuardedConversation<Origin>(dissector.open(hints), fail),
  };
}

class GuardedConversation<Origin> implements Conversation<Origin> {
  private readonly conversation: Conversation<Origin>;
  private readonly fail: (error: unknown) => void;
  private hasFailed = false;
  /** Set while the caller takes a message. */
  private isReporting = false;
  private report!: (message: Message<Origin>) => void;
  private readonly reportMarked = (message: Message<Origin>): void => {
    this.isReporting = true;
    this.report(message);
    this.isReporting = false;
  };

  constructor(conversation: Conversation<Origin>, fail: (error: unknown) => void) {
    this.conversation = conversation;
    this.fail = fail;
  }

  get desynchronized(): boolean {
    return this.hasFailed || this.conversation.desynchronized;
  }

  read(sender: Sender, segment: Segment<Origin>, report: (message: Message<Origin>) => void): void {
    // What is replayed to a conversation just opened comes in several calls.
    if (this.hasFailed) return;
    this.report = report;
    try {
      this.conversation.read(sender, segment, this.reportMarked);
    } catch (error) {
      this.handle(error);
    }
  }

  end(report: (message: Message<Origin>) => void): void {
    if (this.hasFailed) return;
    this.report = report;
    try {
      this.conversation.end(this.reportMarked);
    } catch (error) {
      this.handle(error);
    }
  }

  private handle(error: unknown): void {
    if (this.isReporting) throw error;
    this.hasFailed = true;
    this.fail(error);
  }
}
