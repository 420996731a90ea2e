import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import type { Live } from '../../../src/control/live.js';
import { announcement } from '../pure/sentence.js';
import { Feed, type Connection } from './feed.js';
import { token } from './token.js';

export interface Heard {
  readonly live: Live | undefined;
  readonly connection: Connection;
  /** What is to be said aloud. */
  readonly said: string;
}

/** All that the page knows, kept up to date while it is shown. */
export function useLive(): Heard & {
  readonly signIn: (value: string) => void;
  readonly signOut: () => void;
} {
  const [live, setLive] = useState<Live>();
  const [said, setSaid] = useState('');
  const [connection, setConnection] = useState<Connection>({ kind: 'connecting' });

  const feed = useMemo(() => {
    let before: Live | undefined;
    return new Feed({
      told(now) {
        const aloud = announcement(before, now);
        before = now;
        setLive(now);
        if (aloud !== undefined) setSaid(aloud);
      },
      connection: setConnection,
    });
  }, []);

  useEffect(() => {
    feed.start();
    return () => feed.stop();
  }, [feed]);

  const signIn = useCallback(
    (value: string) => {
      token.keep(value);
      setConnection({ kind: 'connecting' });
      feed.start();
    },
    [feed],
  );
  const signOut = useCallback(() => {
    token.forget();
    feed.stop();
    setLive(undefined);
    setConnection({ kind: 'token-wanted', isWrong: false });
  }, [feed]);

  return { live, connection, said, signIn, signOut };
}
