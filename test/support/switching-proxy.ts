import { once } from 'node:events';
import net from 'node:net';

/** An address that stays while the server behind it changes. */
export interface SwitchingProxy {
  readonly url: string;
  /** For new connections; those that are open stay where they are. */
  switchTo(url: string): void;
  close(): Promise<void>;
}

export async function startSwitchingProxy(firstUrl: string): Promise<SwitchingProxy> {
  let target = new URL(firstUrl);
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const upstream = net.connect(Number(target.port), target.hostname);
    for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy()).on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    switchTo: (url) => {
      target = new URL(url);
    },
    close: async () => {
      const closed = once(server.close(), 'close');
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
