/** A user's id: an API key's owner or a token's subject. No blanks, no control characters. */
export const USER_ID = /^[^\p{C}\s]{1,200}$/u;

/** A plan's name, e.g. `free`. */
export const PLAN = /^[\w.-]{1,64}$/;

/** The admin of single-user mode, and whoever administers the server from its own shell. */
export const LOCAL_USER_ID = 'local';
