import { once } from 'node:events';
import net from 'node:net';

export interface Proxy {
  readonly port: number;
  breakAll(): void;
  refuse(): Promise<void>;
  accept(): Promise<void>;
  close(): Promise<void>;
}

/** A way to the server that can be cut. */
export async function startProxy(target: URL): Promise<Proxy> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const upstream = net.connect(Number(target.port || 5432), target.hostname);
    for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy()).on('close', () => to.destroy());
      from.pipe(to);
    }
  });
  const listen = async (port: number): Promise<void> => void (await once(server.listen(port, '127.0.0.1'), 'listening'));
  await listen(0);
  const { port } = server.address() as net.AddressInfo;
  const breakAll = (): void => sockets.forEach((socket) => socket.destroy());
  const refuse = async (): Promise<void> => {
    const closed = server.listening ? once(server.close(), 'close') : undefined;
    breakAll();
    await closed;
  };
  return { port, breakAll, refuse, accept: () => listen(port), close: refuse };
}
