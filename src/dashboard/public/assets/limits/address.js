// What is shown is named in the address, so that it can be reloaded, bookmarked and sent to others.

export function readAddress() {
  return new URLSearchParams(location.search);
}

/** The address with some parameters changed; empty ones are left out. */
export function addressWith(changes) {
  const parameters = readAddress();
  for (const [name, value] of Object.entries(changes)) {
    if (value) parameters.set(name, value);
    else parameters.delete(name);
  }
  return `?${parameters}`;
}

/** For filters: going back does not step through every letter that was typed. */
export function replaceAddress(changes) {
  const query = addressWith(changes);
  history.replaceState(null, '', query === '?' ? location.pathname : query);
}
