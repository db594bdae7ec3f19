/** As much as is used: the types are a package of their own. */
declare module 'react-dom' {
  export function flushSync(work: () => void): void;
}

declare module 'react-dom/client' {
  export interface Root {
    render(element: unknown): void;
    unmount(): void;
  }
  export function createRoot(container: unknown): Root;
}
