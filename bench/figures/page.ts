/** One HTML page that needs nothing else. */
import { escaped } from './chart.js';

const STYLE = `
  body { font: 15px/1.5 system-ui, sans-serif; max-width: 960px; margin: 2rem auto; padding: 0 1rem;
         color: #1b1f24; background: #fff; }
  table { border-collapse: collapse; margin: 0.5rem 0 1rem; font-variant-numeric: tabular-nums; }
  td, th { padding: 0.2rem 0.8rem; border-bottom: 1px solid #d8dee4; text-align: right; }
  td:first-child, th:first-child { text-align: left; }
  svg { display: block; max-width: 100%; height: auto; font-size: 13px; fill: currentColor; }
  .bar { fill: #b3bcc6; } .lit { fill: #1f6feb; }
  .line { fill: none; stroke: #1f6feb; stroke-width: 2; }
  .missed { color: #b42318; }
  @media (prefers-color-scheme: dark) {
    body { color: #e6edf3; background: #0d1117; } td, th { border-color: #30363d; }
    .bar { fill: #57606a; } .missed { color: #ff8a80; }
  }
`;

export const page = (title: string, parts: readonly string[]): string =>
  [
    '<!doctype html><html lang="en"><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width">',
    `<title>${escaped(title)}</title><style>${STYLE}</style>`,
    `<h1>${escaped(title)}</h1>`,
    ...parts,
    '</html>\n',
  ].join('\n');
