/** 2.5 s stands on an edge because it is the service level for the first token. */
export const FIRST_TOKEN_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40];
