const quietMs = 2_000;
const terminalEveryMs = 200;
const logEveryMs = 5_000;

/** Reports progress on standard error for work that takes more than two seconds. */
export interface Progress {
  /** What is true now, such as '12 000 of 48 000 events'. */
  update(text: string): void;
  /** Removes the line from the terminal. */
  end(): void;
}

/** Starts reporting: a terminal rewrites one line, other outputs get a line every five seconds. */
export function startProgress(what: string, stream: NodeJS.WriteStream = process.stderr): Progress {
  const startMs = performance.now();
  const state = { text: '', shown: false, shownAtMs: 0 };
  const show = (): void => {
    const elapsedMs = performance.now() - startMs;
    // Timers that were held up come together.
    if (elapsedMs < quietMs || elapsedMs - state.shownAtMs < terminalEveryMs / 2) return;
    state.shownAtMs = elapsedMs;
    const line = `${what} … ${state.text === '' ? '' : `${state.text}, `}${(elapsedMs / 1000).toFixed(0)} s`;
    stream.write(stream.isTTY ? `\r\x1b[K${line.slice(0, stream.columns - 1)}` : `${line}\n`);
    state.shown = true;
  };
  const first = setTimeout(show, quietMs);
  const timer = setInterval(show, stream.isTTY ? terminalEveryMs : logEveryMs);
  first.unref();
  timer.unref();
  return {
    update(text) {
      state.text = text;
    },
    end() {
      clearTimeout(first);
      clearInterval(timer);
      if (state.shown && stream.isTTY) stream.write('\r\x1b[K');
      state.shown = false;
    },
  };
}
