import { useQuery } from '@tanstack/react-query';
import { Link } from 'wouter';
import { getJson } from '../api/get-json.ts';
import { ErrorNotice, Notice } from '../shell/notice.tsx';

interface TraceList {
  readonly traces: readonly { readonly trace_id: string; readonly root_endpoint: string }[];
}

/** Finds traces. */
export function SearchPage(): React.ReactNode {
  const { data, error, refetch } = useQuery({
    queryKey: ['traces'],
    queryFn: ({ signal }) => getJson<TraceList>('/api/traces', signal),
  });
  if (error !== null)
    return <ErrorNotice error={error} title="The traces could not be read" retry={() => void refetch()} />;
  if (data === undefined) return <Notice kind="loading">Reading traces …</Notice>;
  return (
    <ul>
      {data.traces.map((trace) => (
        <li key={trace.trace_id}>
          <Link href={`/trace/${trace.trace_id}`}>{trace.root_endpoint}</Link>
        </li>
      ))}
    </ul>
  );
}
