/** Pages whose blocks of shell are run, each page in a folder of its own, from the first block to the last. */
export const runs: readonly string[] = [
  'README.md',
  'docs/dashboard.md',
  'docs/tutorial.md',
  'docs/migration.md',
];
