/** How a body is read is chosen once, by its framing, and not asked again for each piece. */
import { unreachable } from '../kernel/unreachable.js';
import { END, type BodyPart, type BodyReader } from './body-part.js';
import { ChunkedReader, type ChunkedRules } from './chunked.js';
import type { AnswerFraming } from './message.js';
import type { ReceiveBuffer } from './receive-buffer.js';

const noBody: BodyReader = { endsWithConnection: false, next: () => END };

/** A tunnel has no end either but that of the connection. */
const untilClose: BodyReader = {
  endsWithConnection: true,
  next: from => (from.waiting === 0 ? undefined : { kind: 'body', bytes: from.take(from.waiting) }),
};

class LengthReader implements BodyReader {
  readonly endsWithConnection = false;
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  next(from: ReceiveBuffer): BodyPart | undefined {
    if (this.#left === 0) return END;
    if (from.waiting === 0) return undefined;
    const bytes = from.take(this.#left);
    this.#left -= bytes.length;
    return { kind: 'body', bytes };
  }
}

/** `rules` is called for a chunked body only: the other framings leave nothing to break. */
export function bodyReader(framing: AnswerFraming, rules: () => ChunkedRules): BodyReader {
  switch (framing.kind) {
    case 'none':
      return noBody;
    case 'length':
      return new LengthReader(framing.bytes);
    case 'chunked':
      return new ChunkedReader(rules());
    case 'close':
    case 'tunnel':
      return untilClose;
    default:
      return unreachable(framing);
  }
}
