const keptStatement = 'ours keeps the first 1,024 bytes of a statement; theirs is cut later';
const parameters = 'ours shows the statement; theirs the parameters, which are values of users';
const theirsIsCut = 'theirs counts the 1,024 bytes that were captured; ours those on the wire';
const command = 'ours writes commands in upper case, so that they are one endpoint';

/** Where another dissector says something else of a capture, and why ours is meant. */
export const knownDifferences: Readonly<Record<string, string>> = {
  'dns/nxdomain.pcap response 3 status':
    'the code is 3, NXDOMAIN; theirs calls it ok because the name ends as search lists of clusters do',
  'http/client-ip.pcap request 1 endpoint': 'theirs cuts every path after two segments',
  'mysql/mysql-error.pcap response 4 status':
    "SQLSTATE 42000 is the client's fault; theirs blames the server for every error",
  'mysql/mysql-exec.pcap request 1 resource': keptStatement,
  'mysql/mysql-exec.pcap request 2 resource': parameters,
  'mysql/mysql.pcap request 1 request_bytes':
    "the client's answer to the switch of authentication is part of the login; theirs leaves it out",
  'mysql/truncate-1024.pcap request 2 resource': parameters,
  'mysql/truncate-1024.pcap response 1 response_bytes': theirsIsCut,
  'mysql/truncate-1024.pcap response 2 response_bytes': theirsIsCut,
  'mysql/truncate-1024.pcap response 3 response_bytes': theirsIsCut,
  'redis/redis-error.pcap request 1 request_type': command,
  'redis/redis-error.pcap request 1 resource': command,
  'redis/redis-error.pcap response 1 exception': 'the minus sign is the type of the reply and no part of its text',
};
