import { useLive } from './live/use-live.js';
import { token } from './live/token.js';
import { useTheme } from './live/use-theme.js';
import { storyOf } from './pure/sentence.js';
import { clockTime } from './pure/format.js';
import { EventList } from './view/event-list.js';
import { Evidence } from './view/evidence.js';
import { PageHeader } from './view/page-header.js';
import { Processes } from './view/processes.js';
import { Story } from './view/story.js';
import { ThemeContext } from './view/theme-context.js';
import { TokenForm } from './view/token-form.js';
import { Upgrade } from './view/upgrade.js';
import { Versions } from './view/versions.js';

export function App() {
  const { live, connection, said, signIn, signOut } = useLive();
  const { theme, seen, toggle } = useTheme();

  if (live !== undefined) document.title = `${storyOf(live).headline} · Cutover`;

  return (
    <ThemeContext.Provider value={seen}>
      <a class="skip" href="#main">
        Skip to the versions
      </a>
      <PageHeader
        live={live}
        connection={connection}
        theme={theme}
        onTheme={toggle}
        onSignOut={token.get() === undefined ? undefined : signOut}
      />
      <p class="aloud" role="status" aria-label="What has changed">
        {said}
      </p>
      {connection.kind === 'reconnecting' && live !== undefined && (
        <p class="stale" role="alert">
          Not connected to control, trying again ({connection.because}). What you see is of{' '}
          {clockTime(Date.parse(live.at))}.
        </p>
      )}
      <main id="main" tabIndex={-1}>
        {connection.kind === 'token-wanted' ? (
          <TokenForm isWrong={connection.isWrong} onToken={signIn} />
        ) : live === undefined ? (
          <p class="waiting">
            {connection.kind === 'reconnecting'
              ? `Control does not answer, trying again: ${connection.because}`
              : 'Waiting for what control has to say.'}
          </p>
        ) : (
          <>
            <Story live={live} />
            <Versions live={live} />
            <Upgrade live={live} />
            <Evidence live={live} />
            <Processes live={live} />
            <EventList live={live} />
          </>
        )}
      </main>
    </ThemeContext.Provider>
  );
}
