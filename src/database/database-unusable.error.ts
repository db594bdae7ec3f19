/** The database cannot be used; the message says what to do about it. Ends the boot. */
export class DatabaseUnusableError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DatabaseUnusableError';
  }
}

/** Another process holds the embedded database's folder. */
export class DataFolderInUseError extends DatabaseUnusableError {
  constructor(message: string) {
    super(message);
    this.name = 'DataFolderInUseError';
  }
}
