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

/** Takes back what a test did to a page, but for its content: storage, routes and media. The next test goes to its own address, in the same process; a new page, or an empty one in between, would take half a second and load each script anew. */
export async function cleanPage(page: Page): Promise<void> {
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await page.emulateMedia({ colorScheme: null });
  await page.evaluate('localStorage.clear(); sessionStorage.clear();');
}
