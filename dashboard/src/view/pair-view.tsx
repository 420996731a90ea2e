import { useMemo } from 'preact/hooks';
import type { Excerpt, Pair } from '../../../src/control/live.js';
import type { LeftOut, Part, Row } from '../pure/diff.js';
import { bytes, count, counted } from '../pure/format.js';
import { compared } from '../pure/pair.js';

interface Props {
  readonly pair: Pair;
  readonly names: { readonly newer: string; readonly older: string };
}

/** Two answers to one request, side by side; below each other where there is no room. */
export function PairView({ pair, names }: Props) {
  const { fields, body, statusDiffers } = useMemo(() => compared(pair), [pair]);
  return (
    <div class="pair">
      <div class="pair-heads">
        <Head name={names.older} side="older" excerpt={pair.older} differs={statusDiffers} />
        <Head name={names.newer} side="newer" excerpt={pair.newer} differs={statusDiffers} />
      </div>
      {fields.length > 0 && (
        <div class="wide" tabIndex={0} role="region" aria-label="Fields of both answers">
          <table class="fields">
            <thead>
              <tr>
                <th scope="col">field</th>
                <th scope="col">{names.older}</th>
                <th scope="col">{names.newer}</th>
              </tr>
            </thead>
            <tbody>
              {fields.map(({ name, older, newer, differs }) => (
                <tr key={name} class={differs ? 'differs' : ''}>
                  <th scope="row">
                    {name}
                    {differs && <span class="tag">differs</span>}
                  </th>
                  <td>
                    <Side parts={older} none="not there" />
                  </td>
                  <td>
                    <Side parts={newer} none="not there" />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {body === undefined ? (
        <p class="nothing">No text that could be shown.</p>
      ) : (
        <div class="bodies">
          <Body title={`Body of ${names.older}`} excerpt={pair.older} rows={body} side="left" />
          <Body title={`Body of ${names.newer}`} excerpt={pair.newer} rows={body} side="right" />
        </div>
      )}
    </div>
  );
}

interface HeadProps {
  readonly name: string;
  readonly side: 'older' | 'newer';
  readonly excerpt: Excerpt;
  readonly differs: boolean;
}

function Head({ name, side, excerpt, differs }: HeadProps) {
  return (
    <p>
      <span class="side">
        {side}: {name}
      </span>{' '}
      {differs ? <mark>{excerpt.status}</mark> : excerpt.status}, {bytes(excerpt.bytes)}
    </p>
  );
}

interface BodyProps {
  readonly title: string;
  readonly excerpt: Excerpt;
  readonly rows: readonly (Row | LeftOut)[];
  readonly side: 'left' | 'right';
}

/** Lines that differ are marked at their edge as well: colour alone would not do. */
function Body({ title, excerpt, rows, side }: BodyProps) {
  return (
    <figure>
      <figcaption>
        {title}
        {excerpt.skipped > 0 && `, from character ${count(excerpt.skipped + 1)} on`}
      </figcaption>
      {excerpt.body === undefined ? (
        <p class="nothing">No text that could be shown.</p>
      ) : (
        <pre tabIndex={0} aria-label={title}>
          {rows.map((row, at) =>
            'leftOut' in row ? (
              <span key={at} class="line left-out">
                … {counted(row.leftOut, 'equal line')} …
              </span>
            ) : (
              <span key={at} class={row.differs ? 'line differs' : 'line'}>
                <Side parts={row[side]} none="" />
              </span>
            ),
          )}
        </pre>
      )}
    </figure>
  );
}

function Side({
  parts,
  none,
}: {
  readonly parts: readonly Part[] | undefined;
  readonly none: string;
}) {
  if (parts === undefined) return <span class="none">{none}</span>;
  return (
    <>
      {parts.map(({ text, differs }, at) =>
        differs ? <mark key={at}>{text}</mark> : <span key={at}>{text}</span>,
      )}
    </>
  );
}
