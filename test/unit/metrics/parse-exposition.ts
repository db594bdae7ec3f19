/** A scrape, read by the rules of the text format rather than by the library that wrote it. */
export interface Exposition {
  /** type by family name */
  readonly families: ReadonlyMap<string, string>;
  readonly seriesCount: number;
  /** The value of the sample with exactly these labels. */
  readonly value: (sample: string, labels?: Readonly<Record<string, string>>) => number | undefined;
  /** Every value that a label takes anywhere. */
  readonly labelValues: (label: string) => Set<string>;
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/g;

/** @throws Error on a line that is not of the format */
export function parseExposition(text: string): Exposition {
  const families = new Map<string, string>();
  const values = new Map<string, number>();
  const labelValues = new Map<string, Set<string>>();
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const type = /^# TYPE (\S+) (counter|gauge|histogram|summary)$/.exec(line);
    if (type) families.set(type[1] ?? '', type[2] ?? '');
    if (line.startsWith('#')) continue;
    const sample = SAMPLE.exec(line);
    if (!sample) throw new Error(`Not a sample: ${line}`);
    const labels: Record<string, string> = {};
    for (const [, name = '', value = ''] of (sample[2] ?? '').matchAll(LABEL)) {
      labels[name] = value.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
      labelValues.set(name, (labelValues.get(name) ?? new Set()).add(labels[name]));
    }
    const key = keyOf(sample[1] ?? '', labels);
    if (values.has(key)) throw new Error(`Twice: ${line}`);
    values.set(key, Number(sample[3] === '+Inf' ? Infinity : sample[3]));
  }
  return {
    families,
    seriesCount: values.size,
    value: (sample, labels = {}) => values.get(keyOf(sample, labels)),
    labelValues: (label) => labelValues.get(label) ?? new Set(),
  };
}

function keyOf(sample: string, labels: Readonly<Record<string, string>>): string {
  return `${sample} ${JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))}`;
}
