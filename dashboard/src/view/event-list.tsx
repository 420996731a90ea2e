import type { Live } from '../../../src/control/live.js';
import { moment } from '../pure/format.js';

/** What happened to versions, newest first. */
export function EventList({ live: { events, at } }: { readonly live: Live }) {
  return (
    <section aria-labelledby="events-title">
      <h2 id="events-title">Events</h2>
      {events.length === 0 ? (
        <p class="card nothing">
          Nothing has happened yet. Versions that are added, promoted, taken back or removed are
          listed here.
        </p>
      ) : (
        <ol class="card events" tabIndex={0} aria-label="Events, newest first">
          {events.map((event, index) => (
            <li key={`${event.edition}-${event.id}-${event.what}-${events.length - index}`}>
              <time dateTime={event.at}>{moment(Date.parse(event.at), Date.parse(at))}</time>
              <strong>
                {event.version} {event.what}
              </strong>
              <span>{event.because ?? ''}</span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
