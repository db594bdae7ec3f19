/** A page for people. Adding one is a row here and an HTML file with the placeholder `<!-- pages -->` in its header. */
export interface PageEntry {
  readonly path: string;
  /** in `public` */
  readonly file: string;
  /** Name in the navigation; pages without one are reached by links. */
  readonly label?: string;
}

export const PAGES: readonly PageEntry[] = [
  { path: '/', file: 'chat.html', label: 'Chat' },
  { path: '/dashboard', file: 'overview.html', label: 'Overview' },
  { path: '/dashboard/failures', file: 'failures.html', label: 'Failures' },
  { path: '/dashboard/run', file: 'timeline.html' },
  { path: '/dashboard/billing', file: 'billing.html', label: 'Billing' },
  { path: '/dashboard/limits', file: 'limits.html', label: 'Limits' },
  { path: '/dashboard/jobs', file: 'jobs.html', label: 'Jobs' },
];
