import { expect } from 'chai';
import { readExposition, type Family } from './exposition.js';

interface Read {
  readonly text: string;
  readonly families: Map<string, Family>;
}

/** What control says of itself and all others, read strictly. */
export async function metricsOf({ url }: { readonly url: string }): Promise<Read> {
  const answer = await fetch(`${url}/metrics`);
  expect(answer.headers.get('content-type')).to.equal('text/plain; version=0.0.4; charset=utf-8');
  const text = await answer.text();
  return { text, families: readExposition(text) };
}

/** The same in OpenMetrics, asked for as Prometheus does. */
export async function openMetricsOf({ url }: { readonly url: string }): Promise<Read> {
  const accept = 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.3,*/*;q=0.2';
  const answer = await fetch(`${url}/metrics`, { headers: { accept } });
  const type = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
  expect(answer.headers.get('content-type')).to.equal(type);
  const text = await answer.text();
  return { text, families: readExposition(text, 'openmetrics') };
}
