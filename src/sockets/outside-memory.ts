/**
 * Messages lie outside of V8's heap, and are freed when V8 collects the small objects that stand for
 * them. A few thousand of these fill no young generation, so nothing collects them while their bytes pile
 * up; what V8 does once it finds 64 MiB outside is to mark its whole heap, which while large bodies flow
 * is a dozen times a second, and took half of the processor's time. A collection of the young objects alone
 * frees the same messages in a millisecond. So we ask for one whenever enough has gathered.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes. Smaller messages come with so many other objects that V8 collects in time by itself. */
const LARGE = 4096;
/** Bytes between two collections. With more V8 is sometimes first; with less, what is still in use grows old. */
const ENOUGH = 4 * 1024 * 1024;

// The only way to get both without options of node's for every process that is started.
setFlagsFromString('--expose-gc');
/**
 * V8 marks its heap when that, with what lies outside, has grown by a factor. It chooses the factor by how much of the
 * time it spends on that: the more, the smaller, so that a few marks make many. At three times it stays out of large
 * bodies, and lets a small heap grow no more than V8 would by itself where nothing flows (four times).
 */
setFlagsFromString('--heap-growing-percent=200');
const collect = runInNewContext('gc') as ((options: { type: 'minor' }) => void) | undefined;

let held = 0;

/** To be told of every message that came, and of every one that was packed to be sent. */
export function liesOutside({ length }: Uint8Array): void {
  if (length < LARGE) return;
  held += length;
  if (held < ENOUGH) return;
  held = 0;
  collect?.({ type: 'minor' });
}
