import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Whether a program is installed that a test wants and not every machine has. */
export function hasTool(name: string): boolean {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(folder => folder !== '');
  return folders.some(folder => isExecutable(join(folder, name)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A test that is skipped, and says so in its title, where the tool is not installed. */
export function itWith(tool: string, what: string, test: Mocha.AsyncFunc): Mocha.Test {
  return hasTool(tool) ? it(what, test) : it.skip(`${what} (${tool} is not installed)`, test);
}
