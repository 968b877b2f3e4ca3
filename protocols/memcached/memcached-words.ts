import { words } from '../words.ts';

/** Commands of the text protocol (doc/protocol.txt of memcached). They are case-sensitive. */
export const textCommands = words(`
  get gets gat gats set add replace append prepend cas incr decr delete touch mg ms md ma mn me
  stats flush_all version verbosity quit cache_memlimit shutdown slabs lru lru_crawler watch extstore misbehave
`);

/** First words of lines that a server sends. */
export const replyWords = words(`
  VALUE END STORED NOT_STORED EXISTS NOT_FOUND DELETED TOUCHED OK ERROR CLIENT_ERROR SERVER_ERROR VERSION STAT ITEM
  RESET BUSY BADCLASS NOSPARE NOTFULL UNSAFE SAME BLOCKED HD VA EN NS EX NF MN ME
`);
