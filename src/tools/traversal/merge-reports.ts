import type { FileMatches, SearchReport } from './traversal-job.js';

/** The reports of threads that shared a search as one, in the order of paths, showing `maxLines` matching lines in all. */
export function mergeReports(reports: readonly SearchReport[], maxLines: number): SearchReport {
  const sum = (figure: (report: SearchReport) => number): number => reports.reduce((total, report) => total + figure(report), 0);
  const files = reports.flatMap((report) => report.files).sort((a, b) => (a.path < b.path ? -1 : 1));
  return {
    files: limitLines(files, maxLines),
    searched: sum((report) => report.searched),
    binary: sum((report) => report.binary),
    tooLarge: sum((report) => report.tooLarge),
    unreadable: sum((report) => report.unreadable),
    isCutShort: reports.some((report) => report.isCutShort),
  };
}

function limitLines(files: readonly FileMatches[], maxLines: number): FileMatches[] {
  let left = maxLines;
  return files.map((file) => {
    const matching = file.shown.filter(({ isMatch }) => isMatch);
    const lastAllowed = matching[left - 1];
    const shown = matching.length <= left ? file.shown : file.shown.filter(({ number }) => lastAllowed !== undefined && number <= lastAllowed.number);
    left -= Math.min(left, matching.length);
    return { ...file, shown };
  });
}
