const texts: Readonly<Record<string, string>> = {
  'c-p': 'process of the client',
  c: 'network interface of the client',
  'c-nd': 'node of the client',
  'c-gw': "gateway, the client's side",
  local: 'interface within one machine',
  rest: 'on the network',
  's-gw': "gateway, the server's side",
  's-nd': 'node of the server',
  s: 'network interface of the server',
  's-p': 'process of the server',
  'c-app': 'reported by the client application',
  app: 'reported by the application',
  's-app': 'reported by the server application',
};

/** An observation point of schemas/observation-points.ts in words. */
export const pointText = (point: string): string => texts[point] ?? `on the network (${point})`;
