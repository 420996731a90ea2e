import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { hasTool } from '../../support/tools.js';
import type { Stage } from '../../support/stage.js';

export const hasChromium = hasTool('chromium');

/** `describe`, which is skipped and says so where there is no Chromium. */
export const describeInBrowser = (what: string, tests: (this: Mocha.Suite) => void): unknown =>
  hasChromium ? describe(what, tests) : describe.skip(`${what} (chromium is not installed)`, tests);

/** One Chromium for all tests of a `describe`; nothing of it outlives the stage. */
export async function launched(stage: Stage): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  stage.atEnd(() => browser.close());
  return browser;
}

/** A page, and what it did that no page of ours may do. */
export interface Watched {
  readonly page: Page;
  /** Errors of the page and of its console; what its policy refused is said there as well. */
  readonly errors: string[];
  /** Requests that left the origin. */
  readonly strangers: string[];
}

/** Milliseconds: of a busy machine; whatever is waited for comes by an event. */
const PATIENCE = 20_000;

export async function opened(
  stage: Stage,
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Watched> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    timezoneId: 'UTC',
    ...options,
  });
  stage.atEnd(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const [errors, strangers]: [string[], string[]] = [[], []];
  page.on('console', message => {
    if (message.type() === 'error') errors.push(message.text());
  });
  page.on('pageerror', error => errors.push(error.message));
  page.on('request', request => {
    if (new URL(request.url()).origin !== new URL(url).origin) strangers.push(request.url());
  });
  await page.goto(url);
  return { page, errors, strangers };
}
