import type { Live } from '../../../src/control/live.js';
import type { Connection } from '../live/feed.js';
import type { Theme } from '../live/use-theme.js';
import { counted } from '../pure/format.js';
import { Icon } from './icon.js';

interface Props {
  readonly live: Live | undefined;
  readonly connection: Connection;
  readonly theme: Theme;
  readonly onTheme: () => void;
  /** Undefined: no token is kept. */
  readonly onSignOut: (() => void) | undefined;
}

const connections: Readonly<Record<Connection['kind'], string>> = {
  connecting: 'Connecting',
  live: 'Live',
  reconnecting: 'Reconnecting',
  'token-wanted': 'Signed out',
};

const policies: Readonly<Record<Live['policy'], string>> = {
  rollback: 'Rollback: an unhealthy version is taken back by itself',
  freeze: 'Freeze: an unhealthy version is paused',
  alert: 'Alert: an unhealthy version is only reported',
};

export function PageHeader({ live, connection, theme, onTheme, onSignOut }: Props) {
  return (
    <header class="page-header">
      <h1>
        <Icon name="logo" /> Cutover
        {live !== undefined && <span class="release">{live.release}</span>}
      </h1>
      <p
        class={`connection is-${connection.kind}`}
        role="status"
        aria-label="Connection to control"
      >
        <Icon name={connection.kind === 'live' ? 'live' : 'wait'} /> {connections[connection.kind]}
      </p>
      {live !== undefined && (
        <p class="facts">
          <span title={policies[live.policy]}>policy {live.policy}</span>
          <span title="Processes that have the newest routing table">
            edition {live.spread.edition}: {live.spread.acknowledged} of{' '}
            {counted(live.spread.followers, 'process').replace('processs', 'processes')}
          </span>
        </p>
      )}
      <nav aria-label="Page">
        <button
          type="button"
          class="quiet"
          onClick={onTheme}
          aria-label={`Colours: ${theme}. Change`}
        >
          <Icon name={theme} /> {theme}
        </button>
        <a class="quiet" href="api/">
          API
        </a>
        {onSignOut !== undefined && (
          <button type="button" class="quiet" onClick={onSignOut}>
            Forget token
          </button>
        )}
      </nav>
    </header>
  );
}
