/** An answer was broken off because it repeated itself without end. */
export class AnswerChants extends Error {
  constructor() {
    super('The answer repeats one passage over and over.');
    this.name = 'AnswerChants';
  }
}
