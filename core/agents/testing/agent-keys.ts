import { AgentKey } from '../agent-key.ts';

/** Keys of two agents and of somebody who replays, for tests: the same in every run, and nowhere else. */

export const oneAgent = AgentKey.restore({
  privateKey: 'MC4CAQAwBQYDK2VwBCIEIEPwY6pueTowel+2x6Rdywp/JVJnj6fS8fqMWJPHC/OA',
  publicKey: 'VM9CEhQv-mjUMf2xNIez82Hpn4HfFj5Rzxau1vi4HDEAKn5fAAI32w',
});
export const otherAgent = AgentKey.restore({
  privateKey: 'MC4CAQAwBQYDK2VwBCIEIFsv8W9laJ9yWtigeN99olpTXLTbdiwatvnzKafO6tuQ',
  publicKey: 'IYf8kQQHmzQnETrrKi5c6Y9hRZlBplcBr80hsgaA1TzviIpYAABfHQ',
});
export const replayKey = AgentKey.restore({
  privateKey: 'MC4CAQAwBQYDK2VwBCIEIAzxTQzKghVLu98P9gghIT3CyizZIKEtgp8QN4RDBxTK',
  publicKey: '3QoXTguh5riSNYpbESuF8TFAHmYgeYvc-zp63_O0eWcAAAAAAAAAAA',
});
