import { type Browser, chromium } from 'playwright-core';

/** Path of an installed Chromium; browser suites are skipped without one. */
export const chromiumPath: string | undefined = process.env.CHROMIUM_PATH;

/** `describe`, or a skipped one whose title says what is missing. */
export const describeInBrowser: typeof describe = chromiumPath
  ? describe
  : (((title: string, body: () => void) => describe.skip(`${title} (skipped: set CHROMIUM_PATH to an installed Chromium)`, body)) as typeof describe);

/** Starts a headless Chromium that talks to this machine only. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}
