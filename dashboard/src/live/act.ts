/** The verbs, as calls of the REST API. */
import type { Verb } from '../pure/possible.js';
import { apiAddress } from './address.js';
import { authorization } from './token.js';

/** `error`: what control said, as it said it. */
export type Acted =
  | { readonly ok: true }
  | { readonly ok: false; readonly status: number | undefined; readonly error: string };

export async function act(verb: Verb, id: string): Promise<Acted> {
  const path = `configuration/cluster/${encodeURIComponent(id)}`;
  try {
    const answer = await fetch(apiAddress(verb === 'remove' ? path : `${path}/${verb}`), {
      method: verb === 'remove' ? 'DELETE' : 'POST',
      headers: authorization(),
    });
    if (answer.ok) return { ok: true };
    return { ok: false, status: answer.status, error: await errorIn(answer) };
  } catch (cause) {
    return { ok: false, status: undefined, error: `control cannot be reached: ${String(cause)}` };
  }
}

async function errorIn(answer: Response): Promise<string> {
  const text = await answer.text();
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    if (typeof error === 'string') return error;
  } catch {
    // Somebody in between answered: what they said is shown.
  }
  return `${String(answer.status)} ${answer.statusText} ${text.slice(0, 300)}`.trim();
}
