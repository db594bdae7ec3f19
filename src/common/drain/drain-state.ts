/**
 * Whether this instance is on its way out: it takes no new work and tells load balancers so.
 * A plain class, so that it is its own injection token; there is one per application.
 */
export class DrainState {
  private draining = false;

  get isDraining(): boolean {
    return this.draining;
  }

  /** There is no way back: a draining instance ends. */
  begin(): void {
    this.draining = true;
  }
}
