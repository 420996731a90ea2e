/**
 * Bytes of one connection that nobody has understood yet. Pieces arrive cut anywhere, so that two
 * things would become quadratic if done naively: searching an unfinished line again from its
 * beginning, and joining what waits with every new piece. Hence the buffer remembers how far each
 * search got, and joins into room that doubles. As long as the reader keeps up, nothing is joined at
 * all: what is taken is a slice of the piece that was pushed.
 *
 * The idea of remembering is h11's (h11/_receivebuffer.py).
 */
const EMPTY = Buffer.alloc(0);
const EMPTY_LINE = Buffer.from('\r\n\r\n');
const HT = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const DEL = 127;

/** The least room that joining makes: enough for most heads that arrive byte by byte. */
const LEAST_ROOM = 256;

export class ReceiveBuffer {
  #bytes: Buffer = EMPTY;
  #start = 0;
  #end = 0;
  /** `#bytes` is room of our own, to be written behind `#end`. A pushed piece is never written. */
  #ours = false;
  /** So many bytes from `#start` on hold no line feed. */
  #searched = 0;
  /** So many bytes from `#start` on are fit for a line. */
  #checked = 0;

  /** Bytes pushed and not taken. */
  get waiting(): number {
    return this.#end - this.#start;
  }

  /** The bytes must not be changed afterwards: slices of them are handed out. */
  push(bytes: Buffer): void {
    if (this.waiting === 0) {
      this.#bytes = bytes;
      this.#start = 0;
      this.#end = bytes.length;
      this.#ours = false;
    } else {
      this.#join(bytes);
    }
  }

  /** Takes up to so many bytes, without copying. */
  take(most: number): Buffer {
    const from = this.#start;
    const length = Math.min(most, this.waiting);
    const whole = from === 0 && length === this.#bytes.length;
    const taken = whole ? this.#bytes : this.#bytes.subarray(from, from + length);
    this.#drop(length);
    return taken;
  }

  /** Takes so many bytes, no more than are waiting, as Latin-1. */
  takeText(length: number): string {
    const text = this.#bytes.toString('latin1', this.#start, this.#start + length);
    this.#drop(length);
    return text;
  }

  /** The first bytes, at most so many; they stay. */
  peek(most: number): Buffer {
    return this.#bytes.subarray(this.#start, Math.min(this.#start + most, this.#end));
  }

  /** Length of the first line, with its line feed; 0 while it is unfinished. */
  lineEnd(): number {
    const found = this.#filled().indexOf(LF, this.#start + this.#searched);
    if (found !== -1) return found + 1 - this.#start;
    this.#searched = this.waiting;
    return 0;
  }

  /**
   * Length of all finished lines up to the first empty one, which is included; 0 if not even one
   * is finished. To be asked at the beginning of a line.
   */
  linesEnd(): number {
    const from = this.#start;
    const bytes = this.#filled();
    if (bytes[from] === CR && bytes[from + 1] === LF) return 2;
    // One byte back: a carriage return may have been the last one so far.
    const empty = bytes.indexOf(EMPTY_LINE, from + Math.max(0, this.#searched - 1));
    if (empty !== -1) return empty + EMPTY_LINE.length - from;
    // Only if there is one at all, or looking for the last would go back over what is known.
    return this.lineEnd() === 0 ? 0 : bytes.lastIndexOf(LF) + 1 - from;
  }

  /**
   * Whether the unfinished line holds a byte that no line may contain (controls, a carriage return
   * that ends nothing), so that there is no need to wait for its end. RFC 9112 §2.2, RFC 9110 §5.5.
   */
  isSpoiled(): boolean {
    const bytes = this.#bytes;
    for (let at = this.#start + Math.max(0, this.#checked - 1); at < this.#end; at += 1) {
      const byte = bytes[at] ?? 0;
      if (byte >= SPACE ? byte !== DEL : byte === HT) continue;
      if (byte !== CR || at + 1 < this.#end) return true;
    }
    this.#checked = this.waiting;
    return false;
  }

  /** What has been filled: beyond it, room of our own holds anything. */
  #filled(): Buffer {
    return this.#ours ? this.#bytes.subarray(0, this.#end) : this.#bytes;
  }

  #join(bytes: Buffer): void {
    if (!this.#ours || this.#end + bytes.length > this.#bytes.length) this.#makeRoom(bytes.length);
    this.#end += bytes.copy(this.#bytes, this.#end);
  }

  /** Room is never reused: slices of the old one have been handed out. */
  #makeRoom(length: number): void {
    const { waiting } = this;
    const room = Buffer.allocUnsafe(Math.max(LEAST_ROOM, 2 * waiting, waiting + length));
    this.#bytes.copy(room, 0, this.#start, this.#end);
    this.#bytes = room;
    this.#start = 0;
    this.#end = waiting;
    this.#ours = true;
  }

  #drop(length: number): void {
    this.#start += length;
    this.#searched = Math.max(0, this.#searched - length);
    this.#checked = Math.max(0, this.#checked - length);
    if (this.#start < this.#end) return;
    this.#bytes = EMPTY; // an idle connection keeps no memory alive
    this.#start = 0;
    this.#end = 0;
    this.#ours = false;
  }
}
