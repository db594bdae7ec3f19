import { once } from 'node:events';
import net from 'node:net';

export interface Proxy {
  /** The target's, by way of the proxy. */
  readonly url: string;
  breakAll(): void;
  /** Connections stay open, and nothing comes through any more, as behind a network that drops packets. */
  fallSilent(): void;
  /** What was held back comes through. */
  speak(): void;
  refuse(): Promise<void>;
  accept(): Promise<void>;
  close(): Promise<void>;
}

/** A way to a server, PostgreSQL's by default, that can be cut, or goes silent. */
export async function startProxy(target: URL): Promise<Proxy> {
  const sockets = new Set<net.Socket>();
  let isSilent = false;
  const server = net.createServer((client) => {
    const upstream = net.connect(Number(target.port || 5432), target.hostname);
    for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy()).on('close', () => {
        sockets.delete(from);
        if (!isSilent) to.destroy();
      });
      from.on('data', (chunk) => (to.destroyed ? from.destroy() : to.write(chunk)));
      if (isSilent) from.pause();
    }
  });
  const listen = async (port: number): Promise<void> => void (await once(server.listen(port, '127.0.0.1'), 'listening'));
  await listen(0);
  const { port } = server.address() as net.AddressInfo;
  const url = new URL(target);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  const breakAll = (): void => sockets.forEach((socket) => socket.destroy());
  const refuse = async (): Promise<void> => {
    const closed = server.listening ? once(server.close(), 'close') : undefined;
    breakAll();
    await closed;
  };
  const fallSilent = (): void => {
    isSilent = true;
    sockets.forEach((socket) => socket.pause());
  };
  const speak = (): void => {
    isSilent = false;
    sockets.forEach((socket) => socket.resume()); // one whose other side is gone meanwhile finds that out
  };
  return { url: url.href, breakAll, fallSilent, speak, refuse, accept: () => listen(port), close: refuse };
}
