/** A line of more characters than this is no event of any engine. */
const LONGEST_LINE = 1_048_576;

/** One JSON value for each line of a stream. What is no JSON is left out. Throws where a line never ends. */
export async function* jsonLines(stream: AsyncIterable<unknown>): AsyncGenerator {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const piece of stream) {
    rest +=
      typeof piece === 'string' ? piece : decoder.decode(piece as Uint8Array, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST_LINE) throw new RangeError('a line without an end');
    for (const line of lines) yield* parsed(line);
  }
  yield* parsed(rest);
}

function* parsed(line: string): Generator {
  if (line.trim() === '') return;
  let value: unknown;
  try {
    value = JSON.parse(line) as unknown;
  } catch {
    return;
  }
  yield value;
}
