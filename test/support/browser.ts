import { type Browser, chromium, type Page } from 'playwright-core';

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

/** Leaves a page as if nobody had used it: no content, no storage, no routes or media of a test. A new one would take a second, and load each script anew. */
export async function cleanPage(page: Page): Promise<void> {
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await page.emulateMedia({ colorScheme: null });
  await page.evaluate('localStorage.clear(); sessionStorage.clear();');
  await page.goto('about:blank');
}
