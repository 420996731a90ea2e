/** What workers reported since the last look, merged: its size does not depend on how much they say. */
import type { VersionId } from '../kernel/ids.js';
import { MOST_EXAMPLES, MOST_PAIRS } from '../verdict/dossier.js';
import { addTally, newTally, type OwnTally, type Tally } from '../verdict/tally.js';
import type { SignalExample, VersionReport } from '../wire/report.js';

/** Of one version. */
export interface Block {
  readonly counted: number;
  readonly tally: Tally;
  readonly examples: readonly SignalExample[];
}

/** Of each version; where nothing was reported, an empty one. */
export type Blocks = (version: VersionId | undefined) => Block;

/** A block in the making. */
interface OwnBlock extends Block {
  counted: number;
  readonly tally: OwnTally;
  examples: readonly SignalExample[];
}

const newBlock = (): OwnBlock => ({ counted: 0, tally: newTally(), examples: [] });

const nothing: Block = newBlock();

/** Of all four signals together. */
const MOST_KEPT = 4 * MOST_EXAMPLES;

/** The newest; those with a pair are not displaced by others. */
function kept(examples: readonly SignalExample[]): readonly SignalExample[] {
  if (examples.length <= MOST_KEPT) return examples;
  const has = ({ example }: SignalExample) => example.pair !== undefined;
  const pairs = examples.filter(has).slice(-MOST_PAIRS);
  return [...examples.filter(each => !has(each)).slice(pairs.length - MOST_KEPT), ...pairs];
}

export class Inbox {
  #blocks = new Map<VersionId, OwnBlock>();

  /** Nothing of it is kept but its examples: what a thousand workers report is added up in place. */
  put({ version, counted, tally, examples }: VersionReport): void {
    const block = this.#blocks.get(version) ?? newBlock();
    this.#blocks.set(version, block);
    block.counted += counted;
    addTally(block.tally, tally);
    if (examples.length > 0) block.examples = kept([...block.examples, ...examples]);
  }

  /** Requests that move this version; what else was reported of it stays. */
  takeCounted(version: VersionId): number {
    const block = this.#blocks.get(version);
    const counted = block?.counted ?? 0;
    if (block !== undefined) block.counted = 0;
    return counted;
  }

  /** Everything, and the inbox is empty. */
  take(): Blocks {
    const blocks = this.#blocks;
    this.#blocks = new Map();
    return version => (version === undefined ? undefined : blocks.get(version)) ?? nothing;
  }
}
