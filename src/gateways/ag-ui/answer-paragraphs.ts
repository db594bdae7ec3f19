/** Stands before every paragraph of an answer but the first. */
const SEPARATOR = /^\n\n/;

/**
 * A run has one answer, whose paragraphs AG-UI shows as messages of their own. What is discarded is the last paragraph;
 * the log takes back the whole answer and says the others again, which nobody needs to see.
 */
export class AnswerParagraphs {
  /** The answer, as the log has told it by now. */
  private text = '';
  /** Where in it the present paragraph begins. */
  private beginsAt = 0;
  /** What the log is about to say again. */
  private repeated = '';

  /** @returns what is to be shown of this piece; with `isReplaced`, in place of all paragraphs shown so far */
  append(piece: string, isNewMessage: boolean): { readonly text: string; readonly isReplaced: boolean } {
    if (this.repeated !== '') return this.repeat(piece);
    if (isNewMessage) this.beginsAt = this.text.length;
    const isFirstPiece = this.text.length === this.beginsAt;
    this.text += piece;
    return { text: isFirstPiece && this.beginsAt > 0 ? piece.replace(SEPARATOR, '') : piece, isReplaced: false };
  }

  discard(): void {
    this.repeated = this.text.slice(0, this.beginsAt);
    this.text = '';
    this.beginsAt = 0;
  }

  /** Of a run of which nothing more is known than what it has said. */
  reset(text: string): void {
    this.text = text;
    this.beginsAt = 0;
    this.repeated = '';
  }

  private repeat(piece: string): { text: string; isReplaced: boolean } {
    this.text += piece;
    if (this.repeated.startsWith(this.text)) {
      if (this.text === this.repeated) this.repeated = '';
      this.beginsAt = this.text.length;
      return { text: '', isReplaced: false };
    }
    this.reset(this.text);
    return { text: this.text, isReplaced: true };
  }
}
