import type { LookupAddress } from 'node:dns';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ToolError, type ToolContext, type ToolLimits, Workspace } from '../../../src/tools/index.js';
import { FetchUrlTool } from '../../../src/tools/web/fetch-url.tool.js';
import type { AddressBook } from '../../../src/tools/web/guarded-request.js';
import { pageText } from '../../../src/tools/web/page-text.js';
import { isPublicAddress } from '../../../src/tools/web/public-address.js';
import { createTestWorkspace, type TestWorkspace } from '../../support/test-workspace.js';
import { toolContext } from '../../support/tools/tool-context.js';

const PRIVATE = [
  '0.0.0.0', '0.1.2.3', '10.0.0.1', '10.255.255.255', '100.64.0.1', '100.127.255.255', '127.0.0.1', '127.255.255.254', '169.254.0.1', '169.254.169.254', '172.16.0.1', '172.31.255.255', '192.0.0.1', '192.0.2.1',
  '192.88.99.1', '192.168.0.1', '192.168.255.255', '198.18.0.1', '198.19.255.255', '198.51.100.1', '203.0.113.1', '224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255',
  '::', '::1', '::ffff:127.0.0.1', '::ffff:10.0.0.1', '::ffff:8.8.8.8', '::ffff:7f00:1', '::127.0.0.1', '64:ff9b::7f00:1', '64:ff9b:1::1', '100::1', '2001::1', '2001:db8::1', '2002:7f00:1::', '3fff::1',
  'fc00::1', 'fd12:3456::1', 'fe80::1', 'fec0::1', 'ff02::1', 'localhost', '',
];
const PUBLIC = ['1.1.1.1', '8.8.8.8', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255', '172.15.255.255', '172.32.0.0', '192.167.255.255', '198.17.255.255', '223.255.255.255', '2606:4700::1111', '2a00:1450::1'];

describe('isPublicAddress', () => {
  it.each(PRIVATE)('%s is not', (address) => expect(isPublicAddress(address)).toBe(false));
  it.each(PUBLIC)('%s is', (address) => expect(isPublicAddress(address)).toBe(true));
});

describe('fetch_url', () => {
  let folder: TestWorkspace;
  let workspace: Workspace;
  let server: Server;
  let port: number;
  let requests: IncomingMessage[];
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  /** Names and their addresses, each answer used once and the last one from then on. */
  let names: Record<string, string[][]>;
  let resolved: string[];

  const book: AddressBook = {
    resolve: async (host) => {
      resolved.push(host);
      const answers = names[host];
      const addresses = answers && answers.length > 1 ? answers.shift() : answers?.[0];
      if (!addresses) throw new Error('ENOTFOUND');
      return addresses.map((address): LookupAddress => ({ address, family: 4 }));
    },
    // 127.0.0.1 stands for the public Internet here; every other rule is the real one.
    isAllowed: (address) => address === '127.0.0.1' || isPublicAddress(address),
  };
  const fetchUrl = (url: string, limits: Partial<ToolLimits> = {}, context: Partial<ToolContext> = {}): Promise<string> => {
    const tool = new FetchUrlTool(book);
    return tool.execute(tool.input.parse({ url }), toolContext(workspace, limits, context));
  };

  beforeAll(async () => {
    folder = await createTestWorkspace();
    workspace = await Workspace.open(folder.path);
    server = createServer((request, response) => {
      requests.push(request);
      answer(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await folder.remove();
  });
  beforeEach(() => {
    requests = [];
    resolved = [];
    names = { 'site.test': [['127.0.0.1']] };
    answer = (_, response) => response.setHeader('content-type', 'text/plain').end('hello');
  });

  it('fetches a text by name, and sends nothing of the server', async () => {
    expect(await fetchUrl(`http://site.test:${port}/a?b`)).toBe(`http://site.test:${port}/a?b\nhello`);
    expect(requests[0]?.headers).toEqual({ host: `site.test:${port}`, 'user-agent': 'lomu-fetch', accept: expect.any(String), 'accept-encoding': 'identity', connection: 'close' });
  });

  it('shows a page as its text', async () => {
    answer = (_, response) => response.setHeader('content-type', 'text/html; charset=utf-8').end('<head><title>x</title></head><script>evil()</script><h1>Title</h1><p>One &amp; <b>two</b>&#33;</p>');
    expect(await fetchUrl(`http://site.test:${port}/`)).toBe(`http://site.test:${port}/\nTitle\n\nOne & two !`);
  });

  it.each([
    ...PRIVATE.filter((address) => /^[\d.]+$/.test(address) && address !== '127.0.0.1').map((address) => `http://${address}/`),
    ...PRIVATE.filter((address) => address.includes(':')).map((address) => `http://[${address}]/`),
    'http://2852039166/', 'http://0xa9fea9fe/', 'http://0251.0376.0251.0376/', 'http://10.1/', 'http://0/', 'https://192.168.1.1:8443/', 'http://user:secret@site.test/', 'http://user@site.test/',
  ])('refuses %s', async (url) => {
    await expect(fetchUrl(url)).rejects.toMatchObject({ code: 'denied' });
    expect(requests).toEqual([]);
  });

  it.each(['ftp://site.test/', 'file:///etc/passwd', 'gopher://site.test/', 'data:text/plain,x', 'not a url'])('takes %s for invalid', (url) => {
    expect(() => new FetchUrlTool(book).input.parse({ url })).toThrow();
  });

  it.each([['10.0.0.1'], ['169.254.169.254'], ['127.0.0.1', '10.0.0.1'], ['8.8.8.8', '::1']])('refuses a name with the addresses %j, even when only one is closed', async (...addresses) => {
    names['inside.test'] = [addresses];
    await expect(fetchUrl(`http://inside.test:${port}/`)).rejects.toMatchObject({ code: 'denied' });
    expect(requests).toEqual([]);
  });

  it('goes to the address that was looked at, whatever the name means a moment later', async () => {
    names['rebinding.test'] = [['127.0.0.1'], ['10.0.0.1']];
    expect(await fetchUrl(`http://rebinding.test:${port}/`)).toContain('hello');
    expect(resolved).toEqual(['rebinding.test']);
  });

  it.each(['http://10.0.0.1/', 'http://[::1]/', 'http://metadata.test/', 'file:///etc/passwd', 'ftp://site.test/', 'http://user:x@site.test/'])('refuses a redirect to %s', async (location) => {
    names['metadata.test'] = [['169.254.169.254']];
    answer = (_, response) => response.writeHead(302, { location }).end();
    await expect(fetchUrl(`http://site.test:${port}/`)).rejects.toMatchObject({ code: 'denied' });
    expect(requests).toHaveLength(1);
  });

  it('looks at the name again with each redirect', async () => {
    names['turning.test'] = [['127.0.0.1'], ['10.0.0.1']];
    answer = (_, response) => response.writeHead(302, { location: '/again' }).end();
    await expect(fetchUrl(`http://turning.test:${port}/`)).rejects.toMatchObject({ code: 'denied' });
    expect(resolved).toEqual(['turning.test', 'turning.test']);
  });

  it('fetch.maxRedirects: follows that many', async () => {
    answer = ({ url }, response) => {
      const left = Number(url?.slice(1));
      if (left > 0) response.writeHead(302, { location: `/${left - 1}` }).end();
      else response.end('there');
    };
    expect(await fetchUrl(`http://site.test:${port}/1`)).toContain('there');
    expect(await fetchUrl(`http://site.test:${port}/2`)).toContain('there');
    await expect(fetchUrl(`http://site.test:${port}/3`)).rejects.toMatchObject({ code: 'limit_reached' });
  });

  it('fetch.maxBytes: reads that much, also of an answer without end', async () => {
    for (const [length, isCut] of [[1_023, false], [1_024, false], [1_025, true]] as const) {
      answer = (_, response) => response.end('x'.repeat(length));
      expect((await fetchUrl(`http://site.test:${port}/`)).includes('[cut after 1024 bytes]')).toBe(isCut);
    }
    answer = (_, response) => {
      const pour = (): void => {
        while (!response.destroyed && response.write('x'.repeat(10_000)));
      };
      response.on('drain', pour);
      pour();
    };
    expect(await fetchUrl(`http://site.test:${port}/`)).toContain('[cut after 1024 bytes]');
  });

  it('ends with the call', async () => {
    const stop = new AbortController();
    const reason = new ToolError('timeout', 'too slow');
    answer = () => stop.abort(reason);
    await expect(fetchUrl(`http://site.test:${port}/`, {}, { signal: stop.signal })).rejects.toBe(reason);
  });

  it('reports what is no answer, and what is no text', async () => {
    await expect(fetchUrl('http://nowhere.test/')).rejects.toMatchObject({ code: 'unavailable' });
    await expect(fetchUrl('http://127.0.0.1:1/')).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('ECONNREFUSED') });
    answer = (_, response) => response.writeHead(404).end();
    await expect(fetchUrl(`http://site.test:${port}/`)).rejects.toMatchObject({ code: 'not_found', message: expect.stringContaining('404') });
    answer = (_, response) => response.setHeader('content-type', 'image/png').end('x');
    await expect(fetchUrl(`http://site.test:${port}/`)).rejects.toMatchObject({ code: 'not_text' });
    answer = (_, response) => response.writeHead(302, { location: 'http://[' }).end();
    await expect(fetchUrl(`http://site.test:${port}/`)).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('pageText', () => {
  it('leaves out what is not read, and decodes what is', () => {
    expect(pageText('<ul><li>a<li>b</ul><!-- c --><style>d{}</style>x &lt;y&gt; &#x41; &unknown; &#0;')).toBe('a\nb\nx <y> A &unknown; &#0;');
  });
});
