import { expect } from 'chai';
import { readExposition, type Family } from './exposition.js';

/** What control says of itself and all others, in both formats read strictly. */
export async function metricsOf({ url }: { readonly url: string }): Promise<{
  readonly text: string;
  readonly families: Map<string, Family>;
}> {
  const answer = await fetch(`${url}/metrics`);
  expect(answer.headers.get('content-type')).to.equal('text/plain; version=0.0.4; charset=utf-8');
  const text = await answer.text();
  const accept = 'application/openmetrics-text;version=1.0.0;q=0.9,text/plain;q=0.3';
  const open = await (await fetch(`${url}/metrics`, { headers: { accept } })).text();
  readExposition(open, 'openmetrics');
  return { text, families: readExposition(text) };
}
