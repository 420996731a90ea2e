import { probe } from './probe.js';

const PATIENCE = 2000;

/** Whether anybody listens at any of these addresses. */
export async function anyListens(
  servers: readonly { readonly host: string; readonly port: number }[],
): Promise<boolean> {
  const answers = await Promise.all(
    servers.map(({ host, port }) => probe({ host, port }, PATIENCE)),
  );
  return answers.includes('listens');
}
