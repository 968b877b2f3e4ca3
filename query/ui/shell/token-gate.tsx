import { useQueryClient } from '@tanstack/react-query';
import { useState, useSyncExternalStore } from 'react';
import { giveToken, isTokenWanted, onTokenChange } from '../api/token.ts';

/** Asks for the token of the API when it wants one, in place of what needs it. */
export function TokenGate({ children }: { readonly children: React.ReactNode }): React.ReactNode {
  const isWanted = useSyncExternalStore(onTokenChange, isTokenWanted);
  const queries = useQueryClient();
  const [token, setToken] = useState('');
  if (!isWanted) return children;
  return (
    <form
      className="token-gate"
      onSubmit={(event) => {
        event.preventDefault();
        queries.clear();
        giveToken(token.trim());
      }}
    >
      <h1>This server asks for a token</h1>
      <p>
        Whoever runs it has set <code>SPANLOOM_QUERY_TOKEN</code>. It is kept until you close this tab, and sent to this
        server only.
      </p>
      <label>
        Token
        <input
          type="password"
          value={token}
          autoFocus
          autoComplete="off"
          onChange={(event) => setToken(event.target.value)}
        />
      </label>
      <button type="submit" className="primary" disabled={token.trim() === ''}>
        Continue
      </button>
    </form>
  );
}
