/** The users of the demo: what they ask, and what they got. */
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

/** Milliseconds between two requests of one user: these are people, not a benchmark. */
const THINKING = 60;
/** Milliseconds that a user stays. Then comes another one, who was never here before. */
const VISIT = 800;

export const versions = ['1.0', '2.0', '3.0'] as const;
export type Version = (typeof versions)[number];
const isVersion = (text: string): text is Version => versions.some(version => version === text);

/** What users got. */
export class Tally {
  sent = 0;
  slowest = 0;
  readonly answered: Record<Version, number> = { '1.0': 0, '2.0': 0, '3.0': 0 };
  readonly problems: string[] = [];
  /** Who answered last, for each user. */
  readonly current: (Version | undefined)[] = [];

  add(user: number, version: Version, took: number): void {
    this.answered[version] += 1;
    this.current[user] = version;
    this.slowest = Math.max(this.slowest, took);
  }
}

/**
 * One place among the users: somebody comes, keeps the cookie, asks and thinks, goes, and
 * makes room for the next. Every third request has something to say.
 */
export async function user(
  at: number,
  port: number,
  tally: Tally,
  ended: AbortSignal,
): Promise<void> {
  while (!ended.aborted) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const leaves = performance.now() + VISIT * (0.5 + Math.random());
    let cookie: string | undefined;
    const stays = () => performance.now() < leaves && !ended.aborted;
    for (let count = 0; stays(); count += 1) {
      const begin = performance.now();
      tally.sent += 1;
      try {
        const answer = await asked({
          agent,
          port,
          cookie,
          said: count % 3 === 2 ? 'hello' : undefined,
        });
        cookie = answer.cookie ?? cookie;
        tally.add(at, answer.version, performance.now() - begin);
      } catch (cause) {
        tally.problems.push(cause instanceof Error ? cause.message : String(cause));
      }
      await pause(THINKING * (0.5 + Math.random()));
    }
    agent.destroy();
  }
}

interface Question {
  readonly agent: Agent;
  readonly port: number;
  readonly cookie: string | undefined;
  readonly said: string | undefined;
}

/** GET and PUT are safe to repeat, so that Cutover may ask another server. */
async function asked({ agent, port, cookie, said }: Question) {
  const headers = cookie === undefined ? {} : { cookie };
  const outgoing = request({ agent, port, headers, method: said === undefined ? 'GET' : 'PUT' });
  outgoing.end(said);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  const text = Buffer.concat((await answer.toArray()) as Buffer[]).toString();
  if (answer.statusCode !== 200) throw new Error(`answered with ${answer.statusCode}`);
  if (said !== undefined && text !== said) throw new Error('answered with something else');
  const [version = ''] = String(answer.headers['x-served-by']).split(' ');
  if (!isVersion(version)) throw new Error('answered by nobody knows whom');
  return { version, cookie: answer.headers['set-cookie']?.[0]?.split(';')[0] };
}
