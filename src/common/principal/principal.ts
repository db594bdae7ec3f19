export type Role = 'user' | 'admin';

/** Who a request acts for. Set once by the guard; rows are owned by `userId`. */
export interface Principal {
  readonly userId: string;
  readonly role: Role;
  /** The billing and limits plan of the account, e.g. `free`. */
  readonly plan: string;
  /** Empty means everything the role allows. */
  readonly scopes: readonly string[];
}
