/** Small pictures beside words: never the only bearer of a meaning, so they are silent. */
const paths = {
  logo: 'M2 14h5l4-6h5 M2 8h4 M11 14h5',
  live: 'M9 4.5a4.5 4.5 0 1 1-.01 0z',
  wait: 'M9 2a7 7 0 1 0 7 7 M9 5v4l3 2',
  healthy: 'M3 9.5l4 4 8-9',
  inconclusive: 'M6 6.5a3 3 0 1 1 4.2 2.8c-.8.4-1.2 1-1.2 1.9 M9 14.4v.1',
  unhealthy: 'M4 4l10 10 M14 4L4 14',
  auto: 'M9 2a7 7 0 1 0 .01 0z M9 2v14 M11 4v10 M13 5.5v7',
  light:
    'M9 6a3 3 0 1 0 .01 0z M9 1v2 M9 15v2 M1 9h2 M15 9h2 M3.5 3.5l1.3 1.3 M13.2 13.2l1.3 1.3 M14.5 3.5l-1.3 1.3 M4.8 13.2l-1.3 1.3',
  dark: 'M14.5 11A6.5 6.5 0 0 1 7 3.5 6.5 6.5 0 1 0 14.5 11z',
  promote: 'M9 15V4 M4.5 8.5L9 4l4.5 4.5 M4 2h10',
  pause: 'M6 4v10 M12 4v10',
  resume: 'M6 3.5l8 5.5-8 5.5z',
  abort: 'M7 4L3 8l4 4 M3 8h7a4 4 0 0 1 0 8H8',
  remove: 'M3 5h12 M7 5V3h4v2 M5 5l.8 10h6.4L13 5',
  advances: 'M3 9h11 M10 5l4 4-4 4',
  waits: 'M6 4v10 M12 4v10',
  back: 'M15 9H4 M8 5L4 9l4 4',
  done: 'M3 9.5l4 4 8-9',
  still: 'M3 9h12',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 18 18" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
