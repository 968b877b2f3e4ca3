import { useParams } from 'wouter';
import { Notice } from '../shell/notice.tsx';

/** Shows one trace. */
export function TracePage(): React.ReactNode {
  const { id } = useParams<{ readonly id: string }>();
  return <Notice kind="empty" title={`Trace ${id}`} />;
}
