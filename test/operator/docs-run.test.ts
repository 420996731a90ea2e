import { expect } from 'chai';
import { notRun } from '../docs/not-run.js';
import { runs } from '../docs/runs.js';
import { blocksOf, missingIn, placeOf, type Block } from '../support/documents.js';
import { pageRun } from '../support/page-run.js';
import { stageForEach } from '../support/stage.js';
import { itWith } from '../support/tools.js';

/** The documents do what they say: their commands are run in order, and what they show is compared with what comes. */

const isListed = (block: Block) =>
  notRun.some(({ page, begins }) => page === block.page && block.text.startsWith(begins));

/** What a page shows for a block: the text right behind it. */
function shownFor(block: Block): string | undefined {
  const blocks = blocksOf(block.page);
  const next = blocks[1 + blocks.findIndex(({ line }) => line === block.line)];
  return next?.language === 'text' ? next.text : undefined;
}

describe('documents', () => {
  const stage = stageForEach();

  for (const page of runs) {
    itWith(
      'curl',
      `${page} runs from its first command to the last, and shows what it says`,
      async () => {
        const { blocks, exitCode, output } = await pageRun(stage, page, isListed);
        expect(exitCode, output).to.equal(0);
        for (const { block, output: came } of blocks) {
          const shown = shownFor(block);
          const missing = shown === undefined ? undefined : missingIn(came, shown);
          expect(
            missing,
            `${placeOf(block)} shows what did not come; this came:\n${came}`,
          ).to.equal(undefined);
        }
      },
    ).timeout(120_000);
  }
});
