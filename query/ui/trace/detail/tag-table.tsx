import type { SpanJson } from '../model/span-json.ts';

/** Names of both ends of a call, as they were when it began. */
export function TagTable({ span }: { readonly span: SpanJson }): React.ReactNode {
  const { client_names: client = {}, server_names: server = {} } = span;
  const kinds = [...new Set([...Object.keys(client), ...Object.keys(server)])].filter(
    (kind) => (client[kind] ?? '') !== '' || (server[kind] ?? '') !== '',
  );
  const end = ({ address, port }: SpanJson['client']): string => (port === 0 ? address : `${address} : ${port}`);
  return (
    <table className="tags">
      <caption className="only-read">Both ends of the call, as they were when it began</caption>
      <thead>
        <tr>
          <td />
          <th scope="col">Client</th>
          <th scope="col">Server</th>
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">address</th>
          <td className="mono">{end(span.client)}</td>
          <td className="mono">{end(span.server)}</td>
        </tr>
        {kinds.map((kind) => (
          <tr key={kind}>
            <th scope="row">{kind.replaceAll('_', ' ')}</th>
            <td>{client[kind] ?? ''}</td>
            <td>{server[kind] ?? ''}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
