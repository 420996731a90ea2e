/**
 * The body of a request, whole, as it is kept until the head of its answer has been accepted: a
 * lost worker or a rescue may ask for it again from the beginning.
 */
export interface Body {
  /** Bytes. */
  readonly size: number;
  /** Up to `most` bytes from `offset`; none beyond the end. */
  read(offset: number, most: number): Promise<Buffer>;
  /** All of it, where that is in memory already. */
  readonly whole: Buffer | undefined;
  /** Frees what it holds. Calling it again changes nothing. */
  discard(): void;
}

export function bodyInMemory(bytes: Buffer): Body {
  return {
    size: bytes.length,
    whole: bytes,
    read: (offset, most) => Promise.resolve(bytes.subarray(offset, offset + most)),
    discard: () => undefined,
  };
}

export const noBody: Body = bodyInMemory(Buffer.alloc(0));
