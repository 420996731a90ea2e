/**
 * Values by number, for what comes and goes with every request.
 *
 * Not a Map: when much of a Map was deleted or added, V8 gives it a new table, and the old one points to the new one, so that
 * iterators find their way (OrderedHashTable in V8's source). An old table that has survived two collections of the young
 * objects keeps every table after it, with all that was in them, until the whole heap is marked. In a busy
 * worker these were all of its requests: each was copied twice, and hundreds of megabytes waited to be found dead.
 *
 * Open addressing with linear probing; who is deleted leaves no mark, but those behind it move up. It grows, and keeps its size
 * until it is cleared.
 */
export class NumberTable<Key extends number, Value extends object> {
  #keys = noKeys(LEAST);
  #values = noValues<Value>(LEAST);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** `key`: here as below a whole number, 0 or more. */
  get(key: Key): Value | undefined {
    return this.#values[this.#find(key)];
  }

  set(key: Key, value: Value): void {
    let at = this.#find(key);
    if (this.#keys[at] === FREE) {
      if (2 * this.#size >= this.#keys.length) {
        this.#grow();
        at = this.#find(key);
      }
      this.#size += 1;
      this.#keys[at] = key;
    }
    this.#values[at] = value;
  }

  /** Whether it was there. */
  delete(key: Key): boolean {
    let hole = this.#find(key);
    if (this.#keys[hole] === FREE) return false;
    const mask = this.#keys.length - 1;
    for (let at = (hole + 1) & mask; ; at = (at + 1) & mask) {
      const next = this.#keys[at] ?? FREE;
      if (next === FREE) break;
      // It may move up to the hole, unless that is before the place at which it is looked for first.
      if (((at - this.#home(next)) & mask) < ((at - hole) & mask)) continue;
      this.#keys[hole] = next;
      this.#values[hole] = this.#values[at];
      hole = at;
    }
    this.#keys[hole] = FREE;
    this.#values[hole] = undefined;
    this.#size -= 1;
    return true;
  }

  clear(): void {
    this.#keys = noKeys(LEAST);
    this.#values = noValues(LEAST);
    this.#size = 0;
  }

  /** As they are now, in no order: what changes meanwhile changes nothing of it. */
  values(): Value[] {
    return this.#values.filter(value => value !== undefined);
  }

  /** Where it is, or where it would be. There is always a free place. */
  #find(key: number): number {
    const mask = this.#keys.length - 1;
    let at = this.#home(key);
    for (let there = this.#keys[at]; there !== key && there !== FREE; there = this.#keys[at]) {
      at = (at + 1) & mask;
    }
    return at;
  }

  /** Numbers that follow each other lie apart, so that a run of them makes no long row (Knuth, TAOCP 3, 6.4). */
  #home(key: number): number {
    return Math.imul(key, GOLDEN) >>> (Math.clz32(this.#keys.length) + 1);
  }

  #grow(): void {
    const keys = this.#keys;
    const values = this.#values;
    this.#keys = noKeys(2 * keys.length);
    this.#values = noValues(2 * keys.length);
    keys.forEach((key, from) => {
      if (key === FREE) return;
      const to = this.#find(key);
      this.#keys[to] = key;
      this.#values[to] = values[from];
    });
  }
}

/** Places; a power of two, as all sizes. */
const LEAST = 16;
const FREE = -1;
/** 2^32 divided by the golden ratio. */
const GOLDEN = 0x9e3779b1;

const noKeys = (places: number) => new Float64Array(places).fill(FREE);
const noValues = <Value>(places: number) => new Array<Value | undefined>(places).fill(undefined);
