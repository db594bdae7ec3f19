/** Thrown instead of opening a stream on which nothing would ever come; the edge answers 204. */
export class NothingMoreError extends Error {
  constructor() {
    super('The stream has ended and the client has all of it.');
    this.name = 'NothingMoreError';
  }
}
