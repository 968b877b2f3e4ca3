import { useEffect } from 'react';

/** Names the window after the page that is shown. */
export function useTitle(page: string): void {
  useEffect(() => {
    document.title = `${page} · spanloom`;
  }, [page]);
}
