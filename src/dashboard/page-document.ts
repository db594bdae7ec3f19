import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PAGES, type PageEntry } from './pages.js';
import { PUBLIC_DIRECTORY } from './public-directory.js';

const PLACEHOLDER = '<!-- pages -->';

/** The HTML of a page, with the navigation that all pages share. */
export async function pageDocument(page: PageEntry): Promise<string> {
  const html = await readFile(join(PUBLIC_DIRECTORY, page.file), 'utf8');
  return html.replace(PLACEHOLDER, navigation(page));
}

function navigation(current: PageEntry): string {
  const links = PAGES.filter(({ label }) => label).map(
    ({ path, label }) => `<a href="${path}"${path === current.path ? ' aria-current="page"' : ''}>${label}</a>`,
  );
  return `<nav aria-label="Pages">${links.join('')}</nav>`;
}
