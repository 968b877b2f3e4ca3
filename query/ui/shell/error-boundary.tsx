import { Component } from 'react';
import { ErrorNotice } from './notice.tsx';

interface State {
  readonly error?: unknown;
}

/** Shows what failed while the page was drawn, instead of nothing. */
export class ErrorBoundary extends Component<{ readonly children: React.ReactNode }, State> {
  override state: State = {};

  static getDerivedStateFromError(error: unknown): State {
    return { error };
  }

  override render(): React.ReactNode {
    if (!('error' in this.state)) return this.props.children;
    return (
      <ErrorNotice error={this.state.error} title="The page failed to show this" retry={() => location.reload()} />
    );
  }
}
